using System.Globalization;

namespace Fluxion.Ledger.Validation;

/// <summary>The sizes of numbers in the ledger: numeric(18,3) for quantities, numeric(18,4) for unit costs and prices.</summary>
public static class Quantities
{
    /// <summary>The largest quantity of one line. On hand, a numeric(18,3), holds 999,999 times as much.</summary>
    public const decimal MaxQuantity = 1_000_000_000m;

    /// <summary>The largest unit cost or price.</summary>
    public const decimal MaxUnitPrice = 1_000_000_000m;

    public static IRuleBuilderOptions<T, decimal> Positive<T>(this IRuleBuilder<T, decimal> rule) =>
        rule.Must(q => q > 0 && q <= MaxQuantity && HasDecimals(q, 3))
            .WithMessage($"must be greater than 0 and at most {MaxQuantity:0}, with at most 3 decimals");

    public static IRuleBuilderOptions<T, decimal> NonZero<T>(this IRuleBuilder<T, decimal> rule) =>
        rule.Must(q => q != 0 && Math.Abs(q) <= MaxQuantity && HasDecimals(q, 3))
            .WithMessage($"must not be 0 and must be between -{MaxQuantity:0} and {MaxQuantity:0}, with at most 3 decimals");

    public static IRuleBuilderOptions<T, decimal> UnitPrice<T>(this IRuleBuilder<T, decimal> rule) =>
        rule.Must(IsUnitPrice).WithMessage(UnitPriceMessage);

    public static IRuleBuilderOptions<T, decimal?> UnitPrice<T>(this IRuleBuilder<T, decimal?> rule) =>
        rule.Must(p => p is null || IsUnitPrice(p.Value)).WithMessage(UnitPriceMessage);

    public static IRuleBuilderOptions<T, decimal> StockLevel<T>(this IRuleBuilder<T, decimal> rule) =>
        rule.Must(IsStockLevel).WithMessage(StockLevelMessage);

    public static IRuleBuilderOptions<T, decimal?> StockLevel<T>(this IRuleBuilder<T, decimal?> rule) =>
        rule.Must(q => q is null || IsStockLevel(q.Value)).WithMessage(StockLevelMessage);

    /// <summary>An optional number of days from 0 to 365.</summary>
    public static IRuleBuilderOptions<T, int?> Days<T>(this IRuleBuilder<T, int?> rule) =>
        rule.Must(days => days is null or (>= 0 and <= 365)).WithMessage("must be a whole number of days from 0 to 365");

    private static readonly string UnitPriceMessage = $"must be between 0 and {MaxUnitPrice:0}, with at most 4 decimals";
    private static readonly string StockLevelMessage = $"must be between 0 and {MaxQuantity:0}, with at most 3 decimals";

    private static bool IsUnitPrice(decimal price) => price >= 0 && price <= MaxUnitPrice && HasDecimals(price, 4);

    private static bool IsStockLevel(decimal quantity) => quantity >= 0 && quantity <= MaxQuantity && HasDecimals(quantity, 3);

    public static bool HasDecimals(decimal value, int atMost) => decimal.Round(value, atMost) == value;

    /// <summary>Removes trailing zeros: 7.000 becomes 7, whether it comes from a command or from a numeric column.</summary>
    public static decimal Normalize(decimal value) => value / 1.000000000000000000000000000000000m;

    /// <summary>Writes a number for a message, without trailing zeros and with a point.</summary>
    public static string Format(decimal value) => Normalize(value).ToString(CultureInfo.InvariantCulture);

    /// <summary>Rounds half away from zero, as invoices do.</summary>
    public static decimal Round(decimal value, int decimals) => decimal.Round(value, decimals, MidpointRounding.AwayFromZero);
}
