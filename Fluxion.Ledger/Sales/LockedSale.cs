using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;

namespace Fluxion.Ledger.Sales;

/// <summary>Money that went in or out by one method.</summary>
public sealed record MoneyByMethod(string Method, decimal Amount);

/// <summary>A sale under its lock, with its payments and refunds in the order recorded, each with the id of its event.</summary>
public sealed record LockedSale(Sale Sale, IReadOnlyList<(Guid Id, object Data)> History, TenantSettings? Settings)
{
    private IEnumerable<PaymentReceived> Payments => History.Select(e => e.Data).OfType<PaymentReceived>();
    private IEnumerable<PaymentRefunded> Refunds => History.Select(e => e.Data).OfType<PaymentRefunded>();

    /// <summary>The sale that a command is for, or why the command cannot be.</summary>
    public static async Task<(LockedSale? Sale, Refusal? Problem)> Lock(LedgerSession ledger, string id, string command, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var guid)) return (null, NotFound.Problem("sale", "id", id));
        var history = ledger.EventsWithNextLock(guid, typeof(PaymentReceived), typeof(PaymentRefunded));
        var settings = ledger.ReadWithNextLock<TenantSettings>(ledger.Tenant.Id);
        if (await ledger.Lock<Sale>(guid, ct) is not { } sale) return (null, NotFound.Problem("sale", "id", id));
        if (!ledger.Caller.MayUse(sale.StoreId)) return (null, Refusal.Forbidden("The sale is of a store that is not yours."));
        return Refusal.WrongState("sale", sale.Status, command, Sale.Allowed) is { } problem
            ? (null, problem)
            : (new LockedSale(sale, history.Value, settings.Value), null);
    }

    /// <summary>409 when a payment by this method, or a refund, has the reference already: within a sale it names one.</summary>
    public Refusal? RefuseReference(string what, string method, string? reference)
    {
        var known = History.Where(e => e.Data switch
        {
            PaymentReceived paid => what == "payment" && paid.Method == method,
            PaymentRefunded refunded => what == "refund" && refunded.Method == method,
            _ => false,
        }).Select(e => (e.Data is PaymentReceived paid ? paid.Reference : ((PaymentRefunded)e.Data).Reference, e.Id));
        return UniqueReference.Refuse(Settings, reference, known,
            wanted => $"The invoice '{Sale.InvoiceNumber}' has a {what} by {method} with the reference '{wanted}' already.");
    }

    /// <summary>
    /// When the client had paid as much as is given back in all once <paramref name="amount"/> more is: a refund does not come before the money.
    /// </summary>
    public DateTimeOffset? PaidBy(decimal amount)
    {
        var sum = 0m;
        foreach (var payment in Payments.OrderBy(payment => payment.OccurredAt))
        {
            sum += payment.Amount;
            if (sum >= Sale.Refunded + amount) return payment.OccurredAt;
        }
        return null;
    }

    /// <summary>How all that is held is given back: by <paramref name="method"/>, or by the methods by which it was paid, in the order of the payments.</summary>
    public IReadOnlyList<MoneyByMethod> RefundsOf(string? method)
    {
        if (Sale.AmountHeld == 0) return [];
        if (method is not null) return [new MoneyByMethod(method, Sale.AmountHeld)];
        var (refunded, rest, back) = (Refunds.ToLookup(refund => refund.Method, refund => refund.Amount), Sale.AmountHeld, new List<MoneyByMethod>());
        foreach (var paid in Payments.GroupBy(payment => payment.Method, payment => payment.Amount))
        {
            var amount = Math.Min(rest, paid.Sum() - refunded[paid.Key].Sum());
            if (amount <= 0) continue;
            back.Add(new MoneyByMethod(paid.Key, amount));
            rest -= amount;
        }
        return back;
    }
}
