namespace Fluxion.Ledger.Sales;

/// <summary>The amount of an invoice line, or its credit. Net and tax have 2 decimals.</summary>
/// <param name="Net">The amount before tax.</param>
public sealed record LineAmount(decimal Net, decimal Tax)
{
    public static readonly LineAmount Nothing = new(0, 0);

    /// <summary>
    /// Computes the amount of each invoice line. Tax is rounded once for each rate, on the sum of its lines. The tax of a line is the tax
    /// on this line and the following ones, less the tax on the following ones alone. So the lines add up exactly to the invoice.
    /// </summary>
    /// <param name="pricesIncludeTax">True: tax is taken out of the lines' amounts. False: it is added to them.</param>
    public static IReadOnlyList<LineAmount> Compute(IReadOnlyList<SaleLine> lines, bool pricesIncludeTax) =>
        Split(lines, [.. lines.Select(line => line.Amount)], [.. lines.Select(line => line.Amount)], pricesIncludeTax);

    /// <summary>
    /// Computes the credit of each line when its returned quantity grows from <paramref name="before"/> to <paramref name="after"/>.
    /// When all goods are returned, the credits add up exactly to the invoice.
    /// Prices before tax: the credit is the returned share of the line's amount, and the decrease of tax on the rest of the invoice.
    /// Prices with tax: the credit is the returned share of the line's amount. It contains the same share of tax as the full line.
    /// </summary>
    public static IReadOnlyList<LineAmount> Credit(
        IReadOnlyList<SaleLine> lines,
        bool pricesIncludeTax,
        IReadOnlyList<decimal> before,
        IReadOnlyList<decimal> after
    )
    {
        decimal[] credited = [.. lines.Select((line, i) => line.AmountOf(after[i]) - line.AmountOf(before[i]))];
        if (!pricesIncludeTax)
            return Split(lines, [.. lines.Select((line, i) => line.Amount - line.AmountOf(before[i]))], credited, pricesIncludeTax);
        var amounts = Compute(lines, pricesIncludeTax);
        return
        [
            .. lines.Select(
                (line, i) =>
                {
                    var tax = TaxOf(line, amounts[i], after[i]) - TaxOf(line, amounts[i], before[i]);
                    return new LineAmount(credited[i] - tax, tax);
                }
            ),
        ];
    }

    /// <summary>The tax in the share of a line's amount for <paramref name="quantity"/>.</summary>
    private static decimal TaxOf(SaleLine line, LineAmount whole, decimal quantity) =>
        line.Amount == 0 ? 0 : Quantities.Round(line.AmountOf(quantity) * (whole.Tax / line.Amount), 2);

    /// <summary>
    /// Subtracts the lines' <paramref name="amounts"/> one after the other from the sums of <paramref name="rest"/> by tax rate. The tax
    /// of a line is the difference of the tax on the sum before and after.
    /// </summary>
    private static LineAmount[] Split(IReadOnlyList<SaleLine> lines, decimal[] rest, decimal[] amounts, bool pricesIncludeTax)
    {
        Func<decimal, decimal, decimal> tax = pricesIncludeTax ? Taxes.In : Taxes.On;
        var left = lines
            .Zip(rest)
            .GroupBy(line => line.First.TaxRate, line => line.Second)
            .ToDictionary(rate => rate.Key, rate => rate.Sum());
        return
        [
            .. lines.Select(
                (line, i) =>
                {
                    var before = left[line.TaxRate];
                    var after = left[line.TaxRate] = before - amounts[i];
                    var taxed = tax(before, line.TaxRate) - tax(after, line.TaxRate);
                    return new LineAmount(pricesIncludeTax ? amounts[i] - taxed : amounts[i], taxed);
                }
            ),
        ];
    }
}
