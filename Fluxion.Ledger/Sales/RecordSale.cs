using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Sales;

/// <summary>Goods are sold: they leave the store, and an invoice states their price.</summary>
[Example(
    """{"store":"CCS-01","invoiceNumber":"F-0001","paymentMethod":"cash","paymentStatus":"paid","clientName":"María Pérez","clientTaxId":"V-12345678-1","lines":[{"sku":"LAC001","quantity":2}]}"""
)]
public sealed record RecordSale(
    [property: Description("Code or id of the store")] string Store,
    [property: TextFormat(Codes.NumberFormat), Description("Unique in the store, letter for letter, also when the sale is cancelled")]
        string InvoiceNumber,
    IReadOnlyList<RecordSale.Line> Lines,
    [property: Description("cash, card, transfer, check or credit")] string? PaymentMethod = null,
    [property: Description(
        "paid: the whole amount was paid by paymentMethod; pending, when left out: nothing was; what was paid later is posted to its payments"
    )]
        string? PaymentStatus = null,
    [property: Description("Your own id of a business client")] Guid? ClientId = null,
    string? ClientName = null,
    [property: TextFormat(Codes.NumberFormat), Description("The client's RIF, or the tax id of another country as it is given")]
        string? ClientTaxId = null,
    [property:
        TextFormat(Codes.NumberFormat),
        Description(
            "The id of the transaction in an external point of sale: of one sale in the store, unless that is cancelled (see uniqueReferences in the settings)"
        )
    ]
        string? PosTransactionId = null,
    [property: Description("When it was sold, with its offset from UTC; now when left out. A sale that was made offline is taken late")]
        DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(
        "The id of a reservation that the sale fulfils: it takes what is held in this store of the products that are sold, and the rest stays held"
    )]
        Guid? Reservation = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null,
    [property: Description("With reservation: what it holds in this store beyond what is sold is held no longer")] bool ReleaseRest = false,
    [property: Description(
        "True: unitPrice, discount and the catalog's selling price include tax, which is taken out of them. False: it is added. As in the settings when left out"
    )]
        bool? PricesIncludeTax = null
) : IStockCommand<RecordSale.Line>, IProductLines<RecordSale, RecordSale.Line>
{
    string? IStockCommand<Line>.Reference => InvoiceNumber;

    public sealed record Line(
        [property: Description("Sku or id of the product; or barcode in its place")] string Sku,
        [property: Description("Greater than 0, at most 3 decimals; whole for what is counted")] decimal Quantity,
        [property: Description(
            "Price of one unit of the product, never of a pack, before tax or with it as pricesIncludeTax says, at most 4 decimals; the product's selling price when left out. Needs the role manager"
        )]
            decimal? UnitPrice = null,
        [property: Description("Money off the line, before tax or with it as the price is, at most 2 decimals. Needs the role manager")]
            decimal Discount = 0,
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

    public RecordSale With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<RecordSale>
    {
        public Validator(TimeProvider clock)
        {
            this.StockDocument<RecordSale, Line>(
                clock,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive();
                    line.RuleFor(l => l.UnitPrice).UnitPrice();
                    line.RuleFor(l => l.Discount)
                        .Must(d => d >= 0 && d <= Quantities.MaxUnitPrice && Quantities.HasDecimals(d, 2))
                        .WithMessage($"must be between 0 and {Quantities.MaxUnitPrice:0}, with at most 2 decimals");
                }
            );
            RuleFor(c => c.InvoiceNumber).RequiredLine(50).Number(50);
            RuleFor(c => c.PaymentMethod!).OneOf(PaymentMethods.All).When(c => c.PaymentMethod is not null);
            RuleFor(c => c.PaymentStatus!).OneOf([SaleStatus.Paid, SaleStatus.Pending]).When(c => c.PaymentStatus is not null);
            RuleFor(c => c.PaymentMethod)
                .NotNull()
                .WithMessage("is required for what is paid")
                .When(c => c.PaymentStatus == SaleStatus.Paid);
            RuleFor(c => c.ClientName).SingleLine(200);
            RuleFor(c => c.ClientTaxId).Number(50).Must(taxId => Rif.Accepts(taxId, null)).WithMessage(Rif.InvalidMessage);
            RuleFor(c => c.PosTransactionId).Number(100);
            RuleFor(c => c.ReleaseRest)
                .Equal(false)
                .WithMessage("must be false for a sale without a reservation")
                .When(c => c.Reservation is null);
        }
    }
}

/// <param name="PaymentStatus">The status: pending, partial, paid, refund_due, returned, refunded or cancelled.</param>
/// <param name="Subtotal">The sum before tax.</param>
/// <param name="OpenAmount">
/// Balance due: total less credits, less payments that were not given back. Below 0 it is owed to the client.
/// </param>
/// <param name="CostOfGoodsSold">Cost of the goods sold, each line rounded to 2 decimals.</param>
/// <param name="Stock">The stock items that this command moved, after the command.</param>
/// <param name="OccurredAt">Time when this command's part of the sale occurred, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
/// <param name="AmountPaid">The sum of all payments.</param>
/// <param name="AmountRefunded">Part of the payments that was given back.</param>
/// <param name="Refunds">Money that this command gave back, by method; usually empty.</param>
public sealed record SaleReceipt(
    Guid Id,
    string InvoiceNumber,
    string PaymentStatus,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    decimal OpenAmount,
    decimal CostOfGoodsSold,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    decimal AmountPaid,
    decimal AmountRefunded,
    IReadOnlyList<MoneyByMethod> Refunds
)
{
    public static SaleReceipt From(Sale sale, StockOutcome outcome, DateTimeOffset at, IReadOnlyList<MoneyByMethod>? refunds = null) =>
        new(
            sale.Id,
            sale.InvoiceNumber,
            sale.Status,
            sale.Subtotal,
            sale.TaxAmount,
            sale.TotalAmount,
            sale.BalanceDue,
            sale.CostOfGoodsSold,
            outcome.Stock,
            at,
            outcome.CorrectedByCount,
            sale.Paid,
            sale.AmountRefunded,
            refunds ?? []
        );
}

public static class RecordSaleEndpoint
{
    /// <summary>
    /// Releases quantities of the reservation first, so that the sale can take them. The goods sold leave at the moving average of that
    /// moment, which is their cost of goods sold.
    /// </summary>
    /// <param name="lockedStock">One for each line, then those of all other products that the reservation releases.</param>
    /// <param name="released">Quantities that the reservation releases, sold or not.</param>
    public static StockDecision Decide(
        RecordSale command,
        IReadOnlyList<LockedStock> lockedStock,
        StockDocument document,
        Reservation? reservation,
        IReadOnlyList<TakenLine> released
    ) =>
        StockDecider.Decide([
            .. reservation?.Release(lockedStock, released) ?? [],
            .. StockDecider.Steps(
                lockedStock,
                command.Lines,
                (locked, line, item) =>
                    new StockSold(locked.Store.Id, locked.Product.Id, line.Quantity, document) { UnitCost = locked.CostOf(item) }
            ),
        ]);

    /// <summary>The invoice of the goods sold. Prices come from the catalog unless given; tax is by product.</summary>
    public static SaleRecorded Invoice(
        RecordSale command,
        IReadOnlyList<LockedStock> lockedStock,
        IReadOnlyList<StockSold> sold,
        IReadOnlyList<Guid> lineIds,
        DateTimeOffset occurredAt,
        TenantSettings? settings
    )
    {
        var (pricesIncludeTax, posTransactionId) = (
            command.PricesIncludeTax ?? settings?.PricesIncludeTax ?? false,
            Codes.NumberOrNull(command.PosTransactionId)
        );
        var lines = command
            .Lines.Select(
                (line, i) =>
                    new SaleLine(
                        lineIds[i],
                        lockedStock[i].Product.Id,
                        lockedStock[i].Product.Code,
                        line.Quantity,
                        line.UnitPrice ?? lockedStock[i].Product.Details.SellingPrice,
                        line.Discount,
                        lockedStock[i].Product.Details.TaxRate,
                        sold[i].UnitCost
                    )
            )
            .ToList();
        var amounts = LineAmount.Compute(lines, pricesIncludeTax);
        var (subtotal, tax) = (amounts.Sum(line => line.Net), amounts.Sum(line => line.Tax));
        return new SaleRecorded(
            lockedStock[0].Store.Id,
            Codes.Number(command.InvoiceNumber),
            command.ClientId,
            command.ClientName,
            Rif.NormalizeOrKeep(command.ClientTaxId, null),
            lines,
            subtotal,
            tax,
            subtotal + tax,
            command.PaymentMethod,
            posTransactionId,
            command.Notes,
            occurredAt,
            pricesIncludeTax,
            IsPosTransactionIdUnique: posTransactionId is not null && settings is not { AllowsRepeatedReferences: true }
        );
    }

    [WolverinePost("/api/{tenant}/sales", Name = "Record sale"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Sell goods of a store")]
    [EndpointDescription(
        "All lines or none. Tax is by product and added up for each rate, as the invoice states it; with pricesIncludeTax it is taken out of what the "
            + "lines of a rate come to. Refused: 404 for a store, sku or reservation that does not exist, 403 for a store that is not yours or a price or discount of a "
            + "caller below manager, 409 when the store is deactivated, the invoice number or posTransactionId is taken in the store (see existing), the reservation is "
            + "fulfilled, released or expired already or holds nothing of what is sold, or there is not enough stock (see shortages), 400 for a fraction of what is "
            + "counted, a discount above its line or a moment before the reservation was made."
    )]
    [ProducesResponseType<SaleReceipt>(201)]
    public static Task<IResult> Post(RecordSale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                if (command.Lines.Any(line => line.UnitPrice is not null || line.Discount > 0) && !ledger.Caller.Is(Roles.Manager))
                    return Refusal.Forbidden(
                        "To give a price or a discount of its own takes the role manager; leave unitPrice and discount out to sell at the catalog's price."
                    );
                var settings = ledger.ReadWithNextLock<TenantSettings>(ledger.Tenant.Id);
                var transacted = FindTransaction(ledger, command);
                var (reservation, held, unheld) = await OpenReservation(ledger, command, ct);
                if (unheld is not null)
                    return unheld;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, reservation?.OpenedAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the reservation was made", occurred.NotBefore!.Value);
                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [.. StockRequest.ForLines(command.Store, command.Lines, isInbound: false), .. held],
                    occurred,
                    ct
                );
                if (problem is not null)
                    return problem;
                var taken =
                    reservation?.Take(
                        lockedStock[0].Store.Id,
                        command.Lines.Zip(lockedStock, (line, locked) => (locked.Product.Id, line.Quantity))
                    )
                    ?? [];
                if (reservation is not null && taken.Count == 0 && !command.ReleaseRest)
                    return NothingHeld(reservation, "nothing of what is sold", command.Store);
                var document = new StockDocument(Guid.CreateVersion7(at), Codes.Number(command.InvoiceNumber), command.Notes, at);

                var released = command.ReleaseRest ? reservation!.Rest(lockedStock[0].Store.Id) : taken;
                var decision = Decide(command, lockedStock, document, reservation, released);
                var (outcome, refusal) = StockLedger.Append(ledger, lockedStock, decision);
                if (refusal is not null)
                    return refusal;
                var invoice = Invoice(
                    command,
                    lockedStock,
                    [.. decision.Events.Select(e => e.Event).OfType<StockSold>()],
                    [.. command.Lines.Select(_ => Guid.CreateVersion7(ledger.Now))],
                    document.OccurredAt,
                    settings.Value
                );
                UniqueName[] unique =
                [
                    InvoiceNumber(ledger, lockedStock[0].Store, invoice),
                    .. invoice.IsPosTransactionIdUnique ? [PosTransactionId(ledger, lockedStock[0].Store, invoice)] : (UniqueName[])[],
                ];
                if (invoice.IsPosTransactionIdUnique && transacted?.Value is { } other)
                    return Refusal.AlreadyExists(unique[1].Title, unique[1].Detail, Existing(ledger, other));
                if (
                    invoice.Lines.Select((line, i) => (line, i)).Where(l => l.line.Amount < 0).Select(l => l.i).ToList() is
                    { Count: > 0 } below
                )
                    return Refusal.Invalid(
                        below.ToDictionary(i => $"lines[{i}].discount", _ => (string[])["must not be more than the line comes to"])
                    );

                var sale = ledger.Append<Sale>(
                    document.Id,
                    command.PaymentStatus == SaleStatus.Paid && invoice.TotalAmount > 0
                        ? [invoice, new PaymentReceived(invoice.TotalAmount, command.PaymentMethod!, null, document.OccurredAt)]
                        : [invoice]
                );
                // after the sale: rows of the reservation's fulfilment have a foreign key to it
                if (reservation is not null)
                    ledger.Append<Reservation>(
                        reservation.Id,
                        new ReservationFulfilled(lockedStock[0].Store.Id, document.Id, taken, command.ReleaseRest)
                    );
                return Reply.Created($"/api/{ledger.Tenant.Slug}/sales/{sale.Id}", SaleReceipt.From(sale, outcome, at), unique);
            }
        );

    /// <summary>
    /// Queries the sale of the store with the command's posTransactionId that is not cancelled, whether or not that sale was recorded as
    /// unique. Null when the command has no posTransactionId.
    /// </summary>
    private static Pending<Guid?>? FindTransaction(LedgerSession ledger, RecordSale command) =>
        Codes.NumberOrNull(command.PosTransactionId) is null
            ? null
            : ledger.QueryWithNextLock<Guid?>(
                $"""
                select d.id from {ledger.Documents<Sale>()} d
                where d.data ->> 'posTransactionId' = any($1) and d.data ->> 'isCancelled' = 'false' and d.data ->> 'storeId' =
                    (select s.id::text from {ledger.Documents<Store>()} s where s.id = $2 or s.data ->> 'code' = any($3))
                limit 1
                """,
                [
                    Codes.NumberSpellings(command.PosTransactionId!),
                    Guid.TryParse(command.Store, out var id) ? id : Guid.Empty,
                    Codes.Spellings(command.Store),
                ],
                async (reader, ct) => await reader.ReadAsync(ct) ? reader.GetGuid(0) : null
            );

    private static UniqueName InvoiceNumber(LedgerSession ledger, Store store, SaleRecorded invoice) =>
        new(
            "Invoice number taken",
            $"There is an invoice '{invoice.InvoiceNumber}' of the store {store.Code} already.",
            async (look, ct) =>
                Existing(
                    ledger,
                    (await look.First<Sale>(sale => sale.InvoiceNumber == invoice.InvoiceNumber && sale.StoreId == store.Id, ct))?.Id
                )
        );

    private static UniqueName PosTransactionId(LedgerSession ledger, Store store, SaleRecorded invoice) =>
        new(
            "Transaction taken",
            $"There is a sale of the store {store.Code} with the posTransactionId '{invoice.PosTransactionId}' already.",
            async (look, ct) =>
                Existing(
                    ledger,
                    (
                        await look.First<Sale>(
                            sale => sale.UniquePosTransactionId == invoice.PosTransactionId && sale.StoreId == store.Id,
                            ct
                        )
                    )?.Id
                )
        );

    private static ExistingDocument? Existing(LedgerSession ledger, Guid? sale) =>
        sale is { } id ? new(id, $"/api/{ledger.Tenant.Slug}/sales/{id}") : null;

    /// <summary>
    /// Locks the reservation of the sale, or returns the refusal. With ReleaseRest it also returns a stock request for each line that the
    /// reservation holds in the store.
    /// </summary>
    private static async Task<(Reservation? Reservation, IReadOnlyList<StockRequest> Held, Refusal? Problem)> OpenReservation(
        LedgerSession ledger,
        RecordSale command,
        CancellationToken ct
    )
    {
        // an unknown store is refused later, by StockLedger
        if (command.Reservation is not { } id || await ledger.Find<Store>(command.Store, ct) is not { } store)
            return (null, [], null);
        if (await ledger.Lock<Reservation>(id, ct) is not { } reservation)
            return (null, [], Refusal.NotFound("reservation", "reservation", id.ToString()));
        if (!reservation.Lines.Any(line => ledger.Caller.MayUse(line.StoreId)))
            return (null, [], Refusal.Forbidden("The reservation holds stock of a store that is not yours."));
        if (Refusal.WrongState("reservation", reservation.Status, "fulfil", Reservation.Allowed) is { } wrong)
            return (null, [], wrong);
        var held = reservation.Held.Where(line => line.StoreId == store.Id).ToList();
        if (held.Count == 0)
            return (null, [], NothingHeld(reservation, "nothing", command.Store));
        return (
            reservation,
            command.ReleaseRest
                ? [.. held.Select(line => new StockRequest(command.Store, line.ProductId.ToString(), line.Quantity, IsInbound: false))]
                : [],
            null
        );
    }

    private static Refusal NothingHeld(Reservation reservation, string what, string store) =>
        Refusal.Conflict(
            "Nothing held",
            $"The reservation '{reservation.Reference}' holds {what} in the store {Refusal.Shorten(store)}: sell without it."
        );
}
