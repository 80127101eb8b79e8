using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Drafts a purchase order. It is not sent to its supplier yet.</summary>
[Example(
    """
        {
          "store": "CCS-01", "supplier": "POLAR", "orderNumber": "OC-1", "orderDate": "2026-01-30", "expectedDate": "2026-02-06",
          "notes": "Entrega por la mañana",
          "lines": [{"sku":"LAC001","quantity":24,"unitCost":2.50},{"sku":"HAR001","quantity":120}]
        }
        """
)]
public sealed record DraftPurchaseOrder(
    [property: Description("Code or id of the store that receives the goods")] string Store,
    [property: Description("Code or id of the supplier")] string Supplier,
    [property: TextFormat(Codes.Format), Description("Number of the order, unique in the tenant; kept in upper case")] string OrderNumber,
    IReadOnlyList<DraftPurchaseOrder.Line> Lines,
    [property: Description("Day of the order, not in the future. Default: today in the store's time zone")] DateOnly? OrderDate = null,
    [property: Description("Day on which the supplier should deliver; not before orderDate")] DateOnly? ExpectedDate = null,
    string? Notes = null
) : IProductLines<DraftPurchaseOrder, DraftPurchaseOrder.Line>
{
    public sealed record Line(
        [property: Description("Sku or id of the product, each product once. Required unless barcode is given")] string Sku,
        [property: Description(ProductLines.QuantityDescription)] decimal Quantity,
        [property: Description(
            "Cost of one unit of the product, never of a pack, before tax; at most 4 decimals. Default: the product's cost price"
        )]
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

    public DraftPurchaseOrder With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<DraftPurchaseOrder>
    {
        public Validator()
        {
            RuleFor(c => c.Store).Reference();
            RuleFor(c => c.Supplier).Reference();
            RuleFor(c => c.OrderNumber).Code();
            this.OrderLines(c => c.Lines);
            RuleFor(c => c.OrderDate).Day();
            RuleFor(c => c.ExpectedDate).Day();
            RuleFor(c => c.Notes).MaxLength(1000);
        }
    }
}

/// <summary>All that the decision on a new purchase order reads.</summary>
/// <param name="Products">Products by the references of the lines.</param>
/// <param name="Today">The date in the store's time zone.</param>
/// <param name="CreatedBy">The user; null for the system.</param>
public sealed record DraftContext(
    Guid OrderId,
    IReadOnlyList<Guid> LineIds,
    Store Store,
    Supplier Supplier,
    IReadOnlyDictionary<string, Product> Products,
    DateOnly Today,
    Guid? CreatedBy
);

public static class DraftPurchaseOrderEndpoint
{
    public static Decision Decide(DraftPurchaseOrder command, DraftContext context)
    {
        if (!context.Store.IsActive)
            return PurchaseOrderRefusals.StoreDeactivated(context.Store);
        if (!context.Supplier.IsActive)
            return PurchaseOrderRefusals.SupplierDeactivated(context.Supplier);
        var date = command.OrderDate ?? context.Today;
        // a client that takes the date in UTC may be a day ahead
        if (date > context.Today.AddDays(1))
            return PurchaseOrderRefusals.OrderedInFuture(context.Today);
        if (command.ExpectedDate < date)
            return PurchaseOrderRefusals.ExpectedBeforeOrdered(date);
        var (lines, problem) = PurchaseOrderRules.ResolveLines(
            command.Lines,
            context.Products,
            new Dictionary<Guid, Guid>(),
            context.LineIds
        );
        if (problem is not null)
            return problem;
        return Decision.Accept(
            DocumentEvents.Of<PurchaseOrder>(
                context.OrderId,
                new PurchaseOrderDrafted(
                    Codes.Normalize(command.OrderNumber),
                    context.Store.Id,
                    context.Supplier.Id,
                    date,
                    command.ExpectedDate,
                    command.Notes,
                    context.CreatedBy,
                    lines
                )
            )
        );
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders", Name = "Draft purchase order"),
        Authorize(Roles.User),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Draft a purchase order")]
    [EndpointDescription(
        "The lines of a draft may still change, and nothing is on order. "
            + "Each line has the present tax rate of its product. "
            + "Refused with 404: an unknown store, supplier or sku; 403: a store that is not yours; "
            + "409: an order number that is taken (see existing), or a deactivated store, supplier or product; "
            + "400: a fraction of a counted product, or a product on two lines."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(201)]
    public static Task<IResult> Post(DraftPurchaseOrder command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var number = Codes.Normalize(command.OrderNumber);
                var unique = new UniqueName(
                    PurchaseOrderRefusals.NumberTaken(number),
                    async (look, token) => PurchaseOrders.Existing(look, await look.Find<PurchaseOrder>(number, token))
                );
                var (context, problem) = await Load(ledger, command, ct);
                if (context is null)
                    return problem!;
                if (await ledger.Find<PurchaseOrder>(number, ct) is { } taken)
                    return unique.Taken with { Existing = PurchaseOrders.Existing(ledger, taken) };
                return ledger.Append(
                    Decide(command, context),
                    _ =>
                        Reply.Created(
                            PurchaseOrders.UrlOf(ledger, context.OrderId),
                            PurchaseOrderReceipt.From(ledger, context.OrderId),
                            unique
                        )
                );
            }
        );

    private static async Task<(DraftContext? Context, Refusal? Problem)> Load(
        LedgerSession ledger,
        DraftPurchaseOrder command,
        CancellationToken ct
    )
    {
        if (await ledger.Find<Store>(command.Store, ct) is not { } store)
            return (null, Refusal.StoreNotFound(command.Store));
        if (!ledger.Caller.MayUse(store.Id))
            return (null, PurchaseOrderRefusals.StoreNotAllowed(command.Store));
        if (await ledger.Find<Supplier>(command.Supplier, ct) is not { } supplier)
            return (null, Refusal.NotFound("supplier", "supplier", command.Supplier));
        var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        return (
            new DraftContext(
                Guid.CreateVersion7(ledger.Now),
                [.. command.Lines.Select(_ => Guid.CreateVersion7(ledger.Now))],
                store,
                supplier,
                await ledger.Find<Product>(command.Lines.Select(line => line.Sku), ct),
                Zone.For(store, settings).DateOf(ledger.Now),
                ledger.Caller.PersonId
            ),
            null
        );
    }
}
