using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods leave a store without a sale: damaged, expired, used up, …</summary>
[Example(
    """{"store":"CCS-01","reason":"damage","reference":"D-12","lines":[{"sku":"LAC001","quantity":1}],"notes":"Fell from the shelf"}"""
)]
public sealed record IssueStock(
    [property: Description(Codes.StoreDescription)] string Store,
    [property: Description("Reason: damage, expired, theft, loss, internal_use, sample, donation, return_to_supplier or other")]
        string Reason,
    IReadOnlyList<IssueStock.Line> Lines,
    [property: Description(StockDocumentRules.ReferenceDescription)] string? Reference = null,
    [property: Description(Occurrence.MovementDescription)] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IStockCommand<IssueStock.Line>, IProductLines<IssueStock, IssueStock.Line>
{
    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(ProductLines.QuantityDescription)] decimal Quantity,
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

    public IssueStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<IssueStock>
    {
        public Validator(TimeProvider clock)
        {
            this.StockDocument<IssueStock, Line>(
                clock,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive();
                }
            );
            RuleFor(c => c.Reason).OneOf(Reasons.OfIssues);
        }
    }
}

public static class IssueStockEndpoint
{
    /// <summary>Goods leave at the moving average of that moment.</summary>
    public static StockDecision Decide(IssueStock command, IReadOnlyList<LockedStock> lockedStock, StockDocument document) =>
        StockDecider.Decide(
            lockedStock,
            command.Lines,
            (locked, line, item) =>
                new StockIssued(locked.Store.Id, locked.Product.Id, line.Quantity, command.Reason, document)
                {
                    UnitCost = locked.CostOf(item),
                }
        );

    [WolverinePost("/api/{tenant}/stock/issues", Name = "Issue stock"), Authorize(Roles.User), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Issue goods from a store")]
    [EndpointDescription(
        "All lines or none. "
            + "Damage, expired, theft and loss have already happened: such an issue takes up to the quantity on hand, "
            + "also reserved goods. reservationsShort names the reservations that stock no longer covers. "
            + "Every other reason needs enough available. "
            + "Goods of a delivery go back to the supplier by a return of the order or receipt. "
            + StockRefusals.Description
            + "409: a deactivated store, or too little of a product (see shortages); 400: a fraction of a counted product."
    )]
    [ProducesResponseType<StockReceipt>(200)]
    public static Task<IResult> Post(IssueStock command, LedgerSession ledger, HttpContext http, IStockDocuments documents) =>
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
