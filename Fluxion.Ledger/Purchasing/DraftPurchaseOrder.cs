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

namespace Fluxion.Ledger.Purchasing;

/// <summary>Drafts a purchase order. It is not sent to its supplier yet.</summary>
[Example(
    """
        {
          "store": "CCS-01", "supplier": "POLAR", "orderNumber": "OC-1", "orderDate": "2026-01-30", "expectedDate": "2026-02-06", "notes": "Entrega por la mañana",
          "lines": [{"sku":"LAC001","quantity":24,"unitCost":2.50},{"sku":"HAR001","quantity":120}]
        }
        """
)]
public sealed record DraftPurchaseOrder(
    [property: Description("Code or id of the store that the goods are for")] string Store,
    [property: Description("Code or id of the supplier")] string Supplier,
    [property: TextFormat(Codes.Format), Description("Unique in the tenant; kept in upper case")] string OrderNumber,
    IReadOnlyList<DraftPurchaseOrder.Line> Lines,
    [property: Description("Today in the store's time zone when left out; not in the future")] DateOnly? OrderDate = null,
    [property: Description("When the supplier should deliver; not before orderDate")] DateOnly? ExpectedDate = null,
    string? Notes = null
) : IProductLines<DraftPurchaseOrder, DraftPurchaseOrder.Line>
{
    public sealed record Line(
        [property: Description("Sku or id of the product; or barcode in its place. A product once")] string Sku,
        [property: Description("Greater than 0, at most 3 decimals; whole for what is counted")] decimal Quantity,
        [property: Description(
            "Cost of one unit of the product, never of a pack, before tax, at most 4 decimals; its cost price when left out"
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

/// <summary>Rules that drafting and changing a purchase order share.</summary>
public static class PurchaseOrderRules
{
    public static readonly DateOnly Earliest = new(2000, 1, 1);
    public static readonly DateOnly Latest = new(2100, 12, 31);

    public static void OrderLines<TCommand>(
        this AbstractValidator<TCommand> validator,
        System.Linq.Expressions.Expression<Func<TCommand, IReadOnlyList<DraftPurchaseOrder.Line>>> lines
    )
    {
        validator.Lines(
            lines,
            line =>
            {
                line.Product();
                line.RuleFor(l => l.Quantity).Positive();
                line.RuleFor(l => l.UnitCost).UnitPrice();
            }
        );
    }

    public static IRuleBuilderOptions<T, DateOnly?> Day<T>(this IRuleBuilder<T, DateOnly?> rule) =>
        rule.Must(day => day is null || (day >= Earliest && day <= Latest))
            .WithMessage($"must be between {Earliest:yyyy-MM-dd} and {Latest:yyyy-MM-dd}");

    public static Refusal? RefuseDates(DateOnly ordered, DateOnly? expected) =>
        expected < ordered ? Refusal.Invalid("expectedDate", $"must not be before orderDate, {ordered:yyyy-MM-dd}") : null;

    /// <summary>The supplier of an order, or a refusal when he is unknown or deactivated.</summary>
    public static async Task<(Supplier? Supplier, Refusal? Problem)> FindSupplier(
        LedgerSession ledger,
        string reference,
        CancellationToken ct
    ) =>
        await ledger.Find<Supplier>(reference, ct) switch
        {
            null => (null, Refusal.NotFound("supplier", "supplier", reference)),
            { IsActive: false } inactive => (
                null,
                Refusal.Conflict("Supplier deactivated", $"Nothing more is ordered from {inactive.Code}.")
            ),
            var supplier => (supplier, null),
        };

    /// <summary>The lines with their products, or a refusal of the lines.</summary>
    /// <param name="known">Existing lines of the order: the line of a product keeps its id.</param>
    public static async Task<(IReadOnlyList<OrderedLine> Lines, Refusal? Problem)> Resolve(
        LedgerSession ledger,
        IReadOnlyList<DraftPurchaseOrder.Line> lines,
        IReadOnlyList<PurchaseOrderLine> known,
        CancellationToken ct
    )
    {
        var products = await ledger.Find<Product>(lines.Select(l => l.Sku), ct);
        return Decide(lines, products, known.ToDictionary(line => line.ProductId, line => line.Id), () => Guid.CreateVersion7(ledger.Now));
    }

    /// <param name="products">Products by the references in <paramref name="lines"/>.</param>
    /// <param name="known">Ids of existing lines, by product.</param>
    public static (IReadOnlyList<OrderedLine> Lines, Refusal? Problem) Decide(
        IReadOnlyList<DraftPurchaseOrder.Line> lines,
        IReadOnlyDictionary<string, Product> products,
        IReadOnlyDictionary<Guid, Guid> known,
        Func<Guid> newId
    )
    {
        var unknown = new Dictionary<string, string[]>();
        var wrong = new Dictionary<string, string[]>();
        var inactive = new List<string>();
        var ordered = new List<OrderedLine>();
        foreach (var (i, line) in lines.Index())
        {
            if (!products.TryGetValue(line.Sku, out var product))
            {
                unknown[$"lines[{i}].sku"] = [Refusal.NotFoundMessage("product", line.Sku)];
                continue;
            }
            if (product.QuantityError(line.Quantity) is { } error)
                wrong[$"lines[{i}].quantity"] = [error];
            if (!product.IsActive)
                inactive.Add(product.Code);
            var id = known.TryGetValue(product.Id, out var kept) ? kept : newId();
            ordered.Add(
                new OrderedLine(
                    id,
                    product.Id,
                    product.Code,
                    line.Quantity,
                    line.UnitCost ?? product.Details.CostPrice,
                    product.Details.TaxRate
                )
            );
        }
        if (unknown.Count > 0)
            return ([], Refusal.NotFound("Some products do not exist; see errors.", unknown));
        foreach (var (field, problem) in StockDocumentRules.DuplicateProducts(lines.Select(line => products[line.Sku])))
            wrong[field] = problem;
        if (ordered.Sum(line => Quantities.Round(line.Quantity * line.UnitCost, 2)) > PurchaseOrder.MaxTotal)
            wrong["lines"] = [$"must not come to more than {PurchaseOrder.MaxTotal:0}"];
        if (wrong.Count > 0)
            return ([], Refusal.Invalid(wrong));
        return inactive.Count > 0
            ? ([], Refusal.Conflict("Product deactivated", $"Nothing more is ordered of {string.Join(", ", inactive.Distinct())}."))
            : (ordered, null);
    }
}

public static class DraftPurchaseOrderEndpoint
{
    [
        WolverinePost("/api/{tenant}/purchase-orders", Name = "Draft purchase order"),
        Authorize(Roles.User),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Write a purchase order")]
    [EndpointDescription(
        "A draft: its lines may still change, and nothing is on order. The tax is that of each product now. Refused: 409 when the order number is taken (see existing), 404 for a store, supplier or sku that does not exist, 403 for a store that is not yours, 409 when store or product is deactivated, 400 for a fraction of what is counted and for a product on two lines."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(201)]
    public static Task<IResult> Post(DraftPurchaseOrder command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, (command, ct) => Handle(command, ledger, ct));

    private static async Task<Reply> Handle(DraftPurchaseOrder command, LedgerSession ledger, CancellationToken ct)
    {
        await Deactivation.AcquireSharedLock(ledger, ct);
        if (await ledger.Find<Store>(command.Store, ct) is not { } store)
            return Refusal.StoreNotFound(command.Store);
        if (!ledger.Caller.MayUse(store.Id))
            return Refusal.Forbidden($"You may not order for the store {Refusal.Shorten(command.Store)}.");
        if (!store.IsActive)
            return Refusal.Conflict("Store deactivated", $"The store {store.Code} is deactivated: nothing more comes in.");
        var number = Codes.Normalize(command.OrderNumber);
        string UrlOf(Guid id) => $"/api/{ledger.Tenant.Slug}/purchase-orders/{id}";
        ExistingDocument? Existing(PurchaseOrder? taken) =>
            taken is not null && ledger.Caller.MayUse(taken.StoreId) ? new(taken.Id, UrlOf(taken.Id)) : null;
        var unique = new UniqueName(
            "Order number taken",
            $"There is a purchase order '{number}' already.",
            async (look, token) => Existing(await look.Find<PurchaseOrder>(number, token))
        );
        if (await ledger.Find<PurchaseOrder>(number, ct) is { } taken)
            return Refusal.AlreadyExists(unique.Title, unique.Detail, Existing(taken));
        var (supplier, problem) = await PurchaseOrderRules.FindSupplier(ledger, command.Supplier, ct);
        if (problem is not null)
            return problem;
        var zone = Zone.For(store, await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct));
        var date = command.OrderDate ?? zone.DateOf(ledger.Now);
        // a client that takes the date in UTC may be a day ahead
        if (date > zone.DateOf(ledger.Now).AddDays(1))
            return Refusal.Invalid("orderDate", $"must not be in the future: in the store it is {zone.DateOf(ledger.Now):yyyy-MM-dd}");
        if (PurchaseOrderRules.RefuseDates(date, command.ExpectedDate) is { } wrong)
            return wrong;
        (var lines, problem) = await PurchaseOrderRules.Resolve(ledger, command.Lines, [], ct);
        if (problem is not null)
            return problem;

        var order = ledger.Append<PurchaseOrder>(
            Guid.CreateVersion7(ledger.Now),
            new PurchaseOrderDrafted(
                number,
                store.Id,
                supplier!.Id,
                date,
                command.ExpectedDate,
                command.Notes,
                ledger.Caller.UserId == Guid.Empty ? null : ledger.Caller.UserId,
                lines
            )
        );
        return Reply.Created(UrlOf(order.Id), PurchaseOrderReceipt.From(ledger, order), unique);
    }
}
