using Npgsql;

namespace Fluxion.Projections.Reading;

internal static class ReaderExtensions
{
    /// <summary>A text column that may be null.</summary>
    public static string? Text(this NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
