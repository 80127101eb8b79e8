using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods come into a store without a purchase order.</summary>
[Example(
    """{"store":"CCS-01","reference":"GRN-7","lines":[{"sku":"LAC001","quantity":10,"unitCost":2.50},{"sku":"QUE001","quantity":4.250}]}"""
)]
public sealed record ReceiveStock(
    [property: Description(Codes.StoreDescription)] string Store,
    IReadOnlyList<ReceiveStock.Line> Lines,
    [property: Description("Number of the delivery note or goods receipt, as users know it")] string? Reference = null,
    [property: Description(Occurrence.MovementDescription)] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IStockCommand<ReceiveStock.Line>, IProductLines<ReceiveStock, ReceiveStock.Line>
{
    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(ProductLines.QuantityDescription)] decimal Quantity,
        [property: Description("Cost of one unit of the product, never of a pack; at most 4 decimals. Default: the product's cost price")]
            decimal? UnitCost = null,
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

    public ReceiveStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReceiveStock>
    {
        public Validator(TimeProvider clock)
        {
            this.StockDocument<ReceiveStock, Line>(
                clock,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive();
                    line.RuleFor(l => l.UnitCost).UnitPrice();
                }
            );
        }
    }
}

public static class ReceiveStockEndpoint
{
    public static StockDecision Decide(ReceiveStock command, IReadOnlyList<LockedStock> lockedStock, StockDocument document) =>
        StockDecider.Decide(
            lockedStock,
            command.Lines,
            (locked, line, _) =>
                new StockReceived(locked.Store.Id, locked.Product.Id, line.Quantity, document)
                {
                    UnitCost = line.UnitCost ?? locked.Product.Details.CostPrice,
                }
        );

    [WolverinePost("/api/{tenant}/stock/receipts", Name = "Receive stock"), Authorize(Roles.User), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Receive goods into a store")]
    [EndpointDescription(
        "All lines or none. " + StockRefusals.Description + "409: a deactivated store or product; 400: a fraction of a counted product."
    )]
    [ProducesResponseType<StockReceipt>(200)]
    public static Task<IResult> Post(ReceiveStock command, LedgerSession ledger, HttpContext http, IStockDocuments documents) =>
        ledger.Run(
            http,
            command,
            (command, ct) =>
                StockLedger.Move(
                    ledger,
                    documents,
                    command,
                    requiresActiveProduct: true,
                    (lockedStock, document) => Decide(command, lockedStock, document),
                    ct
                )
        );
}
