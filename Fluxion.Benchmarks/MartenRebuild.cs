using System.Diagnostics;
using Fluxion.Ledger;
using Fluxion.Ledger.Tenancy;
using JasperFx;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Fluxion.Benchmarks;

/// <summary>
/// Runs Marten's own <c>RebuildProjectionAsync</c> for a tenant's read models in a schema of its own. The schema has the tables with their
/// indexes, constraints and triggers, and a copy of the events. No host uses the schema. It is dropped on disposal, and one left by an
/// interrupted run is replaced.
/// </summary>
internal sealed class MartenRebuild(Databases databases, SchemaScripts scripts, Tenant tenant) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromHours(6);

    /// <summary>The name of the schema; its prefix differs from that of tenants' schemas.</summary>
    private readonly string _schema = $"benchmark_{tenant.Slug.Replace('-', '_')}";

    private readonly NpgsqlDataSource _owner = databases.RequireOwner();

    /// <summary>Creates the schema, and copies streams and events.</summary>
    /// <returns>The number of events.</returns>
    public async Task<long> Prepare(CancellationToken ct)
    {
        await Drop();
        await using var connection = await _owner.OpenConnectionAsync(ct);
        await Execute(connection, $"create schema {_schema}", ct);
        await scripts.Migrate(_owner, "tenant", _schema, tenant.Id, ct);
        using (var store = Store(progress: null, batchSize: null))
            await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);
        // the daemon sets no tenant, so row-level security and the trigger that replaces it on hypertables would refuse its statements
        await Execute(connection, $"drop function {_schema}.require_tenant() cascade", ct);
        foreach (
            var table in await Column(
                connection,
                $"select relname::text from pg_class where relnamespace = '{_schema}'::regnamespace and relrowsecurity",
                ct
            )
        )
            await Execute(connection, $"alter table {_schema}.{table} disable row level security", ct);
        await Execute(connection, $"select set_config('{Databases.TenantSetting}', '{tenant.Id}', false)", ct);
        foreach (var table in (string[])["mt_streams", "mt_events"])
        {
            var columns = string.Join(", ", await Columns(connection, table, ct));
            await Execute(connection, $"insert into {_schema}.{table} ({columns}) select {columns} from {tenant.Schema}.{table}", ct);
        }
        await Execute(connection, $"select setval('{_schema}.mt_events_sequence', greatest(max(seq_id), 1)) from {_schema}.mt_events", ct);
        await Execute(connection, $"analyze {_schema}.mt_streams, {_schema}.mt_events", ct);
        return await Count(connection, $"select count(*) from {_schema}.mt_events where type <> '{LedgerModel.Tombstone}'", ct);
    }

    /// <param name="batchSize">The number of events that Marten applies in one transaction; null for its default.</param>
    public async Task<TimeSpan> Run(int? batchSize, Action<long>? progress, CancellationToken ct)
    {
        using var store = Store(progress, batchSize);
        using var daemon = await store.BuildProjectionDaemonAsync(logger: NullLogger.Instance);
        var started = Stopwatch.GetTimestamp();
        await daemon.RebuildProjectionAsync(MartenReadModels.Name, Patience, ct);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>
    /// The number of distinct rows of a table that differ between Marten's rebuild and the live table, or exist in only one of them.
    /// </summary>
    public async Task<long> Differences(string table, CancellationToken ct)
    {
        await using var connection = await _owner.OpenConnectionAsync(ct);
        await Execute(connection, $"select set_config('{Databases.TenantSetting}', '{tenant.Id}', false)", ct);
        var columns = string.Join(", ", await Columns(connection, table, ct));
        string Rows(string schema) =>
            $"(select hash_record_extended(row({columns}), 0) as hash, count(*) as rows from {schema}.{table} group by 1)";
        return await Count(
            connection,
            $"select count(*) from {Rows(tenant.Schema)} l full join {Rows(_schema)} m using (hash) where l.rows is distinct from m.rows",
            ct
        );
    }

    public async ValueTask DisposeAsync() => await Drop();

    private DocumentStore Store(Action<long>? progress, int? batchSize)
    {
        var options = new StoreOptions
        {
            DatabaseSchemaName = _schema,
            AutoCreateSchemaObjects = AutoCreate.None,
            DisableNpgsqlLogging = true,
        };
        options.Connection(_owner);
        LedgerModel.Configure(options);
        options.Projections.AsyncMode = DaemonMode.Solo; // otherwise Marten warns that nothing runs the projection
        options.Projections.Add(
            new MartenReadModels(_schema, progress),
            ProjectionLifecycle.Async,
            MartenReadModels.Name,
            async =>
            {
                if (batchSize is { } size)
                    (async.BatchSize, async.MaximumHopperSize) = (size, Math.Max(async.MaximumHopperSize, 10 * size));
            }
        );
        return new DocumentStore(options);
    }

    private async Task Drop()
    {
        await using var connection = await _owner.OpenConnectionAsync(CancellationToken.None);
        await Execute(
            connection,
            $"set client_min_messages = warning; drop schema if exists {_schema} cascade; drop role if exists {_schema}_analyst",
            CancellationToken.None
        );
    }

    private Task<List<string>> Columns(NpgsqlConnection connection, string table, CancellationToken ct) =>
        Column(
            connection,
            $"""
            select quote_ident(attname) from pg_attribute
            where attrelid = '{_schema}.{table}'::regclass and attnum > 0 and attgenerated = '' and not attisdropped
            order by attnum
            """,
            ct
        );

    private static async Task<List<string>> Column(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var values = new List<string>();
        while (await reader.ReadAsync(ct))
            values.Add(reader.GetString(0));
        return values;
    }

    private static async Task<long> Count(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
