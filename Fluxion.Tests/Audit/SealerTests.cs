using System.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Audit;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fluxion.Tests.Audit;

[Collection(AlteredTables.Name)]
public sealed class SealerTests(LedgerHost host, SealedTenant sealedTenant) : IClassFixture<SealedTenant>
{
    private string Schema => sealedTenant.Tenant.Schema;

    private Sealer AnotherNode() =>
        new(
            host.Services.GetRequiredService<Databases>(),
            host.Services.GetRequiredService<TenantRegistry>(),
            TimeProvider.System,
            NullLogger<Sealer>.Instance
        );

    [Fact]
    public async Task events_are_sealed_automatically_within_seconds()
    {
        var other = await TestTenant.Create(host, altered: true);
        for (var i = 0; i < 240; i++)
        {
            if ((await other.Admin.Get("audit/seals")).ShouldBe(200).Json["items"]!.AsArray() is [{ } head, ..])
            {
                head["number"]!.GetValue<long>().ShouldBe(1);
                return;
            }
            await Task.Delay(250, TestContext.Current.CancellationToken);
        }
        Assert.Fail("a minute later");
    }

    /// <summary>Writers of all kinds: some commit late, some roll back, some draw their number long before they commit.</summary>
    [Fact]
    public async Task no_event_commits_below_a_seal_during_concurrent_writes()
    {
        var other = await TestTenant.Create(host, altered: true);
        var (tenant, shop) = (other.Registered, await other.CreateStore("S1", "P1", stock: 1));
        using var written = new CancellationTokenSource();
        var nodes = new[] { host.Services.GetRequiredService<Sealer>(), AnotherNode() }
            .Select(async node =>
            {
                for (var made = 0; ; await Task.Delay(5))
                {
                    var isLast = written.IsCancellationRequested; // read before sealing: then this pass seals everything
                    made += (await node.SealTenant(tenant, CancellationToken.None)).ShouldNotBeNull();
                    if (isLast)
                        return made;
                }
            })
            .ToList();
        var writers = Enumerable
            .Range(0, 8)
            .Select(async writer =>
            {
                var random = new Random(writer);
                await using var connection = await host.OpenSuperuser();
                for (var i = 0; i < 40; i++)
                {
                    await using var transaction = await connection.BeginTransactionAsync();
                    await connection.Execute(
                        $"""
                        insert into {other.Schema}.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
                        select nextval('{other.Schema}.mt_events_sequence'), gen_random_uuid(), id, {1000
                            + (writer * 100)
                            + i}, jsonb_build_object('n', pg_sleep({random.Next(0, 20) / 1000m})::text), 'test', now(), tenant_id
                        from {other.Schema}.mt_streams order by id limit 1
                        """
                    );
                    await Task.Delay(random.Next(0, 15));
                    if (random.Next(4) == 0)
                        await transaction.RollbackAsync();
                    else
                        await transaction.CommitAsync();
                }
            })
            .ToList();
        for (var i = 0; i < 20; i++)
            (await shop.Receive(1)).ShouldBe(200);
        await Task.WhenAll(writers);
        await written.CancelAsync();
        (await Task.WhenAll(nodes)).Sum().ShouldBeGreaterThan(5);

        var result = await host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, CancellationToken.None);
        result.Finding.ShouldBeNull(result.Finding?.Detail);
        await using var superuser = await host.OpenSuperuser();
        var (count, highest) = (
            (long)(await superuser.Rows($"select count(*) from {other.Schema}.mt_events"))[0][0]!,
            (long)(await superuser.Rows($"select last_value from {other.Schema}.mt_events_sequence"))[0][0]!
        );
        (result.Events, result.Unsealed).ShouldBe((count, 0));
        highest.ShouldBeGreaterThan(count, "some were rolled back");
    }

    [Fact]
    public async Task the_sealer_waits_for_an_open_transaction_without_blocking_other_writers()
    {
        var other = await TestTenant.Create(host, altered: true);
        var (tenant, shop) = (other.Registered, await other.CreateStore("S1", "P1", stock: 1));
        await sealedTenant.Seal();
        await using var slow = await host.OpenSuperuser();
        await using var transaction = await slow.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // it has no transaction id, and may still use the number
        await slow.Execute($"savepoint a; select nextval('{other.Schema}.mt_events_sequence'); rollback to a");
        var sealing = AnotherNode().SealTenant(tenant, CancellationToken.None);
        (await shop.Receive(1)).ShouldBe(200); // while the slow transaction is open
        sealing.IsCompleted.ShouldBeFalse();
        (await sealedTenant.Seal()).ShouldBe(0, "of another tenant");
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        (await sealing).ShouldNotBeNull();
    }

    /// <summary>The database refuses the transaction at its commit, after sequence numbers were drawn.</summary>
    [Fact]
    public async Task a_command_that_fails_at_commit_leaves_no_event()
    {
        var other = await TestTenant.Create(host, altered: true);
        await other.CreateStore("S1", "P1", stock: 20);
        var tenant = other.Registered;
        var sale = new
        {
            store = "S1",
            invoiceNumber = "I-1",
            lines = new[] { new { sku = "P1", quantity = 1 } },
        };
        (await other.Admin.Post("sales", sale)).ShouldBe(201);
        (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => other.Admin.Post("sales", sale)))).ShouldAllBe(refused =>
            refused.Status == 409
        );
        await using var superuser = await host.OpenSuperuser();
        // Marten then inserts tombstone rows on its own connection, and starts a stream for them
        for (var i = 0; i < 100 && (await superuser.Rows($"select from {other.Schema}.mt_streams where type is null")).Count == 0; i++)
            await Task.Delay(100, TestContext.Current.CancellationToken);
        await Task.Delay(500, TestContext.Current.CancellationToken);

        var (events, drawn) = (
            (long)(await superuser.Rows($"select count(*) from {other.Schema}.mt_events"))[0][0]!,
            (long)(await superuser.Rows($"select last_value from {other.Schema}.mt_events_sequence"))[0][0]!
        );
        drawn.ShouldBeGreaterThan(events, "numbers were drawn and given up");
        (await superuser.Rows($"select from {other.Schema}.mt_events where type = 'tombstone' or timestamp = '-infinity'")).ShouldBeEmpty();
        await host.Services.GetRequiredService<Sealer>().SealTenant(tenant, CancellationToken.None);
        var result = await host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, CancellationToken.None);
        (result.Finding?.Detail, result.Events, result.Unsealed).ShouldBe((null, events, 0));
    }

    [Fact]
    public async Task a_ledger_with_tombstone_rows_of_older_versions_verifies_and_tampering_in_it_is_found()
    {
        var other = await TestTenant.Create(host, altered: true);
        var tenant = other.Registered;
        await using var superuser = await host.OpenSuperuser();
        Task<Verification> Verify() => host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, CancellationToken.None);
        async Task Tombstone()
        {
            await superuser.Execute(
                $"""
                set session_replication_role = replica;
                insert into {other.Schema}.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
                select n, gen_random_uuid(), '{Guid.CreateVersion7()}', n, 'null', 'tombstone', '-infinity', '{other.Id}'
                    from nextval('{other.Schema}.mt_events_sequence') n;
                set session_replication_role = origin
                """
            );
        }
        await Tombstone();
        await host.Services.GetRequiredService<Sealer>().SealTenant(tenant, CancellationToken.None);
        await other.CreateStore("S1", "P1", stock: 20);
        await host.Services.GetRequiredService<Sealer>().SealTenant(tenant, CancellationToken.None);
        await Tombstone();
        await host.Services.GetRequiredService<Sealer>().SealTenant(tenant, CancellationToken.None);
        await Tombstone();
        (await Verify()).Finding.ShouldBeNull();

        await superuser.Execute($"update {other.Schema}.mt_events set headers = null where type = 'stock_received'");
        (await Verify()).Finding!.Kind.ShouldBe(DiscrepancyKinds.Changed);
    }

    [Fact]
    public async Task no_seal_is_written_without_new_events()
    {
        (await sealedTenant.Seal()).ShouldBe(0);
        await sealedTenant.Superuser.Execute($"select nextval('{Schema}.mt_events_sequence')");
        (await sealedTenant.Seal()).ShouldBe(0);
    }

    [Fact]
    public async Task many_events_are_sealed_in_seals_of_1000_events()
    {
        var other = await TestTenant.Create(host, altered: true);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            insert into {other.Schema}.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select nextval('{other.Schema}.mt_events_sequence'), gen_random_uuid(), s.id, 1000 + n, '1', 'test', now(), s.tenant_id
            from (select * from {other.Schema}.mt_streams order by id limit 1) s, generate_series(1, 120000) n
            """
        );
        var tenant = other.Registered;
        await host.Services.GetRequiredService<Sealer>().SealTenant(tenant, CancellationToken.None);
        var result = await host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, CancellationToken.None);
        result.Finding.ShouldBeNull(result.Finding?.Detail);
        result.Events.ShouldBeGreaterThan(120_000);
        result.Seals.ShouldBeInRange(121, 125);
        var page = (await other.Admin.Get("audit/seals?limit=2")).ShouldBe(200).Json;
        page["items"]!.AsArray().Select(s => s!["number"]!.GetValue<long>()).ShouldBe([result.Seals, result.Seals - 1]);
        (await other.Admin.Get($"audit/seals?limit=2&after={page["next"]}")).ShouldBe(200).Json["items"]![0]!["number"]!
            .GetValue<long>()
            .ShouldBe(result.Seals - 2);

        // far apart, so that two workers find them at the same time; the verification names the first one
        await superuser.Execute($"update {other.Schema}.mt_events set data = '2' where seq_id in (100000, 10000)");
        (await host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, CancellationToken.None)).Finding!.Sequence.ShouldBe(
            10000
        );
    }

    [Theory]
    [InlineData("x")]
    [InlineData("%20")]
    [InlineData("49f77a6c35c0ee63ffbb68c59c20ee8f54a1e3002b6b33f84b2f1bae7852b6eg")]
    public async Task an_expected_head_that_is_not_a_hash_is_refused(string expect) =>
        (await sealedTenant.Tenant.Admin.Get($"audit/verification?expect={expect}")).ShouldBe(400).Fields.ShouldBe(["expect"]);

    [Theory]
    [InlineData("nobody", null, "There is no tenant 'nobody'")]
    [InlineData("fluxion-demo", "x", "--expect must be the hash of a seal")]
    public async Task the_verify_command_explains_an_invalid_argument(string tenant, string? expect, string why)
    {
        var (code, output) = await HostProcess.Run(
            HostProcess.Development(host.Connections),
            expect is null ? ["verify", tenant] : ["verify", tenant, "--expect", expect]
        );
        (code, output.Contains($"error: {why}", StringComparison.Ordinal)).ShouldBe((1, true), output);
    }

    [Fact]
    public async Task the_shell_script_verifies_seals_with_psql_and_sha256sum_alone()
    {
        (await RunVerificationScript()).ShouldBe(
            (0, $"intact: {sealedTenant.Intact.Events} events in {sealedTenant.Intact.Seals} seals; head {sealedTenant.Intact.HeadHash}\n")
        );
        (await RunVerificationScript(sealedTenant.Intact.HeadHash!)).Code.ShouldBe(0);
        (await RunVerificationScript(new string('0', 64))).ShouldBe((1, $"not intact: no seal has the hash {new string('0', 64)}\n"));
        try
        {
            var last = sealedTenant.Events[^1];
            await sealedTenant.Superuser.Execute($"update {Schema}.mt_events set user_name = 'x' where seq_id = {last.Sequence}");
            var (code, output) = await RunVerificationScript();
            (code, output.Contains($"are not those of seal {last.Seal}", StringComparison.Ordinal)).ShouldBe((1, true), output);
        }
        finally
        {
            await sealedTenant.Restore();
        }
    }

    private async Task<(int Code, string Output)> RunVerificationScript(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "docs", "verify-seals.sh"), Schema, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        PostgresTools.Connect(start, host.Superuser().ConnectionString);
        using var script = Process.Start(start)!;
        var output = await script.StandardOutput.ReadToEndAsync() + await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (script.ExitCode, output);
    }
}
