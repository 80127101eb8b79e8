using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods leave one store for another.</summary>
[Example(
    """
        {
          "fromStore": "CCS-01", "toStore": "VLN-01", "reference": "TR-21", "notes": "With the morning van",
          "lines": [{"sku":"LAC001","quantity":2},{"sku":"QUE001","quantity":0.5}]
        }
        """
)]
public sealed record TransferStock(
    [property: Description("Code or id of the sending store")] string FromStore,
    [property: Description("Code or id of the receiving store; not the sending store")] string ToStore,
    [property: Description("Each product once")] IReadOnlyList<TransferStock.Line> Lines,
    [property: Description(StockDocumentRules.ReferenceDescription)] string? Reference = null,
    [property: Description("Time when the goods left, with offset from UTC. Default: now")] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(
        "True: the goods arrive at once and are never in transit; the receiving store must be yours too. Default: false"
    )]
        bool Immediate = false,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<TransferStock, TransferStock.Line>
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

    public TransferStock With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<TransferStock>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.FromStore).Reference();
            RuleFor(c => c.ToStore).Reference();
            this.Lines(
                c => c.Lines,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive();
                }
            );
            RuleFor(c => c.Reference).SingleLine(100);
            RuleFor(c => c.Notes).MaxLength(1000);
            this.Occurrence(clock);
        }
    }
}

public static class TransferStockEndpoint
{
    /// <summary>
    /// Goods leave at the moving average of the sending store. In an immediate transfer they also arrive at that cost.
    /// </summary>
    /// <param name="lockedStock">
    /// Stock of the sending store, one for each line. For an immediate transfer, stock of the receiving store follows.
    /// </param>
    public static Decision Decide(TransferStock command, Store toStore, IReadOnlyList<LockedStock> lockedStock, StockDocument document)
    {
        var (sending, receiving) = (lockedStock.Take(command.Lines.Count).ToList(), lockedStock.Skip(command.Lines.Count).ToList());
        if (sending[0].Store.Id == toStore.Id)
            return Refusal.Invalid("toStore", "must be another store than fromStore");
        if (!toStore.IsActive)
            return StockRefusals.StoreDeactivated(command.ToStore);
        if (StockDocumentRules.DuplicateProducts(sending.Select(locked => locked.Product)) is { Count: > 0 } duplicates)
            return Refusal.Invalid(duplicates);

        var stock = StockDecider.Decide(
            lockedStock,
            [
                .. StockDecider.Steps(
                    sending,
                    command.Lines,
                    (locked, line, item) =>
                        new StockSent(locked.Store.Id, locked.Product.Id, line.Quantity, document) { UnitCost = locked.CostOf(item) }
                ),
                // each product appears once, so its unit cost before the command is the cost that it leaves with
                .. receiving.Select(
                    (locked, i) =>
                        new StockStep(
                            locked,
                            _ => new StockArrived(locked.Store.Id, locked.Product.Id, command.Lines[i].Quantity, document)
                            {
                                UnitCost = sending[i].CostOf(sending[i].Item),
                            }
                        )
                ),
            ]
        );
        var lines = sending.Zip(
            command.Lines,
            (locked, line) => new SentLine(locked.Product.Id, locked.Product.Code, line.Quantity, locked.CostOf(locked.Item))
        );
        var sent = new TransferSent(sending[0].Store.Id, toStore.Id, [.. lines], command.Reference, command.Notes, document.OccurredAt);
        return stock.With(DocumentEvents.Of<Transfer>(document.Id, command.Immediate ? [sent, Arrived(sent)] : [sent]));
    }

    /// <summary>All goods arrive intact, at the time at which they left.</summary>
    private static TransferReceived Arrived(TransferSent sent) =>
        new([.. sent.Lines.Select(line => new ArrivedLine(line.ProductId, line.Quantity, 0, 0))], null, sent.OccurredAt);

    [WolverinePost("/api/{tenant}/stock/transfers", Name = "Transfer stock"), Authorize(Roles.User), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Send goods from one store to another")]
    [EndpointDescription(
        "All lines or none. "
            + "The goods are in transit until POST /stock/transfers/{id}/receipts receives them or /cancel cancels the "
            + "transfer. An immediate transfer has nothing in transit. "
            + "Refused with 404: an unknown store or sku; "
            + "403: a sending store that is not yours, or a receiving store that is not yours in an immediate transfer; "
            + "409: a deactivated store, or too little of a product in the sending store (see shortages); "
            + "400: a transfer to the same store, a product on two lines, or a fraction of a counted product."
    )]
    [ProducesResponseType<TransferReceipt>(201)]
    public static Task<IResult> Post(TransferStock command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                if (await ledger.Find<Store>(command.ToStore, ct) is not { } toStore)
                    return Refusal.NotFound("store", "toStore", command.ToStore);
                var requests = StockRequest.ForLines(command.FromStore, command.Lines, requiresActiveProduct: false, "fromStore");
                if (command.Immediate)
                    requests =
                    [
                        .. requests,
                        .. StockRequest.ForLines(command.ToStore, command.Lines, requiresActiveProduct: false, "toStore"),
                    ];
                var occurred = ledger.ResolveOccurrence(command.OccurredAt);
                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(ledger, requests, occurred, ct);
                if (problem is not null)
                    return problem;
                var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Notes, at);
                return ledger.Append(
                    Decide(command, toStore, lockedStock, document),
                    stock =>
                        Reply.Created(
                            $"/api/{ledger.Tenant.Slug}/stock/transfers/{document.Id}",
                            TransferReceipt.From(ledger.State<Transfer>(document.Id), stock, at)
                        )
                );
            }
        );
}
