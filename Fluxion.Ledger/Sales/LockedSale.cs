using Fluxion.Ledger.Tenancy;

namespace Fluxion.Ledger.Sales;

/// <summary>A locked sale, with its payments and refunds in the order recorded. Each has the id of its event.</summary>
public sealed record LockedSale(Sale Sale, IReadOnlyList<(Guid Id, object Data)> History, TenantSettings? Settings)
{
    private IEnumerable<PaymentReceived> Payments => History.Select(e => e.Data).OfType<PaymentReceived>();
    private IEnumerable<PaymentRefunded> Refunds => History.Select(e => e.Data).OfType<PaymentRefunded>();

    /// <summary>Locks the sale of a command, or returns the refusal when it does not exist or the caller may not use its store.</summary>
    public static async Task<(LockedSale? Sale, Refusal? Problem)> Lock(LedgerSession ledger, string id, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var guid))
            return (null, Refusal.NotFound("sale", "id", id));
        var history = ledger.EventsWithNextLock(guid, typeof(PaymentReceived), typeof(PaymentRefunded));
        var settings = ledger.ReadWithNextLock<TenantSettings>(ledger.Tenant.Id);
        if (await ledger.Lock<Sale>(guid, ct) is not { } sale)
            return (null, Refusal.NotFound("sale", "id", id));
        if (!ledger.Caller.MayUse(sale.StoreId))
            return (null, SaleRefusals.NotYours);
        return (new LockedSale(sale, history.Value, settings.Value), null);
    }

    /// <summary>
    /// 409 when a payment or a refund by this method already has the reference. Within a sale, a reference is unique among the payments
    /// by a method, and among the refunds by it.
    /// </summary>
    public Refusal? RefuseReference(string what, string method, string? reference)
    {
        var known = History
            .Where(e =>
                e.Data switch
                {
                    PaymentReceived paid => what == "payment" && paid.Method == method,
                    PaymentRefunded refunded => what == "refund" && refunded.Method == method,
                    _ => false,
                }
            )
            .Select(e => (e.Data is PaymentReceived paid ? paid.Reference : ((PaymentRefunded)e.Data).Reference, e.Id));
        return UniqueReference.Refuse(
            Settings,
            reference,
            known,
            wanted => $"The invoice '{Sale.InvoiceNumber}' already has a {what} by {method} with the reference '{wanted}'."
        );
    }

    /// <summary>
    /// The earliest time of a cancellation: the payment of the money that is given back, or the sale when no money is held.
    /// </summary>
    public DateTimeOffset? NotCancelledBefore => Sale.AmountHeld > 0 ? PaidBy(Sale.AmountHeld) : Sale.OccurredAt;

    /// <summary>
    /// The time at which payments first covered all refunds and <paramref name="amount"/> more. A refund must not occur before that
    /// payment. Null when the payments do not cover it.
    /// </summary>
    public DateTimeOffset? PaidBy(decimal amount)
    {
        var sum = 0m;
        foreach (var payment in Payments.OrderBy(payment => payment.OccurredAt))
        {
            sum += payment.Amount;
            if (sum >= Sale.Refunded + amount)
                return payment.OccurredAt;
        }
        return null;
    }

    /// <summary>
    /// The refunds that give back all money held: by <paramref name="method"/>, or by the methods of the payments in their order.
    /// </summary>
    public IReadOnlyList<MoneyByMethod> RefundsOf(string? method)
    {
        if (Sale.AmountHeld == 0)
            return [];
        if (method is not null)
            return [new MoneyByMethod(method, Sale.AmountHeld)];
        var (refunded, rest, back) = (
            Refunds.ToLookup(refund => refund.Method, refund => refund.Amount),
            Sale.AmountHeld,
            new List<MoneyByMethod>()
        );
        foreach (var paid in Payments.GroupBy(payment => payment.Method, payment => payment.Amount))
        {
            var amount = Math.Min(rest, paid.Sum() - refunded[paid.Key].Sum());
            if (amount <= 0)
                continue;
            back.Add(new MoneyByMethod(paid.Key, amount));
            rest -= amount;
        }
        return back;
    }
}
