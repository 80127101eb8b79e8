using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Voids an invoice: all its goods come back at the cost that they left with, and the money paid is given back.</summary>
[Example("""{"reason":"The client changed his mind"}""")]
public sealed record CancelSale(
    [property: Description(Reasons.Description)] string Reason,
    [property: Description("Time of the cancellation, with offset from UTC; not before the sale or its last payment. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null,
    [property: Description("Method of the refund: cash, card, transfer, check or credit. Default: the methods of the payments")]
        string? RefundMethod = null
) : IOccurrence
{
    public sealed class Validator : AbstractValidator<CancelSale>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Reason).RequiredLine(200);
            RuleFor(c => c.RefundMethod!).OneOf(PaymentMethods.All).When(c => c.RefundMethod is not null);
            this.Occurrence(clock);
        }
    }
}

public static class CancelSaleEndpoint
{
    /// <summary>All goods come back at the cost that they left with, and all money held is given back.</summary>
    /// <param name="lockedStock">Stock of the lines, in their order.</param>
    /// <param name="occurred">Its cause is <see cref="LockedSale.NotCancelledBefore"/>.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(
        CancelSale command,
        LockedSale locked,
        IReadOnlyList<LockedStock> lockedStock,
        Occurrence occurred,
        DateTimeOffset now
    )
    {
        var sale = locked.Sale;
        if (SaleRefusals.WrongState(sale, "cancel") is { } wrongState)
            return wrongState;
        if (sale.Returned.Any(returned => returned > 0))
            return SaleRefusals.GoodsWereReturned(sale);
        // the next check covers this one as well; its message would name the payment
        if (occurred.OccurredAt < sale.OccurredAt)
            return Refusal.BeforeCause("the sale", sale.OccurredAt);
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the payment that is refunded", occurred.NotBefore!.Value);
        var at = occurred.At(now);
        return SaleRestocking
            .Decide(sale, sale.AllGoods, lockedStock, command.Reason, at)
            .With(
                DocumentEvents.Of<Sale>(
                    sale.Id,
                    [
                        .. locked
                            .RefundsOf(command.RefundMethod)
                            .Select(refund => new PaymentRefunded(refund.Amount, refund.Method, null, command.Reason, at)),
                        new SaleCancelled(command.Reason, Refund: sale.AmountHeld, at),
                    ]
                )
            );
    }

    [WolverinePost("/api/{tenant}/sales/{id}/cancel", Name = "Cancel sale"), Authorize(Roles.Manager), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Cancel a sale, return its goods to stock and give back its money")]
    [EndpointDescription(
        "The goods return to stock at the cost that they left with. "
            + "The money still held is given back at once, by refundMethod or by the methods of the payments. "
            + "refunds in the answer lists it. "
            + SaleRefusals.Description
            + "409: a sale that is cancelled or has returned goods; 400: a time before the sale or its last payment."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Post(string id, CancelSale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, ct);
                if (locked is null)
                    return problem!;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, locked.NotCancelledBefore);
                (var lockedStock, problem) = await SaleRestocking.Lock(ledger, locked.Sale, locked.Sale.AllGoods, occurred, ct);
                if (problem is not null)
                    return problem;
                return ledger.Append(
                    Decide(command, locked, lockedStock, occurred, ledger.Now),
                    stock =>
                        Reply.Ok(
                            SaleReceipt.From(
                                ledger.State<Sale>(locked.Sale.Id),
                                stock,
                                occurred.At(ledger.Now),
                                locked.RefundsOf(command.RefundMethod)
                            )
                        )
                );
            }
        );
}
