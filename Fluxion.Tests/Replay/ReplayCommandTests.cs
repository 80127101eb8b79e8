using Fluxion.Tests.Host;

namespace Fluxion.Tests.Replay;

/// <summary>A replay on the command line, as an auditor sees it: a table, the differences, and an exit code.</summary>
public sealed class ReplayCommandTests(LedgerHost ledger)
{
    [Fact]
    public async Task a_replay_exits_with_0_only_when_every_row_matches_the_events()
    {
        await using var database = await ledger.NewDatabase();
        var environment = HostProcess.Development(database.Connections);
        Task<(int ExitCode, string Output)> Replay(params string[] arguments) => HostProcess.Run(environment, ["replay", .. arguments]);

        var (code, output) = await Replay("fluxion-demo");
        code.ShouldBe(0, output);
        output.ShouldContain("every row follows from the events");
        output.ShouldContain("events/s");

        await using var superuser = await database.OpenSuperuser();
        await superuser.Execute(
            """
            set app.current_tenant_id = '';
            update tenant_fluxion_demo.inventory set quantity_on_hand = quantity_on_hand + 1, version = version + 0,
                updated_at = updated_at + interval '1 second'
            """
        );
        var file = Path.GetTempFileName();
        (code, output) = await Replay("fluxion-demo", "--table", "inventory", "--out", file);
        code.ShouldBe(1, output);
        output.ShouldContain("quantity_on_hand is ");
        output.ShouldContain("rows differ from the events");
        (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Length.ShouldBeGreaterThan(
            40,
            "all of them, not the first 20"
        );
        File.Delete(file);

        (code, output) = await Replay("--all", "--swap");
        code.ShouldBe(0, output);
        output.ShouldContain("rows were replaced");
        (code, output) = await Replay("--all", "--parallel", "3");
        code.ShouldBe(0, output);
        (code, output) = await Replay("fluxion-demo", "--to", "2001-01-01");
        code.ShouldBe(0, output);
        output.ShouldContain("No event of fluxion-demo is that old: the replay is empty");
        (code, output) = await Replay("fluxion-demo", "--to", "5");
        code.ShouldBe(0, output);
        output.ShouldContain("5 events");
    }

    [Fact]
    public async Task a_replay_of_all_tenants_continues_after_one_fails()
    {
        await using var database = await ledger.NewDatabase();
        var environment = HostProcess.Development(database.Connections);
        foreach (var slug in (string[])["aaa", "zzz"])
        {
            var (added, message) = await HostProcess.Run(
                environment,
                "tenants",
                "add",
                slug,
                "--name",
                slug,
                "--admin-email",
                $"ana@{slug}.com"
            );
            added.ShouldBe(0, message);
        }
        await using var superuser = await database.OpenSuperuser();
        await superuser.Execute("alter table tenant_aaa.inventory rename to elsewhere");

        var (code, output) = await HostProcess.Run(environment, "replay", "--all", "--parallel", "1");
        code.ShouldBe(1, output);
        output.ShouldContain("error: aaa: ");
        output.ShouldContain("fluxion-demo: every row follows from the events");
        output.ShouldContain("zzz: every row follows from the events");
        output.ShouldContain("1 of 3 tenants differ from their events, or could not be replayed.");
    }

    [Theory]
    [InlineData("replay nobody", "There is no tenant 'nobody'")]
    [InlineData("replay fluxion-demo --table stock", "There is no table 'stock' to replay; there are: settings, users, ")]
    [InlineData("replay fluxion-demo --to yesterday", "--to must be a point in time with its offset from UTC")]
    [InlineData("replay --all --parallel 0", "--parallel must be from 1 to 16")]
    [InlineData(
        "replay fluxion-demo --batch 3",
        "--batch is an unknown option: replay takes --all, --parallel, --table, --to, --swap, --out."
    )]
    [InlineData("replay fluxion-demo --to 2026-11-24 --swap", "swap without an end")]
    [InlineData("replay fluxion-demo --out /nowhere/at/all", "/nowhere/at/all")]
    public async Task an_invalid_replay_command_exits_with_1_and_the_reason(string command, string why)
    {
        var (code, output) = await HostProcess.Run(HostProcess.Development(ledger.Connections), command.Split(' '));
        code.ShouldBe(1, output);
        output.ShouldContain("error: ");
        output.ShouldContain(why);
        output.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
    }
}
