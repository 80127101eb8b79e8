using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods in transit arrive, in part or in full, intact or not.</summary>
[Example(
    """{"lines":[{"sku":"LAC001","received":1,"damaged":1},{"sku":"QUE001","received":0.375,"lost":0.125}],"notes":"One carton was wet"}"""
)]
public sealed record ReceiveTransfer(
    [property: Description("Each product once; of what is left out nothing has arrived yet")] IReadOnlyList<ReceiveTransfer.Line> Lines,
    [property: Description("When they arrived, with its offset from UTC and not before they left; now when left out")]
        DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<ReceiveTransfer, ReceiveTransfer.Line>
{
    public sealed record Line(
        [property: Description("Sku or id of the product; or barcode in its place")] string Sku,
        [property: Description("What came in as it left, at most 3 decimals; whole for what is counted")] decimal Received = 0,
        [property: Description("What was sent and is not there: written off in the receiving store")] decimal Lost = 0,
        [property: Description("What came in and is of no use: written off in the receiving store")] decimal Damaged = 0,
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
    /// <param name="lockedStock">One for each line of <paramref name="received"/>.</param>
    public static StockDecision Decide(
        Transfer transfer,
        TransferReceived received,
        IReadOnlyList<LockedStock> lockedStock,
        StockDocument document
    ) =>
        StockDecider.Decide(
            received
                .Lines.Zip(lockedStock)
                .SelectMany(pair =>
                {
                    var (line, locked) = pair;
                    var cost = transfer.Lines.First(sent => sent.ProductId == line.ProductId).UnitCost;
                    StockStep WriteOff(decimal quantity, string reason) =>
                        new(
                            locked,
                            _ => new StockAdjusted(locked.Store.Id, locked.Product.Id, -quantity, reason, document) { UnitCost = cost }
                        );
                    List<StockStep> steps =
                    [
                        new(
                            locked,
                            _ => new StockArrived(locked.Store.Id, locked.Product.Id, line.Total, document, line.Lost + line.Damaged)
                            {
                                UnitCost = cost,
                            }
                        ),
                    ];
                    if (line.Lost > 0)
                        steps.Add(WriteOff(line.Lost, "loss"));
                    if (line.Damaged > 0)
                        steps.Add(WriteOff(line.Damaged, "damage"));
                    return steps;
                })
        );

    [
        WolverinePost("/api/{tenant}/stock/transfers/{id}/receipts", Name = "Receive transfer"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Receive what is in transit, with what was lost or damaged on the way")]
    [EndpointDescription(
        "All lines or none; several receipts until nothing is in transit. Refused: 404 for a transfer or sku that does not exist, 403 for a receiving store that is not yours, 409 when the transfer is received or cancelled already, or more arrives of a sku than is in transit, 400 for a sku that is there twice, a fraction of what is counted, or an arrival before they left."
    )]
    [ProducesResponseType<TransferReceipt>(200)]
    public static Task<IResult> Post(string id, ReceiveTransfer command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                if (!Guid.TryParse(id, out var guid) || await ledger.Lock<Transfer>(guid, ct) is not { } transfer)
                    return Refusal.NotFound("transfer", "id", id);
                if (!ledger.Caller.MayUse(transfer.ToStoreId))
                    return Refusal.Forbidden("The transfer goes to a store that is not yours.");
                if (Refusal.WrongState("transfer", transfer.Status, "receive", Transfer.Allowed) is { } wrong)
                    return wrong;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, transfer.OccurredAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the goods left", transfer.OccurredAt);

                var store = transfer.ToStoreId.ToString();
                StockRequest Request(ReceiveTransfer.Line line, int i, string field, decimal quantity) =>
                    new(
                        store,
                        line.Sku,
                        quantity,
                        IsInbound: false,
                        SkuField: $"lines[{i}].sku",
                        QuantityField: $"lines[{i}].{field}",
                        CompletesDocument: true
                    );
                var (opened, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [
                        .. command.Lines.SelectMany(
                            (line, i) =>
                                (StockRequest[])
                                    [
                                        Request(line, i, "received", line.Received),
                                        Request(line, i, "lost", line.Lost),
                                        Request(line, i, "damaged", line.Damaged),
                                    ]
                        ),
                    ],
                    occurred,
                    ct
                );
                if (problem is not null)
                    return problem;
                LockedStock[] lockedStock = [.. opened.Where((_, i) => i % 3 == 0)];
                if (StockDocumentRules.DuplicateProducts(lockedStock.Select(locked => locked.Product)) is { Count: > 0 } twice)
                    return Refusal.Invalid(twice);

                var received = new TransferReceived(
                    [
                        .. command.Lines.Zip(
                            lockedStock,
                            (line, locked) => new ArrivedLine(locked.Product.Id, line.Received, line.Lost, line.Damaged)
                        ),
                    ],
                    command.Notes,
                    at
                );
                if (TooMuch(transfer, received, lockedStock) is { } refused)
                    return refused;
                var document = new StockDocument(transfer.Id, transfer.Reference, command.Notes, at);
                var (outcome, refusal) = StockLedger.Append(ledger, lockedStock, Decide(transfer, received, lockedStock, document));
                return refusal is not null
                    ? refusal
                    : Reply.Ok(TransferReceipt.Of(ledger.Append<Transfer>(transfer.Id, received), outcome, at));
            }
        );

    private static Refusal? TooMuch(Transfer transfer, TransferReceived received, IReadOnlyList<LockedStock> lockedStock)
    {
        var tooMuch = received
            .Lines.Zip(
                lockedStock,
                (line, locked) =>
                    (
                        line,
                        locked.Product.Code,
                        InTransit: transfer.Lines.FirstOrDefault(sent => sent.ProductId == line.ProductId)?.InTransit ?? 0
                    )
            )
            .Where(l => l.line.Total > l.InTransit)
            .Select(l =>
                FormattableString.Invariant($"of {l.Code} {Quantities.Normalize(l.InTransit)}, not {Quantities.Normalize(l.line.Total)}")
            )
            .ToList();
        return tooMuch.Count == 0 ? null : Refusal.Conflict("More than is in transit", $"In transit is {string.Join("; ", tooMuch)}.");
    }
}
