using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Sales;

/// <summary>The refusals of commands on sales.</summary>
public static class SaleRefusals
{
    /// <summary>The common part of the descriptions of the commands.</summary>
    public const string Description = "Refused with 404: an unknown sale; 403: a store that is not yours; ";

    public static readonly Refusal NotYours = Refusal.Forbidden("The sale belongs to a store that is not yours.");

    public static readonly Refusal PriceNeedsManager = Refusal.Forbidden(
        "A price or discount in a sale requires the role manager. Leave unitPrice and discount out to sell at the catalog's price."
    );

    /// <summary>The refusal of a command that the status of the sale does not allow; else null.</summary>
    public static Refusal? WrongState(Sale sale, string command) => Refusal.WrongState("sale", sale.Status, command, Sale.Allowed);

    public static Refusal InvoiceNumberTaken(Store store, string invoiceNumber) =>
        Refusal.Conflict("Invoice number taken", $"The store {store.Code} already has an invoice '{invoiceNumber}'.");

    public static Refusal PosTransactionTaken(Store store, string posTransactionId) =>
        Refusal.Conflict("Transaction taken", $"The store {store.Code} already has a sale with the posTransactionId '{posTransactionId}'.");

    /// <param name="lines">The lines below 0, by index.</param>
    public static Refusal DiscountAboveLine(IEnumerable<int> lines) =>
        Refusal.Invalid(lines.ToDictionary(i => $"lines[{i}].discount", _ => (string[])["must not be more than the line comes to"]));

    /// <param name="what">The goods that it does not hold, in words.</param>
    /// <param name="store">The store as the client named it.</param>
    public static Refusal NothingHeld(Reservation reservation, string what, string store) =>
        Refusal.Conflict(
            "Nothing held",
            $"The reservation '{reservation.Reference}' holds {what} in the store {Refusal.Shorten(store)}. Record the sale without it."
        );

    public static Refusal PaidTooMuch(Sale sale, decimal amount) =>
        Refusal.Conflict(
            "Paid too much",
            $"The open amount of the invoice '{sale.InvoiceNumber}' is {sale.BalanceDue:0.00}, not {amount:0.00}."
        );

    public static Refusal RefundedTooMuch(Sale sale, decimal amount) =>
        Refusal.Conflict(
            "Refunded too much",
            $"At most {sale.AmountHeld:0.00} can be given back for the invoice '{sale.InvoiceNumber}', not {amount:0.00}."
        );

    public static Refusal GoodsWereReturned(Sale sale) =>
        Refusal.Conflict(
            "Goods were returned",
            $"Goods of the invoice '{sale.InvoiceNumber}' have come back already. Return the rest instead."
        );

    public static Refusal NoSuchLine(Sale sale, ReturnGoods command) =>
        Refusal.Invalid(
            command
                .Lines.Index()
                .Where(line => line.Item.LineNumber > sale.Lines.Count)
                .ToDictionary(
                    line => $"lines[{line.Index}].lineNumber",
                    _ => (string[])[$"must be at most {sale.Lines.Count}, the number of lines"]
                )
        );

    public static Refusal MoreThanWasSold(Sale sale, IEnumerable<string> skus) =>
        Refusal.Conflict(
            "More than was sold",
            $"The return has more of {string.Join(", ", skus)} than was sold on the invoice '{sale.InvoiceNumber}' "
                + "and has not come back yet."
        );
}
