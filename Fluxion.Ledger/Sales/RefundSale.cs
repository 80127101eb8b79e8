using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Sales;

/// <summary>Gives back some or all of the money that was paid for an invoice.</summary>
[Example("""{"amount":0.50,"method":"cash","reference":"NC-17","reason":"Damaged"}""")]
public sealed record RefundSale(
    [property: Description("Greater than 0, at most 2 decimals, and not more than was paid and has not been given back")] decimal Amount,
    [property: Description("How it is given back, whatever it was paid by: cash, card, transfer, check or credit")] string Method,
    [property: Description(
        "The number of the transfer, check, …; a refund by a method has one of its own in the sale (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description("Why, for the audit trail")] string? Reason = null,
    [property: Description("When, with its offset from UTC and not before the money was paid; now when left out")]
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
    [EndpointSummary("Give money back that was paid for an invoice; it may be partial, and there may be several")]
    [EndpointDescription(
        "After a return openAmount, below 0 then, says what the client is to get back; it is 0 once that is given. Goods need not have come back: what is given back is open again. Refused: 404 for a sale that does not exist, 403 for a store that is not yours, 409 when nothing is held of what was paid, more is given back than is held, or a refund of the sale by this method has the reference already (see existing), 400 for a moment before the money was paid."
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
