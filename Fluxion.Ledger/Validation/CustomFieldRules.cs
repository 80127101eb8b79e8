using System.Text.Json;

namespace Fluxion.Ledger.Validation;

/// <summary>
/// Rules for the tenant's own fields: any JSON that can be stored, read and shown again. PostgreSQL stores no NUL, no lone surrogate, and
/// no number with more than 16,383 decimals, such as 1e-20000. The audit trail nests the fields some levels deeper, and JSON readers stop
/// at 64 levels.
/// </summary>
public static class CustomFieldRules
{
    public const string Description = "Custom fields of the tenant: any JSON object";

    public const int MaxCharacters = 16_000;
    public const int MaxDepth = 16;

    public static IRuleBuilderOptions<T, IReadOnlyDictionary<string, JsonElement>?> CustomFields<T>(
        this IRuleBuilder<T, IReadOnlyDictionary<string, JsonElement>?> rule
    ) =>
        rule.Must(fields =>
                fields is null
                || (
                    fields.Sum(f => f.Key.Length + f.Value.GetRawText().Length) <= MaxCharacters
                    && fields.All(f => IsStorable(f.Key) && IsStorable(f.Value, MaxDepth - 1))
                )
            )
            .WithMessage(
                $"must have at most {MaxCharacters} characters of JSON and {MaxDepth} levels, "
                    + "numbers of at most 28 digits, and texts of valid Unicode without NUL"
            );

    private static bool IsStorable(JsonElement value, int levels) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => levels > 0 && AreStorable(value, levels),
            JsonValueKind.Array => levels > 0 && value.EnumerateArray().All(item => IsStorable(item, levels - 1)),
            JsonValueKind.String => Text(value.GetString) is { } text && IsStorable(text),
            JsonValueKind.Number => value.TryGetDecimal(out var number)
                && (number != 0 || !value.GetRawText().Contains('e', StringComparison.OrdinalIgnoreCase)),
            _ => true,
        };

    private static bool AreStorable(JsonElement value, int levels)
    {
        foreach (var member in value.EnumerateObject())
            if (Text(() => member.Name) is not { } name || !IsStorable(name) || !IsStorable(member.Value, levels - 1))
                return false;
        return true;
    }

    private static bool IsStorable(string text) => !text.Contains('\0', StringComparison.Ordinal);

    /// <summary>Reads a text; null when it contains a lone surrogate.</summary>
    private static string? Text(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
