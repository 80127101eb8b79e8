using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Ledger.Session;

/// <summary>
/// The Idempotency-Key of a request: the client's name for it, at most <see cref="MaxLength"/> printable ASCII characters.
/// The command's own transaction locks the key and stores it with the answer, per user, in the tenant's table idempotency_keys.
/// So a retry finds both or neither. A refused request writes nothing, so its key stays free.
/// </summary>
/// <param name="RequestHash">
/// SHA-256 of the method, the path and the deserialized command. Whitespace, field order, fields with default values and sentAt are
/// excluded. So a retry still matches after a release that adds an optional field.
/// </param>
public sealed record IdempotencyKey(string Schema, Guid UserId, string Key, byte[] RequestHash)
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotent-Replayed";
    public const int MaxLength = 200;

    /// <summary>The answer that was stored when the key was first used.</summary>
    public sealed record StoredAnswer(byte[] RequestHash, int Status, string Body, string? Location);

    /// <summary>
    /// Acquires an advisory lock on the key until the end of this transaction, and returns the earlier answer, if any.
    /// Waits while another transaction holds the lock. Takes one round trip.
    /// </summary>
    public async Task<StoredAnswer?> Claim(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        AddClaim(batch);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        return await ReadClaim(reader, ct);
    }

    /// <summary>Adds the two statements of a claim to a batch.</summary>
    internal void AddClaim(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(AdvisoryLocks.Acquire(AdvisoryLocks.Key(Schema, $"{UserId}/{Key}")));
        batch.BatchCommands.Add(
            new($"select request_hash, status, response::text, location from {Schema}.idempotency_keys where user_id = $1 and key = $2")
            {
                Parameters =
                {
                    new() { Value = UserId },
                    new() { Value = Key },
                },
            }
        );
    }

    /// <summary>Reads the earlier answer, if any. The reader must be at the result of the first of the two statements.</summary>
    internal static async Task<StoredAnswer?> ReadClaim(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.NextResultAsync(ct);
        return await reader.ReadAsync(ct)
            ? new StoredAnswer(
                reader.GetFieldValue<byte[]>(0),
                reader.GetInt32(1),
                reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetString(3)
            )
            : null;
    }

    /// <summary>
    /// Checks on a separate connection whether an answer is stored under this key. It does not wait for a transaction that holds the key.
    /// </summary>
    public async Task<bool> IsUsed(NpgsqlDataSource database, Guid tenantId, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(
            new($"select set_config('{Databases.TenantSetting}', $1, true)") { Parameters = { new() { Value = tenantId.ToString() } } }
        );
        batch.BatchCommands.Add(
            new($"select from {Schema}.idempotency_keys where user_id = $1 and key = $2")
            {
                Parameters =
                {
                    new() { Value = UserId },
                    new() { Value = Key },
                },
            }
        );
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return await reader.ReadAsync(ct);
    }

    /// <summary>
    /// The statement that stores the answer, with its parameters in order, for <c>QueueSqlCommand</c> in the same transaction.
    /// </summary>
    public (string Sql, object[] Parameters) StoreAnswer(Reply.Accepted reply, byte[] body) =>
        (
            $"insert into {Schema}.idempotency_keys (user_id, key, request_hash, status, response, location) "
                + "values (?, ?, ?, ?, ?::json, nullif(?, ''))",
            [UserId, Key, RequestHash, reply.Status, System.Text.Encoding.UTF8.GetString(body), reply.Location ?? ""]
        );
}
