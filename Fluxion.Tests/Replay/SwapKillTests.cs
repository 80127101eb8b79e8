using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Replay;

/// <summary>Tests of a swap whose process is killed. Each time a lock that the test holds stops the swap at a known step.</summary>
[Collection(AlteredTables.Name)]
public sealed class SwapKillTests(LedgerHost host)
{
    private const string Alterations = """
        update {t}.products set name = name || '!', updated_at = updated_at - interval '1 hour';
        update {t}.inventory set quantity_on_hand = quantity_on_hand + 5, updated_at = updated_at - interval '1 hour';
        delete from {t}.sale_items where line_number = 1;
        delete from {t}.inventory_movements where reference = 'GRN-1';
        update {t}.mt_doc_stockitem set data = jsonb_set(data, '{onHand}', '1');
        """;

    /// <summary>The step, the lock that the test holds, and the query that shows that the swap waits for that lock.</summary>
    public static TheoryData<string, string, string> Steps =>
        new()
        {
            {
                "live rows are read",
                "lock table {t}.forecasts in access exclusive mode",
                "select from pg_locks where not granted and relation = '{t}.forecasts'::regclass"
            },
            {
                "the shadow is made",
                "create schema {t}_replay",
                "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%create schema {t}_replay%'"
            },
            {
                "the shadow is kept, and commands are to be held",
                "lock table {t}.mt_events in row exclusive mode",
                "select from pg_locks where not granted and relation = '{t}.mt_events'::regclass and mode = 'ShareRowExclusiveLock'"
            },
            {
                RowsAreReplaced,
                "select from {t}.products for no key update",
                $"select from pg_locks where granted and {EventsAreLocked} and pid in (select pid from pg_locks where not granted)"
            },
        };

    private const string RowsAreReplaced = "commands are held, and rows are being exchanged";
    private const string EventsAreLocked = "relation = '{t}.mt_events'::regclass and mode = 'ShareRowExclusiveLock'";

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task a_killed_swap_changes_nothing_and_the_next_swap_succeeds(string moment, string held, string waits)
    {
        var ct = TestContext.Current.CancellationToken;
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        string Fill(string sql) => sql.Replace("{t}", tenant.Schema, StringComparison.Ordinal);
        Task<ReplayResult> Replay(bool swap = false) =>
            host.Services.GetRequiredService<TenantReplay>().Run(tenant.Registered, new ReplayRequest(Swap: swap), null, ct);
        Task<Answer> Receive() =>
            tenant.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "S2",
                    lines = new[]
                    {
                        new
                        {
                            sku = "P2",
                            quantity = 1,
                            unitCost = 3,
                        },
                    },
                }
            );
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            Fill($"select set_config('app.current_tenant_id', '{tenant.Id}', false); set session_replication_role = replica;{Alterations}")
        );
        var altered = (await Replay()).Tables.ToDictionary(t => t.Name, t => t.Differences);
        altered.Values.Sum().ShouldNotBeNull().ShouldBeGreaterThan(10);
        await using var holder = await host.OpenSuperuser();

        await using (var transaction = await holder.BeginTransactionAsync(ct))
        {
            await holder.Execute(Fill(held));
            await using var swap = HostProcess.Start(HostProcess.Development(host.Connections), "replay", tenant.Slug, "--swap");
            await Wait.Until(async () => (await superuser.Rows(Fill(waits))).Count > 0, "the swap waits for the lock", swap);
            var during = Receive();
            if (moment != RowsAreReplaced)
                (await during).ShouldBe(200);
            await swap.Kill();
            // the swap's backend must end too: otherwise it would wait for the test's lock, and commands for the backend
            (await during.WaitAsync(TimeSpan.FromSeconds(30), ct)).ShouldBe(200);
            await Wait.Until(
                async () => (await superuser.Rows(Fill($"select from pg_locks where {EventsAreLocked}"))).Count == 0,
                "the killed swap releases its locks",
                swap
            );
            await transaction.RollbackAsync(ct);
        }

        (await Receive()).ShouldBe(200);
        (await Replay()).Tables.ToDictionary(t => t.Name, t => t.Differences).ShouldBe(altered, ignoreOrder: true, moment);
        (await Replay(swap: true)).Swapped.ShouldNotBeNull();
        await host.ReplayShouldBeEqual(tenant);
        (
            await superuser.Column<string>(
                $"select nspname::text from pg_namespace where nspname like '%{tenant.Schema}%' and nspname <> '{tenant.Schema}'"
            )
        ).ShouldBeEmpty();
    }
}
