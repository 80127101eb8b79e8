using System.Collections.Concurrent;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Projections.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Fluxion.Projections.Audit;

/// <summary>
/// Seals the events of all tenants a few seconds after they were recorded. Seals are stored in a table of the tenant, so any node continues
/// where another one stopped. An advisory lock per tenant lets only one node seal a tenant at a time.
/// </summary>
public sealed class Sealer(Databases databases, TenantRegistry registry, TimeProvider clock, ILogger<Sealer> logger)
    : PeriodicService("sealing", Interval, clock, logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>The timeout for one open transaction that draws numbers. The next run checks it again.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private const int TenantBatchSize = 4;

    /// <summary>The maximum number of digests held in memory for one tenant.</summary>
    private const int EventBatchSize = 50 * Seal.MaxEvents;

    private readonly ConcurrentDictionary<string, long> _sealedTo = new();

    /// <summary>The schemas with events that are not sealed, and the timestamps at which this host first saw such events.</summary>
    private readonly ConcurrentDictionary<string, long> _behindSince = new();

    protected override async Task RunOnce(CancellationToken ct)
    {
        try
        {
            await SealAll(ct);
        }
        finally
        {
            var lag = _behindSince.Values.Select(since => Clock.GetElapsedTime(since)).DefaultIfEmpty().Max();
            Instruments.SealLag.Record(lag.TotalSeconds);
        }
    }

    /// <summary>Seals all tenants in which a number was drawn since they were sealed last.</summary>
    private async Task SealAll(CancellationToken ct)
    {
        var events = new HashSet<string>();
        await using (
            var command = databases.Service.CreateCommand(
                "select schemaname::text, last_value from pg_sequences where sequencename = 'mt_events_sequence' and last_value is not null"
            )
        )
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
                if (reader.GetInt64(1) > _sealedTo.GetValueOrDefault(reader.GetString(0)))
                    events.Add(reader.GetString(0));
        }
        IReadOnlyList<Tenant> tenants =
            events.Count == 0
                ? []
                :
                [
                    .. (await registry.List(null, int.MaxValue, ct)).Where(t =>
                        events.Contains(t.Schema) && t.MigrationFailure is null && t.SchemaFault is null
                    ),
                ];
        foreach (var schema in _behindSince.Keys.Except(tenants.Select(t => t.Schema)))
            _behindSince.TryRemove(schema, out _);
        foreach (var tenant in tenants)
            _behindSince.TryAdd(tenant.Schema, Clock.GetTimestamp());
        await Parallel.ForEachAsync(
            tenants,
            new ParallelOptions { MaxDegreeOfParallelism = TenantBatchSize, CancellationToken = ct },
            async (tenant, token) => await Attempt(tenant.Slug, () => SealTenant(tenant, token), token)
        );
    }

    /// <summary>Seals all events of a tenant that were committed at the time of the call.</summary>
    /// <returns>The number of seals made. Null if a transaction that draws numbers did not end within <see cref="Timeout"/>.</returns>
    public async Task<int?> SealTenant(Tenant tenant, CancellationToken ct)
    {
        if (await HighWaterMark.Wait(databases.Service, tenant.Schema, Timeout, Clock, ct) is not { } mark)
            return null;
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (last, now) = await TryAcquireLock(connection, tenant, ct);
        var made = 0;
        while (await Next(connection, tenant, last, mark, now, ct) is { Count: > 0 } seals)
        {
            await Insert(connection, tenant, seals, ct);
            (last, made) = (seals[^1], made + seals.Count);
        }
        await transaction.CommitAsync(ct);
        _sealedTo[tenant.Schema] = mark;
        _behindSince.TryRemove(tenant.Schema, out _);
        if (made > 0 && Logger.IsEnabled(LogLevel.Debug))
            Logger.Sealed(tenant.Slug, last.To, last.Number, Convert.ToHexStringLower(last.Hash));
        return made;
    }

    /// <summary>
    /// Acquires the advisory lock for sealing this tenant and holds it until the end of the transaction.
    /// Returns the last seal, and the time for the next ones.
    /// </summary>
    private static async Task<(Seal Last, DateTimeOffset Now)> TryAcquireLock(
        NpgsqlConnection connection,
        Tenant tenant,
        CancellationToken ct
    )
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CanonicalEvent.Settings(tenant));
        batch.BatchCommands.Add(AdvisoryLocks.Acquire(AdvisoryLocks.Key(tenant.Schema, "seal")));
        batch.BatchCommands.Add(
            new(
                $"""
                select coalesce(number, 0), coalesce(to_sequence, 0), hash, statement_timestamp()
                from (values (1)) one left join (select * from {tenant.Schema}.ledger_seals order by number desc limit 1) last on true
                """
            )
        );
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var hash = reader.IsDBNull(2) ? Seal.Nothing : reader.GetFieldValue<byte[]>(2);
        return (new Seal(reader.GetInt64(0), 0, reader.GetInt64(1), [], [], hash, default), reader.GetFieldValue<DateTimeOffset>(3));
    }

    /// <summary>
    /// The seals that follow <paramref name="last"/>. Numbers after the last event that were drawn and rolled back are left to the next
    /// seal.
    /// </summary>
    private static async Task<List<Seal>> Next(
        NpgsqlConnection connection,
        Tenant tenant,
        Seal last,
        long mark,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"select {CanonicalEvent.Entry} from {tenant.Schema}.mt_events where seq_id > $1 and seq_id <= $2 "
                + $"order by seq_id limit {EventBatchSize}",
            connection
        )
        {
            Parameters =
            {
                new() { Value = last.To },
                new() { Value = mark },
            },
        };
        var entries = new List<byte[]>();
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct))
                entries.Add(reader.GetFieldValue<byte[]>(0));

        var seals = new List<Seal>();
        for (var i = 0; i < entries.Count; i += Seal.MaxEvents)
        {
            var some = entries.GetRange(i, Math.Min(Seal.MaxEvents, entries.Count - i));
            // No event will ever have a number between the last event and the mark. The seal vouches for this as well.
            var isLast = entries.Count < EventBatchSize && i + some.Count == entries.Count;
            seals.Add(
                last = Seal.Create(
                    last.Number + 1,
                    last.To + 1,
                    isLast ? mark : SealEntry.Read(some[^1]).Sequence,
                    [.. some.SelectMany(entry => entry)],
                    last.Hash,
                    now
                )
            );
        }
        return seals;
    }

    private static async Task Insert(NpgsqlConnection connection, Tenant tenant, List<Seal> seals, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var seal in seals)
        {
            batch.BatchCommands.Add(
                new(
                    $"""
                    insert into {tenant.Schema}.ledger_seals (number, from_sequence, to_sequence, event_count, entries, previous_hash, hash,
                        sealed_at)
                    values ($1, $2, $3, $4, $5, $6, $7, $8)
                    """
                )
                {
                    Parameters =
                    {
                        new() { Value = seal.Number },
                        new() { Value = seal.From },
                        new() { Value = seal.To },
                        new() { Value = seal.Events },
                        new() { Value = seal.Entries },
                        new() { Value = seal.PreviousHash },
                        new() { Value = seal.Hash },
                        new() { Value = seal.SealedAt, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                    },
                }
            );
        }
        await batch.ExecuteNonQueryAsync(ct);
    }
}
