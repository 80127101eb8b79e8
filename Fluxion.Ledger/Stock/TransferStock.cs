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

/// <summary>Goods leave one store for another.</summary>
[Example(
    """{"fromStore":"CCS-01","toStore":"VLN-01","reference":"TR-21","lines":[{"sku":"LAC001","quantity":2},{"sku":"QUE001","quantity":0.5}],"notes":"With the morning van"}"""
)]
public sealed record TransferStock(
    [property: Description("Code or id of the store that the goods leave")] string FromStore,
    [property: Description("Code or id of the store that they go to; another one")] string ToStore,
    [property: Description("Each product once")] IReadOnlyList<TransferStock.Line> Lines,
    [property: Description("The number of the document, as people know it")] string? Reference = null,
    [property: Description("When they left, with its offset from UTC; now when left out")] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description("True when they are there at once: nothing is in transit, and the receiving store has to be yours too")]
        bool Immediate = false,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<TransferStock, TransferStock.Line>
{
    public sealed record Line(
        [property: Description("Sku or id of the product; or barcode in its place")] string Sku,
        [property: Description("Greater than 0, at most 3 decimals; whole for what is counted")] decimal Quantity,
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

/// <param name="Status">The status: in_transit, partial, received or cancelled.</param>
/// <param name="Stock">The stock items that this command moved, after the command.</param>
/// <param name="OccurredAt">Time when the goods left, arrived or came back, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
public sealed record TransferReceipt(
    Guid Id,
    string Status,
    IReadOnlyList<TransferReceipt.Line> Lines,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount
)
{
    /// <param name="InTransit">Quantity still in transit.</param>
    /// <param name="Returned">Quantity that came back to the sending store when the transfer was cancelled.</param>
    public sealed record Line(
        string Sku,
        decimal Quantity,
        decimal Received,
        decimal Lost,
        decimal Damaged,
        decimal InTransit,
        decimal Returned
    );

    public static TransferReceipt Of(Transfer transfer, StockOutcome outcome, DateTimeOffset at) =>
        new(
            transfer.Id,
            transfer.Status,
            [.. transfer.Lines.Select(l => new Line(l.Sku, l.Quantity, l.Received, l.Lost, l.Damaged, l.InTransit, l.Returned))],
            outcome.Stock,
            at,
            outcome.CorrectedByCount
        );
}

public static class TransferStockEndpoint
{
    /// <summary>
    /// Goods leave at the moving average of the sending store. In an immediate transfer they also arrive at that cost. The locked stock is
    /// that of the sending store, then that of the receiving one.
    /// </summary>
    public static StockDecision Decide(TransferStock command, IReadOnlyList<LockedStock> lockedStock, StockDocument document) =>
        StockDecider.Decide(
            lockedStock.Select(
                (locked, i) =>
                    i < command.Lines.Count
                        ? new StockStep(
                            locked,
                            item => new StockSent(locked.Store.Id, locked.Product.Id, command.Lines[i].Quantity, document)
                            {
                                UnitCost = locked.CostOf(item),
                            }
                        )
                        : Arrives(locked, lockedStock[i - command.Lines.Count], command.Lines[i - command.Lines.Count].Quantity, document)
            )
        );

    // each product appears once, so its unit cost before the command is the cost that it leaves with
    private static StockStep Arrives(LockedStock locked, LockedStock sent, decimal quantity, StockDocument document) =>
        new(locked, _ => new StockArrived(locked.Store.Id, locked.Product.Id, quantity, document) { UnitCost = sent.CostOf(sent.Item) });

    [WolverinePost("/api/{tenant}/stock/transfers", Name = "Transfer stock"), Authorize(Roles.User), Tags("Stock"), MovesStockOrMoney]
    [EndpointSummary("Send goods from one store to another")]
    [EndpointDescription(
        "All lines or none. The goods are in transit until they are received (POST /stock/transfers/{id}/receipts) or the transfer is cancelled (/cancel), unless immediate. Refused: 404 for a store or sku that does not exist, 403 for a sending store that is not yours (and, if immediate, a receiving one), 409 when a store is deactivated or the sending one has too little of a product (see shortages), 400 for a transfer to the same store, a sku that is there twice, or a fraction of what is counted."
    )]
    [ProducesResponseType<TransferReceipt>(201)]
    public static Task<IResult> Post(TransferStock command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var stores = await ledger.Find<Store>([command.FromStore, command.ToStore], ct);
                if (!stores.TryGetValue(command.ToStore, out var toStore))
                    return Refusal.NotFound("store", "toStore", command.ToStore);
                if (stores.TryGetValue(command.FromStore, out var fromStore) && fromStore.Id == toStore.Id)
                    return Refusal.Invalid("toStore", "must be another store than the one that the goods leave");
                if (!toStore.IsActive)
                    return Refusal.Conflict("Store deactivated", StockLedger.StoreInactive(command.ToStore));

                var requests = StockRequest.ForLines(command.FromStore, command.Lines, isInbound: false, "fromStore");
                if (command.Immediate)
                    requests = [.. requests, .. StockRequest.ForLines(command.ToStore, command.Lines, isInbound: false, "toStore")];
                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    requests,
                    ledger.ResolveOccurrence(command.OccurredAt),
                    ct
                );
                if (problem is not null)
                    return problem;
                var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Notes, at);
                if (
                    StockDocumentRules.DuplicateProducts(lockedStock.Take(command.Lines.Count).Select(locked => locked.Product)) is
                    { Count: > 0 } twice
                )
                    return Refusal.Invalid(twice);

                var decision = Decide(command, lockedStock, document);
                var (outcome, refusal) = StockLedger.Append(ledger, lockedStock, decision);
                if (refusal is not null)
                    return refusal;
                var costs = decision.Events.Select(e => e.Event).OfType<StockSent>().ToDictionary(e => e.ProductId, e => e.UnitCost);
                var sent = new TransferSent(
                    lockedStock[0].Store.Id,
                    toStore.Id,
                    [
                        .. command.Lines.Zip(
                            lockedStock,
                            (line, locked) => new SentLine(locked.Product.Id, locked.Product.Code, line.Quantity, costs[locked.Product.Id])
                        ),
                    ],
                    command.Reference,
                    command.Notes,
                    document.OccurredAt
                );
                var transfer = ledger.Append<Transfer>(
                    document.Id,
                    command.Immediate
                        ?
                        [
                            sent,
                            new TransferReceived(
                                [.. sent.Lines.Select(line => new ArrivedLine(line.ProductId, line.Quantity, 0, 0))],
                                null,
                                document.OccurredAt
                            ),
                        ]
                        : [sent]
                );
                return Reply.Created($"/api/{ledger.Tenant.Slug}/stock/transfers/{transfer.Id}", TransferReceipt.Of(transfer, outcome, at));
            }
        );
}
