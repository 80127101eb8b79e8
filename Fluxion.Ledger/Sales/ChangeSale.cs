using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Sales;

/// <summary>Some or all of an invoice is paid.</summary>
[Example("""{"amount":1.50,"method":"card","reference":"VOUCHER-123"}""")]
public sealed record PaySale(
    [property: Description("Greater than 0, at most 2 decimals, and not more than what is open")] decimal Amount,
    [property: Description("cash, card, transfer, check or credit")] string Method,
    [property: Description(
        "The number of the transfer, check, …; a payment by a method has one of its own in the sale (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description("When it was paid, with its offset from UTC; now when left out")] DateTimeOffset? OccurredAt = null,
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

/// <summary>Voids an invoice: all its goods come back at the cost that they left with, and the money paid is given back.</summary>
[Example("""{"reason":"The client changed his mind"}""")]
public sealed record CancelSale(
    [property: Description("Why, for the audit trail")] string Reason,
    [property: Description("When, with its offset from UTC and not before the sale or its last payment; now when left out")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null,
    [property: Description("How the money is given back: cash, card, transfer, check or credit; as it was paid when left out")]
        string? RefundMethod = null
) : IOccurrence
{
    public sealed class Validator : AbstractValidator<CancelSale>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Reason).Name();
            RuleFor(c => c.RefundMethod!).OneOf(PaymentMethods.All).When(c => c.RefundMethod is not null);
            this.Occurrence(clock);
        }
    }
}

/// <summary>Some goods of an invoice come back at the cost that they left with, and are credited.</summary>
[Example("""{"lines":[{"lineNumber":1,"quantity":1}],"reason":"Damaged"}""")]
public sealed record ReturnGoods(
    IReadOnlyList<ReturnGoods.Line> Lines,
    [property: Description("Why, for the audit trail")] string? Reason = null,
    [property: Description("When, with its offset from UTC and not before the sale; now when left out")] DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence
{
    public sealed record Line(
        [property: Description("The place of the line in the sale, from 1, as its lineNumber")] int LineNumber,
        [property: Description("Greater than 0, and not more than was sold and has not come back")] decimal Quantity
    );

    public sealed class Validator : AbstractValidator<ReturnGoods>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(
                c => c.Lines,
                line =>
                {
                    line.RuleFor(l => l.LineNumber).GreaterThan(0).WithMessage("must be a whole number from 1");
                    line.RuleFor(l => l.Quantity).Positive();
                }
            );
            RuleFor(c => c.Reason).SingleLine(200);
            this.Occurrence(clock);
        }
    }
}

/// <summary>Commands on a recorded sale. Each locks the sale first, then the stock that it moves.</summary>
public static class ChangeSaleEndpoints
{
    [WolverinePost("/api/{tenant}/sales/{id}/payments", Name = "Pay sale"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Take a payment for an invoice; it may be partial, and there may be several")]
    [EndpointDescription(
        "Refused: 404 for a sale that does not exist, 403 for a store that is not yours, 409 when nothing of the sale is open or more is paid than is, or a payment of the sale by this method has the reference already (see existing)."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Pay(string id, PaySale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, "pay", ct);
                if (locked is null)
                    return problem!;
                var sale = locked.Sale;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, sale.OccurredAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the sale", sale.OccurredAt);
                if (command.Amount > sale.BalanceDue)
                    return Refusal.Conflict(
                        "Paid too much",
                        $"{sale.BalanceDue:0.00} of the invoice '{sale.InvoiceNumber}' is open, not {command.Amount:0.00}."
                    );
                if (locked.RefuseReference("payment", command.Method, command.Reference) is { } taken)
                    return taken;
                var at = occurred.At(ledger.Now);
                sale = ledger.Append<Sale>(
                    sale.Id,
                    new PaymentReceived(command.Amount, command.Method, Codes.NumberOrNull(command.Reference), at)
                );
                return Reply.Ok(SaleReceipt.From(sale, StockOutcome.Nothing, at));
            }
        );

    [WolverinePost("/api/{tenant}/sales/{id}/cancel", Name = "Cancel sale"), Authorize(Roles.Manager), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Void an invoice: its goods are back in stock at the cost that they left with, and its money is given back")]
    [EndpointDescription(
        "What was paid and has not been given back yet is given back at once, by refundMethod or as it was paid; refunds of the answer say how. Refused: 404 for a sale that does not exist, 403 for a store that is not yours, 409 when the sale is cancelled already or some of it was returned, 400 for a moment before the sale or its last payment."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Cancel(string id, CancelSale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, "cancel", ct);
                if (locked is null)
                    return problem!;
                var sale = locked.Sale;
                if (sale.Returned.Any(returned => returned > 0))
                    return Refusal.Conflict(
                        "Goods were returned",
                        $"Some of the invoice '{sale.InvoiceNumber}' was returned: return the rest instead."
                    );
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, sale.OccurredAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the sale", sale.OccurredAt);
                if (sale.AmountHeld > 0)
                    occurred = occurred with { NotBefore = locked.PaidBy(sale.AmountHeld) };
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the money was paid that is given back", occurred.NotBefore!.Value);
                var (outcome, at, refusal) = await Restock(
                    ledger,
                    sale,
                    [.. sale.Lines.Select((line, i) => new ReturnedLine(i, line.Quantity))],
                    command.Reason,
                    occurred,
                    ct
                );
                if (refusal is not null)
                    return refusal;
                var refunds = locked.RefundsOf(command.RefundMethod);
                sale = ledger.Append<Sale>(
                    sale.Id,
                    [
                        .. refunds.Select(refund => new PaymentRefunded(refund.Amount, refund.Method, null, command.Reason, at)),
                        new SaleCancelled(command.Reason, sale.AmountHeld, at),
                    ]
                );
                return Reply.Ok(SaleReceipt.From(sale, outcome, at, refunds));
            }
        );

    [WolverinePost("/api/{tenant}/sales/{id}/returns", Name = "Return goods"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Take goods of an invoice back: in stock again at the cost that they left with, and credited")]
    [EndpointDescription(
        "All lines or none. Money is given back by a refund of its own: openAmount below 0 says how much. Refused: 404 for a sale that does not exist, 403 for a store that is not yours, 409 when the sale is cancelled or more comes back than was sold and is still out, 400 for a line that the sale does not have, a fraction of what is counted, or a moment before the sale."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Return(string id, ReturnGoods command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, "return", ct);
                if (locked is null)
                    return problem!;
                var sale = locked.Sale;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, sale.OccurredAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the sale", sale.OccurredAt);
                var (returned, refused) = Decide(sale, command, occurred.At(ledger.Now));
                if (returned is null)
                    return refused!;
                var (outcome, at, refusal) = await Restock(ledger, sale, returned.Lines, command.Reason, occurred, ct);
                if (refusal is not null)
                    return refusal;
                sale = ledger.Append<Sale>(sale.Id, returned with { OccurredAt = at });
                return Reply.Ok(SaleReceipt.From(sale, outcome, at));
            }
        );

    /// <summary>Decides on the goods that come back and on their credit: see <see cref="LineAmount.Credit"/>.</summary>
    public static (GoodsReturned? Returned, Refusal? Problem) Decide(Sale sale, ReturnGoods command, DateTimeOffset at)
    {
        var wrong = new Dictionary<string, string[]>();
        var returned = sale.Returned.ToArray();
        for (var i = 0; i < command.Lines.Count; i++)
        {
            var (line, quantity) = (command.Lines[i].LineNumber - 1, command.Lines[i].Quantity);
            if (line >= sale.Lines.Count)
                wrong[$"lines[{i}].lineNumber"] = [$"The sale has {sale.Lines.Count} lines."];
            else
                returned[line] += quantity;
        }
        if (wrong.Count > 0)
            return (null, Refusal.Invalid(wrong));
        var tooMuch = sale.Lines.Where((line, i) => returned[i] > line.Quantity).Select(line => line.Sku).ToList();
        if (tooMuch.Count > 0)
            return (
                null,
                Refusal.Conflict(
                    "More than was sold",
                    $"More comes back of {string.Join(", ", tooMuch)} than was sold on the invoice '{sale.InvoiceNumber}' and is still out."
                )
            );
        var credit = sale.Credit(sale.Returned, returned);
        var (subtotal, tax) = (credit.Sum(line => line.Net), credit.Sum(line => line.Tax));
        return (
            new GoodsReturned(
                [.. command.Lines.Select(l => new ReturnedLine(l.LineNumber - 1, l.Quantity))],
                subtotal,
                tax,
                subtotal + tax,
                command.Reason,
                at
            ),
            null
        );
    }

    private static async Task<(StockOutcome Outcome, DateTimeOffset At, Refusal? Refusal)> Restock(
        LedgerSession ledger,
        Sale sale,
        IReadOnlyList<ReturnedLine> lines,
        string? reason,
        Occurrence occurred,
        CancellationToken ct
    )
    {
        var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
            ledger,
            [
                .. lines.Select(
                    (line, i) =>
                        new StockRequest(
                            sale.StoreId.ToString(),
                            sale.Lines[line.Line].ProductId.ToString(),
                            line.Quantity,
                            IsInbound: false,
                            QuantityField: $"lines[{i}].quantity",
                            CompletesDocument: true
                        )
                ),
            ],
            occurred,
            ct
        );
        if (problem is not null)
            return (StockOutcome.Nothing, default, problem);
        var document = new StockDocument(sale.Id, sale.InvoiceNumber, reason, at);
        var (outcome, refusal) = StockLedger.Append(
            ledger,
            lockedStock,
            StockDecider.Decide(
                lockedStock,
                lines,
                (locked, line, _) =>
                    new StockReturned(locked.Store.Id, locked.Product.Id, line.Quantity, document)
                    {
                        UnitCost = sale.Lines[line.Line].UnitCost,
                    }
            )
        );
        return (outcome, at, refusal);
    }
}
