using System.Data;
using System.Data.Common;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Reads rows into records with Dapper. The columns of a query have the names of the constructor's parameters, in snake_case and in their
/// order; otherwise reading throws. Queries of read models, of the registry and of logins are read like this. The statements of a command
/// read single values in the same round trip, so they keep their readers.
/// </summary>
public static class Rows
{
    static Rows()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new Handler<DateTimeOffset>(value => new DateTimeOffset((DateTime)value)));
        SqlMapper.AddTypeHandler(new Handler<JsonElement>(value => JsonElement.Parse((string)value)));
        AddArray<Guid>();
        AddArray<string>();
    }

    /// <summary>Reads columns of json or jsonb as <typeparamref name="T"/>.</summary>
    public static void AddJson<T>(JsonSerializerOptions options) =>
        SqlMapper.AddTypeHandler(new Handler<T>(value => JsonSerializer.Deserialize<T>((string)value, options)!));

    /// <summary>
    /// The function that reads a row of <paramref name="reader"/>. The reader may have further columns, after those of the record.
    /// </summary>
    /// <exception cref="InvalidOperationException">The columns are not those of the record's constructor.</exception>
    public static Func<DbDataReader, T> Parser<T>(DbDataReader reader)
        where T : class =>
        reader.GetRowParser<T>(length: typeof(T).GetConstructors().Max(constructor => constructor.GetParameters().Length));

    /// <summary>Reads all rows of the reader's current result.</summary>
    public static async Task<List<T>> ReadAll<T>(this DbDataReader reader, CancellationToken ct)
        where T : class
    {
        var (read, rows) = (Parser<T>(reader), new List<T>());
        while (await reader.ReadAsync(ct))
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Executes a query and reads all of its rows.</summary>
    public static async Task<List<T>> ReadAll<T>(this NpgsqlCommand command, CancellationToken ct)
        where T : class
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAll<T>(ct);
    }

    private static void AddArray<T>()
    {
        SqlMapper.AddTypeHandler(new Handler<T[]>(value => (T[])value));
        SqlMapper.AddTypeHandler(new Handler<IReadOnlyList<T>>(value => (T[])value));
    }

    private sealed class Handler<T>(Func<object, T> parse) : SqlMapper.TypeHandler<T>
    {
        public override T Parse(object value) => parse(value);

        public override void SetValue(IDbDataParameter parameter, T? value) => parameter.Value = value;
    }
}
