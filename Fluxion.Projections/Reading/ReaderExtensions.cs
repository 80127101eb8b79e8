using System.Text.Json;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Npgsql;

namespace Fluxion.Projections.Reading;

/// <summary>Reads rows of read models by the names of their columns; see <see cref="Rows"/>.</summary>
internal static class ReaderExtensions
{
    static ReaderExtensions()
    {
        Rows.AddJson<AlertData>(Writing.Json.Options);
        Rows.AddJson<AlertSettings>(Writing.Json.Options);
        Rows.AddJson<Address>(Writing.Json.Options);
        Rows.AddJson<Contact>(Writing.Json.Options);
        Rows.AddJson<ProductSettings>(Writing.Json.Options);
        Rows.AddJson<BarcodeRow>(JsonSerializerOptions.Web);
        Rows.AddJson<IReadOnlyList<BarcodeRow>>(JsonSerializerOptions.Web);
        Rows.AddJson<IReadOnlyList<ShortReservationData>>(Writing.Json.Options);
    }

    /// <summary>The function that reads a row of this reader into a record.</summary>
    public static Func<NpgsqlDataReader, T> RowParser<T>(this NpgsqlDataReader reader)
        where T : class => Rows.Parser<T>(reader);

    /// <summary>The current row as a record. The row may have further columns, after those of the record.</summary>
    public static T Row<T>(this NpgsqlDataReader reader)
        where T : class => Rows.Parser<T>(reader)(reader);

    /// <summary>The value of one column. Null throws if <typeparamref name="T"/> is a value type without null.</summary>
    public static T Column<T>(this NpgsqlDataReader reader, string name)
    {
        var ordinal = reader.GetOrdinal(name);
        return default(T) is null && reader.IsDBNull(ordinal) ? default! : reader.GetFieldValue<T>(ordinal);
    }

    /// <summary>
    /// The lines of a document, which a subselect built with json_agg in the spelling of the response. Null has no lines.
    /// </summary>
    public static IReadOnlyList<TLine> Lines<TLine>(this NpgsqlDataReader reader, string name) =>
        reader.Column<string?>(name) is { } lines ? JsonSerializer.Deserialize<List<TLine>>(lines, JsonSerializerOptions.Web)! : [];
}
