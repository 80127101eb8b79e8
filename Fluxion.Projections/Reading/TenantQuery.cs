using System.Text;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
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
    private ProblemDetails? _problem;

    private TenantQuery(HttpContext http) =>
        (_http, _tenant) = (http, http.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route has no {tenant}."));

    public static TenantQuery Of(HttpContext http) => new(http);

    /// <summary>The beginning of the statement up to its first condition, with $1, $2, … for <paramref name="parameters"/>.</summary>
    public TenantQuery Where(string select, params object?[] parameters)
    {
        _sql.Append(select);
        foreach (var parameter in parameters) _parameters.Add(parameter ?? DBNull.Value);
        return this;
    }

    /// <summary>A further condition, unless the caller left the filter out: {0} stands for its value.</summary>
    public TenantQuery Filter(string condition, object? value) => value is null ? this : And(condition, value);

    /// <summary>As <see cref="Filter"/> for a point in time.</summary>
    public TenantQuery FilterTime(string condition, string name, string? text)
    {
        if (text is null) return this;
        if (TimeFilter.Parse(text) is { } at) return And(condition, at);
        _problem ??= Problems.Invalid(name, TimeFilter.Form);
        return this;
    }

    /// <summary>As <see cref="Filter"/> for one of a few words.</summary>
    public TenantQuery FilterOneOf(string condition, string name, string? value, IReadOnlyList<string> values)
    {
        if (value is null) return this;
        if (values.Contains(value)) return And(condition, value);
        _problem ??= Problems.Invalid(name, $"is one of: {string.Join(", ", values)}");
        return this;
    }

    /// <summary>Only rows whose <paramref name="code"/> or <paramref name="id"/> is <paramref name="reference"/>.</summary>
    public TenantQuery Named(string code, string id, string reference) => Guid.TryParse(reference, out var guid)
        ? And($"({id} = {{0}} or {code} = {{1}})", guid, Codes.Normalize(reference))
        : And($"{code} = {{0}}", Codes.Normalize(reference));

    /// <summary>Only the row with this id: what has no code is named by it alone.</summary>
    public TenantQuery Identified(string id, string reference) => And($"{id} = {{0}}", Guid.TryParse(reference, out var guid) ? guid : Guid.Empty);

    /// <summary>As <see cref="Named"/>, unless the caller left the filter out.</summary>
    public TenantQuery FilterNamed(string code, string id, string? reference) => reference is null ? this : Named(code, id, reference);

    /// <summary>One page: JSON, or CSV with the next page in the header Link when the client prefers it.</summary>
    /// <param name="cursor">The key of a row in <paramref name="order"/>.</param>
    /// <param name="none">The problem with a list that has no row at all; an empty list is none when left out.</param>
    public async Task<IResult> Page<T>(
        Databases databases, Func<NpgsqlDataReader, T> read, int? limitOrDefault, string? after, Order order, Func<T, object[]> cursor,
        ProblemDetails? none = null)
    {
        if (_problem is not null) return TypedResults.Problem(_problem);
        var limit = limitOrDefault ?? Paging.DefaultLimit;
        if (limit is < 1 or > Paging.MaxLimit) return TypedResults.Problem(Paging.Problem);
        if (after is not null)
        {
            if (order.Key(after) is not { } key) return TypedResults.Problem(Problems.Invalid("after", "is the value of next of the page before"));
            And(order.After, key);
        }
        _sql.Append(" order by ").Append(order.By).Append(" limit ").Append(limit + 1);
        var rows = await Rows(databases, read);
        if (rows.Count == 0 && after is null && none is not null) return TypedResults.Problem(none);
        var next = rows.Count > limit ? Order.Cursor(cursor(rows[limit - 1])) : null;
        return Answer(new Page<T>(rows.Count > limit ? rows[..limit] : rows, next));
    }

    /// <summary>The one row, or 404.</summary>
    public async Task<IResult> One<T>(Databases databases, Func<NpgsqlDataReader, T> read, string what, string reference) where T : class =>
        await Rows(databases, read) is [var row] ? TypedResults.Ok(row) : TypedResults.Problem(Unknown.Of(what, "id", reference));

    private TenantQuery And(string condition, params object[] values)
    {
        var names = new object[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            _parameters.Add(values[i]);
            names[i] = $"${_parameters.Count}";
        }
        _sql.Append(" and ").AppendFormat(System.Globalization.CultureInfo.InvariantCulture, condition, names);
        return this;
    }

    private async Task<List<T>> Rows<T>(Databases databases, Func<NpgsqlDataReader, T> read)
    {
        var ct = _http.RequestAborted;
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        // settings of one transaction: a batch is one, so they hold for the query below and for nothing else
        batch.BatchCommands.Add(new("select set_config($1, $2, true), set_config('search_path', $3, true)")
        {
            Parameters = { new() { Value = Databases.TenantSetting }, new() { Value = _tenant.Id.ToString() }, new() { Value = $"{_tenant.Schema}, public" } },
        });
        var query = new NpgsqlBatchCommand(_sql.ToString());
        foreach (var parameter in _parameters) query.Parameters.Add(new() { Value = parameter });
        batch.BatchCommands.Add(query);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct)) rows.Add(read(reader));
        return rows;
    }

    private IResult Answer<T>(Page<T> page)
    {
        if (!Csv.IsPreferred(_http.Request)) return TypedResults.Ok(page);
        if (page.Next is not null)
        {
            var query = new QueryBuilder(_http.Request.Query.Where(q => q.Key != "after")) { { "after", page.Next } };
            _http.Response.Headers.Link = $"<{_http.Request.Path}{query}>; rel=\"next\"";
        }
        return TypedResults.Text(Csv.Of(page.Items), "text/csv", Encoding.UTF8);
    }
}
