using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Some or all of an invoice is paid.</summary>
[Example("""{"amount":1.50,"method":"card","reference":"VOUCHER-123"}""")]
public sealed record PaySale(
    [property: Description("Amount paid: greater than 0, at most 2 decimals, not more than the open amount")] decimal Amount,
    [property: Description("Payment method: cash, card, transfer, check or credit")] string Method,
    [property: Description(
        "Number of the transfer, check, …; " + "unique among the payments of the sale by this method (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description("Time of the payment, with offset from UTC; not before the sale. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence
{
    public sealed class Validator : AbstractValidator<PaySale>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Amount)
                .Must(a => a > 0 && Quantities.HasDecimals(a, 2))
                .WithMessage("must be greater than 0, with at most 2 decimals");
            RuleFor(c => c.Method).OneOf(PaymentMethods.All);
            RuleFor(c => c.Reference).SingleLine(100);
            this.Occurrence(clock);
        }
    }
}

public static class PaySaleEndpoint
{
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(PaySale command, LockedSale locked, Occurrence occurred, DateTimeOffset now)
    {
        var sale = locked.Sale;
        if (SaleRefusals.WrongState(sale, "pay") is { } wrongState)
            return wrongState;
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the sale", sale.OccurredAt);
        if (command.Amount > sale.BalanceDue)
            return SaleRefusals.PaidTooMuch(sale, command.Amount);
        if (locked.RefuseReference("payment", command.Method, command.Reference) is { } taken)
            return taken;
        return Decision.Accept(
            DocumentEvents.Of<Sale>(
                sale.Id,
                new PaymentReceived(command.Amount, command.Method, Codes.NumberOrNull(command.Reference), occurred.At(now))
            )
        );
    }

    [WolverinePost("/api/{tenant}/sales/{id}/payments", Name = "Pay sale"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Take a payment for an invoice")]
    [EndpointDescription(
        "A payment may be partial, and an invoice may have several. "
            + SaleRefusals.Description
            + "409: no open amount, a payment above the open amount, "
            + "or a reference that another payment of the sale by this method has (see existing); "
            + "400: a time before the sale."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Post(string id, PaySale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, ct);
                if (locked is null)
                    return problem!;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, locked.Sale.OccurredAt);
                return ledger.Append(
                    Decide(command, locked, occurred, ledger.Now),
                    stock => Reply.Ok(SaleReceipt.From(ledger.State<Sale>(locked.Sale.Id), stock, occurred.At(ledger.Now)))
                );
            }
        );
}
