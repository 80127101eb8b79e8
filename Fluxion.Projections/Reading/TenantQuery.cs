using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Fluxion.Projections.Reading;

/// <param name="Items">At most <c>limit</c> rows, 100 by default.</param>
/// <param name="Next">The value of <c>after</c> for the next page. Null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// A query of one tenant's read models. One round trip sends it together with the settings that give access to that tenant. Row level
/// security and the search path apply to this statement only.
/// </summary>
public sealed class TenantQuery
{
    private readonly HttpContext _http;
    private readonly Tenant _tenant;
    private readonly StringBuilder _sql = new();
    private readonly List<object> _parameters = [];
    private Refusal? _problem;

    private TenantQuery(HttpContext http) =>
        (_http, _tenant) = (http, http.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route has no {tenant}."));

    public static TenantQuery For(HttpContext http) => new(http);

    /// <summary>
    /// Appends the beginning of the statement, up to its first condition, with $1, $2, … for <paramref name="parameters"/>.
    /// </summary>
    public TenantQuery Where(string select, params object?[] parameters)
    {
        _sql.Append(select);
        foreach (var parameter in parameters)
            _parameters.Add(parameter ?? DBNull.Value);
        return this;
    }

    /// <summary>Like <see cref="Where(string, object?[])"/>, for a statement that adds its parameters one by one.</summary>
    /// <param name="select">Receives the function that adds a parameter and returns its SQL name.</param>
    public TenantQuery Where(Func<Func<object?, string>, string> select)
    {
        _sql.Append(select(Add));
        return this;
    }

    /// <summary>Adds a condition unless <paramref name="value"/> is null. {0} stands for the value.</summary>
    public TenantQuery Filter(string condition, object? value) => value is null ? this : And(condition, value);

    /// <summary>
    /// Keeps only rows at or after a moment, unless <paramref name="from"/> is null. A date is a day in <paramref name="zone"/>.
    /// </summary>
    /// <param name="column">The column with the time of a row.</param>
    /// <param name="zone">A time zone as SQL; see <see cref="LocalTime"/>.</param>
    public TenantQuery From(string column, string? from, string zone) =>
        FilterMoment("from", from, (moment, value) => moment.NotBefore(column, value, zone));

    /// <summary>Keeps only rows before a moment; see <see cref="From"/>.</summary>
    public TenantQuery Until(string column, string? to, string zone) =>
        FilterMoment("to", to, (moment, value) => moment.Before(column, value, zone));

    /// <summary>Like <see cref="From"/> for a date column. A point in time is converted to its day in <paramref name="zone"/>.</summary>
    public TenantQuery FromDay(string column, string? from, string zone) =>
        FilterMoment("from", from, (moment, value) => $"{column} >= {DayOf(moment, value, zone)}");

    /// <summary>Like <see cref="Until"/> for a date column.</summary>
    public TenantQuery UntilDay(string column, string? to, string zone) =>
        FilterMoment("to", to, (moment, value) => $"{column} < {DayOf(moment, value, zone)}");

    private static string DayOf(Moment moment, string value, string zone) =>
        moment.Day is null ? $"({value}::timestamptz at time zone {zone})::date" : $"{value}::date";

    private TenantQuery FilterMoment(string name, string? text, Func<Moment, string, string> condition)
    {
        if (text is null)
            return this;
        if (Moment.Parse(text) is not { } moment)
            return Refuse(name, PointsInTime.FormInQuery);
        _sql.Append(" and ").Append(condition(moment, Add(moment.Parameter)));
        return this;
    }

    /// <summary>
    /// A query about the past: the state at <paramref name="asOf"/>, from the events recorded by <paramref name="knownAt"/>.
    /// By default it is the state now, from all events.
    /// </summary>
    public TenantQuery AsOf(string? asOf, string? knownAt, Func<Moment?, Moment?, TenantQuery> where)
    {
        var (at, known) = (asOf is null ? null : Moment.Parse(asOf), knownAt is null ? null : Moment.Parse(knownAt));
        Refuse("asOf", asOf is not null && at is null ? PointsInTime.FormInQuery : null);
        Refuse(
            "knownAt",
            knownAt is not null && known is null ? PointsInTime.FormInQuery
                : IsCertainlyBefore(known, at) ? "must not be before asOf: nothing is known before it happens"
                : null
        );
        return _problem is null ? where(at, known) : this;
    }

    /// <summary>Compares a day with a point in time only where no time zone can change the result.</summary>
    private static bool IsCertainlyBefore(Moment? known, Moment? at) =>
        (known, at) switch
        {
            ({ At: { } one }, { At: { } other }) => one < other,
            ({ Day: { } one }, { Day: { } other }) => one < other,
            ({ At: { } one }, { Day: { } other }) => DateOnly.FromDateTime(one.UtcDateTime).AddDays(1) < other,
            ({ Day: { } one }, { At: { } other }) => one < DateOnly.FromDateTime(other.UtcDateTime).AddDays(-1),
            _ => false,
        };

    /// <summary>Answers 400 for a parameter, unless <paramref name="error"/> is null.</summary>
    public TenantQuery Refuse(string name, string? error)
    {
        if (error is not null)
            _problem ??= Refusal.Invalid(name, error);
        return this;
    }

    /// <summary>Keeps only rows with a text in one of the columns, regardless of case, accents and equivalent forms of a letter.</summary>
    public TenantQuery Search(string columns, string? text) =>
        Filter($"search_key(concat_ws(' ', {columns})) like search_pattern({{0}})", text);

    /// <summary>Like <see cref="Filter"/> for a value from a fixed list.</summary>
    public TenantQuery FilterOneOf(string condition, string name, string? value, IReadOnlyList<string> values)
    {
        if (value is null)
            return this;
        return values.Contains(value) ? And(condition, value) : Refuse(name, $"must be one of: {string.Join(", ", values)}");
    }

    /// <summary>Keeps only rows whose <paramref name="code"/> or <paramref name="id"/> equals <paramref name="reference"/>.</summary>
    public TenantQuery Named(string code, string id, string reference) =>
        Guid.TryParse(reference, out var guid)
            ? And($"({id} = {{0}} or {code} = any({{1}}))", guid, Codes.Spellings(reference))
            : Filter($"{code} = any({{0}})", Codes.Spellings(reference));

    /// <summary>Keeps only the row with this id, for tables without a code.</summary>
    public TenantQuery Identified(string id, string reference) =>
        And($"{id} = {{0}}", Guid.TryParse(reference, out var guid) ? guid : Guid.Empty);

    /// <summary>Like <see cref="Named"/>, unless <paramref name="reference"/> is null.</summary>
    public TenantQuery FilterNamed(string code, string id, string? reference) => reference is null ? this : Named(code, id, reference);

    /// <summary>
    /// Keeps only rows whose <paramref name="column"/> is the id of a row of another table, unless <paramref name="reference"/> is null.
    /// The id is found once, before the rows are read. So an index on the column and the time serves the filter and the order.
    /// </summary>
    /// <param name="code">The column of <paramref name="table"/> with the code.</param>
    /// <param name="reference">The code or id in <paramref name="table"/>.</param>
    public TenantQuery FilterReference(string column, string table, string code, string? reference)
    {
        if (reference is not null)
            _sql.Append($" and {column} = ({IdOf(table, code, reference, Add)})");
        return this;
    }

    /// <summary>
    /// The query of the id that a code or id means. If several rows have a spelling of the code, the first spelling is meant.
    /// </summary>
    /// <param name="add">Adds a parameter and returns its SQL name.</param>
    internal static string IdOf(string table, string code, string reference, Func<object?, string> add)
    {
        var spellings = add(Codes.Spellings(reference));
        var isId = Guid.TryParse(reference, out var id) ? $" or id = {add(id)}" : "";
        return $"select id from {table} where {code} = any({spellings}){isId} order by {code} = ({spellings}::text[])[1] desc limit 1";
    }

    /// <summary>
    /// Returns one page as JSON. If the client prefers CSV or JSON Lines, it returns all rows. With a limit these formats return one page,
    /// with the next page in the header Link. The query string can select fields.
    /// </summary>
    /// <param name="cursor">Returns the key of a row in <paramref name="order"/>.</param>
    /// <param name="none">The refusal if the list has no rows. Null: an empty list is a valid response.</param>
    /// <param name="read">The function that reads a row; null reads the record by its columns.</param>
    public async Task<IResult> Page<T>(
        Databases databases,
        int? limitOrDefault,
        string? after,
        SortOrder order,
        Func<T, object[]> cursor,
        Refusal? none = null,
        Func<NpgsqlDataReader, T>? read = null
    )
        where T : class
    {
        var (fields, unknown) = Fields.ChosenBy<T>(_http.Request);
        var (format, unformatted) = ListFormat.PreferredBy(_http.Request);
        if ((_problem ?? unknown ?? unformatted) is { } wrong)
            return new RefusedResult(wrong);
        var limit = limitOrDefault ?? Paging.DefaultLimit;
        if (limit is < 1 or > Paging.MaxLimit)
            return new RefusedResult(Paging.Problem);
        if (after is not null)
        {
            if (order.Key(after) is not { } key)
                return new RefusedResult(Refusal.Invalid("after", "must be the value of next of the page before"));
            And(order.After, key);
        }
        _sql.Append(" order by ").Append(order.By);
        if (format != ListFormat.Json && limitOrDefault is null)
            return new RowStream<T>(format, Rows(databases, read, _http.RequestAborted), fields, none);

        _sql.Append(" limit ").Append(limit + 1);
        var rows = await Rows(databases, read, _http.RequestAborted).ToListAsync(_http.RequestAborted);
        if (rows.Count == 0 && after is null && none is not null)
            return new RefusedResult(none);
        var next = rows.Count > limit ? SortOrder.Cursor(cursor(rows[limit - 1])) : null;
        if (next is not null)
            rows.RemoveAt(limit);
        if (format == ListFormat.Json)
            return fields is null
                ? TypedResults.Ok(new Page<T>(rows, next))
                : TypedResults.Ok(new Page<IReadOnlyDictionary<string, object?>>([.. rows.Select(fields.Pick)], next));
        if (next is not null)
        {
            var query = new QueryBuilder(_http.Request.Query.Where(q => q.Key != "after")) { { "after", next } };
            _http.Response.Headers.Link = $"<{_http.Request.Path}{query}>; rel=\"next\"";
        }
        return new RowStream<T>(format, rows.ToAsyncEnumerable(), fields, null);
    }

    /// <summary>
    /// Returns the single row with an ETag, or 404. A client that already has this version of the row receives 304.
    /// </summary>
    /// <param name="read">The function that reads a row; null reads the record by its columns.</param>
    public async Task<IResult> One<T>(Databases databases, string what, string reference, Func<NpgsqlDataReader, T>? read = null)
        where T : class
    {
        if (await Rows(databases, read, _http.RequestAborted).FirstOrDefaultAsync(_http.RequestAborted) is not { } row)
            return new RefusedResult(Refusal.NotFound(what, "id", reference));
        var json = JsonSerializer.SerializeToUtf8Bytes(row, _http.JsonOptions());
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(json)[..16])}\"");
        return TypedResults.Bytes(json, "application/json; charset=utf-8", entityTag: tag);
    }

    private TenantQuery And(string condition, params object[] values)
    {
        var names = values.Select(object (value) => Add(value)).ToArray();
        _sql.Append(" and ").AppendFormat(System.Globalization.CultureInfo.InvariantCulture, condition, names);
        return this;
    }

    private string Add(object? value)
    {
        _parameters.Add(value ?? DBNull.Value);
        return $"${_parameters.Count}";
    }

    private async IAsyncEnumerable<T> Rows<T>(
        Databases databases,
        Func<NpgsqlDataReader, T>? read,
        [EnumeratorCancellation] CancellationToken ct
    )
        where T : class
    {
        await using var connection = await databases.Queries.OpenConnectionAsync(ct);
        await using var reader = await Reader(connection, _tenant, _sql.ToString(), _parameters, ct);
        read ??= reader.RowParser<T>();
        while (await reader.ReadAsync(ct))
            yield return read(reader);
    }

    /// <summary>Executes a statement that sees only this tenant, and its tables by their unqualified names.</summary>
    internal static async Task<NpgsqlDataReader> Reader(
        NpgsqlConnection connection,
        Tenant tenant,
        string sql,
        IReadOnlyList<object> parameters,
        CancellationToken ct
    )
    {
        await using var batch = new NpgsqlBatch(connection);
        // A batch is one transaction, and these settings are local to it. So they apply to the query below only.
        batch.BatchCommands.Add(
            new("select set_config($1, $2, true), set_config('search_path', $3, true)")
            {
                Parameters =
                {
                    new() { Value = Databases.TenantSetting },
                    new() { Value = tenant.Id.ToString() },
                    new() { Value = $"{tenant.Schema}, public" },
                },
            }
        );
        var query = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            query.Parameters.Add(new() { Value = parameter });
        batch.BatchCommands.Add(query);
        var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return reader;
    }
}
