using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fluxion.Projections.Writing;

/// <summary>The JSON of jsonb columns: snake_case like the column names, without nulls.</summary>
internal static class Json
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Utf8<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    public static string Text(object? value) => value is null ? "{}" : JsonSerializer.Serialize(value, Options);
}
