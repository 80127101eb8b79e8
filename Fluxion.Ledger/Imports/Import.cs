using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Fluxion.Ledger.Imports;

/// <summary>The result of an import.</summary>
/// <param name="Id">The id of the import: reference_id of the movements that it made.</param>
/// <param name="DryRun">True when nothing was written.</param>
/// <param name="Created">The number of rows that created something: a product, the stock of a stock item, a movement.</param>
/// <param name="Unchanged">The number of rows that changed nothing, because the ledger had the same values already.</param>
/// <param name="CorrectedByCount">
/// The imported movements that a count had already seen, so they changed the history and not today's stock.
/// The list has an entry for each item and count, at most the first 1,000.
/// </param>
/// <param name="ReservationsShort">
/// Reservations that can no longer be kept after the import, the latest first, at most 100; usually empty.
/// </param>
/// <param name="ColumnsNotTaken">
/// Columns with values of another system that the ledger determines itself, such as the user who recorded a movement there.
/// </param>
public sealed record ImportReceipt(
    Guid Id,
    bool DryRun,
    int Rows,
    int Created,
    int Changed,
    int Unchanged,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort,
    IReadOnlyList<string> ColumnsNotTaken
)
{
    public const int MaxCorrections = 1000;
}

/// <summary>The progress of an import.</summary>
/// <param name="Phase">The phase: checking, then writing.</param>
public sealed record ImportProgress(string Phase, int Rows, int Of, double Seconds);

/// <summary>On an endpoint that takes a file: the OpenAPI document shows the example, and a test sends it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CsvExampleAttribute(string value) : Attribute
{
    public string Value => value;
}

/// <summary>A command whose quantities and prices are in a file.</summary>
public interface IFileCommand;

/// <summary>The import of one file. It checks every row, and writes all rows in one transaction or none.</summary>
public sealed class Import
{
    public const string MediaType = "text/csv";
    public const string ProgressMediaType = "application/x-ndjson";

    /// <summary>The maximum size of a file. A larger one is refused with 413.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>The bytes of a file that are buffered in memory while it is received. The rest is buffered on disk.</summary>
    private const int InMemory = 64 * 1024;

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private int _checked;

    private Import(CsvFile file, string sha256, Guid id, bool isDryRun) => (File, Sha256, Id, IsDryRun) = (file, sha256, id, isDryRun);

    public CsvFile File { get; }

    /// <summary>The hash of the file's bytes, in hexadecimal.</summary>
    public string Sha256 { get; }

    public Guid Id { get; }
    public bool IsDryRun { get; }

    /// <summary>The identity of the command, for its idempotency key.</summary>
    private sealed record Command(string Sha256, bool DryRun, bool DecimalComma, DateTimeOffset? SentAt = null) : IOccurrence, IFileCommand
    {
        DateTimeOffset? IOccurrence.OccurredAt => null;
    }

    /// <param name="decimals">The decimal separator of numbers: point or comma; a point when left out.</param>
    /// <param name="dryRun">True to report the result and write nothing.</param>
    /// <param name="sentAt">The client's clock when it sent the file.</param>
    /// <param name="handle">
    /// Function that decides on all rows and appends events. It returns the file's problem when rows have errors.
    /// </param>
    public static async Task<IResult> Run(
        LedgerSession ledger,
        HttpContext http,
        CsvColumns columns,
        string? decimals,
        bool? dryRun,
        Func<Import, CancellationToken, Task<Reply>> handle,
        string? sentAt = null
    )
    {
        if (
            !MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase)
        )
            return new RefusedResult(Refusal.NoCsv);
        if (decimals is not (null or "point" or "comma"))
            return new RefusedResult(Refusal.Invalid("decimals", "must be point or comma"));

        var sent = sentAt is null ? null : PointsInTime.Parse(sentAt);
        if (sentAt is not null && sent is null)
            return new RefusedResult(Refusal.Invalid("sentAt", PointsInTime.Form));

        // a file is buffered on disk while it is received, and takes memory and a permit only after that
        await using var body = new FileBufferingReadStream(http.Request.Body, InMemory);
        await body.DrainAsync(http.RequestAborted);
        using var admitted = await http.RequestServices.GetRequiredService<ImportLimiter>().Acquire(http.RequestAborted);
        var (file, sha256) = await Read(body, columns, decimals == "comma", http.RequestAborted);
        var import = new Import(file, sha256, Guid.CreateVersion7(), dryRun ?? false);
        if (import.File is { Rows.Count: 0, Problem: { } unreadable })
            return new RefusedResult(unreadable);
        var command = new Command(sha256, import.IsDryRun, decimals == "comma", sent);

        async Task<IResult> Execute()
        {
            try
            {
                return await ledger.Run(
                    http,
                    command,
                    async ct =>
                    {
                        // readable rows are checked even when others are not readable, so that one answer reports all errors
                        var reply = await handle(import, ct);
                        return reply is Reply.Accepted accepted && import.IsDryRun ? new Reply.DryRun(accepted.Body) : reply;
                    }
                );
            }
            finally
            {
                Instruments.ImportedRows.Add(
                    file.Rows.Count,
                    new(Instruments.Command, CommandExecution.NameOf(http)),
                    new(Instruments.Outcome, CommandSpan.NameOf(ledger.Outcome))
                );
            }
        }
        var run = Execute();
        return http
            .Request.GetTypedHeaders()
            .Accept.Any(accept => accept.MediaType.Equals(ProgressMediaType, StringComparison.OrdinalIgnoreCase))
            ? await import.Watch(run, http)
            : await run;
    }

    private static async Task<(CsvFile File, string Sha256)> Read(
        FileBufferingReadStream body,
        CsvColumns columns,
        bool decimalComma,
        CancellationToken ct
    )
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)body.Length);
        body.Position = 0;
        await body.ReadExactlyAsync(bytes, ct);
        return (CsvFile.Read(bytes, columns, decimalComma), Convert.ToHexString(SHA256.HashData(bytes)));
    }

    /// <summary>The receipt of this import.</summary>
    public Reply Done(int created, int changed, StockDecision? stock = null, IReadOnlyList<ShortReservation>? reservationsShort = null) =>
        Reply.Ok(
            new ImportReceipt(
                Id,
                IsDryRun,
                File.Rows.Count,
                created,
                changed,
                File.Rows.Count - created - changed,
                [.. stock?.CorrectedByCount.Take(ImportReceipt.MaxCorrections) ?? []],
                reservationsShort ?? [],
                File.ColumnsNotTaken
            )
        );

    /// <summary>The rows. Each row counts towards the progress after it was handled.</summary>
    public IEnumerable<CsvRow> Rows()
    {
        foreach (var row in File.Rows)
        {
            yield return row;
            Volatile.Write(ref _checked, _checked + 1);
        }
    }

    /// <summary>Reads and validates the rows, and returns those without errors.</summary>
    /// <param name="read">Function that reads a row. It returns null when it has added an error to the row.</param>
    public IReadOnlyList<(CsvRow Row, TRow Read)> Read<TRow>(IValidator<TRow> validator, Func<CsvRow, TRow?> read)
        where TRow : class
    {
        var right = new List<(CsvRow, TRow)>();
        foreach (var row in Rows())
            if (read(row) is { } said && row.Check(validator.Validate(said)))
                right.Add((row, said));
        return right;
    }

    /// <summary>
    /// Writes a line of JSON each second while the import runs, and a last one with its status and the receipt or the problem.
    /// </summary>
    private async Task<IResult> Watch(Task<IResult> run, HttpContext http)
    {
        var json = http.JsonOptions();
        http.Response.ContentType = $"{ProgressMediaType}; charset=utf-8";
        IResult result;
        try
        {
            while (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(1))) != run)
                await Line(Progress());
        }
        finally
        {
            result = await run; // also after the client has disconnected: the import needs its session until it ends
        }
        await Line(
            result switch
            {
                RefusedResult refused when refused.ToProblem(http) is var problem => new { problem.Status, Problem = (object)problem },
                Utf8ContentHttpResult content => new
                {
                    Status = content.StatusCode ?? 200,
                    Receipt = JsonElement.Parse(content.ResponseContent.Span),
                },
                ContentHttpResult content => new
                {
                    Status = content.StatusCode ?? 200,
                    Receipt = JsonElement.Parse(content.ResponseContent!),
                },
                _ => throw new UnreachableException("An import ends with a receipt or a problem."),
            }
        );
        return TypedResults.Empty;

        async Task Line(object value)
        {
            await http.Response.WriteAsync(JsonSerializer.Serialize(value, json) + "\n", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }

    private ImportProgress Progress()
    {
        var rows = Volatile.Read(ref _checked);
        return new ImportProgress(
            rows < File.Rows.Count ? "checking" : "writing",
            rows,
            File.Rows.Count,
            Math.Round(_time.Elapsed.TotalSeconds, 1)
        );
    }
}
