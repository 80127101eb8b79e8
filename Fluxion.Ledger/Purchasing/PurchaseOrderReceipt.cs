namespace Fluxion.Ledger.Purchasing;

/// <summary>The receipt of a command on a purchase order.</summary>
/// <param name="Version">Version of the order; it grows with every change.</param>
public record PurchaseOrderReceipt(
    Guid Id,
    string OrderNumber,
    string Status,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    long Version
)
{
    public static PurchaseOrderReceipt From(LedgerSession ledger, Guid id)
    {
        var order = ledger.State<PurchaseOrder>(id);
        return new(id, order.Code, order.Status, order.Subtotal, order.TaxAmount, order.TotalAmount, ledger.VersionOf(id));
    }
}
