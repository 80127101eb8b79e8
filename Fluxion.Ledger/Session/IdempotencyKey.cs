using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http;
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

    private static readonly ConditionalWeakTable<JsonSerializerOptions, JsonSerializerOptions> Hashed = [];

    /// <summary>Excludes sentAt from the hash: a retry has another sentAt and is still the same request.</summary>
    private static void LeaveOutSentAt(JsonTypeInfo type)
    {
        if (!typeof(IOccurrence).IsAssignableFrom(type.Type))
            return;
        foreach (
            var property in type.Properties.Where(p => p.AttributeProvider is MemberInfo { Name: nameof(IOccurrence.SentAt) }).ToList()
        )
            type.Properties.Remove(property);
    }

    /// <summary>The answer that was stored when the key was first used.</summary>
    public sealed record StoredAnswer(byte[] RequestHash, int Status, string Body, string? Location);

    /// <summary>
    /// Reads the key from the request's header; null when the header is absent.
    /// The problem is set when the key is malformed, or missing although <paramref name="required"/>.
    /// </summary>
    public static (IdempotencyKey? Key, Refusal? Problem) Read<TCommand>(
        HttpContext http,
        string schema,
        Guid userId,
        TCommand command,
        JsonSerializerOptions json,
        bool required
    )
    {
        var values = http.Request.Headers[Header];
        if (values.Count == 0)
        {
            return (
                null,
                !required
                    ? null
                    : Refusal.Invalid(
                        Header,
                        "This request moves stock or money: send the header Idempotency-Key with a new value, such as a UUID, and repeat it when you retry."
                    )
            );
        }
        if (values is not [{ Length: > 0 and <= MaxLength } key] || key.Any(c => c is < '!' or > '~'))
            return (
                null,
                Refusal.Invalid(Header, $"Send one Idempotency-Key of 1 to {MaxLength} printable ASCII characters without spaces.")
            );
        var request = JsonSerializer.SerializeToUtf8Bytes(
            command,
            Hashed.GetValue(
                json,
                options =>
                    new(options)
                    {
                        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
                        TypeInfoResolver = options.TypeInfoResolver!.WithAddedModifier(LeaveOutSentAt),
                    }
            )
        );
        var hash = SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes($"{http.Request.Method} {http.Request.Path}\n"), .. request]);
        return (new IdempotencyKey(schema, userId, key, hash), null);
    }

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
            $"insert into {Schema}.idempotency_keys (user_id, key, request_hash, status, response, location) values (?, ?, ?, ?, ?::json, nullif(?, ''))",
            [UserId, Key, RequestHash, reply.Status, System.Text.Encoding.UTF8.GetString(body), reply.Location ?? ""]
        );

    /// <summary>Returns the earlier answer again, or refuses with 422 when the request differs from the first one.</summary>
    public IResult Replay(StoredAnswer answer, HttpContext http)
    {
        if (!answer.RequestHash.AsSpan().SequenceEqual(RequestHash))
            return new RefusedResult(Refusal.KeyReused(Key));
        if (!http.Response.HasStarted) // it has started when the progress of an import was streamed
        {
            http.Response.Headers[ReplayedHeader] = "true";
            if (answer.Location is not null)
                http.Response.Headers.Location = answer.Location;
        }
        return TypedResults.Text(answer.Body, "application/json", System.Text.Encoding.UTF8, answer.Status);
    }
}
