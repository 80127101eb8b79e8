using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods of a receipt without a purchase order go back to the supplier: damaged, wrong, or booked in error.</summary>
[Example("""{"lines":[{"sku":"LAC001","quantity":1}],"reason":"Damaged on arrival","reference":"ND-12"}""")]
public sealed record ReturnStockReceipt(
    IReadOnlyList<SupplierReturnLine> Lines,
    [property: Description("Code or id of the store. Required only when the receipt has goods of several stores")] string? Store = null,
    [property: Description(Reasons.Description)] string? Reason = null,
    [property: Description("Number of the return or debit note, as users know it")] string? Reference = null,
    [property: Description("Time when the goods left, with offset from UTC; not before they came. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<ReturnStockReceipt, SupplierReturnLine>
{
    public ReturnStockReceipt With(IReadOnlyList<SupplierReturnLine> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReturnStockReceipt>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(c => c.Lines, SupplierReturnLine.Rules);
            RuleFor(c => c.Store!).Reference().When(c => c.Store is not null);
            RuleFor(c => c.Reason).SingleLine(200);
            RuleFor(c => c.Reference).SingleLine(100);
            this.Occurrence(clock);
        }
    }
}

/// <param name="Id">Id of the return document; reference_id of its movements is the receipt's id.</param>
/// <param name="Stock">Each stock item that the command moved, once.</param>
/// <param name="OccurredAt">Time when the goods left, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
public sealed record ReceiptReturn(
    Guid Id,
    Guid ReceiptId,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount
);

public static class ReturnStockReceiptEndpoint
{
    [
        WolverinePost("/api/{tenant}/stock/receipts/{id}/returns", Name = "Return receipt"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Return goods of a receipt to the supplier")]
    [EndpointDescription(
        "All lines or none. id is that of the receipt, from the answer of POST /stock/receipts or /stock/movements. "
            + "The goods leave at the cost that they came with. "
            + "The moving average of the rest is as it would be without them. "
            + "Goods of a purchase order go back by the returns of the order. "
            + "Refused with 404: an unknown receipt, or a sku that it does not have; 403: a store that is not yours; "
            + "409: more than was received and has not gone back yet, too little of a product available (see shortages), "
            + "or a deactivated store; "
            + "400: a time before the goods came, a unitCost that they did not come with, "
            + "or a fraction of a counted product."
    )]
    [ProducesResponseType<ReceiptReturn>(200)]
    public static Task<IResult> Post(
        string id,
        ReturnStockReceipt command,
        LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) => ledger.Run(http, command, (command, ct) => Handle(id, command, ledger, documents, ct));

    private static async Task<Reply> Handle(
        string id,
        ReturnStockReceipt command,
        LedgerSession ledger,
        IStockDocuments documents,
        CancellationToken ct
    )
    {
        if (!Guid.TryParse(id, out var receiptId))
            return Refusal.NotFound("receipt", "id", id);
        await ledger.AcquireLock($"receipt {receiptId}", ct); // concurrent returns of one receipt wait for each other
        var delivered = await documents.Receipt(ledger, receiptId, ct);
        if (delivered.Count == 0)
            return Refusal.NotFound("receipt", "id", id);
        var (store, problem) = await StoreOf(command, ledger, delivered, ct);
        if (store is null)
            return problem!;
        (var goods, problem) = SupplierReturn.FindGoods(command.Lines, [.. delivered.Where(g => g.StoreId == store.Id)]);
        if (problem is not null)
            return problem;
        var came = goods.Max(g => g.OccurredAt);
        var occurred = ledger.ResolveOccurrence(command.OccurredAt, came);
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the goods came", came);

        (var lockedStock, var at, problem) = await StockLedger.ResolveAndLock(
            ledger,
            [
                .. goods.Select(
                    (g, i) =>
                        StockRequest.ForLine(i, store.Code, g.ProductId.ToString(), command.Lines[i].Quantity, requiresActiveProduct: false)
                ),
            ],
            occurred,
            ct
        );
        if (problem is not null)
            return problem;
        var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Reason, at);
        return ledger.Append(
            SupplierReturn.Decide(lockedStock, command.Lines, goods, document, receiptId, null),
            stock => Reply.Ok(new ReceiptReturn(document.Id, receiptId, stock.Levels, at, stock.CorrectedByCount))
        );
    }

    /// <summary>The store that the goods leave, or the refusal.</summary>
    private static async Task<(Store? Store, Refusal? Problem)> StoreOf(
        ReturnStockReceipt command,
        LedgerSession ledger,
        IReadOnlyList<DeliveredGoods> delivered,
        CancellationToken ct
    )
    {
        var stores = delivered.Select(g => g.StoreId).Distinct().ToList();
        if (command.Store is null && stores.Count > 1)
            return (null, Refusal.Invalid("store", "is required: the receipt has goods of several stores"));
        var store = await ledger.Find<Store>(command.Store ?? stores[0].ToString(), ct);
        if (store is null || !stores.Contains(store.Id))
            return (null, Refusal.StoreNotFound(command.Store!));
        return ledger.Caller.MayUse(store.Id)
            ? (store, null)
            : (
                null,
                command.Store is null
                    ? Refusal.Forbidden("The receipt belongs to a store that is not yours.")
                    : StockRefusals.StoreNotAllowed(command.Store)
            );
    }
}
