using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Http;

/// <summary>The idempotency key in the headers of requests and answers.</summary>
public static class IdempotencyKeyHeader
{
    extension(IdempotencyKey key)
    {
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
            var values = http.Request.Headers[IdempotencyKey.Header];
            if (values.Count == 0)
            {
                return (
                    null,
                    !required
                        ? null
                        : Refusal.Invalid(
                            IdempotencyKey.Header,
                            "is required, because this request moves stock or money. "
                                + "Send a new value, such as a UUID, and repeat it when you retry."
                        )
                );
            }
            if (values is not [{ Length: > 0 and <= IdempotencyKey.MaxLength } name] || name.Any(c => c is < '!' or > '~'))
                return (
                    null,
                    Refusal.Invalid(
                        IdempotencyKey.Header,
                        $"must be one value of 1 to {IdempotencyKey.MaxLength} printable ASCII characters without spaces"
                    )
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
            return (new IdempotencyKey(schema, userId, name, hash), null);
        }

        /// <summary>Returns the earlier answer again, or refuses with 422 when the request differs from the first one.</summary>
        public IResult Replay(IdempotencyKey.StoredAnswer answer, HttpContext http)
        {
            if (!answer.RequestHash.AsSpan().SequenceEqual(key.RequestHash))
                return new RefusedResult(Refusal.KeyReused(key.Key));
            if (!http.Response.HasStarted) // it has started when the progress of an import was streamed
            {
                http.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
                if (answer.Location is not null)
                    http.Response.Headers.Location = answer.Location;
            }
            return TypedResults.Text(answer.Body, "application/json", System.Text.Encoding.UTF8, answer.Status);
        }
    }

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
}
