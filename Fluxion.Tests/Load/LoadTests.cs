using Fluxion.Tests.Host;
using Fluxion.Tests.Projections;

namespace Fluxion.Tests.Load;

public sealed class LoadTests(LedgerHost host)
{
    [Fact]
    public async Task a_loaded_tenant_has_the_requested_size_and_keeps_the_invariants()
    {
        await using var database = await host.NewDatabase();
        var environment = HostProcess.Development(database.Connections);
        string[] load = ["load", "measured", "--movements", "4501", "--products", "130", "--stores", "3"];
        var (code, output) = await HostProcess.Run(environment, load);
        code.ShouldBe(0, output);
        output.ShouldContain("100 % 4501/4501");

        await using var superuser = await database.OpenSuperuser();
        async Task<string> Counts() =>
            string.Join(
                ' ',
                (
                    await superuser.Rows(
                        """
                        select (select count(*) from tenant_measured.inventory), (select count(*) from tenant_measured.inventory_movements),
                            (select count(*) from tenant_measured.mt_events)
                        """
                    )
                ).Single()
            );
        (await Counts()).ShouldBe($"390 4501 {4501 + 130 + 3}");
        (await superuser.Violations()).ShouldBeEmpty();
        (
            await superuser.Column<bool>(
                """
                select count(*) between 1 and 40 from tenant_measured.inventory i join tenant_measured.products p
                    on p.id = product_id where quantity_available < reorder_point
                """
            )
        ).ShouldBe([true]);

        // a second run leaves existing data as it is
        (code, output) = await HostProcess.Run(environment, load);
        code.ShouldBe(0, output);
        output.ShouldContain("4501 movements, 0 of them created now");
        (await Counts()).ShouldBe($"390 4501 {4501 + 130 + 3}");

        // a tenant that load did not create is not filled, and invalid arguments are refused
        (code, output) = await HostProcess.Run(environment, "load", "fluxion-demo");
        code.ShouldBe(1);
        output.ShouldContain("load fills only tenants that it created");
        (code, output) = await HostProcess.Run(
            environment,
            "load",
            "measured",
            "--movements",
            "4502",
            "--products",
            "130",
            "--stores",
            "3"
        );
        code.ShouldBe(1);
        output.ShouldContain("'Load: 4501 movements of 130 products in 3 stores'");
        (code, output) = await HostProcess.Run(environment, "load", "measured", "--stores", "0");
        code.ShouldBe(1);
        output.ShouldContain("--stores must be from 1 to 999");
    }
}
