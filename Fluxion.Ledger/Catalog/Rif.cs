using System.Text.RegularExpressions;

namespace Fluxion.Ledger.Catalog;

/// <summary>
/// The Venezuelan tax id, Registro Único de Información Fiscal: a letter for the kind of taxpayer, 8 digits and a check digit.
/// The check digit is SENIAT's modulus 11. The letter's number is multiplied by 4, and the digits by 3, 2, 7, 6, 5, 4, 3, 2.
/// The check digit is 11 less the remainder of their sum divided by 11, or 0 if that has two digits. SENIAT publishes no specification.
/// The method and the numbers of V, E, J, P and G are those of python-stdnum (stdnum.ve.rif, Arthur de Jong), which has no C.
/// C, for communes, counts as J here, as in other public validators.
/// </summary>
public static partial class Rif
{
    private static readonly Dictionary<char, int> Letters = new()
    {
        ['V'] = 1,
        ['E'] = 2,
        ['J'] = 3,
        ['P'] = 4,
        ['G'] = 5,
        ['C'] = 3,
    };
    private static readonly int[] Weights = [3, 2, 7, 6, 5, 4, 3, 2];
    private static readonly string[] Venezuela = ["VE", "VEN", "VENEZUELA"];

    public const string InvalidMessage = "must be a RIF: V, E, J, P, G or C, 8 digits and their check digit, for example J-30105123-8";

    /// <summary>Whether a tax id can be stored: it is absent, of another country, or a valid RIF.</summary>
    public static bool Accepts(string? taxId, Address? address) =>
        Codes.NumberOrNull(taxId) is not { } kept || !LooksLikeRif(kept, address) || Normalize(kept) is not null;

    /// <summary>
    /// Normalizes a tax id for storage: a RIF to its one spelling, any other as a number (<see cref="Codes.NumberOrNull"/>).
    /// </summary>
    public static string? NormalizeOrKeep(string? taxId, Address? address) =>
        Codes.NumberOrNull(taxId) is { } kept && LooksLikeRif(kept, address) ? Normalize(kept) : Codes.NumberOrNull(taxId);

    /// <summary>Whether a tax id must be a RIF: its address is in Venezuela, or has no country and the tax id looks like a RIF.</summary>
    private static bool LooksLikeRif(string taxId, Address? address) =>
        string.IsNullOrWhiteSpace(address?.Country)
            ? Form().IsMatch(taxId)
            : Venezuela.Contains(address.Country.Trim(), StringComparer.OrdinalIgnoreCase);

    /// <summary>Converts a RIF to the form J-12345678-9; null when its form or its check digit is wrong.</summary>
    public static string? Normalize(string taxId)
    {
        if (Form().Match(taxId) is not { Success: true, Groups: var parts })
            return null;
        var (letter, number, digit) = (char.ToUpperInvariant(parts[1].Value[0]), parts[2].Value, parts[3].Value[0]);
        return digit - '0' == CheckDigit(letter, number) ? $"{letter}-{number}-{digit}" : null;
    }

    private static int CheckDigit(char letter, string number)
    {
        var remainder = ((4 * Letters[letter]) + number.Zip(Weights, (digit, weight) => (digit - '0') * weight).Sum()) % 11;
        return remainder <= 1 ? 0 : 11 - remainder;
    }

    [GeneratedRegex(@"^\s*([VEJPGC])-?([0-9]{8})-?([0-9])\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
