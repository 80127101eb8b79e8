using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Goods are sold: they leave the store, and an invoice states their price.</summary>
[Example(
    """
        {
          "store": "CCS-01", "invoiceNumber": "F-0001", "paymentMethod": "cash", "paymentStatus": "paid",
          "clientName": "María Pérez", "clientTaxId": "V-12345678-1", "lines": [{"sku":"LAC001","quantity":2}]
        }
        """
)]
public sealed record RecordSale(
    [property: Description(Codes.StoreDescription)] string Store,
    [property:
        TextFormat(Codes.NumberFormat),
        Description("Number of the invoice, unique in the store; upper and lower case differ. A cancelled sale keeps its number")
    ]
        string InvoiceNumber,
    IReadOnlyList<RecordSale.Line> Lines,
    [property: Description("Payment method: cash, card, transfer, check or credit. Required when paymentStatus is paid")]
        string? PaymentMethod = null,
    [property: Description(
        "paid: the entire amount was paid by paymentMethod. pending: nothing was paid yet; "
            + "a later payment is posted to the payments of the sale. Default: pending"
    )]
        string? PaymentStatus = null,
    [property: Description("Id of a business client in your own records")] Guid? ClientId = null,
    string? ClientName = null,
    [property: TextFormat(Codes.NumberFormat), Description("RIF of the client. A tax id of another country is kept as given")]
        string? ClientTaxId = null,
    [property:
        TextFormat(Codes.NumberFormat),
        Description(
            "Id of the transaction in an external point of sale. "
                + "Unique among the sales of the store that are not cancelled (see uniqueReferences in the settings)"
        )
    ]
        string? PosTransactionId = null,
    [property: Description("Time of the sale, with offset from UTC. A sale made offline may be sent later. Default: now")]
        DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(
        "Id of a reservation that the sale fulfils. "
            + "The sale takes the held quantities of its products in this store; the rest stays held"
    )]
        Guid? Reservation = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null,
    [property: Description("With reservation: true also releases the quantities that it still holds in this store. Default: false")]
        bool ReleaseRest = false,
    [property: Description(
        "True: unitPrice, discount and the catalog's selling price include tax, "
            + "and the ledger takes the tax out of them. False: the ledger adds the tax. Default: the value in the settings"
    )]
        bool? PricesIncludeTax = null
) : IStockCommand<RecordSale.Line>, IProductLines<RecordSale, RecordSale.Line>
{
    string? IStockCommand<Line>.Reference => InvoiceNumber;

    public sealed record Line(
        [property: Description(ProductLines.SkuDescription)] string Sku,
        [property: Description(ProductLines.QuantityDescription)] decimal Quantity,
        [property: Description(
            "Price of one unit of the product, never of a pack; at most 4 decimals. "
                + "pricesIncludeTax says whether it includes tax. Requires the role manager. "
                + "Default: the product's selling price"
        )]
            decimal? UnitPrice = null,
        [property: Description(
            "Money off the line, at most 2 decimals. It includes tax when the price does. Requires the role manager. Default: 0"
        )]
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
                .WithMessage("is required when paymentStatus is paid")
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

public static class RecordSaleEndpoint
{
    /// <summary>
    /// Goods leave at the moving average of that moment, which is their cost of goods sold. Quantities of the reservation are released
    /// first, so that the sale can take them.
    /// </summary>
    public static Decision Decide(RecordSale command, SaleContext context)
    {
        if (!context.MaySetPrices && command.Lines.Any(line => line.UnitPrice is not null || line.Discount > 0))
            return SaleRefusals.PriceNeedsManager;
        var (store, at, reservation) = (context.Store, context.At, context.Reservation);
        if (context.Occurred.IsTooEarly)
            return Refusal.BeforeCause("the reservation was made", context.Occurred.NotBefore!.Value);
        var taken =
            reservation?.Take(store.Id, command.Lines.Zip(context.Stock, (line, locked) => (locked.Product.Id, line.Quantity))) ?? [];
        if (reservation is not null && taken.Count == 0 && !command.ReleaseRest)
            return SaleRefusals.NothingHeld(reservation, "none of the sold products", command.Store);

        var document = new StockDocument(context.SaleId, Codes.Number(command.InvoiceNumber), command.Notes, at);
        var released = command.ReleaseRest ? reservation!.Rest(store.Id) : taken;
        var stock = StockDecider.Decide(
            context.Stock,
            [.. reservation?.Release(context.Stock, released) ?? [], .. StockDecider.Steps(context.Stock, command.Lines, Sell)]
        );
        if (stock.Refusal is { } shortage)
            return shortage;

        var invoice = Invoice(command, context, [.. stock.Events.Select(e => e.Event).OfType<StockSold>()]);
        if (invoice.IsPosTransactionIdUnique && context.SaleOfPosTransaction is { } existing)
            return SaleRefusals.PosTransactionTaken(store, invoice.PosTransactionId!) with { Existing = existing };
        var negative = invoice.Lines.Index().Where(line => line.Item.Amount < 0).Select(line => line.Index).ToList();
        if (negative.Count > 0)
            return SaleRefusals.DiscountAboveLine(negative);
        var isPaid = command.PaymentStatus == SaleStatus.Paid && invoice.TotalAmount > 0;
        var sale = DocumentEvents.Of<Sale>(
            context.SaleId,
            isPaid ? [invoice, new PaymentReceived(invoice.TotalAmount, command.PaymentMethod!, null, at)] : [invoice]
        );
        // the sale first: rows of the reservation's fulfilment have a foreign key to it
        return reservation is null
            ? stock.With(sale)
            : stock.With(
                sale,
                DocumentEvents.Of<Reservation>(
                    reservation.Id,
                    new ReservationFulfilled(store.Id, context.SaleId, taken, command.ReleaseRest)
                )
            );

        StockEvent Sell(LockedStock locked, RecordSale.Line line, StockItem? item) =>
            new StockSold(locked.Store.Id, locked.Product.Id, line.Quantity, document) { UnitCost = locked.CostOf(item) };
    }

    /// <summary>The invoice of the goods sold. Prices come from the catalog unless given; tax is by product.</summary>
    private static SaleRecorded Invoice(RecordSale command, SaleContext context, IReadOnlyList<StockSold> sold)
    {
        var settings = context.Settings;
        var (pricesIncludeTax, posTransactionId) = (
            command.PricesIncludeTax ?? settings?.PricesIncludeTax ?? false,
            Codes.NumberOrNull(command.PosTransactionId)
        );
        var lines = command
            .Lines.Select(
                (line, i) =>
                {
                    var product = context.Stock[i].Product;
                    return new SaleLine(
                        context.LineIds[i],
                        product.Id,
                        product.Code,
                        line.Quantity,
                        line.UnitPrice ?? product.Details.SellingPrice,
                        line.Discount,
                        product.Details.TaxRate,
                        sold[i].UnitCost
                    );
                }
            )
            .ToList();
        var amounts = LineAmount.Compute(lines, pricesIncludeTax);
        var (subtotal, tax) = (amounts.Sum(line => line.Net), amounts.Sum(line => line.Tax));
        return new SaleRecorded(
            context.Store.Id,
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
            context.At,
            pricesIncludeTax,
            IsPosTransactionIdUnique: posTransactionId is not null && settings is not { AllowsRepeatedReferences: true }
        );
    }

    [WolverinePost("/api/{tenant}/sales", Name = "Record sale"), Authorize(Roles.User), Tags("Sales"), MovesStockOrMoney]
    [EndpointSummary("Record a sale")]
    [EndpointDescription(
        "All lines or none. Tax is computed by product and summed for each rate, as the invoice states it. "
            + "With pricesIncludeTax, the tax is taken out of the total of each rate. "
            + "Refused with 404: an unknown store, sku or reservation; "
            + "403: a store that is not yours, or a price or discount of a caller below manager; "
            + "409: a deactivated store, an invoice number or posTransactionId that is taken in the store (see existing), "
            + "a reservation that is fulfilled, released or expired, a reservation without any of the goods, "
            + "or insufficient stock (see shortages); "
            + "400: a fraction of a counted product, a discount above its line, or a time before the reservation."
    )]
    [ProducesResponseType<SaleReceipt>(201)]
    public static Task<IResult> Post(RecordSale command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                var (context, problem) = await SaleContext.Load(ledger, command, ct);
                if (context is null)
                    return problem!;
                return ledger.Append(
                    Decide(command, context),
                    stock =>
                    {
                        var sale = ledger.State<Sale>(context.SaleId);
                        var receipt = SaleReceipt.From(sale, stock, context.At);
                        return Reply.Created(SaleContext.UrlOf(ledger, sale.Id), receipt, UniqueNames(context.Store, sale));
                    }
                );
            }
        );

    /// <summary>The values of a sale that another sale of the store must not have.</summary>
    private static IReadOnlyList<UniqueName> UniqueNames(Store store, Sale sale)
    {
        var invoiceNumber = new UniqueName(
            SaleRefusals.InvoiceNumberTaken(store, sale.InvoiceNumber),
            (look, ct) => SaleContext.Existing(look, other => other.InvoiceNumber == sale.InvoiceNumber && other.StoreId == store.Id, ct)
        );
        return sale.UniquePosTransactionId is not { } transaction
            ? [invoiceNumber]
            :
            [
                invoiceNumber,
                new UniqueName(
                    SaleRefusals.PosTransactionTaken(store, transaction),
                    (look, ct) =>
                        SaleContext.Existing(look, other => other.UniquePosTransactionId == transaction && other.StoreId == store.Id, ct)
                ),
            ];
    }
}
