using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>Deletes expired data once a day, first 5 minutes after the start, on one node at a time.</summary>
public sealed class Retention(Databases databases, TimeProvider clock, ILogger<Retention> logger)
    : PeriodicService("retention", Between, clock, logger)
{
    private static readonly TimeSpan Between = TimeSpan.FromDays(1);

    /// <summary>Number of keys deleted in one transaction. It takes some milliseconds, and no command waits for it.</summary>
    private const int KeyBatchSize = 5_000;

    /// <summary>Drops the chunks that are past their retention, and deletes the idempotency keys that have expired.</summary>
    /// <returns>The numbers of dropped chunks and deleted keys, over all tenants.</returns>
    /// <exception cref="NpgsqlException">The database is not available.</exception>
    public async Task<(int Chunks, long Keys)> Apply(CancellationToken ct)
    {
        var owner = databases.RequireOwner();
        var chunks = 0;
        await using (var command = owner.CreateCommand("select schema_name, table_name, chunks from shared.apply_retention()"))
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                chunks += reader.GetInt32(2);
                Logger.ChunksDropped(reader.GetString(0), reader.GetString(1), reader.GetInt32(2));
            }
        }
        var keys = 0L;
        foreach (var schema in await Schemas(owner, ct))
            await Attempt(schema, async () => keys += await PruneKeys(owner, schema, ct), ct);
        return (chunks, keys);
    }

    private static async Task<List<string>> Schemas(NpgsqlDataSource owner, CancellationToken ct)
    {
        await using var command = owner.CreateCommand(
            "select 'shared' union all (select schema_name from shared.tenants order by schema_name)"
        );
        await using var reader = await command.ExecuteReaderAsync(ct);
        var schemas = new List<string>();
        while (await reader.ReadAsync(ct))
            schemas.Add(reader.GetString(0));
        return schemas;
    }

    /// <summary>Deletes the expired keys of a schema in batches, one transaction each.</summary>
    private async Task<long> PruneKeys(NpgsqlDataSource owner, string schema, CancellationToken ct)
    {
        var (all, some) = (0L, 0L);
        DateTime? upTo = null;
        do
        {
            await using var command = owner.CreateCommand("select pruned, up_to from shared.prune_idempotency_keys($1, $2, $3)");
            command.Parameters.Add(new() { Value = schema });
            command.Parameters.Add(new() { Value = (object?)upTo ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
            command.Parameters.Add(new() { Value = KeyBatchSize });
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            some = reader.GetInt64(0);
            if (some > 0)
                upTo = reader.GetDateTime(1);
            all += some;
        } while (some == KeyBatchSize);
        if (all > 0)
            Logger.KeysDeleted(schema, all);
        return all;
    }

    protected override TimeSpan FirstAfter => TimeSpan.FromMinutes(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (databases.Owner is not null)
            return base.ExecuteAsync(stoppingToken);
        Logger.RetentionElsewhere();
        return Task.CompletedTask;
    }

    protected override Task RunOnce(CancellationToken ct) => Apply(ct);
}
