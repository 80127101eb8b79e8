using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Sales;

/// <summary>What a line of an invoice comes to, or what is credited of it; both to 2 decimals.</summary>
/// <param name="Net">Before tax.</param>
public sealed record LineAmount(decimal Net, decimal Tax)
{
    public static readonly LineAmount Nothing = new(0, 0);

    /// <summary>
    /// What each line of an invoice comes to. Tax is rounded once for each rate, on the sum of its lines; a line has the part of it by which the
    /// tax on the lines from it on is more than that on the lines after it. So the lines come to exactly what the invoice does.
    /// </summary>
    /// <param name="pricesIncludeTax">Tax is taken out of the lines' amounts; false: it is added to them.</param>
    public static IReadOnlyList<LineAmount> Compute(IReadOnlyList<SaleLine> lines, bool pricesIncludeTax) =>
        Split(lines, [.. lines.Select(line => line.Amount)], [.. lines.Select(line => line.Amount)], pricesIncludeTax);

    /// <summary>
    /// What is credited of each line when <paramref name="after"/> of it has come back in all, where <paramref name="before"/> had. All returns
    /// together credit exactly the invoice.
    /// Prices before tax: the part of the line's amount, and the tax that the rest of the invoice no longer bears.
    /// Prices with tax: the part of the line's amount, and of that the same share of tax as in the whole line.
    /// </summary>
    public static IReadOnlyList<LineAmount> Credit(
        IReadOnlyList<SaleLine> lines, bool pricesIncludeTax, IReadOnlyList<decimal> before, IReadOnlyList<decimal> after)
    {
        decimal[] credited = [.. lines.Select((line, i) => line.AmountOf(after[i]) - line.AmountOf(before[i]))];
        if (!pricesIncludeTax) return Split(lines, [.. lines.Select((line, i) => line.Amount - line.AmountOf(before[i]))], credited, pricesIncludeTax);
        var amounts = Compute(lines, pricesIncludeTax);
        return [.. lines.Select((line, i) =>
        {
            var tax = TaxOf(line, amounts[i], after[i]) - TaxOf(line, amounts[i], before[i]);
            return new LineAmount(credited[i] - tax, tax);
        })];
    }

    /// <summary>The tax in the part of a line's amount that <paramref name="quantity"/> stands for.</summary>
    private static decimal TaxOf(SaleLine line, LineAmount whole, decimal quantity) =>
        line.Amount == 0 ? 0 : Quantities.Round(line.AmountOf(quantity) * (whole.Tax / line.Amount), 2);

    /// <summary>Takes the lines' <paramref name="amounts"/> one after the other off what <paramref name="rest"/> comes to by rate, with their tax.</summary>
    private static LineAmount[] Split(IReadOnlyList<SaleLine> lines, decimal[] rest, decimal[] amounts, bool pricesIncludeTax)
    {
        Func<decimal, decimal, decimal> tax = pricesIncludeTax ? Taxes.In : Taxes.On;
        var left = lines.Zip(rest).GroupBy(line => line.First.TaxRate, line => line.Second).ToDictionary(rate => rate.Key, rate => rate.Sum());
        return [.. lines.Select((line, i) =>
        {
            var before = left[line.TaxRate];
            var after = left[line.TaxRate] = before - amounts[i];
            var taxed = tax(before, line.TaxRate) - tax(after, line.TaxRate);
            return new LineAmount(pricesIncludeTax ? amounts[i] - taxed : amounts[i], taxed);
        })];
    }
}
