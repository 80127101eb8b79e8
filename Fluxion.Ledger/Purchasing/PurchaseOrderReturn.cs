using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Purchasing;

/// <param name="Id">Id of the order: reference_id of the movements.</param>
/// <param name="DeliveryId">The delivery in which the goods came.</param>
/// <param name="ReturnId">Id of the document of this return.</param>
/// <param name="OccurredAt">Time when the goods left, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
public sealed record PurchaseOrderReturn(
    Guid Id,
    string OrderNumber,
    string Status,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    long Version,
    Guid DeliveryId,
    Guid ReturnId,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount
)
{
    public static PurchaseOrderReturn From(
        LedgerSession ledger,
        Guid id,
        Guid deliveryId,
        Guid returnId,
        StockDecision stock,
        DateTimeOffset at
    )
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
            returnId,
            stock.Levels,
            at,
            stock.CorrectedByCount
        );
    }
}
