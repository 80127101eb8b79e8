using System.Reflection;
using System.Text.Json;
using Fluxion.Ledger.Decisions;

namespace Fluxion.Projections.Reading;

/// <summary>A field of a row, by its name in the JSON.</summary>
public sealed record Field(string Name, Func<object, object?> Of);

/// <summary>Marks a field that answers a filter. A file contains its column only if the client asks for it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OmittedByDefaultAttribute : Attribute;

/// <summary>Selects the fields of rows that a client wants.</summary>
public static class Fields
{
    public const string Parameter = "fields";

    /// <summary>All fields of a row, in the order of declaration.</summary>
    public static IReadOnlyList<Field> All<T>() =>
        [
            .. typeof(T)
                .GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => new Field(JsonNamingPolicy.CamelCase.ConvertName(property.Name), property.GetValue)),
        ];

    /// <summary>The fields of a file if the client chooses none.</summary>
    public static IReadOnlyList<Field> Usual<T>() =>
        [
            .. All<T>()
                .Where(field =>
                    !typeof(T)
                        .GetProperties()
                        .Any(property =>
                            property.IsDefined(typeof(OmittedByDefaultAttribute))
                            && JsonNamingPolicy.CamelCase.ConvertName(property.Name) == field.Name
                        )
                ),
        ];

    /// <summary>
    /// The fields that the query string names in <c>fields</c>, in its order. Null means that it names none, so all are wanted.
    /// </summary>
    public static (IReadOnlyList<Field>? Chosen, Refusal? Problem) ChosenBy<T>(HttpRequest request)
    {
        if (request.Query[Parameter] is not [{ Length: > 0 } text, ..])
            return (null, null);
        var all = All<T>();
        var names = text.Split(',', StringSplitOptions.TrimEntries).Distinct().ToList();
        var chosen = names.Select(name => all.FirstOrDefault(field => field.Name == name)).OfType<Field>().ToList();
        return chosen.Count == names.Count
            ? (chosen, null)
            : (
                null,
                Refusal.Invalid(
                    Parameter,
                    $"must be some of these, separated by commas: {string.Join(", ", all.Select(field => field.Name))}"
                )
            );
    }

    /// <summary>A row reduced to these fields.</summary>
    public static IReadOnlyDictionary<string, object?> Pick(this IReadOnlyList<Field> fields, object row) =>
        fields.ToDictionary(field => field.Name, field => field.Of(row));
}
