using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Stock;

/// <summary>The document that a movement belongs to.</summary>
/// <param name="Id">
/// Id of the receipt, sale, transfer, …: reference_id of its movements. Movements of purchase orders and of returns to suppliers have
/// the order or receipt as reference_id.
/// </param>
/// <param name="Reference">The document number, as people know it.</param>
/// <param name="OccurredAt">Time when it happened in the shop; an event's own timestamp is when the ledger recorded it.</param>
public sealed record StockDocument(Guid Id, string? Reference, string? Notes, DateTimeOffset OccurredAt);

/// <summary>An event of one stock item.</summary>
public abstract record StockEvent(Guid StoreId, Guid ProductId);

/// <summary>A reservation holds a quantity. It stays on hand and is no longer available.</summary>
/// <param name="Quantity">Greater than 0.</param>
public sealed record StockReserved(Guid StoreId, Guid ProductId, decimal Quantity, Guid ReservationId) : StockEvent(StoreId, ProductId);

/// <summary>
/// A reservation ends, is reduced or is fulfilled. The quantity is available again, or leaves in the same transaction.
/// </summary>
/// <param name="Quantity">Greater than 0.</param>
public sealed record StockReleased(Guid StoreId, Guid ProductId, decimal Quantity, Guid ReservationId) : StockEvent(StoreId, ProductId);

/// <summary>A movement of one stock item: one line of a document that moves stock.</summary>
public abstract record StockMovement(Guid StoreId, Guid ProductId, StockDocument Document) : StockEvent(StoreId, ProductId)
{
    /// <summary>The change of on hand; negative when goods leave.</summary>
    public abstract decimal QuantityChange();

    /// <summary>
    /// Quantity that comes in at a cost of its own, and changes the moving average. Below 0 when goods leave at a cost of their own.
    /// </summary>
    public virtual decimal CostedQuantity() => 0;

    /// <summary>
    /// Whether the movement is a fact: it has happened, whoever the goods were reserved for. It may leave less on hand than is reserved.
    /// </summary>
    public virtual bool IsFact() => false;

    /// <summary>
    /// Cost of one unit. A receipt has the cost paid. Returns, transfer arrivals with their write-offs, and corrections by count have the
    /// cost of the movement that they refer to. An imported movement has the cost in the file, if any. All others have the moving average
    /// at that moment.
    /// </summary>
    public required decimal UnitCost { get; init; }

    /// <summary>Id that an import gives the movement, so that a file row is recorded only once. Null: the ledger assigns one.</summary>
    [JsonIgnore]
    public Guid? MovementId { get; init; }
}

/// <summary>Goods come in from outside.</summary>
/// <param name="Quantity">Quantity received, greater than 0.</param>
/// <param name="PurchaseOrderId">The purchase order of the goods; null for a receipt without one.</param>
public sealed record StockReceived(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document, Guid? PurchaseOrderId = null)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;

    public override decimal CostedQuantity() => Quantity;
}

/// <summary>Goods leave without a sale.</summary>
/// <param name="Quantity">Quantity that left, greater than 0.</param>
/// <param name="Reason">One of <see cref="Reasons.OfIssues"/>.</param>
public sealed record StockIssued(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => -Quantity;

    public override bool IsFact() => Reasons.OfFacts.Contains(Reason);
}

/// <summary>Goods go back to their supplier at the cost of their receipt. The document is the return.</summary>
/// <param name="Quantity">Quantity that left, greater than 0.</param>
/// <param name="ReceiptId">The delivery or receipt in which the goods came.</param>
/// <param name="PurchaseOrderId">The purchase order of the goods; null for a receipt without one.</param>
public sealed record StockReturnedToSupplier(
    Guid StoreId,
    Guid ProductId,
    decimal Quantity,
    StockDocument Document,
    Guid ReceiptId,
    Guid? PurchaseOrderId = null
) : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => -Quantity;

    public override decimal CostedQuantity() => -Quantity;
}

/// <param name="Quantity">The correction, signed.</param>
/// <param name="Reason">One of <see cref="Reasons.OfAdjustments"/>.</param>
public sealed record StockAdjusted(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;

    public override bool IsFact() => true;
}

/// <summary>The goods of a sale line leave. The document is the sale.</summary>
/// <param name="Quantity">Quantity that left, greater than 0.</param>
public sealed record StockSold(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => -Quantity;
}

/// <summary>Goods of a sale come back at the cost that they left with. The document is the sale.</summary>
/// <param name="Quantity">Quantity that came back, greater than 0.</param>
public sealed record StockReturned(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;

    public override decimal CostedQuantity() => Quantity;
}

/// <summary>Goods leave for another store and are in transit. The document is the transfer.</summary>
/// <param name="Quantity">Quantity that left, greater than 0.</param>
public sealed record StockSent(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => -Quantity;
}

/// <summary>
/// Goods in transit arrive at the cost that they left with. The document is the transfer. The goods of a cancelled transfer arrive in the
/// sending store.
/// </summary>
/// <param name="Quantity">Quantity received, lost and damaged, greater than 0.</param>
/// <param name="WrittenOff">
/// Lost or damaged part of it, written off by the same command at the cost that it left with. Null in the first events of this type, which
/// count as 0: the audit trail has them without the field.
/// </param>
public sealed record StockArrived(
    Guid StoreId,
    Guid ProductId,
    decimal Quantity,
    StockDocument Document,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? WrittenOff = null
) : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;

    public override decimal CostedQuantity() => Quantity - (WrittenOff ?? 0);
}

/// <summary>A count: on hand as of <see cref="StockDocument.OccurredAt"/> is the counted quantity.</summary>
/// <param name="Counted">The counted quantity, 0 or more.</param>
/// <param name="Expected">On hand as of that moment, from the events recorded until the count.</param>
public sealed record StockCounted(Guid StoreId, Guid ProductId, decimal Counted, decimal Expected, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Counted - Expected;

    public override bool IsFact() => true;
}

/// <summary>
/// A correction by count: the opposite of a late movement, which occurred before a count and was recorded after it. The count had seen it.
/// The document is that count, so that on hand as of the count stays the counted quantity.
/// </summary>
/// <param name="Quantity">Signed quantity: the opposite of the late movement.</param>
/// <param name="LateDocumentId">The document of the late movement.</param>
public sealed record StockCountCorrected(Guid StoreId, Guid ProductId, decimal Quantity, Guid LateDocumentId, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;
}

/// <summary>
/// A movement imported from earlier books: the ledger has no sale, order, transfer or count for it. An imported receipt, issue or
/// adjustment is recorded as the ledger's own event instead. A return to a supplier is a purchase or receipt with a negative quantity.
/// </summary>
/// <param name="Type">purchase, receipt, sale, return, transfer or count: reference_type of the movement.</param>
/// <param name="Quantity">Signed change of on hand.</param>
public sealed record StockCarriedOver(Guid StoreId, Guid ProductId, string Type, decimal Quantity, string? Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal QuantityChange() => Quantity;

    public override decimal CostedQuantity() =>
        Type switch
        {
            "purchase" or "receipt" => Quantity,
            "return" or "transfer" => Math.Max(Quantity, 0),
            _ => 0,
        };

    public override bool IsFact() => Type == "count";
}

/// <summary>Reasons of movements without a sale or a purchase.</summary>
public static class Reasons
{
    public const string Description = "Reason, as free text for the audit trail";

    /// <summary>Reason of a correction by count.</summary>
    public const string LateMovement = "late_movement";

    /// <summary>Reason of a return to a supplier.</summary>
    public const string ReturnToSupplier = "return_to_supplier";

    public static readonly string[] OfIssues =
    [
        "damage",
        "expired",
        "theft",
        "loss",
        "internal_use",
        "sample",
        "donation",
        ReturnToSupplier,
        "other",
    ];

    /// <summary>Reasons of issues that are facts: the goods are gone, even if they were reserved.</summary>
    public static readonly string[] OfFacts = ["damage", "expired", "theft", "loss"];

    /// <summary>Reason of the adjustment that a stock item starts with.</summary>
    public const string OpeningBalance = "opening_balance";

    public static readonly string[] OfAdjustments = ["correction", "found", "damage", "expired", "theft", "loss", OpeningBalance, "other"];
}
