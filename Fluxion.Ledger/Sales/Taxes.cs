namespace Fluxion.Ledger.Sales;

/// <summary>Value added tax of a document. The tax of each line of a sale is a share of these sums: <see cref="LineAmount"/>.</summary>
public static class Taxes
{
    /// <summary>
    /// The tax of all lines. For each rate, the sum of the bases times the rate is rounded once to 2 decimals, half away from zero. The
    /// result is the sum over the rates. A Venezuelan invoice states the taxable base and the tax of each rate ("alícuota": SENIAT,
    /// Providencia SNAT/2011/0071, art. 13). So the tax books add up.
    /// </summary>
    /// <param name="lines">Base: the line's net amount, to 2 decimals. Rate: percent, 16 for the general rate; 0 for exempt lines.</param>
    public static decimal Total(IEnumerable<(decimal Base, decimal Rate)> lines) =>
        lines.GroupBy(line => line.Rate).Sum(rate => On(rate.Sum(line => line.Base), rate.Key));

    /// <summary>The tax on an amount before tax.</summary>
    public static decimal On(decimal amount, decimal rate) => Quantities.Round(amount * rate / 100, 2);

    /// <summary>The tax in an amount that includes it.</summary>
    public static decimal In(decimal amount, decimal rate) => Quantities.Round(amount * rate / (100 + rate), 2);
}
