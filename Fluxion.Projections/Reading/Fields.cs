using System.Reflection;
using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Microsoft.AspNetCore.Http;

namespace Fluxion.Projections.Reading;

/// <summary>A field of a row, by its name in the JSON.</summary>
public sealed record Field(string Name, Func<object, object?> Of);

/// <summary>On a field that answers a filter: no column of a file unless it is asked for.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OmittedByDefaultAttribute : Attribute;

/// <summary>The fields of rows that a client wants.</summary>
public static class Fields
{
    public const string Parameter = "fields";

    /// <summary>All fields of a row, in the order declared.</summary>
    public static IReadOnlyList<Field> All<T>() => [.. typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Select(property => new Field(JsonNamingPolicy.CamelCase.ConvertName(property.Name), property.GetValue))];

    /// <summary>Those that a file has when the client chooses none.</summary>
    public static IReadOnlyList<Field> Usual<T>() => [.. All<T>().Where(field => !typeof(T).GetProperties()
        .Any(property => property.IsDefined(typeof(OmittedByDefaultAttribute)) && JsonNamingPolicy.CamelCase.ConvertName(property.Name) == field.Name))];

    /// <summary>Those that the query string names in <c>fields</c>, in its order; null when it names none, and all are meant.</summary>
    public static (IReadOnlyList<Field>? Chosen, Refusal? Problem) ChosenBy<T>(HttpRequest request)
    {
        if (request.Query[Parameter] is not [{ Length: > 0 } text, ..]) return (null, null);
        var all = All<T>();
        var names = text.Split(',', StringSplitOptions.TrimEntries).Distinct().ToList();
        var chosen = names.Select(name => all.FirstOrDefault(field => field.Name == name)).OfType<Field>().ToList();
        return chosen.Count == names.Count ? (chosen, null)
            : (null, Refusal.Invalid(Parameter, $"must be some of these, separated by commas: {string.Join(", ", all.Select(field => field.Name))}"));
    }

    /// <summary>A row with these fields alone.</summary>
    public static IReadOnlyDictionary<string, object?> Pick(this IReadOnlyList<Field> fields, object row) => fields.ToDictionary(field => field.Name, field => field.Of(row));
}
