using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Purchasing;

/// <param name="DeliveryId">Id of the document of this delivery; reference_id of its movements is the order's id.</param>
/// <param name="OccurredAt">Time when the goods came, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
public sealed record PurchaseOrderDelivery(
    Guid Id,
    string OrderNumber,
    string Status,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    long Version,
    Guid DeliveryId,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount
)
{
    public static PurchaseOrderDelivery From(LedgerSession ledger, Guid id, Guid deliveryId, StockDecision stock, DateTimeOffset at)
    {
        var order = ledger.State<PurchaseOrder>(id);
        return new(
            id,
            order.Code,
            order.Status,
            order.Subtotal,
            order.TaxAmount,
            order.TotalAmount,
            ledger.VersionOf(id),
            deliveryId,
            stock.Levels,
            at,
            stock.CorrectedByCount
        );
    }
}
