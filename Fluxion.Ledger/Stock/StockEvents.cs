using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Stock;

/// <summary>The document that a movement belongs to.</summary>
/// <param name="Id">The id of the receipt, sale, transfer, …: reference_id of its movements.</param>
/// <param name="Reference">Its number as people know it.</param>
/// <param name="OccurredAt">When it happened in the shop; an event's own timestamp is when the ledger learned of it.</param>
public sealed record StockDocument(Guid Id, string? Reference, string? Notes, DateTimeOffset OccurredAt);

/// <summary>What happens to one stock item.</summary>
public abstract record StockEvent(Guid StoreId, Guid ProductId);

/// <summary>A reservation holds a quantity: it stays on hand and is no longer available.</summary>
/// <param name="Quantity">Greater than 0.</param>
public sealed record StockReserved(Guid StoreId, Guid ProductId, decimal Quantity, Guid ReservationId) : StockEvent(StoreId, ProductId);

/// <summary>A reservation ends, or is fulfilled: what it held is available again, or leaves in the same transaction.</summary>
/// <param name="Quantity">Greater than 0.</param>
public sealed record StockReleased(Guid StoreId, Guid ProductId, decimal Quantity, Guid ReservationId) : StockEvent(StoreId, ProductId);

/// <summary>A movement of one stock item: one line of a document that moves stock.</summary>
public abstract record StockMovement(Guid StoreId, Guid ProductId, StockDocument Document) : StockEvent(StoreId, ProductId)
{
    /// <summary>What the movement adds to on hand; negative when goods leave.</summary>
    public abstract decimal Change();

    /// <summary>How much of it comes in at a cost of its own, which the moving average takes in; below 0 when it leaves at one.</summary>
    public virtual decimal CostedQuantity() => 0;

    /// <summary>Whether it has happened to the goods whoever they were promised to: then it may leave less on hand than is reserved.</summary>
    public virtual bool IsFact() => false;

    /// <summary>The cost of one unit: as paid for what comes in, the moving average at that moment for what leaves.</summary>
    public required decimal UnitCost { get; init; }

    /// <summary>The id that the movement gets, by which a file of other books names it; null: one of the ledger's own.</summary>
    [JsonIgnore]
    public Guid? MovementId { get; init; }
}

/// <summary>Goods come in from outside.</summary>
/// <param name="Quantity">What came in, greater than 0.</param>
/// <param name="PurchaseOrderId">The order that they were bought with; null for a receipt without one.</param>
public sealed record StockReceived(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document, Guid? PurchaseOrderId = null)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
    public override decimal CostedQuantity() => Quantity;
}

/// <summary>Goods leave without a sale.</summary>
/// <param name="Quantity">What left, greater than 0.</param>
/// <param name="Reason">One of <see cref="Reasons.OfIssues"/>.</param>
public sealed record StockIssued(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => -Quantity;
    public override bool IsFact() => Reasons.OfFacts.Contains(Reason);
}

/// <summary>Goods go back to their supplier, at the cost that they came with; the document is the return.</summary>
/// <param name="Quantity">What left, greater than 0.</param>
/// <param name="ReceiptId">The delivery or receipt that brought them.</param>
/// <param name="PurchaseOrderId">The order that they were bought with; null for a receipt without one.</param>
public sealed record StockReturnedToSupplier(
    Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document, Guid ReceiptId, Guid? PurchaseOrderId = null)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => -Quantity;
    public override decimal CostedQuantity() => -Quantity;
}

/// <param name="Quantity">The correction, signed.</param>
/// <param name="Reason">One of <see cref="Reasons.OfAdjustments"/>.</param>
public sealed record StockAdjusted(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
    public override bool IsFact() => true;
}

/// <summary>A line of a sale leaves; the document is the sale.</summary>
/// <param name="Quantity">What left, greater than 0.</param>
public sealed record StockSold(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document) : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => -Quantity;
}

/// <summary>Goods of a sale come back, at the cost that they left with; the document is the sale.</summary>
/// <param name="Quantity">What came back, greater than 0.</param>
public sealed record StockReturned(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document) : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
    public override decimal CostedQuantity() => Quantity;
}

/// <summary>Goods leave for another store and are in transit; the document is the transfer.</summary>
/// <param name="Quantity">What left, greater than 0.</param>
public sealed record StockSent(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document) : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => -Quantity;
}

/// <summary>
/// Goods in transit arrive, at the cost that they left with; the document is the transfer. Of a transfer that was cancelled they arrive in the store
/// that they had left.
/// </summary>
/// <param name="Quantity">What arrived or is known not to, greater than 0.</param>
/// <param name="WrittenOff">What of it was lost or damaged: written off at once, at the cost that it left with.</param>
public sealed record StockArrived(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document, decimal WrittenOff = 0)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
    public override decimal CostedQuantity() => Quantity - WrittenOff;
}

/// <summary>Somebody counted: from <see cref="StockDocument.OccurredAt"/> on, what was counted is what was there.</summary>
/// <param name="Counted">What was counted, 0 or more.</param>
/// <param name="Expected">What the ledger thought was on hand as of that moment.</param>
public sealed record StockCounted(Guid StoreId, Guid ProductId, decimal Counted, decimal Expected, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Counted - Expected;
    public override bool IsFact() => true;
}

/// <summary>
/// The opposite of a movement that the ledger learned of late and that occurred before a count: the count had seen it already.
/// The document is that count, so that on hand as of the count stays what was counted.
/// </summary>
/// <param name="Quantity">Signed: the opposite of the late movement.</param>
/// <param name="LateDocumentId">The document of the late movement.</param>
public sealed record StockCountCorrected(Guid StoreId, Guid ProductId, decimal Quantity, Guid LateDocumentId, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
}

/// <summary>
/// A movement from earlier books, as they name it: the ledger has no sale, order, transfer or count to it. What is a receipt, an issue or an
/// adjustment there is one here. What went back to a supplier is a purchase or receipt that left.
/// </summary>
/// <param name="Type">purchase, receipt, sale, return, transfer or count: reference_type of the movement.</param>
/// <param name="Quantity">Signed: what it added to on hand.</param>
public sealed record StockCarriedOver(Guid StoreId, Guid ProductId, string Type, decimal Quantity, string? Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
    public override decimal CostedQuantity() => Type switch
    {
        "purchase" or "receipt" => Quantity,
        "return" or "transfer" => Math.Max(Quantity, 0),
        _ => 0,
    };

    public override bool IsFact() => Type == "count";
}

/// <summary>Why stock moved without a sale or a purchase.</summary>
public static class Reasons
{
    /// <summary>Of the correction that a count makes of a movement learned of late.</summary>
    public const string LateMovement = "late_movement";

    /// <summary>Of what goes back to a supplier.</summary>
    public const string ReturnToSupplier = "return_to_supplier";

    public static readonly string[] OfIssues = ["damage", "expired", "theft", "loss", "internal_use", "sample", "donation", ReturnToSupplier, "other"];

    /// <summary>Of issues that nobody decides on: the goods are gone, also where they were reserved.</summary>
    public static readonly string[] OfFacts = ["damage", "expired", "theft", "loss"];

    /// <summary>Of the adjustment that a stock item begins with.</summary>
    public const string OpeningBalance = "opening_balance";

    public static readonly string[] OfAdjustments = ["correction", "found", "damage", "expired", "theft", "loss", OpeningBalance, "other"];
}
