using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using CsvHelper;
using FluentValidation.Results;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>The columns of a kind of file, by the names that its export has in the first line.</summary>
/// <param name="Required">Must be there.</param>
/// <param name="Optional">May be there.</param>
/// <param name="Informative">The export has them and an import cannot set them: ids, sums, when a row was written.</param>
public sealed record CsvColumns(IReadOnlyList<string> Required, IReadOnlyList<string> Optional, IReadOnlyList<string> Informative)
{
    public IEnumerable<string> All => [.. Required, .. Optional, .. Informative];
}

/// <summary>
/// A CSV file as a client sent it: RFC 4180 in UTF-8 with or without byte order mark, its fields separated by , or ; or tabs, names in the
/// first line. What spreadsheets add is taken: a first line <c>sep=;</c>, names in another case, rows of separators alone, empty fields that
/// are left away at the end of a row. What is wrong with the file is collected by line, so that all of it is said at once.
/// </summary>
public sealed class CsvFile
{
    /// <summary>Of one file, which is one transaction.</summary>
    public const int MaxRows = 50_000;

    private readonly Dictionary<string, List<string>> _errors = [];
    private readonly Dictionary<string, int> _columns = [];
    private readonly List<CsvRow> _rows = [];
    private readonly SortedSet<int> _notTaken = [];
    private bool _isForbidden;

    /// <summary>How much was found wrong so far.</summary>
    public int ErrorCount { get; private set; }

    public IReadOnlyList<CsvRow> Rows => _rows;

    /// <summary>Columns with values that the ledger has not taken, in the order of the file.</summary>
    public IReadOnlyList<string> ColumnsNotTaken => [.. _notTaken.Select(index => _columns.First(column => column.Value == index).Key)];

    /// <summary>Whether numbers are written with a comma before their decimals.</summary>
    public bool DecimalComma { get; private init; }

    /// <summary>Every wrong row by its line, or null. 403 when it is a store that is not the caller's.</summary>
    public Refusal? Problem
    {
        get
        {
            if (_errors.Count == 0) return null;
            var refusal = Refusal.Invalid(_errors.ToDictionary(e => e.Key, e => e.Value.ToArray())) with
            {
                Message = "Nothing was imported. Correct the lines named in errors and send the whole file again.",
            };
            return _isForbidden ? refusal with { Kind = RefusalKind.Forbidden, Title = "Not allowed" } : refusal;
        }
    }

    public static CsvFile Read(ReadOnlyMemory<byte> bytes, CsvColumns columns, bool decimalComma)
    {
        var file = new CsvFile { DecimalComma = decimalComma };
        if (!Utf8.IsValid(bytes.Span) || bytes.Span.Contains((byte)0)) file.AddError("file", "must be text in UTF-8: a spreadsheet saves it as 'CSV UTF-8'");
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
            OnMalformedRecord = record => AddError($"line {record.LineNumber}", record.Reason == CsvMalformedReason.UnterminatedQuote
                ? "must close the quotation that it begins"
                : "must have each quotation mark of a text doubled, and the field in quotation marks (RFC 4180)"),
        });
        var known = columns.All.ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        var names = reader.Headers.Select(Invisible.Trim).Select(name => known.GetValueOrDefault(name, name)).ToList();
        while (names is [.., ""]) names.RemoveAt(names.Count - 1);
        if (!CheckNames(names, columns)) return;
        for (var i = 0; i < names.Count; i++) _columns[names[i]] = i;
        while (reader.Read())
        {
            List<string> fields = [.. Enumerable.Range(0, reader.FieldCount).Select(i => Unescaped(reader.GetString(i)))];
            if (fields.TrueForAll(Invisible.IsBlank)) continue;
            if (_rows.Count == MaxRows)
            {
                AddError("file", $"must have at most {MaxRows} rows: split it");
                return;
            }
            var line = (int)reader.LineNumber;
            while (fields.Count > names.Count && Invisible.IsBlank(fields[^1])) fields.RemoveAt(fields.Count - 1);
            if (fields.Count > names.Count) AddError($"line {line}", $"must have {names.Count} fields as the first line has, not {fields.Count}");
            else _rows.Add(new CsvRow(this, line, fields));
        }
        if (_rows.Count == 0 && _errors.Count == 0) AddError("file", "must have a row below its first line");
    }

    private bool CheckNames(List<string> names, CsvColumns columns)
    {
        var known = columns.All.ToList();
        foreach (var missing in columns.Required.Except(names)) AddError("line 1", $"must have the column '{missing}'");
        foreach (var name in names.Except(known).Take(10)) AddError("line 1", $"'{Refusal.Shorten(name)}' is no column of such a file: {string.Join(", ", known)}");
        foreach (var twice in names.GroupBy(name => name).Where(g => g.Count() > 1)) AddError("line 1", $"must have the column '{Refusal.Shorten(twice.Key)}' once");
        return _errors.Count == 0;
    }

    /// <summary>Without the apostrophe that an export puts before what a spreadsheet would run as a formula, and before an apostrophe.</summary>
    private static string Unescaped(string text) => text is ['\'', '\'' or '=' or '+' or '-' or '@' or '\t' or '\r', ..] ? text[1..] : text;

    /// <summary>Whether the file has that column.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    internal int? IndexOf(string column) => _columns.TryGetValue(column, out var index) ? index : null;

    internal void AddColumnNotTaken(string column) => _notTaken.Add(_columns[column]);

    internal void AddError(string where, string reason)
    {
        if (!_errors.TryGetValue(where, out var reasons)) _errors[where] = reasons = [];
        if (!reasons.Contains(reason)) reasons.Add(reason);
        ErrorCount++;
    }

    internal void AddForbidden(string where, string reason)
    {
        _isForbidden = true;
        AddError(where, reason);
    }
}

/// <summary>A row of a <see cref="CsvFile"/>. An empty field says nothing: its value is null.</summary>
/// <param name="Line">The line of the file where it begins, counted from 1.</param>
/// <param name="Fields">As many as the file has columns, or fewer: a spreadsheet leaves empty ones away at the end of a row.</param>
public sealed partial record CsvRow(CsvFile File, int Line, IReadOnlyList<string> Fields)
{
    /// <summary>Whether the row has a field of that column, be it empty.</summary>
    public bool Has(string column) => File.IndexOf(column) < Fields.Count;

    /// <summary>The text of a field as it is; null when it is blank.</summary>
    public string? Text(string column) =>
        File.IndexOf(column) is { } index && index < Fields.Count && !Invisible.IsBlank(Fields[index]) ? Fields[index] : null;

    /// <summary>A text that names something, without white space and invisible characters around it.</summary>
    public string? TrimmedText(string column)
    {
        if (Text(column) is not { } text) return null;
        text = Invisible.Trim(text);
        if (!ScientificNotation().IsMatch(text)) return text;
        AddError(column, $"must not be {text}: a spreadsheet shortened the number, and its last digits are lost. Format the column as text and enter it again");
        return null;
    }

    public decimal? Number(string column) => Parse<decimal>(column, text => decimal.TryParse(text,
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, File.DecimalComma ? Comma : NumberFormatInfo.InvariantInfo, out var number) ? number : null,
        $"must be a number with a decimal {(File.DecimalComma ? "comma" : "point")} and nothing between its thousands, for example {(File.DecimalComma ? "1234,50" : "1234.50")}");

    public int? WholeNumber(string column) => Parse<int>(column, text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
        "must be a whole number");

    /// <summary>As <see cref="Number"/>, and says so where there is none.</summary>
    public decimal? Required(string column)
    {
        if (Text(column) is null) AddError(column, "is required");
        return Number(column);
    }

    /// <summary>A point in time, or a date: the start of that day in <paramref name="zone"/>.</summary>
    public DateTimeOffset? Time(string column, Zone zone) => Parse<DateTimeOffset>(column, text => PointsInTime.Parse(text, zone), PointsInTime.FormOrDate);

    /// <summary>Whether the field is a date alone, of the shop's calendar.</summary>
    public bool IsDate(string column) => Text(column) is { } text && PointsInTime.ParseDate(Invisible.Trim(text)) is not null;

    /// <summary>true or false, in English or as a Spanish spreadsheet writes it, or 1 or 0.</summary>
    public bool? Boolean(string column) => Parse<bool>(column, text => text.ToUpperInvariant() switch
    {
        "TRUE" or "VERDADERO" or "1" => true,
        "FALSE" or "FALSO" or "0" => false,
        _ => null,
    }, "must be true or false");

    public T? Json<T>(string column, JsonSerializerOptions options) where T : class
    {
        if (Text(column) is not { } text) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(text, options);
        }
        catch (JsonException)
        {
            AddError(column, "must be a JSON object as the API takes it");
            return null;
        }
    }

    /// <summary>Says what a validator found wrong in this row, whose columns are named as its fields.</summary>
    public bool Check(ValidationResult result)
    {
        foreach (var failure in result.Errors) AddError(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName), failure.ErrorMessage);
        return result.IsValid;
    }

    /// <summary>Says what is wrong in a column of this row; with null in the row itself.</summary>
    public void AddError(string? column, string reason) => File.AddError(Where(column), reason);

    /// <summary>Notes of columns that their values here are not taken: those of other books.</summary>
    public void AddColumnsNotTaken(params ReadOnlySpan<string> columns)
    {
        foreach (var column in columns)
            if (Text(column) is not null) File.AddColumnNotTaken(column);
    }

    /// <summary>As <see cref="AddError"/>, where the caller may not do it.</summary>
    public void AddForbidden(string column, string reason) => File.AddForbidden(Where(column), reason);

    private static readonly NumberFormatInfo Comma = new() { NumberDecimalSeparator = ",", NumberGroupSeparator = "." };

    [GeneratedRegex(@"^[+-]?(\d+([.,]\d+)?E\+\d+|\d+[.,]\d+E\d+)$", RegexOptions.IgnoreCase)]
    private static partial Regex ScientificNotation();

    private string Where(string? column) => column is null ? $"line {Line}" : $"line {Line}: {column}";

    private T? Parse<T>(string column, Func<string, T?> parse, string form) where T : struct
    {
        if (Text(column) is not { } text) return null;
        var value = parse(Invisible.Trim(text));
        if (value is null) AddError(column, form);
        return value;
    }
}
