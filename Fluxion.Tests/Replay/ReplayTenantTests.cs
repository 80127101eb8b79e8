using System.Text.Json.Nodes;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Replay;

/// <summary>Tests of replays over HTTP, which are requested once, run in the background, and are read when they are done.</summary>
[Collection(AlteredTables.Name)]
public sealed class ReplayTenantTests(LedgerHost host)
{
    private static async Task<JsonNode> Done(Client admin, Answer begun)
    {
        var id = begun.ShouldBe(201).Json["id"]!.GetValue<string>();
        for (var i = 0; i < 300; i++)
        {
            var replay = (await admin.Get($"audit/replays/{id}")).ShouldBe(200).Json;
            if (replay["replay"]!["status"]!.GetValue<string>() != "running")
                return replay;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
        throw new TimeoutException($"Replay {id} does not end");
    }

    [Fact]
    public async Task a_requested_replay_can_be_read_when_it_is_done()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await tenant.CreateStore("S1", "P1", stock: 10);
        var begun = await tenant.Admin.Post("audit/replays", new { }, "replay-1");
        (await tenant.Admin.Post("audit/replays", new { }, "replay-1")).ShouldBe(201).Text.ShouldBe(begun.Text);
        var done = await Done(tenant.Admin, begun);
        done["replay"]!["status"]!.GetValue<string>().ShouldBe("equal");
        done["replay"]!["differences"]!.GetValue<long>().ShouldBe(0);
        done["replay"]!["events"]!.GetValue<long>().ShouldBePositive();
        done["tables"]!.AsArray().ShouldContain(t => t!["name"]!.GetValue<string>() == "inventory" && t["liveRows"]!.GetValue<long>() == 1);
        (await tenant.Admin.Get("audit/replays")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1, "asked for twice, run once");

        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"update {tenant.Schema}.inventory set quantity_on_hand = 11, version = 0");
        var different = await Done(tenant.Admin, await tenant.Admin.Post("audit/replays", new { table = "inventory" }));
        different["replay"]!["status"]!.GetValue<string>().ShouldBe("different");
        var first = different["tables"]![0]!["first"]!.AsArray();
        first.ShouldContain(d =>
            d!["column"]!.GetValue<string>() == "quantity_on_hand"
            && d["live"]!.GetValue<string>() == "11.000"
            && d["replayed"]!.GetValue<string>() == "10.000"
        );
        (await Done(tenant.Admin, await tenant.Admin.Post("audit/replays", new { swap = true })))["replay"]!["status"]!
            .GetValue<string>()
            .ShouldBe("swapped");
        (await tenant.Admin.Get("inventory")).Json["items"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(10);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task one_replay_per_tenant_runs_at_a_time_and_one_of_a_dead_host_blocks_none()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await using var superuser = await host.OpenSuperuser();
        var other = Guid.CreateVersion7();
        await superuser.Execute($"insert into {tenant.Schema}.replays (id, requested_by) values ('{other}', '{other}')");
        (await tenant.Admin.Post("audit/replays", new { })).ShouldBe(409).Detail!.ShouldContain("under way");

        await superuser.Execute($"update {tenant.Schema}.replays set started_at = now() - interval '1 minute'");
        var abandoned = (await tenant.Admin.Get($"audit/replays/{other}")).ShouldBe(200).Json["replay"]!;
        abandoned["status"]!.GetValue<string>().ShouldBe("failed");
        abandoned["problem"]!.GetValue<string>().ShouldContain("host");
        (await Done(tenant.Admin, await tenant.Admin.Post("audit/replays", new { })))["replay"]!["status"]!
            .GetValue<string>()
            .ShouldBe("equal");
    }

    [Fact]
    public async Task an_invalid_replay_request_is_refused()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        (await tenant.Admin.Post("audit/replays", new { table = "stock" })).ShouldBe(404);
        (await tenant.Admin.Post("audit/replays", new { to = "yesterday" })).ShouldBe(400).Fields.ShouldBe(["to"]);
        (await tenant.Admin.Post("audit/replays", new { to = "2026-11-24", swap = true })).ShouldBe(400).Fields.ShouldBe(["swap"]);
        (await tenant.Admin.Get("audit/replays/none")).ShouldBe(404);
        (await Done(tenant.Admin, await tenant.Admin.Post("audit/replays", new { to = "2001-01-01" })))["replay"]!["events"]!
            .GetValue<long>()
            .ShouldBe(0);
        (await (await Client.Demo(host, "manager")).Post("audit/replays", new { })).ShouldBe(403);
    }
}
