using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Fluxion.Projections.Reading;

/// <param name="Items">At most <c>limit</c> rows, 100 unless asked otherwise.</param>
/// <param name="Next">The value of <c>after</c> for the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// A query of one tenant's read models, sent in one round trip together with the settings that let the service see that tenant:
/// row level security and the search path hold for this statement alone.
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

    /// <summary>The beginning of the statement up to its first condition, with $1, $2, … for <paramref name="parameters"/>.</summary>
    public TenantQuery Where(string select, params object?[] parameters)
    {
        _sql.Append(select);
        foreach (var parameter in parameters) _parameters.Add(parameter ?? DBNull.Value);
        return this;
    }

    /// <summary>As <see cref="Where(string, object?[])"/>, where the statement takes its parameters one by one.</summary>
    /// <param name="select">Gets the function that adds a parameter and returns its name.</param>
    public TenantQuery Where(Func<Func<object?, string>, string> select)
    {
        _sql.Append(select(Add));
        return this;
    }

    /// <summary>A further condition, unless the caller left the filter out: {0} stands for its value.</summary>
    public TenantQuery Filter(string condition, object? value) => value is null ? this : And(condition, value);

    /// <summary>Only rows of a moment or later, unless the caller left it out. A date is a day in <paramref name="zone"/>.</summary>
    /// <param name="column">When a row happened.</param>
    /// <param name="zone">A time zone as SQL: see <see cref="LocalTime"/>.</param>
    public TenantQuery From(string column, string? from, string zone) => FilterMoment("from", from, (moment, value) => moment.NotBefore(column, value, zone));

    /// <summary>Only rows from before a moment; see <see cref="From"/>.</summary>
    public TenantQuery Until(string column, string? to, string zone) => FilterMoment("to", to, (moment, value) => moment.Before(column, value, zone));

    /// <summary>As <see cref="From"/> for a column that holds a date: of a point in time its day in <paramref name="zone"/>.</summary>
    public TenantQuery FromDay(string column, string? from, string zone) => FilterMoment("from", from, (moment, value) => $"{column} >= {DayOf(moment, value, zone)}");

    /// <summary>As <see cref="Until"/> for a column that holds a date.</summary>
    public TenantQuery UntilDay(string column, string? to, string zone) => FilterMoment("to", to, (moment, value) => $"{column} < {DayOf(moment, value, zone)}");

    private static string DayOf(Moment moment, string value, string zone) => moment.Day is null ? $"({value}::timestamptz at time zone {zone})::date" : $"{value}::date";

    private TenantQuery FilterMoment(string name, string? text, Func<Moment, string, string> condition)
    {
        if (text is null) return this;
        if (Moment.Parse(text) is not { } moment) return Refuse(name, PointsInTime.FormInQuery);
        _sql.Append(" and ").Append(condition(moment, Add(moment.Parameter)));
        return this;
    }

    /// <summary>A question about the past: what was at <paramref name="asOf"/>, from what was known at <paramref name="knownAt"/>; now and all when left out.</summary>
    public TenantQuery AsOf(string? asOf, string? knownAt, Func<Moment?, Moment?, TenantQuery> where)
    {
        var (at, known) = (asOf is null ? null : Moment.Parse(asOf), knownAt is null ? null : Moment.Parse(knownAt));
        Refuse("asOf", asOf is not null && at is null ? PointsInTime.FormInQuery : null);
        Refuse("knownAt", knownAt is not null && known is null ? PointsInTime.FormInQuery
            : IsCertainlyBefore(known, at) ? "must not be before asOf: what had not happened yet was not known" : null);
        return _problem is null ? where(at, known) : this;
    }

    /// <summary>A day and a point in time are compared as far as no time zone can change the answer.</summary>
    private static bool IsCertainlyBefore(Moment? known, Moment? at) => (known, at) switch
    {
        ({ At: { } one }, { At: { } other }) => one < other,
        ({ Day: { } one }, { Day: { } other }) => one < other,
        ({ At: { } one }, { Day: { } other }) => DateOnly.FromDateTime(one.UtcDateTime).AddDays(1) < other,
        ({ Day: { } one }, { At: { } other }) => one < DateOnly.FromDateTime(other.UtcDateTime).AddDays(-1),
        _ => false,
    };

    /// <summary>400 for a parameter, unless there is nothing to say against it.</summary>
    public TenantQuery Refuse(string name, string? error)
    {
        if (error is not null) _problem ??= Refusal.Invalid(name, error);
        return this;
    }

    /// <summary>Only rows with a text in one of the columns; case, accents and forms of one letter do not count.</summary>
    public TenantQuery Search(string columns, string? text) => Filter($"search_key(concat_ws(' ', {columns})) like search_pattern({{0}})", text);

    /// <summary>As <see cref="Filter"/> for one of a few words.</summary>
    public TenantQuery FilterOneOf(string condition, string name, string? value, IReadOnlyList<string> values)
    {
        if (value is null) return this;
        return values.Contains(value) ? And(condition, value) : Refuse(name, $"must be one of: {string.Join(", ", values)}");
    }

    /// <summary>Only rows whose <paramref name="code"/> or <paramref name="id"/> is <paramref name="reference"/>.</summary>
    public TenantQuery Named(string code, string id, string reference) => Guid.TryParse(reference, out var guid)
        ? And($"({id} = {{0}} or {code} = any({{1}}))", guid, Codes.Spellings(reference))
        : Filter($"{code} = any({{0}})", Codes.Spellings(reference));

    /// <summary>Only the row with this id: what has no code is named by it alone.</summary>
    public TenantQuery Identified(string id, string reference) => And($"{id} = {{0}}", Guid.TryParse(reference, out var guid) ? guid : Guid.Empty);

    /// <summary>As <see cref="Named"/>, unless the caller left the filter out.</summary>
    public TenantQuery FilterNamed(string code, string id, string? reference) => reference is null ? this : Named(code, id, reference);

    /// <summary>
    /// One page as JSON. As CSV or JSON Lines, when the client prefers one of them: all rows, or with a limit one page with the next one in
    /// the header Link. Only some fields when the query string chooses them.
    /// </summary>
    /// <param name="cursor">The key of a row in <paramref name="order"/>.</param>
    /// <param name="none">The problem with a list that has no row at all; an empty list is none when left out.</param>
    public async Task<IResult> Page<T>(
        Databases databases, Func<NpgsqlDataReader, T> read, int? limitOrDefault, string? after, SortOrder order, Func<T, object[]> cursor,
        Refusal? none = null) where T : notnull
    {
        var (fields, unknown) = Fields.ChosenBy<T>(_http.Request);
        var (format, unformatted) = ListFormat.PreferredBy(_http.Request);
        if ((_problem ?? unknown ?? unformatted) is { } wrong) return new RefusedResult(wrong);
        var limit = limitOrDefault ?? Paging.DefaultLimit;
        if (limit is < 1 or > Paging.MaxLimit) return new RefusedResult(Paging.Problem);
        if (after is not null)
        {
            if (order.Key(after) is not { } key) return new RefusedResult(Refusal.Invalid("after", "must be the value of next of the page before"));
            And(order.After, key);
        }
        _sql.Append(" order by ").Append(order.By);
        if (format != ListFormat.Json && limitOrDefault is null) return new RowStream<T>(format, Rows(databases, read, _http.RequestAborted), fields, none);

        _sql.Append(" limit ").Append(limit + 1);
        var rows = await Rows(databases, read, _http.RequestAborted).ToListAsync(_http.RequestAborted);
        if (rows.Count == 0 && after is null && none is not null) return new RefusedResult(none);
        var next = rows.Count > limit ? SortOrder.Cursor(cursor(rows[limit - 1])) : null;
        if (next is not null) rows.RemoveAt(limit);
        if (format == ListFormat.Json)
            return fields is null ? TypedResults.Ok(new Page<T>(rows, next)) : TypedResults.Ok(new Page<IReadOnlyDictionary<string, object?>>([.. rows.Select(row => fields.Pick(row))], next));
        if (next is not null)
        {
            var query = new QueryBuilder(_http.Request.Query.Where(q => q.Key != "after")) { { "after", next } };
            _http.Response.Headers.Link = $"<{_http.Request.Path}{query}>; rel=\"next\"";
        }
        return new RowStream<T>(format, rows.ToAsyncEnumerable(), fields, null);
    }

    /// <summary>The one row, with an ETag by which a client that has it already is answered 304; or 404.</summary>
    public async Task<IResult> One<T>(Databases databases, Func<NpgsqlDataReader, T> read, string what, string reference) where T : class
    {
        if (await Rows(databases, read, _http.RequestAborted).FirstOrDefaultAsync(_http.RequestAborted) is not { } row)
            return new RefusedResult(NotFound.Problem(what, "id", reference));
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

    private async IAsyncEnumerable<T> Rows<T>(Databases databases, Func<NpgsqlDataReader, T> read, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var connection = await databases.Queries.OpenConnectionAsync(ct);
        await using var reader = await Reader(connection, _tenant, _sql.ToString(), _parameters, ct);
        while (await reader.ReadAsync(ct)) yield return read(reader);
    }

    /// <summary>The rows of a statement that sees this tenant alone, and its tables by their plain names.</summary>
    internal static async Task<NpgsqlDataReader> Reader(NpgsqlConnection connection, Tenant tenant, string sql, IReadOnlyList<object> parameters, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        // settings of one transaction: a batch is one, so they hold for the query below and for nothing else
        batch.BatchCommands.Add(new("select set_config($1, $2, true), set_config('search_path', $3, true)")
        {
            Parameters = { new() { Value = Databases.TenantSetting }, new() { Value = tenant.Id.ToString() }, new() { Value = $"{tenant.Schema}, public" } },
        });
        var query = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) query.Parameters.Add(new() { Value = parameter });
        batch.BatchCommands.Add(query);
        var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return reader;
    }
}
