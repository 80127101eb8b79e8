using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods are reserved for a client or an order: they stay on hand and are no longer available to others.</summary>
[Example(
    """{"reference":"web-88","lines":[{"store":"CCS-01","sku":"LAC001","quantity":1},{"store":"VLN-01","sku":"HAR001","quantity":2}]}"""
)]
public sealed record ReserveStock(
    [property: Description("Order or client that the goods are held for, as users know it")] string Reference,
    [property: Description("Lines of one or more stores")] IReadOnlyList<ReserveStock.Line> Lines,
    [property: Description("Time of expiry, with offset from UTC: in the future, at most 90 days from now. Default: 24 hours from now")]
        DateTimeOffset? ExpiresAt = null
) : IProductLines<ReserveStock, ReserveStock.Line>
{
    public static readonly TimeSpan DefaultDuration = TimeSpan.FromHours(24);
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(90);

    public sealed record Line(
        [property: Description(Codes.StoreDescription)] string Store,
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

        public static void Rules(InlineValidator<Line> line)
        {
            line.RuleFor(l => l.Store).Reference();
            line.Product();
            line.RuleFor(l => l.Quantity).Positive();
        }

        /// <inheritdoc cref="StockRequest" path="/param"/>
        public static IEnumerable<StockRequest> Requests(IReadOnlyList<Line> lines, bool allowsInactive) =>
            lines.Select(
                (line, i) =>
                    StockRequest.ForLine(
                        i,
                        line.Store,
                        line.Sku,
                        line.Quantity,
                        requiresActiveProduct: false,
                        $"lines[{i}].store",
                        allowsInactive
                    )
            );
    }

    public ReserveStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReserveStock>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Reference).RequiredLine(100);
            this.Lines(c => c.Lines, Line.Rules);
            RuleFor(c => c.ExpiresAt).Expiry(clock);
        }
    }
}

public static class ReserveStockEndpoint
{
    /// <param name="lockedStock">One for each line.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(ReserveStock command, IReadOnlyList<LockedStock> lockedStock, Guid id, DateTimeOffset now)
    {
        var lines = command.Lines.Zip(
            lockedStock,
            (line, locked) => new ReservedLine(locked.Store.Id, locked.Product.Id, locked.Product.Code, line.Quantity)
        );
        return StockDecider
            .Decide(
                lockedStock,
                command.Lines,
                (locked, line, _) => new StockReserved(locked.Store.Id, locked.Product.Id, line.Quantity, id)
            )
            .With(
                DocumentEvents.Of<Reservation>(
                    id,
                    new ReservationOpened(
                        command.Reference.Trim(),
                        [.. lines],
                        Timestamps.ToMicroseconds(command.ExpiresAt ?? now + ReserveStock.DefaultDuration),
                        now
                    )
                )
            );
    }

    [WolverinePost("/api/{tenant}/stock/reservations", Name = "Reserve stock"), Authorize(Roles.User), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Reserve goods of one or more stores")]
    [EndpointDescription(
        "All lines or none. Reserved goods are on hand and not available. "
            + "They are available again when the reservation is released or expires. "
            + StockRefusals.Description
            + "409: a store that is deactivated or has too little of a product available (see shortages); "
            + "400: a fraction of a counted product, or an expiry in the past or more than 90 days away."
    )]
    [ProducesResponseType<ReservationReceipt>(201)]
    public static Task<IResult> Post(ReserveStock command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [.. ReserveStock.Line.Requests(command.Lines, allowsInactive: false)],
                    ledger.ResolveOccurrence(null),
                    ct
                );
                if (problem is not null)
                    return problem;
                var id = Guid.CreateVersion7(at);
                return await ledger.Append(
                    Decide(command, lockedStock, id, at),
                    async stock =>
                    {
                        await ledger.Schedule(new ExpireReservation(id), ledger.State<Reservation>(id).ExpiresAt);
                        var receipt = ReservationReceipt.From(ledger, id, stock);
                        return Reply.Created($"/api/{ledger.Tenant.Slug}/stock/reservations/{id}", receipt);
                    }
                );
            }
        );
}
