using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Sales;

/// <param name="PaymentStatus">The status: pending, partial, paid, refund_due, returned, refunded or cancelled.</param>
/// <param name="Subtotal">The sum before tax.</param>
/// <param name="OpenAmount">
/// Balance due: total less credits, less payments that were not given back. Below 0 it is owed to the client.
/// </param>
/// <param name="CostOfGoodsSold">Cost of the goods sold, each line rounded to 2 decimals.</param>
/// <param name="Stock">The stock items that this command moved, after the command.</param>
/// <param name="OccurredAt">Time when this command's part of the sale occurred, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
/// <param name="AmountPaid">The sum of all payments.</param>
/// <param name="AmountRefunded">Part of the payments that was given back.</param>
/// <param name="Refunds">Money that this command gave back, by method; usually empty.</param>
public sealed record SaleReceipt(
    Guid Id,
    string InvoiceNumber,
    string PaymentStatus,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    decimal OpenAmount,
    decimal CostOfGoodsSold,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    decimal AmountPaid,
    decimal AmountRefunded,
    IReadOnlyList<MoneyByMethod> Refunds
)
{
    public static SaleReceipt From(Sale sale, StockDecision stock, DateTimeOffset at, IReadOnlyList<MoneyByMethod>? refunds = null) =>
        new(
            sale.Id,
            sale.InvoiceNumber,
            sale.Status,
            sale.Subtotal,
            sale.TaxAmount,
            sale.TotalAmount,
            sale.BalanceDue,
            sale.CostOfGoodsSold,
            stock.Levels,
            at,
            stock.CorrectedByCount,
            sale.Paid,
            sale.AmountRefunded,
            refunds ?? []
        );
}
