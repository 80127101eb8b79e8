using System.Text.Json;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>The replays requested over HTTP, in a table of each tenant. Only one replay per tenant runs at a time.</summary>
internal static class ReplaysTable
{
    /// <summary>The key of the advisory lock that a replay holds until its end.</summary>
    public static string LockKey(string schema) => AdvisoryLocks.Key(schema, "replay");

    /// <summary>
    /// The condition for a replay whose host has died. More than 10 seconds after the start its row still says running, and its lock is
    /// free.
    /// </summary>
    public static string Abandoned(string schema) =>
        $"""
            status = 'running' and started_at < now() - interval '10 seconds' and not {AdvisoryLocks.IsHeld(LockKey(schema))}
            """;

    /// <summary>Marks replays of dead hosts as failed, so that a new one can start.</summary>
    public static string Abandon(string schema) =>
        $"update {schema}.replays set status = 'failed', problem = 'The host that ran it has stopped.', finished_at = now() "
        + $"where {Abandoned(schema)}";

    public static string Insert(string schema) =>
        $"insert into {schema}.replays (id, table_name, until, swap, requested_by) values (?, nullif(?, ''), nullif(?, ''), ?, ?)";

    public static Task Finish(Databases databases, Tenant tenant, Guid id, ReplayResult result, CancellationToken ct) =>
        Update(
            databases,
            tenant,
            id,
            result.Swapped is not null ? "swapped"
                : result.IsEqual ? "equal"
                : "different",
            null,
            result,
            ct
        );

    public static Task Fail(Databases databases, Tenant tenant, Guid id, string problem, CancellationToken ct) =>
        Update(databases, tenant, id, "failed", problem, null, ct);

    private static async Task Update(
        Databases databases,
        Tenant tenant,
        Guid id,
        string status,
        string? problem,
        ReplayResult? result,
        CancellationToken ct
    )
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new($"select set_config('{Databases.TenantSetting}', '{tenant.Id}', true)"));
        batch.BatchCommands.Add(
            new(
                $"""
                update {tenant.Schema}.replays set status = $2, problem = $3, events = $4, differences = $5, replaced = $6,
                    tables = $7::jsonb, finished_at = now() where id = $1
                """
            )
            {
                Parameters =
                {
                    new() { Value = id },
                    new() { Value = status },
                    new() { Value = (object?)problem ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
                    new() { Value = (object?)result?.Events ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                    new()
                    {
                        Value = (object?)result?.Tables.Sum(t => t.Differences ?? 0) ?? DBNull.Value,
                        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint,
                    },
                    new() { Value = (object?)result?.Swapped?.Rows ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                    new()
                    {
                        Value =
                            (object?)(result is null ? null : JsonSerializer.Serialize(result.Tables, JsonSerializerOptions.Web))
                            ?? DBNull.Value,
                        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text,
                    },
                },
            }
        );
        await batch.ExecuteNonQueryAsync(ct);
    }
}
