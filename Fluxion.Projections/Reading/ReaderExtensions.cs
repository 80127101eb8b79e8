using System.Text.Json;
using Npgsql;

namespace Fluxion.Projections.Reading;

internal static class ReaderExtensions
{
    /// <summary>The value of a nullable text column.</summary>
    public static string? Text(this NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    /// <summary>The value of a jsonb column. The response then has the form in which a command accepts it.</summary>
    public static T Json<T>(this NpgsqlDataReader reader, int ordinal) =>
        JsonSerializer.Deserialize<T>(reader.GetString(ordinal), Writing.Json.Options)!;

    /// <summary>A part of a row, which a subselect built with json_build_object in the spelling of the response.</summary>
    public static TLine Line<TLine>(this NpgsqlDataReader reader, int ordinal) =>
        JsonSerializer.Deserialize<TLine>(reader.GetString(ordinal), JsonSerializerOptions.Web)!;

    /// <summary>The lines of a document, which a subselect built with json_agg in the spelling of the response.</summary>
    public static List<TLine> Lines<TLine>(this NpgsqlDataReader reader, int ordinal) =>
        JsonSerializer.Deserialize<List<TLine>>(reader.GetString(ordinal), JsonSerializerOptions.Web)!;
}
