using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using FluentValidation;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Fluxion.Ledger.Imports;

/// <summary>What a file came to.</summary>
/// <param name="Id">Of the import; reference_id of the movements that it made.</param>
/// <param name="DryRun">True when nothing was written.</param>
/// <param name="Created">Rows that began something: a product, a stock item's stock, a movement.</param>
/// <param name="Unchanged">Rows that said what the ledger knew.</param>
/// <param name="CorrectedByCount">
/// What of the movements counts had seen already, so that it changed the history and not today's stock; of more items and counts than 1,000 the first.
/// </param>
/// <param name="ReservationsShort">The reservations that can no longer be kept after it, the latest first, at most 100; usually empty.</param>
/// <param name="ColumnsNotTaken">Columns with values of other books that the ledger finds itself, such as who recorded a movement there.</param>
public sealed record ImportReceipt(Guid Id, bool DryRun, int Rows, int Created, int Changed, int Unchanged, IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort, IReadOnlyList<string> ColumnsNotTaken)
{
    public const int MaxCorrections = 1000;
}

/// <summary>How far an import is.</summary>
/// <param name="Phase">checking, then writing.</param>
public sealed record ImportProgress(string Phase, int Rows, int Of, double Seconds);

/// <summary>On an endpoint that takes a file: the OpenAPI document shows the example, and a test sends it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CsvExampleAttribute(string value) : Attribute
{
    public string Value => value;
}

/// <summary>A command whose numbers stand in a file.</summary>
public interface IFileCommand;

/// <summary>One file, read and checked whole, and one transaction: all its rows or none.</summary>
public sealed class Import
{
    public const string MediaType = "text/csv";
    public const string ProgressMediaType = "application/x-ndjson";

    /// <summary>Larger files are 413.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Bytes of a file that are kept in memory while it comes; the rest waits on disk.</summary>
    private const int InMemory = 64 * 1024;

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private int _checked;

    private Import(CsvFile file, string sha256, Guid id, bool isDryRun) => (File, Sha256, Id, IsDryRun) = (file, sha256, id, isDryRun);

    public CsvFile File { get; }

    /// <summary>Of the bytes of the file, in hexadecimal.</summary>
    public string Sha256 { get; }

    public Guid Id { get; }
    public bool IsDryRun { get; }

    /// <summary>What a command is, for its idempotency key.</summary>
    private sealed record Command(string Sha256, bool DryRun, bool DecimalComma, DateTimeOffset? SentAt = null) : IOccurrence, IFileCommand
    {
        DateTimeOffset? IOccurrence.OccurredAt => null;
    }

    /// <param name="decimals">point or comma: what numbers have before their decimals; a point when left out.</param>
    /// <param name="dryRun">Whether to say what would be, and write nothing.</param>
    /// <param name="sentAt">What the client's clock showed when it sent the file.</param>
    /// <param name="handle">Decides on all rows and appends, or returns the problem of the file when it has said of rows what is wrong with them.</param>
    public static async Task<IResult> Run(LedgerSession ledger, HttpContext http, CsvColumns columns, string? decimals, bool? dryRun,
        Func<Import, CancellationToken, Task<Reply>> handle, string? sentAt = null)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase))
            return new RefusedResult(Refusal.NoCsv);
        if (decimals is not (null or "point" or "comma")) return new RefusedResult(Refusal.Invalid("decimals", "must be point or comma"));

        var sent = sentAt is null ? null : PointsInTime.Parse(sentAt);
        if (sentAt is not null && sent is null) return new RefusedResult(Refusal.Invalid("sentAt", PointsInTime.Form));

        // however slowly it comes, it waits on disk, and takes memory and a turn when it is there
        await using var body = new FileBufferingReadStream(http.Request.Body, InMemory);
        await body.DrainAsync(http.RequestAborted);
        using var turn = await http.RequestServices.GetRequiredService<ImportLimiter>().Acquire(http.RequestAborted);
        var (file, sha256) = await Read(body, columns, decimals == "comma", http.RequestAborted);
        var import = new Import(file, sha256, Guid.CreateVersion7(), dryRun ?? false);
        if (import.File is { Rows.Count: 0, Problem: { } unreadable }) return new RefusedResult(unreadable);
        var command = new Command(sha256, import.IsDryRun, decimals == "comma", sent);

        var run = ledger.Run(http, command, async ct =>
        {
            // with rows that cannot be read the others are checked all the same: a file is corrected once
            var reply = await handle(import, ct);
            return reply is Reply.Accepted accepted && import.IsDryRun ? new Reply.DryRun(accepted.Body) : reply;
        });
        return http.Request.GetTypedHeaders().Accept.Any(accept => accept.MediaType.Equals(ProgressMediaType, StringComparison.OrdinalIgnoreCase))
            ? await import.Watch(run, http) : await run;
    }

    private static async Task<(CsvFile File, string Sha256)> Read(FileBufferingReadStream body, CsvColumns columns, bool decimalComma, CancellationToken ct)
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)body.Length);
        body.Position = 0;
        await body.ReadExactlyAsync(bytes, ct);
        return (CsvFile.Read(bytes, columns, decimalComma), Convert.ToHexString(SHA256.HashData(bytes)));
    }

    /// <summary>The receipt of this import.</summary>
    public Reply Done(int created, int changed, StockOutcome? outcome = null)
    {
        outcome ??= StockOutcome.Nothing;
        return Reply.Ok(new ImportReceipt(Id, IsDryRun, File.Rows.Count, created, changed, File.Rows.Count - created - changed,
            [.. outcome.CorrectedByCount.Take(ImportReceipt.MaxCorrections)], outcome.ReservationsShort, File.ColumnsNotTaken));
    }

    /// <summary>The rows, counted as they are taken.</summary>
    public IEnumerable<CsvRow> Rows()
    {
        foreach (var row in File.Rows)
        {
            yield return row;
            Volatile.Write(ref _checked, _checked + 1);
        }
    }

    /// <summary>What the rows say, of those with which nothing is wrong.</summary>
    /// <param name="read">Null when it has said of the row what is wrong with it.</param>
    public IReadOnlyList<(CsvRow Row, TRow Read)> Read<TRow>(IValidator<TRow> validator, Func<CsvRow, TRow?> read) where TRow : class
    {
        var right = new List<(CsvRow, TRow)>();
        foreach (var row in Rows())
            if (read(row) is { } said && row.Check(validator.Validate(said))) right.Add((row, said));
        return right;
    }

    /// <summary>A line of JSON a second while it runs, and at the end one with its status and the receipt or the problem.</summary>
    private async Task<IResult> Watch(Task<IResult> run, HttpContext http)
    {
        var json = http.JsonOptions();
        http.Response.ContentType = $"{ProgressMediaType}; charset=utf-8";
        IResult result;
        try
        {
            while (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(1))) != run) await Line(Progress());
        }
        finally
        {
            result = await run; // also when nobody listens any more: its session is not disposed of under it
        }
        await Line(result switch
        {
            RefusedResult refused when refused.ToProblem(http) is var problem => new { problem.Status, Problem = (object)problem },
            Utf8ContentHttpResult content => new { Status = content.StatusCode ?? 200, Receipt = JsonElement.Parse(content.ResponseContent.Span) },
            ContentHttpResult content => new { Status = content.StatusCode ?? 200, Receipt = JsonElement.Parse(content.ResponseContent!) },
            _ => throw new UnreachableException("An import ends with a receipt or a problem."),
        });
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
        return new ImportProgress(rows < File.Rows.Count ? "checking" : "writing", rows, File.Rows.Count, Math.Round(_time.Elapsed.TotalSeconds, 1));
    }
}
