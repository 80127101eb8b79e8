using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Session;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Alerts;

public sealed class AlertKillTests(LedgerHost ledger)
{
    [Fact]
    public async Task kill_9_between_a_sale_and_its_alert_leaves_exactly_one_alert()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var superuser = await database.OpenSuperuser();
        await using (var host = await HostProcess.Serve(database.Connections))
        {
            var client = await host.Demo("manager");
            var enough = (await client.Get("inventory?store=CCS-01&sku=LAC001")).ShouldBe(200).Json["items"]![0]![
                "available"
            ]!.GetValue<decimal>();
            // no alert is written while another session holds the advisory lock
            await using var transaction = await superuser.BeginTransactionAsync(ct);
            await superuser.Execute(AdvisoryLocks.AcquireInScript(AdvisoryLocks.Key("tenant_fluxion_demo", AlertCommands.LockName)));
            (
                await client.Post(
                    "sales",
                    new
                    {
                        store = "CCS-01",
                        invoiceNumber = "K-1",
                        paymentMethod = "cash",
                        paymentStatus = "paid",
                        lines = new[] { new { sku = "LAC001", quantity = enough - 5 } },
                    }
                )
            ).ShouldBe(201);
            await Task.Delay(500, ct);
            await host.Kill();
        }
        (await Alerts(superuser)).ShouldBe(0);
        await using var again = await HostProcess.Serve(database.Connections);
        for (var attempt = 0; attempt < 600 && await Alerts(superuser) == 0; attempt++)
            await Task.Delay(100, ct);
        await Task.Delay(500, ct);
        (await Alerts(superuser)).ShouldBe(1);
        (await superuser.Column<long>("select count(*) from wolverine.wolverine_dead_letters")).ShouldBe([0]);
    }

    private static async Task<long> Alerts(NpgsqlConnection superuser) =>
        (
            await superuser.Column<long>(
                """
                select count(*) from tenant_fluxion_demo.alerts a join tenant_fluxion_demo.products p on p.id = a.product_id
                    join tenant_fluxion_demo.stores s on s.id = a.store_id
                where p.sku = 'LAC001' and s.code = 'CCS-01'
                """
            )
        ).Single();
}
