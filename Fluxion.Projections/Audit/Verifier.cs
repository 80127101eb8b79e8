using System.Globalization;
using System.Runtime.CompilerServices;
using Fluxion.Ledger;
using Npgsql;

namespace Fluxion.Projections.Audit;

/// <summary>
/// Recomputes a tenant's seals from its events. It follows the chain in order. It compares seals with their events in parallel, because
/// digests do not depend on each other. Only a few chunks are in memory at a time, however long the ledger is.
/// </summary>
public sealed class Verifier(Databases databases) : IDisposable
{
    /// <summary>The number of seals that are read and compared in one batch.</summary>
    private const int SealBatchSize = 50;

    /// <summary>
    /// The tolerance for the time of an event that came after a seal: it may precede the seal by this much. Clocks of hosts differ, and
    /// transactions take time.
    /// </summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    /// <summary>The condition for rows whose time is checked. The tombstone rows that Marten inserts have no time of an event.</summary>
    private const string IsEvent = $"type is distinct from '{LedgerModel.Tombstone}'";

    /// <summary>Two workers per core, at most 8: while one waits for a chunk of seals, the database computes hashes for another.</summary>
    private static readonly int Workers = Math.Clamp(Environment.ProcessorCount * 2, 2, 8);

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Verifies a tenant. Only one verification runs at a time on a node, because it has up to 8 workers.</summary>
    /// <param name="expect">The hash of a published seal, which the chain must contain.</param>
    /// <param name="progress">Receives the number of compared events, and the approximate total.</param>
    public async Task<Verification> Verify(Tenant tenant, byte[]? expect, Action<long, long>? progress, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            return await Recompute(tenant, expect, progress, ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Verification> Recompute(Tenant tenant, byte[]? expect, Action<long, long>? progress, CancellationToken ct)
    {
        var head = await Head(tenant, ct);
        var (found, compared, expected) = (new List<Discrepancy>(), 0L, (long?)null);
        await Parallel.ForEachAsync(
            Chunks(tenant, head, Follow, Add, ct),
            new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = ct },
            async (chunk, token) =>
            {
                if (First(found)?.Seal < chunk.Seals[0].Number)
                    return;
                if (await Compare(tenant, chunk, token) is { } finding)
                    Add(finding);
                progress?.Invoke(Interlocked.Add(ref compared, chunk.Seals.Sum(s => (long)s.Events)), head?.To ?? 0);
            }
        );

        if (expect is not null && expected is null)
            Add(
                new Discrepancy(
                    DiscrepancyKinds.HeadUnknown,
                    null,
                    null,
                    null,
                    null,
                    $"No seal of the chain has the hash {Convert.ToHexStringLower(expect)}. "
                        + "Either seals were removed from its end, or the chain was rebuilt."
                )
            );
        var (unsealed, since, slipped) = await Unsealed(tenant, head, ct);
        if (slipped is not null)
            Add(slipped);
        var first = First(found);
        return new Verification(
            first is null,
            head is null ? null : Convert.ToHexStringLower(head.Hash),
            head?.Number ?? 0,
            await Count(tenant, first?.Seal ?? head?.Number + 1 ?? 0, ct),
            unsealed,
            since,
            head?.SealedAt,
            expected,
            first
        );

        // Only a seal that continues the chain counts as the published one.
        void Follow(Seal seal)
        {
            if (expect is not null && seal.Hash.AsSpan().SequenceEqual(expect))
                expected ??= seal.Number;
        }

        void Add(Discrepancy finding)
        {
            lock (found)
                found.Add(finding);
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>Consecutive seals, with the time of the sealing before each.</summary>
    /// <param name="EarlierSealedAt">For each seal, the time of the last seal before it that was made in an earlier transaction.</param>
    private sealed record Chunk(IReadOnlyList<Seal> Seals, IReadOnlyList<DateTimeOffset?> EarlierSealedAt);

    private static Discrepancy? First(List<Discrepancy> found)
    {
        // A defect of the seal itself comes before findings about its events, because a defective seal proves nothing.
        lock (found)
            return found
                .OrderBy(f => f.Seal ?? long.MaxValue)
                .ThenBy(f => f.Kind is not (DiscrepancyKinds.SealChanged or DiscrepancyKinds.SealRemoved))
                .ThenBy(f => f.Sequence)
                .FirstOrDefault();
    }

    /// <summary>
    /// Returns all seals in order, while each continues the chain. A break of the chain is added to the findings and ends the sequence.
    /// </summary>
    private async IAsyncEnumerable<Chunk> Chunks(
        Tenant tenant,
        Seal? head,
        Action<Seal> follow,
        Action<Discrepancy> add,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        Seal? last = null;
        DateTimeOffset? earlier = null;
        var broken = false;
        while (head is not null && !broken && last?.Number != head.Number)
        {
            var (seals, earliers) = (new List<Seal>(), new List<DateTimeOffset?>());
            foreach (var seal in await Seals(tenant, last?.Number, head.Number, ct))
            {
                if (Break(last, seal) is { } finding)
                {
                    add(finding);
                    broken = true;
                    break;
                }
                follow(seal);
                if (last is not null && seal.SealedAt != last.SealedAt)
                    earlier = last.SealedAt;
                seals.Add(seal);
                earliers.Add(earlier);
                last = seal;
            }
            if (seals.Count > 0)
                yield return new Chunk(seals, earliers);
            else if (!broken)
                throw new InvalidOperationException($"Seals of {tenant.Slug} were removed while they were verified.");
        }
    }

    /// <summary>Returns the reason why a seal does not continue the chain, or null.</summary>
    private static Discrepancy? Break(Seal? last, Seal seal)
    {
        var number = (last?.Number ?? 0) + 1;
        if (seal.Number != number)
            return new Discrepancy(
                DiscrepancyKinds.SealRemoved,
                number,
                null,
                null,
                null,
                $"Seal {number} is missing; the next one is {seal.Number}, of {At(seal)}."
            );
        if (!seal.IsValid || seal.From != (last?.To ?? 0) + 1)
            return new Discrepancy(
                DiscrepancyKinds.SealChanged,
                number,
                seal.SealedAt,
                null,
                null,
                $"Seal {number} itself was changed: its hash does not match its content."
            );
        if (seal.PreviousHash.AsSpan().SequenceEqual(last?.Hash ?? Seal.Nothing))
            return null;
        return last is null
            ? new Discrepancy(
                DiscrepancyKinds.SealRemoved,
                number,
                seal.SealedAt,
                null,
                null,
                "The first seal follows on another one, which is missing."
            )
            : new Discrepancy(
                DiscrepancyKinds.SealChanged,
                last.Number,
                last.SealedAt,
                null,
                null,
                $"Seal {last.Number} is not the predecessor that seal {number} of {At(seal)} names: it was replaced. "
                    + $"It proves nothing about the events {last.From} to {last.To}."
            );
    }

    /// <summary>
    /// Finds the first event of a chunk that deviates from its seal. For each seal, the database returns the entries computed from the
    /// events now.
    /// </summary>
    private async Task<Discrepancy?> Compare(Tenant tenant, Chunk chunk, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await Begin(connection, tenant, ct);
        (Seal Seal, byte[] Now)? different = null;
        await using (
            var command = new NpgsqlCommand(
                $"""
                select now.entries,
                       (select seq_id from {tenant.Schema}.mt_events
                        where now.earliest < s.limit and seq_id between s.low and s.high and timestamp < s.limit and {IsEvent}
                        order by seq_id limit 1)
                from unnest($1, $2, $3) with ordinality s (low, high, "limit", place)
                cross join lateral (select string_agg({CanonicalEvent.Entry}, '' order by seq_id) as entries,
                                    min(timestamp) filter (where {IsEvent}) as earliest
                                    from {tenant.Schema}.mt_events where seq_id between s.low and s.high) now
                order by s.place
                """,
                connection
            )
            {
                Parameters =
                {
                    new() { Value = chunk.Seals.Select(seal => seal.Number == 1 ? long.MinValue : seal.From).ToArray() },
                    new() { Value = chunk.Seals.Select(seal => seal.To).ToArray() },
                    new() { Value = chunk.EarlierSealedAt.Select(WellBefore).ToArray() },
                },
            }
        )
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            foreach (var seal in chunk.Seals)
            {
                await reader.ReadAsync(ct);
                var now = reader.IsDBNull(0) ? [] : reader.GetFieldValue<byte[]>(0);
                if (!now.AsSpan().SequenceEqual(seal.Entries))
                {
                    different = (seal, now);
                    break;
                }
                if (!reader.IsDBNull(1))
                    return Backdated(seal.Number, seal.SealedAt, reader.GetInt64(1), null);
            }
        }
        if (different is not { } d)
            return null;
        var (sealedEntries, entries) = (SealEntry.ReadAll(d.Seal.Entries), SealEntry.ReadAll(d.Now));
        var same = sealedEntries.Zip(entries).TakeWhile(pair => pair.First.Equals(pair.Second)).Count();
        SealEntry? was = same < sealedEntries.Count ? sealedEntries[same] : null,
            found = same < entries.Count ? entries[same] : null;
        return (was?.Sequence ?? long.MaxValue).CompareTo(found?.Sequence ?? long.MaxValue) switch
        {
            < 0 => await Explain(connection, tenant, d.Seal, was, null, ct),
            > 0 => await Explain(connection, tenant, d.Seal, null, found, ct),
            _ => await Explain(connection, tenant, d.Seal, was, found, ct),
        };
    }

    /// <summary>
    /// Determines what happened to an event. If it has another number now, it was moved. If another event has its number, it was replaced.
    /// </summary>
    private static async Task<Discrepancy> Explain(
        NpgsqlConnection connection,
        Tenant tenant,
        Seal seal,
        SealEntry? was,
        SealEntry? found,
        CancellationToken ct
    )
    {
        Discrepancy Of(string kind, SealEntry entry, string detail) =>
            new(kind, seal.Number, seal.SealedAt, entry.Sequence, entry.Id, detail);
        if (was is { } original)
        {
            if (found is { } same && same.Id == original.Id)
                return Of(
                    DiscrepancyKinds.Changed,
                    original,
                    $"The event {original.Sequence} ({await Describe(connection, tenant, original.Sequence, ct)}) "
                        + $"was changed after seal {seal.Number} of {At(seal)}."
                );
            var now = await connection.Scalar<long?>(
                $"select seq_id from {tenant.Schema}.mt_events where id = $1 order by seq_id limit 1",
                original.Id,
                ct
            );
            if (now == original.Sequence && found is { } second)
                return Of(
                    DiscrepancyKinds.Inserted,
                    second,
                    $"There is a second event {original.Sequence}, {second.Id}, inserted after seal {seal.Number} of {At(seal)}."
                );
            if (now is not null)
                return Of(
                    DiscrepancyKinds.Reordered,
                    original,
                    $"The event {original.Id} was {original.Sequence} when seal {seal.Number} was made at {At(seal)}, and is {now} now."
                );
            return found is { } other
                ? Of(
                    DiscrepancyKinds.Changed,
                    original,
                    $"The event {original.Id} was {original.Sequence} when seal {seal.Number} was made at {At(seal)}. "
                        + $"The event {other.Id} is now in its place."
                )
                : Of(
                    DiscrepancyKinds.Removed,
                    original,
                    $"The event {original.Sequence}, {original.Id}, was removed after seal {seal.Number} of {At(seal)}."
                );
        }
        var extra = found!.Value;
        var bytes = new byte[16];
        extra.Id.TryWriteBytes(bytes, bigEndian: true, out _);
        var before = await connection.Scalar<long?>(
            $"select number from {tenant.Schema}.ledger_seals where position($1 in entries) > 0 order by number limit 1",
            bytes,
            ct
        );
        return before is not null
            ? Of(
                DiscrepancyKinds.Reordered,
                extra,
                $"The event {extra.Id} is {extra.Sequence} now, and was another one when seal {before} was made."
            )
            : Of(
                DiscrepancyKinds.Inserted,
                extra,
                $"The event {extra.Sequence} ({await Describe(connection, tenant, extra.Sequence, ct)}) "
                    + $"was inserted after seal {seal.Number} of {At(seal)}, which has no event with that number."
            );
    }

    /// <summary>
    /// Checks the events after the last seal. No seal vouches for them yet, but numbers and times can reveal a manipulated one.
    /// </summary>
    private async Task<(long Count, DateTimeOffset? Since, Discrepancy? Finding)> Unsealed(Tenant tenant, Seal? head, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await Begin(connection, tenant, ct);
        var (count, since, finding) = (0L, (DateTimeOffset?)null, (Discrepancy?)null);
        await using (
            var command = new NpgsqlCommand(
                $"""
                select count(*) over (), seq_id, id, timestamp < $2, min(timestamp) over () from {tenant.Schema}.mt_events
                where seq_id > $1 and {IsEvent} order by (timestamp < $2) is not true, seq_id limit 1
                """,
                connection
            )
        )
        {
            command.Parameters.Add(new() { Value = head?.To ?? 0 });
            command.Parameters.Add(
                new() { Value = (object?)WellBefore(head?.SealedAt) ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz }
            );
            await using var reader = await command.ExecuteReaderAsync(ct);
            if (await reader.ReadAsync(ct))
            {
                (count, since) = (reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(4));
                if (!reader.IsDBNull(3) && reader.GetBoolean(3))
                    finding = Backdated(null, null, reader.GetInt64(1), reader.GetGuid(2));
            }
        }
        // Without the primary key of the table, rows can have no number. No range of numbers contains such rows.
        if (
            finding is null
            && await connection.Scalar<Guid?>($"select id from {tenant.Schema}.mt_events where seq_id is null limit 1", null, ct)
                is { } unnumbered
        )
            finding = new Discrepancy(DiscrepancyKinds.Inserted, null, null, null, unnumbered, $"The event {unnumbered} has no number.");
        // The sequence is read after the events, because their numbers were drawn before they became visible.
        var drawn =
            await connection.Scalar<long?>($"select coalesce(pg_sequence_last_value('{tenant.Schema}.mt_events_sequence'), 0)", null, ct)
            ?? 0;
        await using var never = new NpgsqlCommand(
            $"select seq_id, id from {tenant.Schema}.mt_events where seq_id > $1 order by seq_id limit 1",
            connection
        )
        {
            Parameters = { new() { Value = drawn } },
        };
        await using var beyond = await never.ExecuteReaderAsync(ct);
        if (finding is null && await beyond.ReadAsync(ct))
        {
            finding = new Discrepancy(
                DiscrepancyKinds.Inserted,
                null,
                null,
                beyond.GetInt64(0),
                beyond.GetGuid(1),
                $"The event {beyond.GetInt64(0)}, {beyond.GetGuid(1)}, has a number that was never given out: the last one is {drawn}."
            );
        }
        return (count, since, finding);
    }

    /// <summary>Subtracts the tolerance. It also accepts a time that was set to -infinity.</summary>
    private static DateTimeOffset? WellBefore(DateTimeOffset? at) =>
        at - DateTimeOffset.MinValue > ClockTolerance ? at - ClockTolerance : at;

    private static Discrepancy Backdated(long? seal, DateTimeOffset? sealedAt, long sequence, Guid? id) =>
        new(
            DiscrepancyKinds.Backdated,
            seal,
            sealedAt,
            sequence,
            id,
            $"The event {sequence} claims to be recorded more than {ClockTolerance.TotalMinutes:0} minutes before a seal that lacks it. "
                + "Either it was inserted later, or a host's clock was wrong."
        );

    private async Task<Seal?> Head(Tenant tenant, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await Begin(connection, tenant, ct);
        await using var command = new NpgsqlCommand(
            $"select {Columns} from {tenant.Schema}.ledger_seals order by number desc limit 1",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Read(reader) : null;
    }

    /// <param name="after">The number of the previous seal. Null: read from the first seal on, whatever its number.</param>
    private async Task<IReadOnlyList<Seal>> Seals(Tenant tenant, long? after, long upTo, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await Begin(connection, tenant, ct);
        await using var command = new NpgsqlCommand(
            $"select {Columns} from {tenant.Schema}.ledger_seals where ($1::bigint is null or number > $1) and number <= $2 "
                + $"order by number limit {SealBatchSize}",
            connection
        )
        {
            Parameters =
            {
                new() { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                new() { Value = upTo },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var seals = new List<Seal>(SealBatchSize);
        while (await reader.ReadAsync(ct))
            seals.Add(Read(reader));
        return seals;
    }

    private async Task<long> Count(Tenant tenant, long before, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var transaction = await Begin(connection, tenant, ct);
        return await connection.Scalar<long?>(
                $"select coalesce(sum(event_count), 0) from {tenant.Schema}.ledger_seals where number < $1",
                before,
                ct
            ) ?? 0;
    }

    private static Task<string?> Describe(NpgsqlConnection connection, Tenant tenant, long sequence, CancellationToken ct) =>
        connection.Scalar<string>(
            $"select format('%s, version %s of %s, id %s', type, version, stream_id, id) from {tenant.Schema}.mt_events where seq_id = $1",
            sequence,
            ct
        );

    private const string Columns = "number, from_sequence, to_sequence, entries, previous_hash, hash, sealed_at, event_count";

    /// <summary>
    /// Reads a seal. If its number of events differs from that of its entries, it gets no entries, so its hash does not match.
    /// </summary>
    private static Seal Read(NpgsqlDataReader r)
    {
        var entries = r.Column<byte[]>("entries");
        return new(
            r.Column<long>("number"),
            r.Column<long>("from_sequence"),
            r.Column<long>("to_sequence"),
            entries.Length == r.Column<int>("event_count") * SealEntry.Bytes ? entries : [],
            r.Column<byte[]>("previous_hash"),
            r.Column<byte[]>("hash"),
            r.Column<DateTimeOffset>("sealed_at")
        );
    }

    private static async Task<NpgsqlTransaction> Begin(NpgsqlConnection connection, Tenant tenant, CancellationToken ct)
    {
        var transaction = await connection.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CanonicalEvent.Settings(tenant));
        await batch.ExecuteNonQueryAsync(ct);
        return transaction;
    }

    private static string At(Seal seal) => seal.SealedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

internal static class Scalars
{
    /// <summary>One value, or null. $1 stands for <paramref name="parameter"/>, if there is one.</summary>
    public static async Task<T?> Scalar<T>(this NpgsqlConnection connection, string sql, object? parameter, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (parameter is not null)
            command.Parameters.Add(new() { Value = parameter });
        return await command.ExecuteScalarAsync(ct) is { } value and not DBNull ? (T)value : default;
    }
}
