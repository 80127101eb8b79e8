namespace Fluxion.Ledger.Stock;

/// <summary>The refusals of commands that move or reserve stock.</summary>
public static class StockRefusals
{
    /// <summary>The common part of the descriptions of the commands.</summary>
    public const string Description = "Refused with 404: an unknown store or sku; 403: a store that is not yours; ";

    public static Refusal NotEnough(IReadOnlyList<Shortage> shortages) =>
        Refusal.Conflict("Not enough stock", "Nothing was moved. The field shortages has the available quantity of each product.") with
        {
            Shortages = shortages,
        };

    public static Refusal StoreNotAllowed(string reference) => Refusal.Forbidden(StoreNotAllowedMessage(reference));

    /// <param name="reference">
    /// The store as the client named it. A client who sends the id of a store that is not his must not learn its code.
    /// </param>
    public static string StoreNotAllowedMessage(string reference) => $"You may not move stock of the store {Refusal.Shorten(reference)}.";

    public static Refusal StoreDeactivated(string reference) => Refusal.Conflict("Store deactivated", StoreDeactivatedMessage(reference));

    /// <inheritdoc cref="StoreNotAllowedMessage" path="/param"/>
    public static string StoreDeactivatedMessage(string reference) =>
        $"The store {Refusal.Shorten(reference)} is deactivated: its stock does not move.";

    /// <param name="errors">The unknown products, by field.</param>
    public static Refusal ProductsNotFound(IReadOnlyDictionary<string, string[]> errors) =>
        Refusal.NotFound("Some products do not exist; see errors.", errors);

    public static Refusal ProductsDeactivated(IEnumerable<string> skus) =>
        Refusal.Conflict("Product deactivated", $"Inactive products cannot be received: {string.Join(", ", skus)}.");

    public static readonly Refusal ReservationNotYours = Refusal.Forbidden("The reservation holds stock of a store that is not yours.");

    /// <summary>The refusal of a command that the status of the reservation does not allow; else null.</summary>
    public static Refusal? WrongState(Reservation reservation, string command) =>
        Refusal.WrongState("reservation", reservation.Status, command, Reservation.Allowed);

    /// <summary>The refusal of a command that the status of the transfer does not allow; else null.</summary>
    public static Refusal? WrongState(Transfer transfer, string command) =>
        Refusal.WrongState("transfer", transfer.Status, command, Transfer.Allowed);

    public static readonly Refusal SendingStoreNotYours = Refusal.Forbidden("The transfer comes from a store that is not yours.");

    public static readonly Refusal ReceivingStoreNotYours = Refusal.Forbidden("The transfer goes to a store that is not yours.");

    public static Refusal MoreThanInTransit(IEnumerable<(string Sku, decimal Total, decimal InTransit)> lines) =>
        Refusal.Conflict("More than is in transit", $"Nothing was received: {string.Join("; ", lines.Select(Message))}.");

    private static string Message((string Sku, decimal Total, decimal InTransit) line) =>
        $"{Quantities.Format(line.InTransit)} of {line.Sku} are in transit, not {Quantities.Format(line.Total)}";
}
