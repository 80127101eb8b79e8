using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Gives back some or all of the money that was paid for an invoice.</summary>
[Example("""{"amount":0.50,"method":"cash","reference":"NC-17","reason":"Damaged"}""")]
public sealed record RefundSale(
    [property: Description("Amount given back: greater than 0, at most 2 decimals, not more than was paid and not yet given back")]
        decimal Amount,
    [property: Description("Method of the refund, independent of the payments: cash, card, transfer, check or credit")] string Method,
    [property: Description(
        "Number of the transfer, check, …; " + "unique among the refunds of the sale by this method (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description(Reasons.Description)] string? Reason = null,
    [property: Description("Time of the refund, with offset from UTC; not before the money was paid. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence
{
    public sealed class Validator : AbstractValidator<RefundSale>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Amount)
                .Must(a => a > 0 && Quantities.HasDecimals(a, 2))
                .WithMessage("must be greater than 0, with at most 2 decimals");
            RuleFor(c => c.Method).OneOf(PaymentMethods.All);
            RuleFor(c => c.Reference).SingleLine(100);
            RuleFor(c => c.Reason).SingleLine(200);
            this.Occurrence(clock);
        }
    }
}

public static class RefundSaleEndpoint
{
    /// <param name="occurred">Its cause is the payment that covers the amount: see <see cref="LockedSale.PaidBy"/>.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(RefundSale command, LockedSale locked, Occurrence occurred, DateTimeOffset now)
    {
        var sale = locked.Sale;
        if (SaleRefusals.WrongState(sale, "refund") is { } wrongState)
            return wrongState;
        if (command.Amount > sale.AmountHeld)
            return SaleRefusals.RefundedTooMuch(sale, command.Amount);
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the money was paid", occurred.NotBefore!.Value);
        if (locked.RefuseReference("refund", command.Method, command.Reference) is { } taken)
            return taken;
        return Decision.Accept(
            DocumentEvents.Of<Sale>(
                sale.Id,
                new PaymentRefunded(command.Amount, command.Method, Codes.NumberOrNull(command.Reference), command.Reason, occurred.At(now))
            )
        );
    }

    [WolverinePost("/api/{tenant}/sales/{id}/refunds", Name = "Refund sale"), Authorize(Roles.Manager), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Give back money paid for an invoice")]
    [EndpointDescription(
        "A refund may be partial, and an invoice may have several. "
            + "After a return, an openAmount below 0 is the amount owed to the client; it is 0 after the refund. "
            + "Money may also be given back without returned goods: that amount is open again. "
            + SaleRefusals.Description
            + "409: no money held, a refund above the money held, "
            + "or a reference that another refund of the sale by this method has (see existing); "
            + "400: a time before the money was paid."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Post(string id, RefundSale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, ct);
                if (locked is null)
                    return problem!;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, locked.PaidBy(command.Amount));
                return ledger.Append(
                    Decide(command, locked, occurred, ledger.Now),
                    stock =>
                        Reply.Ok(
                            SaleReceipt.From(
                                ledger.State<Sale>(locked.Sale.Id),
                                stock,
                                occurred.At(ledger.Now),
                                [new MoneyByMethod(command.Method, command.Amount)]
                            )
                        )
                );
            }
        );
}
