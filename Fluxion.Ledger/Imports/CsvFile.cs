using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using CsvHelper;
using FluentValidation.Results;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>The columns of a kind of file, named as in the first line of its export.</summary>
/// <param name="Required">Columns that must be present.</param>
/// <param name="Optional">Columns that may be present.</param>
/// <param name="Informative">Columns of the export that an import cannot set: ids, sums, the time at which a row was written.</param>
public sealed record CsvColumns(IReadOnlyList<string> Required, IReadOnlyList<string> Optional, IReadOnlyList<string> Informative)
{
    public IEnumerable<string> All => [.. Required, .. Optional, .. Informative];
}

/// <summary>
/// A CSV file as a client sent it: RFC 4180 in UTF-8, with or without byte order mark. The separator is a comma, a semicolon or a tab,
/// and the first line has the column names. It accepts what spreadsheets add: a first line <c>sep=;</c>, names in another case, rows of
/// separators only, and missing empty fields at the end of a row. It collects errors by line, so that one answer reports all of them.
/// </summary>
public sealed class CsvFile
{
    /// <summary>The maximum number of rows in a file, which is imported in one transaction.</summary>
    public const int MaxRows = 50_000;

    private readonly Dictionary<string, List<string>> _errors = [];
    private readonly Dictionary<string, int> _columns = [];
    private readonly List<CsvRow> _rows = [];
    private readonly SortedSet<int> _notTaken = [];
    private bool _isForbidden;

    /// <summary>The number of errors found so far.</summary>
    public int ErrorCount { get; private set; }

    public IReadOnlyList<CsvRow> Rows => _rows;

    /// <summary>Columns with values that the ledger did not take over, in the order of the file.</summary>
    public IReadOnlyList<string> ColumnsNotTaken => [.. _notTaken.Select(index => _columns.First(column => column.Value == index).Key)];

    /// <summary>Whether numbers have a decimal comma.</summary>
    public bool DecimalComma { get; private init; }

    /// <summary>
    /// The refusal with every error by its line; null without errors. It is a 403 when a row names a store that the caller may not use.
    /// </summary>
    public Refusal? Problem
    {
        get
        {
            if (_errors.Count == 0)
                return null;
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
        if (!Utf8.IsValid(bytes.Span) || bytes.Span.Contains((byte)0))
            file.AddError("file", "must be text in UTF-8: a spreadsheet saves it as 'CSV UTF-8'");
        else
            file.ReadRows(bytes, columns);
        return file;
    }

    private void ReadRows(ReadOnlyMemory<byte> bytes, CsvColumns columns)
    {
        using var reader = CsvReader.Create(
            bytes,
            CsvReaderOptions.Default with
            {
                DetectSeparatorHint = true,
                TrackLineNumbers = true,
                MalformedData = CsvMalformedDataHandling.Skip,
                OnMalformedRecord = record =>
                    AddError(
                        $"line {record.LineNumber}",
                        record.Reason == CsvMalformedReason.UnterminatedQuote
                            ? "must close the quotation that it begins"
                            : "must have each quotation mark of a text doubled, and the field in quotation marks (RFC 4180)"
                    ),
            }
        );
        var known = columns.All.ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        var names = reader.Headers.Select(Invisible.Trim).Select(name => known.GetValueOrDefault(name, name)).ToList();
        while (names is [.., ""])
            names.RemoveAt(names.Count - 1);
        if (!CheckNames(names, columns))
            return;
        for (var i = 0; i < names.Count; i++)
            _columns[names[i]] = i;
        while (reader.Read())
        {
            List<string> fields = [.. Enumerable.Range(0, reader.FieldCount).Select(i => Unescaped(reader.GetString(i)))];
            if (fields.TrueForAll(Invisible.IsBlank))
                continue;
            if (_rows.Count == MaxRows)
            {
                AddError("file", $"must have at most {MaxRows} rows: split it");
                return;
            }
            var line = (int)reader.LineNumber;
            while (fields.Count > names.Count && Invisible.IsBlank(fields[^1]))
                fields.RemoveAt(fields.Count - 1);
            if (fields.Count > names.Count)
                AddError($"line {line}", $"must have {names.Count} fields as the first line has, not {fields.Count}");
            else
                _rows.Add(new CsvRow(this, line, fields));
        }
        if (_rows.Count == 0 && _errors.Count == 0)
            AddError("file", "must have a row below its first line");
    }

    private bool CheckNames(List<string> names, CsvColumns columns)
    {
        var known = columns.All.ToList();
        foreach (var missing in columns.Required.Except(names))
            AddError("line 1", $"must have the column '{missing}'");
        foreach (var name in names.Except(known).Take(10))
            AddError("line 1", $"must not have the column '{Refusal.Shorten(name)}'; it may have {string.Join(", ", known)}");
        foreach (var twice in names.GroupBy(name => name).Where(g => g.Count() > 1))
            AddError("line 1", $"must have the column '{Refusal.Shorten(twice.Key)}' once");
        return _errors.Count == 0;
    }

    /// <summary>
    /// Removes the apostrophe that an export puts before an apostrophe, and before text that a spreadsheet would run as a formula.
    /// </summary>
    private static string Unescaped(string text) => text is ['\'', '\'' or '=' or '+' or '-' or '@' or '\t' or '\r', ..] ? text[1..] : text;

    /// <summary>Whether the file has that column.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    internal int? IndexOf(string column) => _columns.TryGetValue(column, out var index) ? index : null;

    internal void AddColumnNotTaken(string column) => _notTaken.Add(_columns[column]);

    internal void AddError(string where, string reason)
    {
        if (!_errors.TryGetValue(where, out var reasons))
            _errors[where] = reasons = [];
        if (!reasons.Contains(reason))
            reasons.Add(reason);
        ErrorCount++;
    }

    internal void AddForbidden(string where, string reason)
    {
        _isForbidden = true;
        AddError(where, reason);
    }
}

/// <summary>A row of a <see cref="CsvFile"/>. The value of an empty field is null.</summary>
/// <param name="Line">The line of the file where the row begins, counted from 1.</param>
/// <param name="Fields">The fields, at most as many as the file has columns. A spreadsheet omits empty fields at the end of a row.</param>
public sealed partial record CsvRow(CsvFile File, int Line, IReadOnlyList<string> Fields)
{
    /// <summary>Whether the row has a field of that column, even an empty one.</summary>
    public bool Has(string column) => File.IndexOf(column) < Fields.Count;

    /// <summary>The unchanged text of a field; null when it is blank.</summary>
    public string? Text(string column) =>
        File.IndexOf(column) is { } index && index < Fields.Count && !Invisible.IsBlank(Fields[index]) ? Fields[index] : null;

    /// <summary>A text that names something, without surrounding white space and invisible characters.</summary>
    public string? TrimmedText(string column)
    {
        if (Text(column) is not { } text)
            return null;
        text = Invisible.Trim(text);
        if (!ScientificNotation().IsMatch(text))
            return text;
        AddError(
            column,
            $"must not be {text}: a spreadsheet shortened the number, and its last digits are lost. "
                + "Format the column as text and enter it again"
        );
        return null;
    }

    public decimal? Number(string column) =>
        Parse<decimal>(
            column,
            text =>
                decimal.TryParse(
                    text,
                    NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                    File.DecimalComma ? Comma : NumberFormatInfo.InvariantInfo,
                    out var number
                )
                    ? number
                    : null,
            $"must be a number with a decimal {(File.DecimalComma ? "comma" : "point")} and nothing between its thousands, "
                + $"for example {(File.DecimalComma ? "1234,50" : "1234.50")}"
        );

    public int? WholeNumber(string column) =>
        Parse<int>(
            column,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            "must be a whole number"
        );

    /// <summary>As <see cref="Number"/>, with an error when the field is blank.</summary>
    public decimal? Required(string column)
    {
        if (Text(column) is null)
            AddError(column, "is required");
        return Number(column);
    }

    /// <summary>A point in time. A date means the start of that day in <paramref name="zone"/>.</summary>
    public DateTimeOffset? Time(string column, Zone zone) =>
        Parse<DateTimeOffset>(column, text => PointsInTime.Parse(text, zone), PointsInTime.FormOrDate);

    /// <summary>Whether the field is a date without a time.</summary>
    public bool IsDate(string column) => Text(column) is { } text && PointsInTime.ParseDate(Invisible.Trim(text)) is not null;

    /// <summary>The error of a column that the ledger computes, where the row has another value.</summary>
    public const string ComputedByLedger = "must be empty or as exported: the ledger finds it itself";

    /// <summary>Whether the field is empty or has this id.</summary>
    public bool IsEmptyOr(string column, Guid? id) =>
        TrimmedText(column) is not { } text || (Guid.TryParse(text, out var parsed) && parsed == id);

    /// <summary>True or false in English, in the Spanish of spreadsheets, or as 1 or 0.</summary>
    public bool? Boolean(string column) =>
        Parse<bool>(
            column,
            text =>
                text.ToUpperInvariant() switch
                {
                    "TRUE" or "VERDADERO" or "1" => true,
                    "FALSE" or "FALSO" or "0" => false,
                    _ => null,
                },
            "must be true or false"
        );

    public T? Json<T>(string column, JsonSerializerOptions options)
        where T : class
    {
        if (Text(column) is not { } text)
            return null;
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

    /// <summary>Adds a validator's errors to this row, whose columns have the names of the validated fields.</summary>
    public bool Check(ValidationResult result)
    {
        foreach (var failure in result.Errors)
            AddError(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName), failure.ErrorMessage);
        return result.IsValid;
    }

    /// <summary>Adds an error to a column of this row; null: to the row itself.</summary>
    public void AddError(string? column, string reason) => File.AddError(Where(column), reason);

    /// <summary>
    /// Records the columns in which this row has values that the ledger does not take over, because they come from another system.
    /// </summary>
    public void AddColumnsNotTaken(params ReadOnlySpan<string> columns)
    {
        foreach (var column in columns)
            if (Text(column) is not null)
                File.AddColumnNotTaken(column);
    }

    /// <summary>As <see cref="AddError"/>, for an action that the caller is not permitted.</summary>
    public void AddForbidden(string column, string reason) => File.AddForbidden(Where(column), reason);

    private static readonly NumberFormatInfo Comma = new() { NumberDecimalSeparator = ",", NumberGroupSeparator = "." };

    [GeneratedRegex(@"^[+-]?(\d+([.,]\d+)?E\+\d+|\d+[.,]\d+E\d+)$", RegexOptions.IgnoreCase)]
    private static partial Regex ScientificNotation();

    private string Where(string? column) => column is null ? $"line {Line}" : $"line {Line}: {column}";

    private T? Parse<T>(string column, Func<string, T?> parse, string form)
        where T : struct
    {
        if (Text(column) is not { } text)
            return null;
        var value = parse(Invisible.Trim(text));
        if (value is null)
            AddError(column, form);
        return value;
    }
}
