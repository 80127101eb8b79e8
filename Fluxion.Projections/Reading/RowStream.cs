using System.Buffers;
using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;

namespace Fluxion.Projections.Reading;

/// <summary>
/// Streams a complete list as CSV or JSON Lines while it is read. So memory use does not grow with the list, and all rows come from one
/// snapshot. If the database connection breaks, the response is cut off: its last chunk is never sent.
/// </summary>
/// <param name="fields">The chosen fields; null for the default ones.</param>
/// <param name="none">The refusal if the list has no rows. Null: an empty list is a valid response.</param>
internal sealed class RowStream<T>(ListFormat format, IAsyncEnumerable<T> rows, IReadOnlyList<Field>? fields, Refusal? none) : IResult
    where T : notnull
{
    /// <summary>The batch is small because a row of the audit trail has the document before and after, which may be 100 KB each.</summary>
    private const int RowBatchSize = 100;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var ct = httpContext.RequestAborted;
        var json = httpContext.JsonOptions();
        var isFirst = true;
        await foreach (var some in rows.Chunk(RowBatchSize).WithCancellation(ct))
        {
            await Write(some);
            isFirst = false;
        }
        if (!isFirst)
            return;
        if (none is not null)
            await new RefusedResult(none).ExecuteAsync(httpContext);
        else
            await Write([]);

        async Task Write(T[] some)
        {
            if (isFirst)
                httpContext.Response.ContentType = $"{format.MediaType}; charset=utf-8";
            if (format != ListFormat.JsonLines)
                await httpContext.Response.WriteAsync(
                    Csv.Write(some, fields ?? Fields.Usual<T>(), header: isFirst, format == ListFormat.CsvWithDecimalComma),
                    ct
                );
            else
                await httpContext.Response.BodyWriter.WriteAsync(Lines(some, json), ct);
        }
    }

    private ReadOnlyMemory<byte> Lines(T[] some, JsonSerializerOptions json)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var row in some)
        {
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = json.Encoder }))
            {
                if (fields is null)
                    JsonSerializer.Serialize(writer, row, json);
                else
                    JsonSerializer.Serialize(writer, fields.Pick(row), json);
            }
            buffer.Write("\n"u8);
        }
        return buffer.WrittenMemory;
    }
}
