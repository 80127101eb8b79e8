using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using CsvHelper;
using FluentValidation.Results;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Imports;

/// <summary>The columns of a kind of file, by the names that its export has in the first line.</summary>
/// <param name="Needed">Must be there.</param>
/// <param name="Known">May be there.</param>
/// <param name="Ignored">The export has them and the ledger finds them itself: ids, sums, when a row was written.</param>
public sealed record CsvColumns(IReadOnlyList<string> Needed, IReadOnlyList<string> Known, IReadOnlyList<string> Ignored)
{
    public IEnumerable<string> All => [.. Needed, .. Known, .. Ignored];
}

/// <summary>
/// A CSV file as a client sent it: RFC 4180 in UTF-8 with or without byte order mark, its fields separated by , or ; or tabs, names in the
/// first line. What is wrong with it is collected by line, so that all of it is said at once.
/// </summary>
public sealed class CsvFile
{
    /// <summary>Of one file, which is one transaction.</summary>
    public const int MaxRows = 50_000;

    private readonly Dictionary<string, List<string>> _errors = [];
    private readonly Dictionary<string, int> _columns = [];
    private readonly List<CsvRow> _rows = [];
    private bool _isForbidden;

    /// <summary>How much was found wrong so far.</summary>
    public int Wrongs { get; private set; }

    public IReadOnlyList<CsvRow> Rows => _rows;

    /// <summary>Whether numbers are written with a comma before their decimals.</summary>
    public bool DecimalComma { get; private init; }

    /// <summary>Every wrong row by its line, or null. 403 when it is a store that is not the caller's.</summary>
    public ProblemDetails? Problem
    {
        get
        {
            if (_errors.Count == 0) return null;
            var problem = Problems.Invalid(_errors.ToDictionary(e => e.Key, e => e.Value.ToArray()));
            problem.Detail = "Nothing was imported. Correct the lines named in errors and send the whole file again.";
            if (_isForbidden) (problem.Status, problem.Title) = (StatusCodes.Status403Forbidden, "Not allowed");
            return problem;
        }
    }

    public static CsvFile Read(ReadOnlyMemory<byte> bytes, CsvColumns columns, bool decimalComma)
    {
        var file = new CsvFile { DecimalComma = decimalComma };
        if (!Utf8.IsValid(bytes.Span) || bytes.Span.Contains((byte)0)) file.Wrong("file", "is no text in UTF-8; a spreadsheet saves it as 'CSV UTF-8'");
        else file.ReadRows(bytes, columns);
        return file;
    }

    private void ReadRows(ReadOnlyMemory<byte> bytes, CsvColumns columns)
    {
        using var reader = CsvReader.Create(bytes, CsvReaderOptions.Default with
        {
            DetectSeparatorHint = true,
            TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Skip,
            OnMalformedRecord = record => Wrong($"line {record.LineNumber}", record.Reason == CsvMalformedReason.UnterminatedQuote
                ? "begins a quotation that is not closed before the end of the file"
                : "has a quotation mark in its text: double it, and put the field in quotation marks (RFC 4180)"),
        });
        var names = reader.Headers.Select(name => name.Trim()).ToList();
        if (!CheckNames(names, columns)) return;
        for (var i = 0; i < names.Count; i++) _columns[names[i]] = i;
        while (reader.Read())
        {
            if (_rows.Count == MaxRows)
            {
                Wrong("file", $"has more than {MaxRows} rows: split it");
                return;
            }
            var line = (int)reader.LineNumber;
            if (reader.FieldCount != names.Count) Wrong($"line {line}", $"has {reader.FieldCount} fields where the first line has {names.Count}");
            else _rows.Add(new CsvRow(this, line, [.. Enumerable.Range(0, names.Count).Select(i => Unescaped(reader.GetString(i)))]));
        }
        if (_rows.Count == 0 && _errors.Count == 0) Wrong("file", "has no row below its first line");
    }

    private bool CheckNames(List<string> names, CsvColumns columns)
    {
        var known = columns.All.ToList();
        foreach (var missing in columns.Needed.Except(names)) Wrong("line 1", $"has no column '{missing}'");
        foreach (var name in names.Except(known).Take(10)) Wrong("line 1", $"'{Problems.Shorten(name)}' is no column of such a file: {string.Join(", ", known)}");
        foreach (var twice in names.GroupBy(name => name).Where(g => g.Count() > 1)) Wrong("line 1", $"has the column '{Problems.Shorten(twice.Key)}' more than once");
        return _errors.Count == 0;
    }

    /// <summary>Without the apostrophe that an export puts before what a spreadsheet would run as a formula.</summary>
    private static string Unescaped(string text) => text is ['\'', '=' or '+' or '-' or '@' or '\t' or '\r', ..] ? text[1..] : text;

    internal int? IndexOf(string column) => _columns.TryGetValue(column, out var index) ? index : null;

    internal void Wrong(string where, string reason)
    {
        if (!_errors.TryGetValue(where, out var reasons)) _errors[where] = reasons = [];
        reasons.Add(reason);
        Wrongs++;
    }

    internal void Forbidden(string where, string reason)
    {
        _isForbidden = true;
        Wrong(where, reason);
    }
}

/// <summary>A row of a <see cref="CsvFile"/>. An empty field says nothing: its value is null.</summary>
/// <param name="Line">The line of the file where it begins, counted from 1.</param>
public sealed record CsvRow(CsvFile File, int Line, IReadOnlyList<string> Fields)
{
    /// <summary>Whether the file has that column: where it has not, it says nothing of it, while an empty field says that there is none.</summary>
    public bool Has(string column) => File.IndexOf(column) is not null;

    public string? Text(string column) => File.IndexOf(column) is { } index && !string.IsNullOrWhiteSpace(Fields[index]) ? Fields[index] : null;

    public decimal? Number(string column) => Parse<decimal>(column, text => decimal.TryParse(text.Trim(),
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, File.DecimalComma ? Comma : NumberFormatInfo.InvariantInfo, out var number) ? number : null,
        $"is a number with a decimal {(File.DecimalComma ? "comma" : "point")} and nothing between its thousands, for example {(File.DecimalComma ? "1234,50" : "1234.50")}");

    public int? Whole(string column) => Parse<int>(column, text => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
        "is a whole number");

    /// <summary>As <see cref="Number"/>, and says so where there is none.</summary>
    public decimal? Needed(string column)
    {
        if (Text(column) is null) Wrong(column, "is needed");
        return Number(column);
    }

    /// <summary>A point in time, or a date: the start of that day in <paramref name="zone"/>.</summary>
    public DateTimeOffset? Time(string column, Zone zone) => Parse<DateTimeOffset>(column, text => PointsInTime.Parse(text.Trim(), zone), PointsInTime.FormOrDate);

    public bool? Flag(string column) => Parse<bool>(column, text => bool.TryParse(text, out var flag) ? flag : null, "is true or false");

    public T? Json<T>(string column, JsonSerializerOptions options) where T : class
    {
        if (Text(column) is not { } text) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(text, options);
        }
        catch (JsonException)
        {
            Wrong(column, "is no JSON object as the API takes it");
            return null;
        }
    }

    /// <summary>Says what a validator found wrong in this row, whose columns are named as its fields.</summary>
    public bool Check(ValidationResult result)
    {
        foreach (var failure in result.Errors) Wrong(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName), failure.ErrorMessage);
        return result.IsValid;
    }

    /// <summary>Says what is wrong in a column of this row; with null in the row itself.</summary>
    public void Wrong(string? column, string reason) => File.Wrong(Where(column), reason);

    /// <summary>As <see cref="Wrong"/>, where the caller may not do it.</summary>
    public void Forbidden(string column, string reason) => File.Forbidden(Where(column), reason);

    private static readonly NumberFormatInfo Comma = new() { NumberDecimalSeparator = ",", NumberGroupSeparator = "." };

    private string Where(string? column) => column is null ? $"line {Line}" : $"line {Line}: {column}";

    private T? Parse<T>(string column, Func<string, T?> parse, string form) where T : struct
    {
        if (Text(column) is not { } text) return null;
        var value = parse(text);
        if (value is null) Wrong(column, form);
        return value;
    }
}
