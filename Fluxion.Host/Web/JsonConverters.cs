using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;

namespace Fluxion.Host.Web;

// The serializer adds the path of the field to a JsonException of these converters, and RequestBody reports it.

/// <summary>Decimals without trailing zeros.</summary>
public sealed class DecimalConverter : JsonConverter<decimal>
{
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal();

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Quantities.Normalize(value));
}

/// <summary>
/// RFC 3339 timestamps with their offset from UTC. A timestamp without an offset is refused, because its moment is ambiguous.
/// </summary>
public sealed class ZonedTimestamps : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        return reader.TokenType == JsonTokenType.String && PointsInTime.Parse(reader.GetString()!) is { } at
            ? at
            : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(Timestamps.Format, CultureInfo.InvariantCulture));
}

/// <summary>Strings that PostgreSQL can store: without NUL, and without unpaired surrogates.</summary>
public sealed class StorableTexts : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text;
        try
        {
            text = reader.GetString();
        }
        catch (InvalidOperationException)
        {
            throw new JsonException();
        }
        return text?.Contains('\0', StringComparison.Ordinal) == true ? throw new JsonException() : text;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
