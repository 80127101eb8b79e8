using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Many movements of any products and stores in one transaction.</summary>
[Example(
    """
        {
          "reference": "CIERRE-31",
          "lines": [
            {"type":"receipt","store":"CCS-01","sku":"LAC001","quantity":24,"unitCost":2.50},
            {"type":"issue","store":"VLN-01","sku":"LAC001","quantity":1,"reason":"damage"}
          ]
        }
        """
)]
public sealed record MoveStock(
    [property: Description("1 to 10,000 lines")] IReadOnlyList<MoveStock.Line> Lines,
    [property: Description(StockDocumentRules.ReferenceDescription)] string? Reference = null,
    [property: Description("Time of the movements, with offset from UTC. Default: now")] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<MoveStock, MoveStock.Line>
{
    public const int MaxLines = 10_000;
    public static readonly string[] Types = ["receipt", "issue", "adjustment"];

    public sealed record Line(
        [property: Description("Type of the movement: receipt, issue or adjustment")] string Type,
        [property: Description(Codes.StoreDescription)] string Store,
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(
            "Quantity in the product's unit, or in packs of the barcode. "
                + "Greater than 0 for a receipt or an issue, signed for an adjustment; at most 3 decimals; "
                + "whole numbers for counted products"
        )]
            decimal Quantity,
        [property: Description("For a receipt: cost of one unit of the product, never of a pack. Default: the product's cost price")]
            decimal? UnitCost = null,
        [property: Description("For an issue or adjustment: a reason of POST /stock/issues or /stock/adjustments")] string? Reason = null,
        [property: Description("Time of this line, with offset from UTC. Default: the command's occurredAt")]
            DateTimeOffset? OccurredAt = null,
        [property: TextFormat(ProductBarcode.Format), Description(ProductLines.BarcodeDescription)] string? Barcode = null
    ) : IStockLine, IProductLine<Line>
    {
        public Line InUnits(string sku, decimal packQuantity) =>
            this with
            {
                Sku = sku,
                Barcode = null,
                Quantity = Quantity * packQuantity,
            };
    }

    public MoveStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<MoveStock>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(
                c => c.Lines,
                line =>
                {
                    line.RuleFor(l => l.Type).OneOf(Types);
                    line.RuleFor(l => l.Store).Reference();
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive().When(l => l.Type != "adjustment");
                    line.RuleFor(l => l.Quantity).NonZero().When(l => l.Type == "adjustment");
                    line.RuleFor(l => l.UnitCost).UnitPrice();
                    line.RuleFor(l => l.UnitCost).Null().WithMessage("must be empty except for a receipt").When(l => l.Type != "receipt");
                    line.RuleFor(l => l.Reason!).OneOf(Reasons.OfIssues).When(l => l.Type == "issue");
                    line.RuleFor(l => l.Reason!).OneOf(Reasons.OfAdjustments).When(l => l.Type == "adjustment");
                    line.RuleFor(l => l.Reason)
                        .Null()
                        .WithMessage("must be empty except for an issue or an adjustment")
                        .When(l => l.Type == "receipt");
                },
                MaxLines
            );
            RuleFor(c => c.Lines)
                .Custom(
                    (lines, context) =>
                    {
                        foreach (var (i, line) in (lines ?? []).Take(MaxLines).Index())
                        {
                            context.CheckOccurrence(
                                line?.OccurredAt,
                                context.InstanceToValidate.SentAt,
                                $"Lines[{i}].OccurredAt",
                                clock.GetUtcNow()
                            );
                        }
                    }
                );
            RuleFor(c => c.Reference).SingleLine(100);
            RuleFor(c => c.Notes).MaxLength(1000);
            this.Occurrence(clock);
        }
    }
}

public static class MoveStockEndpoint
{
    /// <param name="moments">Moment of each line, by the ledger's clock.</param>
    public static StockDecision Decide(
        MoveStock command,
        IReadOnlyList<LockedStock> lockedStock,
        StockDocument document,
        IReadOnlyList<DateTimeOffset> moments
    ) =>
        StockDecider.Decide(
            lockedStock,
            lockedStock.Select(
                (locked, i) =>
                    new StockStep(
                        locked,
                        item =>
                        {
                            var line = command.Lines[i];
                            var (store, product, at) = (locked.Store.Id, locked.Product.Id, document with { OccurredAt = moments[i] });
                            return line.Type switch
                            {
                                "receipt" => new StockReceived(store, product, line.Quantity, at)
                                {
                                    UnitCost = line.UnitCost ?? locked.Product.Details.CostPrice,
                                },
                                "issue" => new StockIssued(store, product, line.Quantity, line.Reason!, at)
                                {
                                    UnitCost = locked.CostOf(item),
                                },
                                _ => new StockAdjusted(store, product, line.Quantity, line.Reason!, at) { UnitCost = locked.CostOf(item) },
                            };
                        }
                    )
            )
        );

    [WolverinePost("/api/{tenant}/stock/movements", Name = "Move stock"), Authorize(Roles.Manager), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Record up to 10,000 receipts, issues and adjustments in one transaction")]
    [EndpointDescription(
        "All lines or none, booked in their order. The stock after all lines must be sufficient. "
            + StockRefusals.Description
            + "409: a deactivated store, a receipt of a deactivated product, or insufficient stock (see shortages); "
            + "400: a fraction of a counted product."
    )]
    [ProducesResponseType<StockReceipt>(200)]
    public static Task<IResult> Post(MoveStock command, LedgerSession ledger, HttpContext http, IStockDocuments documents) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                var moments = command.Lines.Select(line => line.OccurredAt ?? command.OccurredAt);
                var (lockedStock, _, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [
                        .. command.Lines.Select(
                            (line, i) =>
                                StockRequest.ForLine(
                                    i,
                                    line.Store,
                                    line.Sku,
                                    line.Quantity,
                                    requiresActiveProduct: line.Type == "receipt",
                                    $"lines[{i}].store"
                                )
                        ),
                    ],
                    ledger.ResolveOccurrence(moments.Min()),
                    ct
                );
                if (problem is not null)
                    return problem;
                var at = ledger.ResolveOccurrence(command.OccurredAt).At(ledger.Now);
                var document = new StockDocument(Guid.CreateVersion7(ledger.Now), command.Reference, command.Notes, at);
                var decision = Decide(command, lockedStock, document, [.. moments.Select(m => ledger.ResolveOccurrence(m).At(ledger.Now))]);
                return await StockLedger.Append(
                    ledger,
                    documents,
                    decision,
                    (stock, reservationsShort) =>
                        Reply.Ok(new StockReceipt(document.Id, stock.Levels, at, stock.CorrectedByCount, reservationsShort)),
                    ct
                );
            }
        );
}
