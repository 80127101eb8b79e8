using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Sales;

/// <summary>The refusals of commands on sales.</summary>
public static class SaleRefusals
{
    public static readonly Refusal NotYours = Refusal.Forbidden("The sale is of a store that is not yours.");

    public static readonly Refusal PriceNeedsManager = Refusal.Forbidden(
        "A price or discount of your own takes the role manager. Leave unitPrice and discount out to sell at the catalog's price."
    );

    /// <summary>The refusal of a command that the status of the sale does not allow; else null.</summary>
    public static Refusal? WrongState(Sale sale, string command) => Refusal.WrongState("sale", sale.Status, command, Sale.Allowed);

    public static Refusal InvoiceNumberTaken(Store store, string invoiceNumber) =>
        Refusal.Conflict("Invoice number taken", $"There is an invoice '{invoiceNumber}' of the store {store.Code} already.");

    public static Refusal PosTransactionTaken(Store store, string posTransactionId) =>
        Refusal.Conflict(
            "Transaction taken",
            $"There is a sale of the store {store.Code} with the posTransactionId '{posTransactionId}' already."
        );

    /// <param name="lines">The lines below 0, by index.</param>
    public static Refusal DiscountAboveLine(IEnumerable<int> lines) =>
        Refusal.Invalid(lines.ToDictionary(i => $"lines[{i}].discount", _ => (string[])["must not be more than the line comes to"]));

    /// <param name="what">The goods that it does not hold, in words.</param>
    /// <param name="store">The store as the client named it.</param>
    public static Refusal NothingHeld(Reservation reservation, string what, string store) =>
        Refusal.Conflict(
            "Nothing held",
            $"The reservation '{reservation.Reference}' holds {what} in the store {Refusal.Shorten(store)}: sell without it."
        );

    public static Refusal PaidTooMuch(Sale sale, decimal amount) =>
        Refusal.Conflict("Paid too much", $"{sale.BalanceDue:0.00} of the invoice '{sale.InvoiceNumber}' is open, not {amount:0.00}.");

    public static Refusal RefundedTooMuch(Sale sale, decimal amount) =>
        Refusal.Conflict(
            "Refunded too much",
            $"{sale.AmountHeld:0.00} of what was paid for the invoice '{sale.InvoiceNumber}' can be given back, not {amount:0.00}."
        );

    public static Refusal GoodsWereReturned(Sale sale) =>
        Refusal.Conflict("Goods were returned", $"Some of the invoice '{sale.InvoiceNumber}' was returned: return the rest instead.");

    public static Refusal NoSuchLine(Sale sale, ReturnGoods command) =>
        Refusal.Invalid(
            command
                .Lines.Index()
                .Where(line => line.Item.LineNumber > sale.Lines.Count)
                .ToDictionary(line => $"lines[{line.Index}].lineNumber", _ => (string[])[$"The sale has {sale.Lines.Count} lines."])
        );

    public static Refusal MoreThanWasSold(Sale sale, IEnumerable<string> skus) =>
        Refusal.Conflict(
            "More than was sold",
            $"More comes back of {string.Join(", ", skus)} than was sold on the invoice '{sale.InvoiceNumber}' and is still out."
        );
}
