using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods in transit arrive, in part or in full, intact or not.</summary>
[Example(
    """{"lines":[{"sku":"LAC001","received":1,"damaged":1},{"sku":"QUE001","received":0.375,"lost":0.125}],"notes":"One carton was wet"}"""
)]
public sealed record ReceiveTransfer(
    [property: Description("Each product once. A product that is left out has not arrived yet")] IReadOnlyList<ReceiveTransfer.Line> Lines,
    [property: Description("Time of arrival, with offset from UTC; not before the goods left. Default: now")]
        DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<ReceiveTransfer, ReceiveTransfer.Line>
{
    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description("Quantity that arrived intact, at most 3 decimals; whole numbers for counted products. Default: 0")]
            decimal Received = 0,
        [property: Description("Quantity that was sent and did not arrive; written off in the receiving store. Default: 0")]
            decimal Lost = 0,
        [property: Description("Quantity that arrived and is unusable; written off in the receiving store. Default: 0")]
            decimal Damaged = 0,
        [property: TextFormat(ProductBarcode.Format), Description(ProductLines.BarcodeDescription)] string? Barcode = null
    ) : IProductLine<Line>
    {
        IEnumerable<(string Field, decimal Quantity)> IProductLine.Quantities =>
            [("received", Received), ("lost", Lost), ("damaged", Damaged)];

        public Line InUnits(string sku, decimal packQuantity) =>
            this with
            {
                Sku = sku,
                Barcode = null,
                Received = Received * packQuantity,
                Lost = Lost * packQuantity,
                Damaged = Damaged * packQuantity,
            };
    }

    public ReceiveTransfer With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReceiveTransfer>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(
                c => c.Lines,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Received).StockLevel();
                    line.RuleFor(l => l.Lost).StockLevel();
                    line.RuleFor(l => l.Damaged).StockLevel();
                    line.RuleFor(l => l.Received)
                        .Must((l, _) => l.Received != 0 || l.Lost != 0 || l.Damaged != 0)
                        .WithMessage("must be greater than 0, or lost or damaged must be");
                }
            );
            RuleFor(c => c.Notes).MaxLength(1000);
            this.Occurrence(clock);
        }
    }
}

public static class ReceiveTransferEndpoint
{
    /// <summary>All goods come in at the cost that they left with. Lost or damaged goods are then written off at that cost.</summary>
    /// <param name="lockedStock">Stock of the receiving store: one for each line.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(
        ReceiveTransfer command,
        Transfer transfer,
        IReadOnlyList<LockedStock> lockedStock,
        Occurrence occurred,
        DateTimeOffset now
    )
    {
        if (StockRefusals.WrongState(transfer, "receive") is { } wrongState)
            return wrongState;
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the goods left", transfer.OccurredAt);
        if (QuantityErrors(command, lockedStock) is { Count: > 0 } errors)
            return Refusal.Invalid(errors);
        if (StockDocumentRules.DuplicateProducts(lockedStock.Select(locked => locked.Product)) is { Count: > 0 } duplicates)
            return Refusal.Invalid(duplicates);
        var lines = command.Lines.Zip(
            lockedStock,
            (line, locked) => new ArrivedLine(locked.Product.Id, line.Received, line.Lost, line.Damaged)
        );
        var received = new TransferReceived([.. lines], command.Notes, occurred.At(now));
        if (RefuseTooMuch(transfer, received, lockedStock) is { } tooMuch)
            return tooMuch;
        var document = new StockDocument(transfer.Id, transfer.Reference, command.Notes, received.OccurredAt);
        return StockDecider
            .Decide(lockedStock, received.Lines.Zip(lockedStock).SelectMany(pair => Steps(transfer, pair.First, pair.Second, document)))
            .With(DocumentEvents.Of<Transfer>(transfer.Id, received));
    }

    private static Dictionary<string, string[]> QuantityErrors(ReceiveTransfer command, IReadOnlyList<LockedStock> lockedStock)
    {
        var errors = new Dictionary<string, string[]>();
        foreach (var (i, (line, locked)) in command.Lines.Zip(lockedStock).Index())
        foreach (var (field, quantity) in ((IProductLine)line).Quantities)
            if (locked.Product.QuantityError(quantity) is { } error)
                errors[$"lines[{i}].{field}"] = [error];
        return errors;
    }

    private static IEnumerable<StockStep> Steps(Transfer transfer, ArrivedLine line, LockedStock locked, StockDocument document)
    {
        var (store, product) = (locked.Store.Id, locked.Product.Id);
        var cost = transfer.Lines.First(sent => sent.ProductId == line.ProductId).UnitCost;
        yield return new(locked, _ => new StockArrived(store, product, line.Total, document, line.Lost + line.Damaged) { UnitCost = cost });
        if (line.Lost > 0)
            yield return WriteOff(line.Lost, "loss");
        if (line.Damaged > 0)
            yield return WriteOff(line.Damaged, "damage");

        StockStep WriteOff(decimal quantity, string reason) =>
            new(locked, _ => new StockAdjusted(store, product, -quantity, reason, document) { UnitCost = cost });
    }

    private static Refusal? RefuseTooMuch(Transfer transfer, TransferReceived received, IReadOnlyList<LockedStock> lockedStock)
    {
        var inTransit = transfer.Lines.ToDictionary(sent => sent.ProductId, sent => sent.InTransit);
        var tooMuch = received
            .Lines.Zip(lockedStock)
            .Select(l => (Sku: l.Second.Product.Code, l.First.Total, InTransit: inTransit.GetValueOrDefault(l.First.ProductId)))
            .Where(l => l.Total > l.InTransit)
            .ToList();
        return tooMuch.Count == 0 ? null : StockRefusals.MoreThanInTransit(tooMuch);
    }

    [
        WolverinePost("/api/{tenant}/stock/transfers/{id}/receipts", Name = "Receive transfer"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Receive goods of a transfer, and record losses and damage")]
    [EndpointDescription(
        "All lines or none. A transfer may have several receipts, until nothing is in transit. "
            + "Refused with 404: an unknown transfer or sku; 403: a receiving store that is not yours; "
            + "409: a transfer that is received or cancelled, or more of a product than is in transit; "
            + "400: a product on two lines, a fraction of a counted product, or a time before the goods left."
    )]
    [ProducesResponseType<TransferReceipt>(200)]
    public static Task<IResult> Post(string id, ReceiveTransfer command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                var (transfer, problem) = await Transfers.Lock(ledger, id, ct);
                if (transfer is null)
                    return problem!;
                if (!ledger.Caller.MayUse(transfer.ToStoreId))
                    return StockRefusals.ReceivingStoreNotYours;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, transfer.OccurredAt);
                (var lockedStock, var at, problem) = await StockLedger.ResolveAndLock(ledger, Requests(command, transfer), occurred, ct);
                if (problem is not null)
                    return problem;
                return ledger.Append(
                    Decide(command, transfer, lockedStock, occurred, ledger.Now),
                    stock => Reply.Ok(TransferReceipt.From(ledger.State<Transfer>(transfer.Id), stock, at))
                );
            }
        );

    /// <summary>One for each line. Its three quantities are checked by the decision.</summary>
    private static IReadOnlyList<StockRequest> Requests(ReceiveTransfer command, Transfer transfer) =>
        [
            .. command.Lines.Select(
                (line, i) =>
                    StockRequest.ForLine(
                        i,
                        transfer.ToStoreId.ToString(),
                        line.Sku,
                        quantity: 0,
                        requiresActiveProduct: false,
                        allowsInactive: true
                    )
            ),
        ];
}
