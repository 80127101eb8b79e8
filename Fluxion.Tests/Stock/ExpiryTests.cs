using Fluxion.Host;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Stock;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Fluxion.Tests.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Wolverine;

namespace Fluxion.Tests.Stock;

/// <summary>A reservation expires even when its message, or the node that accepted it, is lost.</summary>
public sealed class ExpiryTests(LedgerHost host)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static async Task<Guid> Reserve(Client client, string store, string sku, TimeSpan holds) => (
            await client.Post(
                "stock/reservations",
                new
                {
                    reference = "web-88",
                    expiresAt = TimeProvider.System.GetUtcNow() + holds,
                    lines = new[]
                    {
                        new
                        {
                            store,
                            sku,
                            quantity = 1,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<Guid>();

    private static async Task<string> Status(Client client, Guid id) =>
        (await client.Get($"stock/reservations/{id}")).ShouldBe(200).Json["status"]!.GetValue<string>();

    private static async Task ShouldExpire(Client client, Guid id)
    {
        var until = TimeProvider.System.GetUtcNow() + Timeout;
        while (await Status(client, id) == Reservation.Open && TimeProvider.System.GetUtcNow() < until)
            await Task.Delay(200, TestContext.Current.CancellationToken);
        (await Status(client, id)).ShouldBe(Reservation.Expired);
        (await client.Get($"events?entityId={id}")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Count.ShouldBe(2, "opened once and expired once");
    }

    private static async Task<WebApplication> Node(OwnDatabase database, string environment)
    {
        var node = MigrationTests.NewHost(database.Connections, environment);
        node.MapFluxion();
        await node.Prepare(database.Connections, TestContext.Current.CancellationToken);
        return node;
    }

    private static Task<Client> Manager(WebApplication node) =>
        Client.SignIn(
            new HttpClient { BaseAddress = new Uri(node.Urls.First()) },
            DemoTenant.Slug,
            DemoTenant.Email("manager"),
            DemoTenant.Password
        );

    [Fact]
    public async Task one_of_two_nodes_expires_a_reservation_once_and_the_other_continues_alone()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await host.NewDatabase();
        await using (await Node(database, "Development")) { } // creates the demo tenant
        await using var one = await Node(database, "Production");
        await using var other = await Node(database, "Production");
        await Task.WhenAll(one.StartAsync(ct), other.StartAsync(ct));
        var (client, survivor) = (await Manager(one), await Manager(other));
        var both = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => Reserve(i % 2 == 0 ? client : survivor, "CCS-01", "LAC001", TimeSpan.FromSeconds(5)))
        );
        foreach (var id in both)
            await ShouldExpire(survivor, id);

        var last = await Reserve(client, "CCS-01", "LAC001", TimeSpan.FromSeconds(5));
        await one.StopAsync(ct);
        await ShouldExpire(survivor, last);
        await using var superuser = await database.OpenSuperuser();
        (await superuser.Column<long>("select count(*) from wolverine.wolverine_dead_letters")).ShouldBe([0]);
        await other.StopAsync(ct);
    }

    [Fact]
    public void a_message_that_keeps_failing_becomes_a_dead_letter_after_some_hours()
    {
        var rule = host
            .Services.GetRequiredService<WolverineOptions>()
            .Policies.Failures.Single(rule => rule.Match.Matches(new InvalidOperationException()))
            .ToString();
        rule.ShouldContain("attempt 8: Move to error queue");
        rule.ShouldNotContain("repeat");
    }

    [Fact]
    public async Task a_reservation_without_a_message_expires_when_a_minute_overdue()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1", stock: 3);
        var (lost, other) = (
            await Reserve(tenant.Admin, "M1", "P1", TimeSpan.FromSeconds(2)),
            await Reserve(tenant.Admin, "M1", "P1", TimeSpan.FromHours(1))
        );
        await using var superuser = await host.OpenSuperuser();
        // as after its message was moved to the error queue
        await superuser.Execute(
            $"delete from wolverine.wolverine_incoming_envelopes where position(convert_to('{lost}', 'UTF8') in body) > 0"
        );
        await Task.Delay(TimeSpan.FromSeconds(2.5), TestContext.Current.CancellationToken);
        await host
            .Services.GetServices<IHostedService>()
            .OfType<OverdueReservations>()
            .ShouldHaveSingleItem()
            .Expire(TestContext.Current.CancellationToken);
        (await Status(tenant.Admin, lost)).ShouldBe(Reservation.Open); // its message may still arrive
        using var aMinuteLater = ActivatorUtilities.CreateInstance<OverdueReservations>(
            host.Services,
            new OffsetClock(OverdueReservations.Grace)
        );
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => aMinuteLater.Expire(TestContext.Current.CancellationToken)));
        await ShouldExpire(tenant.Admin, lost);
        (await Status(tenant.Admin, other)).ShouldBe(Reservation.Open);
        (await shop.Issue(3, reason: "sample")).ShouldBe(409);
        (await shop.Issue(2, reason: "sample")).ShouldBe(200);
    }
}
