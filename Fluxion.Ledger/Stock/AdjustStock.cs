using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>A correction of on hand, up or down, with a reason.</summary>
[Example(
    """
        {
          "store": "CCS-01", "reason": "correction", "occurredAt": "2026-01-31T18:00:00-04:00",
          "lines": [{"sku":"LAC001","quantity":-1},{"sku":"QUE001","quantity":0.125}]
        }
        """
)]
public sealed record AdjustStock(
    [property: Description(Codes.StoreDescription)] string Store,
    [property: Description("Reason: correction, found, damage, expired, theft, loss, opening_balance or other")] string Reason,
    IReadOnlyList<AdjustStock.Line> Lines,
    [property: Description(StockDocumentRules.ReferenceDescription)] string? Reference = null,
    [property: Description(Occurrence.MovementDescription)] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IStockCommand<AdjustStock.Line>, IProductLines<AdjustStock, AdjustStock.Line>
{
    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(
            "Change in the product's unit, or in packs of the barcode. Above 0 adds, below 0 removes; "
                + "at most 3 decimals; whole numbers for counted products"
        )]
            decimal Quantity,
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

    public AdjustStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<AdjustStock>
    {
        public Validator(TimeProvider clock)
        {
            this.StockDocument<AdjustStock, Line>(
                clock,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).NonZero();
                }
            );
            RuleFor(c => c.Reason).OneOf(Reasons.OfAdjustments);
        }
    }
}

public static class AdjustStockEndpoint
{
    /// <summary>An adjustment has the moving average of that moment as unit cost and does not change it.</summary>
    public static StockDecision Decide(AdjustStock command, IReadOnlyList<LockedStock> lockedStock, StockDocument document) =>
        StockDecider.Decide(
            lockedStock,
            command.Lines,
            (locked, line, item) =>
                new StockAdjusted(locked.Store.Id, locked.Product.Id, line.Quantity, command.Reason, document)
                {
                    UnitCost = locked.CostOf(item),
                }
        );

    [WolverinePost("/api/{tenant}/stock/adjustments", Name = "Adjust stock"), Authorize(Roles.Manager), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Correct the stock of a store")]
    [EndpointDescription(
        "All lines or none. A removal takes up to the quantity on hand, also reserved goods. "
            + "reservationsShort names the reservations that stock no longer covers. "
            + StockRefusals.Description
            + "409: a deactivated store, or less of a product on hand than is removed (see shortages); "
            + "400: a fraction of a counted product."
    )]
    [ProducesResponseType<StockReceipt>(200)]
    public static Task<IResult> Post(AdjustStock command, LedgerSession ledger, HttpContext http, IStockDocuments documents) =>
        ledger.Run(
            http,
            command,
            (command, ct) =>
                StockLedger.Move(
                    ledger,
                    documents,
                    command,
                    requiresActiveProduct: false,
                    (lockedStock, document) => Decide(command, lockedStock, document),
                    ct
                )
        );
}
