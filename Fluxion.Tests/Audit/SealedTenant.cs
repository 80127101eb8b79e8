using Fluxion.Projections.Audit;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Audit;

/// <summary>
/// A tenant whose events are sealed in three or more steps, with a sequence number that was drawn and rolled back.
/// <see cref="Restore"/> reverts a test's changes to events and seals.
/// </summary>
public sealed class SealedTenant(LedgerHost host) : IAsyncLifetime
{
    public TestTenant Tenant { get; private set; } = null!;
    public NpgsqlConnection Superuser { get; private set; } = null!;
    public Verification Intact { get; private set; } = null!;

    /// <summary>The sealed events in order of their sequence number, each with its seal.</summary>
    public IReadOnlyList<(long Sequence, Guid Id, Guid Stream, long Seal)> Events { get; private set; } = [];

    /// <summary>The sequence number that no event has.</summary>
    public long Gap { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host, altered: true);
        Superuser = await host.OpenSuperuser();
        var shop = await Tenant.CreateStore("S1", "P1", stock: 20);
        await Seal();
        (await shop.Receive(5, 3)).ShouldBe(200);
        await Superuser.Execute($"select nextval('{Tenant.Schema}.mt_events_sequence')");
        for (var i = 0; i < 5; i++)
            (await shop.Issue(1)).ShouldBe(200);
        (await Tenant.Admin.Put("products/P1", new { name = "Another, \\n \"ñ\" name", description = "two\nlines" })).ShouldBe(200);
        await Seal();
        for (var i = 0; i < 4; i++)
            (await shop.Adjust(1)).ShouldBe(200);
        await Seal();
        Events =
        [
            .. (
                await Superuser.Rows(
                    $"""
                    select e.seq_id, e.id, e.stream_id, s.number from {Tenant.Schema}.mt_events e
                    join {Tenant.Schema}.ledger_seals s on e.seq_id between s.from_sequence and s.to_sequence order by 1
                    """
                )
            ).Select(r => ((long)r[0]!, (Guid)r[1]!, (Guid)r[2]!, (long)r[3]!)),
        ];
        Gap = Enumerable.Range(1, (int)Events[^1].Sequence).Select(n => (long)n).Except(Events.Select(e => e.Sequence)).Single();
        await Superuser.Execute(
            $"create temp table events as table {Tenant.Schema}.mt_events; create temp table seals as table {Tenant.Schema}.ledger_seals"
        );
        Intact = await Verify();
        (Intact.Intact, Intact.Events, Intact.Unsealed).ShouldBe((true, Events.Count, 0), Intact.Finding?.Detail);
        Intact.Seals.ShouldBeGreaterThanOrEqualTo(3);
    }

    public Task<int?> Seal() => host.Services.GetRequiredService<Sealer>().SealTenant(Tenant.Registered, CancellationToken.None);

    public Task<Verification> Verify(string? expect = null) =>
        host
            .Services.GetRequiredService<Verifier>()
            .Verify(Tenant.Registered, expect is null ? null : Convert.FromHexString(expect), null, CancellationToken.None);

    /// <summary>Restores events, seals, and constraints that a test may have dropped.</summary>
    public Task Restore() =>
        Superuser.Execute(
            $"""
            begin;
            truncate {Tenant.Schema}.ledger_seals, {Tenant.Schema}.mt_events;
            insert into {Tenant.Schema}.mt_events select * from events;
            insert into {Tenant.Schema}.ledger_seals select * from seals;
            alter table {Tenant.Schema}.mt_events alter seq_id set not null, drop constraint if exists pkey_mt_events_seq_id,
                add constraint pkey_mt_events_seq_id primary key (seq_id);
            alter table {Tenant.Schema}.ledger_seals drop constraint if exists ledger_seals_entries_check,
                add constraint ledger_seals_entries_check check (octet_length(entries) = event_count * 56),
                drop constraint if exists ledger_seals_number_check, add constraint ledger_seals_number_check check (number > 0);
            commit;
            """
        );

    public async ValueTask DisposeAsync() => await Superuser.DisposeAsync();
}
