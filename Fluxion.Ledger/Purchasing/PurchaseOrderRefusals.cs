using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Purchasing;

/// <summary>The refusals of commands on purchase orders.</summary>
public static class PurchaseOrderRefusals
{
    public static readonly Refusal NotYours = Refusal.Forbidden("The purchase order is for a store that is not yours.");

    /// <param name="store">The store as the client named it.</param>
    public static Refusal StoreNotAllowed(string store) => Refusal.Forbidden($"You may not order for the store {Refusal.Shorten(store)}.");

    /// <summary>The refusal of a command that the status of the order does not allow; else null.</summary>
    public static Refusal? WrongState(PurchaseOrder order, string command) =>
        Refusal.WrongState("purchase order", order.Status, command, PurchaseOrder.Allowed);

    public static Refusal NumberTaken(string number) =>
        Refusal.Conflict("Order number taken", $"There is a purchase order '{number}' already.");

    public static Refusal StoreDeactivated(Store store) =>
        Refusal.Conflict("Store deactivated", $"The store {store.Code} is deactivated and receives no more goods.");

    public static Refusal SupplierDeactivated(Supplier supplier) =>
        Refusal.Conflict("Supplier deactivated", $"The supplier {supplier.Code} is deactivated. Nothing more can be ordered from it.");

    public static Refusal ProductsDeactivated(IEnumerable<string> skus) =>
        Refusal.Conflict("Product deactivated", $"Inactive products cannot be ordered: {string.Join(", ", skus)}.");

    /// <param name="inactive">Store, supplier and products, in words.</param>
    public static Refusal Deactivated(IEnumerable<string> inactive) =>
        Refusal.Conflict("Deactivated", $"Nothing can be ordered while these are deactivated: {string.Join(", ", inactive)}.");

    public static Refusal NothingMissing(PurchaseOrder order) =>
        Refusal.Conflict("Nothing is missing", $"All goods of the purchase order {order.Code} have come in.");

    /// <param name="today">The date in the store's time zone.</param>
    public static Refusal OrderedInFuture(DateOnly today) =>
        Refusal.Invalid("orderDate", $"must not be in the future: in the store it is {today:yyyy-MM-dd}");

    public static Refusal ExpectedBeforeOrdered(DateOnly ordered) =>
        Refusal.Invalid("expectedDate", $"must not be before orderDate, {ordered:yyyy-MM-dd}");

    public static Refusal ReceivedBeforeOrdered(PurchaseOrder order) =>
        Refusal.Invalid("occurredAt", $"must not be before the order date, {order.OrderDate:yyyy-MM-dd}");

    /// <param name="errors">The lines of products that were not ordered, by field.</param>
    public static Refusal NotOrdered(IReadOnlyDictionary<string, string[]> errors) =>
        Refusal.NotFound("Some products were not ordered; see errors.", errors);

    /// <param name="lines">The excess of each line, in words.</param>
    public static Refusal MoreThanOrdered(IEnumerable<string> lines, decimal overReceiptPercent) =>
        Refusal.Conflict(
            "More than ordered",
            $"Nothing was received: {string.Join("; ", lines)}. "
                + $"At most {Quantities.Format(overReceiptPercent)} % more than ordered may be received "
                + "(overReceiptPercent in the settings)."
        );

    /// <param name="deliveries">The deliveries of the order, in words.</param>
    public static Refusal DeliveryRequired(PurchaseOrder order, IEnumerable<string> deliveries) =>
        Refusal.Invalid("delivery", $"is required: the order {order.Code} has the deliveries {string.Join(", ", deliveries)}");
}
