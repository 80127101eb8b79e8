using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Some goods of an invoice come back at the cost that they left with, and are credited.</summary>
[Example("""{"lines":[{"lineNumber":1,"quantity":1}],"reason":"Damaged"}""")]
public sealed record ReturnGoods(
    IReadOnlyList<ReturnGoods.Line> Lines,
    [property: Description(Reasons.Description)] string? Reason = null,
    [property: Description("Time of the return, with offset from UTC; not before the sale. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence
{
    public sealed record Line(
        [property: Description("Number of the line in the sale, from 1: its lineNumber")] int LineNumber,
        [property: Description("Returned quantity: greater than 0, not more than was sold and has not come back yet")] decimal Quantity
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

public static class ReturnGoodsEndpoint
{
    /// <summary>Goods come back at the cost that they left with, and their price is credited.</summary>
    /// <param name="lockedStock">Stock of the lines, in their order; not read when the sale does not have one of the lines.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(
        ReturnGoods command,
        Sale sale,
        IReadOnlyList<LockedStock> lockedStock,
        Occurrence occurred,
        DateTimeOffset now
    )
    {
        if (SaleRefusals.WrongState(sale, "return") is { } wrongState)
            return wrongState;
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the sale", sale.OccurredAt);
        if (!HasLines(command, sale))
            return SaleRefusals.NoSuchLine(sale, command);
        var goods = Goods(command, sale);
        var returnedAfter = sale.ReturnedAfter(goods);
        var tooMuch = sale.Lines.Where((line, i) => returnedAfter[i] > line.Quantity).Select(line => line.Sku).ToList();
        if (tooMuch.Count > 0)
            return SaleRefusals.MoreThanWasSold(sale, tooMuch);
        var at = occurred.At(now);
        return SaleRestocking
            .Decide(sale, goods, lockedStock, command.Reason, at)
            .With(DocumentEvents.Of<Sale>(sale.Id, Event(sale, goods, command.Reason, at)));
    }

    /// <summary>The event of goods that come back, with their credit: see <see cref="LineAmount.Credit"/>.</summary>
    public static GoodsReturned Event(Sale sale, IReadOnlyList<ReturnedLine> goods, string? reason, DateTimeOffset at)
    {
        var credit = sale.Credit(sale.Returned, sale.ReturnedAfter(goods));
        var (subtotal, tax) = (credit.Sum(line => line.Net), credit.Sum(line => line.Tax));
        return new GoodsReturned(goods, subtotal, tax, subtotal + tax, reason, at);
    }

    /// <summary>The goods of the command; none when the sale does not have one of the lines.</summary>
    private static IReadOnlyList<ReturnedLine> Goods(ReturnGoods command, Sale sale) =>
        HasLines(command, sale) ? [.. command.Lines.Select(line => new ReturnedLine(line.LineNumber - 1, line.Quantity))] : [];

    private static bool HasLines(ReturnGoods command, Sale sale) => command.Lines.All(line => line.LineNumber <= sale.Lines.Count);

    [WolverinePost("/api/{tenant}/sales/{id}/returns", Name = "Return goods"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Take back goods of an invoice")]
    [EndpointDescription(
        "All lines or none. The goods return to stock at the cost that they left with, and their price is credited. "
            + "A separate refund gives back the money: an openAmount below 0 is the amount owed. "
            + SaleRefusals.Description
            + "409: a cancelled sale, or more than was sold and has not come back yet; "
            + "400: a line that the sale does not have, a fraction of a counted product, or a time before the sale."
    )]
    [ProducesResponseType<SaleReceipt>(200)]
    public static Task<IResult> Post(string id, ReturnGoods command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (locked, problem) = await LockedSale.Lock(ledger, id, ct);
                if (locked is null)
                    return problem!;
                var sale = locked.Sale;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, sale.OccurredAt);
                (var lockedStock, problem) = await SaleRestocking.Lock(ledger, sale, Goods(command, sale), occurred, ct);
                if (problem is not null)
                    return problem;
                return ledger.Append(
                    Decide(command, sale, lockedStock, occurred, ledger.Now),
                    stock => Reply.Ok(SaleReceipt.From(ledger.State<Sale>(sale.Id), stock, occurred.At(ledger.Now)))
                );
            }
        );
}
