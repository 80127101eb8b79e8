using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>A stocktake: counted quantities of one or many products in a store.</summary>
[Example("""{"store":"CCS-01","reference":"INV-2026-11","lines":[{"sku":"LAC001","quantity":70},{"sku":"QUE001","quantity":12.350}]}""")]
public sealed record CountStock(
    [property: Description(Codes.StoreDescription)] string Store,
    IReadOnlyList<CountStock.Line> Lines,
    [property: Description("Number of the stocktake, as users know it")] string? Reference = null,
    [property: Description(
        "Moment of the count, with offset from UTC. Movements that occurred after it change the counted quantity. Default: now"
    )]
        DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IStockCommand<CountStock.Line>, IProductLines<CountStock, CountStock.Line>
{
    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(
            "Counted quantity in the product's unit, or in packs of the barcode: 0 or more, at most 3 decimals; "
                + "whole numbers for counted products"
        )]
            decimal? Quantity,
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

        /// <summary>The quantity is required: a missing one must not count as 0. Validation refuses it.</summary>
        decimal IStockLine.Quantity => Quantity ?? 0;
    }

    public CountStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<CountStock>
    {
        public Validator(TimeProvider clock)
        {
            this.StockDocument<CountStock, Line>(
                clock,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).NotNull().WithMessage("is required").StockLevel();
                }
            );
        }
    }
}

/// <summary>The result of counting one product.</summary>
/// <param name="Expected">On hand as of the count, from the events recorded until then.</param>
/// <param name="Variance">Counted less expected; below 0 when goods are missing.</param>
/// <param name="Value">Variance times unit cost, to 2 decimals.</param>
public sealed record CountVariance(string Sku, decimal Expected, decimal Counted, decimal Variance, decimal UnitCost, decimal Value)
{
    public static CountVariance From(Product product, StockCounted count) =>
        new(
            product.Code,
            count.Expected,
            count.Counted,
            count.QuantityChange(),
            count.UnitCost,
            Quantities.Round(count.QuantityChange() * count.UnitCost, 2)
        );
}

/// <param name="Variances">One row for each line, in the order of the lines.</param>
/// <param name="VarianceValue">Sum of the values of all variances.</param>
/// <param name="OccurredAt">Moment of the count, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Later counts, which stay valid: this count changed only the history before them.</param>
/// <param name="ReservationsShort">
/// Reservations that stock no longer covers, by store and product, the most recently opened first. At most 100; usually empty.
/// </param>
public sealed record CountReceipt(
    Guid Id,
    IReadOnlyList<StockLevel> Stock,
    IReadOnlyList<CountVariance> Variances,
    decimal VarianceValue,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort
)
{
    public static CountReceipt From(
        StockDocument document,
        IReadOnlyList<LockedStock> lockedStock,
        StockDecision stock,
        IReadOnlyList<ShortReservation> reservationsShort
    )
    {
        var counts = stock.Events.Select(e => e.Event).OfType<StockCounted>();
        var variances = counts.Zip(lockedStock, (count, locked) => CountVariance.From(locked.Product, count)).ToList();
        return new CountReceipt(
            document.Id,
            stock.Levels,
            variances,
            variances.Sum(variance => variance.Value),
            document.OccurredAt,
            stock.CorrectedByCount,
            reservationsShort
        );
    }
}

public static class CountStockEndpoint
{
    /// <summary>A count sets on hand as of its moment. Movements that occurred after it are added.</summary>
    public static Decision Decide(CountStock command, IReadOnlyList<LockedStock> lockedStock, StockDocument document)
    {
        if (StockDocumentRules.DuplicateProducts(lockedStock.Select(locked => locked.Product)) is { Count: > 0 } duplicates)
            return Refusal.Invalid(duplicates);
        return StockDecider.Decide(
            lockedStock,
            command.Lines,
            (locked, line, item) =>
                new StockCounted(locked.Store.Id, locked.Product.Id, line.Quantity!.Value, locked.OnHandAtOccurrence(item), document)
                {
                    UnitCost = locked.CostOf(item),
                }
        );
    }

    [WolverinePost("/api/{tenant}/stock/counts", Name = "Count stock"), Authorize(Roles.Manager), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Record a count of stock and see the variance")]
    [EndpointDescription(
        "All lines or none. "
            + "A movement that occurred before the count and is recorded after it leaves today's stock unchanged, "
            + "because the count had seen it. "
            + "A count below the reserved quantity is accepted: "
            + "reservationsShort names the reservations that stock no longer covers. "
            + StockRefusals.Description
            + "409: a deactivated store; 400: a product on two lines, or a fraction of a counted product."
    )]
    [ProducesResponseType<CountReceipt>(200)]
    public static Task<IResult> Post(CountStock command, LedgerSession ledger, HttpContext http, IStockDocuments documents) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    StockRequest.ForLines(command.Store, command.Lines, requiresActiveProduct: false),
                    ledger.ResolveOccurrence(command.OccurredAt),
                    ct,
                    counting: true
                );
                if (problem is not null)
                    return problem;
                var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Notes, at);
                return await StockLedger.Append(
                    ledger,
                    documents,
                    Decide(command, lockedStock, document),
                    (stock, reservationsShort) => Reply.Ok(CountReceipt.From(document, lockedStock, stock, reservationsShort)),
                    ct
                );
            }
        );
}
