using System.Globalization;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Purchasing;

/// <summary>
/// Makes draft purchase orders from the reorder suggestions, one for each store and supplier, or more above 1,000 lines.
/// </summary>
[Example("""{"store":"CCS-01","supplier":"COLGATE"}""")]
public sealed record OrderSuggestions(
    [property: Description("Code or id of a store. Default: all your stores")] string? Store = null,
    [property: Description("Code or id of a supplier. Default: all suppliers")] string? Supplier = null
)
{
    /// <summary>Maximum number of lines in one command. The other suggestions stay as they are.</summary>
    public const int MaxLines = 5000;

    public sealed class Validator : AbstractValidator<OrderSuggestions>
    {
        public Validator()
        {
            RuleFor(c => c.Store!).Reference().When(c => c.Store is not null);
            RuleFor(c => c.Supplier!).Reference().When(c => c.Supplier is not null);
        }
    }
}

/// <param name="ExpectedDate">Today in the store's time zone plus the longest lead time of its lines.</param>
public sealed record SuggestedOrder(
    Guid Id,
    string OrderNumber,
    string Store,
    string Supplier,
    DateOnly ExpectedDate,
    int Lines,
    decimal TotalAmount
);

/// <summary>A suggestion that could not be ordered.</summary>
public sealed record NotOrdered(string Store, string Sku, decimal Quantity, string Reason);

/// <param name="Orders">The drafted orders; empty when there is nothing to order.</param>
/// <param name="NotOrdered">Suggestions without a supplier, or with a deactivated one.</param>
public sealed record SuggestedOrders(IReadOnlyList<SuggestedOrder> Orders, IReadOnlyList<NotOrdered> NotOrdered)
{
    /// <param name="orders">The drafted orders.</param>
    public static SuggestedOrders From(IReadOnlyList<Suggestion> suggestions, IEnumerable<PurchaseOrder> orders)
    {
        var first = suggestions.ToDictionary(suggestion => suggestion.OrderId);
        return new(
            [
                .. orders.Select(order => new SuggestedOrder(
                    order.Id,
                    order.Code,
                    first[order.Id].Store.Code,
                    first[order.Id].Supplier!.Code,
                    order.ExpectedDate!.Value,
                    order.Lines.Count,
                    order.TotalAmount
                )),
            ],
            [
                .. suggestions
                    .Where(suggestion => suggestion.Obstacle is not null)
                    .GroupBy(suggestion => (suggestion.Store.Id, suggestion.Supplier?.Id))
                    .SelectMany(ofOne => ofOne)
                    .Select(left => new NotOrdered(left.Item.Store, left.Item.Sku, left.Item.SuggestedQuantity, left.Obstacle!)),
            ]
        );
    }
}

/// <summary>A stock item to order.</summary>
/// <param name="Supplier">The usual supplier; null when there is none.</param>
/// <param name="OrderId">The id of the order, if the item is its first line.</param>
public sealed record Suggestion(StockPosition Item, Store Store, Product Product, Supplier? Supplier, Guid OrderId, Guid LineId)
{
    /// <summary>The reason why the item cannot be ordered; null when it can.</summary>
    public string? Obstacle =>
        Supplier switch
        {
            null => "no supplier",
            { IsActive: false } => $"supplier {Supplier.Code} deactivated",
            _ => null,
        };
}

/// <summary>All that the decision on suggestions reads.</summary>
/// <param name="Suggestions">The suggestions, by store and sku.</param>
/// <param name="CreatedBy">The user; null for the system.</param>
/// <param name="Now">The ledger's time.</param>
public sealed record SuggestionContext(
    IReadOnlyList<Suggestion> Suggestions,
    TenantSettings? Settings,
    Guid? CreatedBy,
    DateTimeOffset Now
);

public static class OrderSuggestionsEndpoint
{
    public static Decision Decide(SuggestionContext context) =>
        Decision.Accept([
            .. context
                .Suggestions.Where(suggestion => suggestion.Obstacle is null)
                .GroupBy(suggestion => (suggestion.Store.Id, suggestion.Supplier!.Id))
                .SelectMany(ofOne => ofOne.Chunk(StockLedger.MaxLines))
                .Select((lines, i) => DocumentEvents.Of<PurchaseOrder>(lines[0].OrderId, Draft(lines, i + 1, context))),
        ]);

    private static PurchaseOrderDrafted Draft(Suggestion[] lines, int number, SuggestionContext context)
    {
        var (store, supplier) = (lines[0].Store, lines[0].Supplier!);
        var today = Zone.For(store, context.Settings).DateOf(context.Now);
        return new PurchaseOrderDrafted(
            string.Create(CultureInfo.InvariantCulture, $"R-{context.Now.UtcDateTime:yyMMdd-HHmmssfff}-{number}"),
            store.Id,
            supplier.Id,
            today,
            today.AddDays(lines.Max(line => line.Item.Reorder.LeadTimeDays)),
            null,
            context.CreatedBy,
            [
                .. lines.Select(line => new OrderedLine(
                    line.LineId,
                    line.Product.Id,
                    line.Product.Code,
                    Quantities.Normalize(line.Item.SuggestedQuantity),
                    line.Product.Details.CostPrice,
                    line.Product.Details.TaxRate
                )),
            ]
        );
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders/from-suggestions", Name = "Order suggestions"),
        Authorize(Roles.User),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Draft purchase orders from the reorder suggestions")]
    [EndpointDescription(
        "Drafts an order for each store and supplier with suggestions, all or none. "
            + "One call drafts up to 5,000 lines, at most 1,000 in an order. "
            + "Drafted goods are not suggested again: call again for suggestions beyond 5,000. "
            + "Refused with 404: an unknown store or supplier; 403: a store that is not yours."
    )]
    [ProducesResponseType<SuggestedOrders>(200)]
    public static Task<IResult> Post(OrderSuggestions command, LedgerSession ledger, HttpContext http, IStockPositions positions) =>
        ledger.Run(http, command, ct => Handle(command, ledger, positions, ct));

    private static async Task<Reply> Handle(OrderSuggestions command, LedgerSession ledger, IStockPositions positions, CancellationToken ct)
    {
        var (context, problem) = await Load(command, ledger, positions, ct);
        if (context is null)
            return problem!;
        return ledger.Append(
            Decide(context),
            _ => Reply.Ok(SuggestedOrders.From(context.Suggestions, ledger.Changes.Select(change => (PurchaseOrder)change.After)))
        );
    }

    private static async Task<(SuggestionContext? Context, Refusal? Problem)> Load(
        OrderSuggestions command,
        LedgerSession ledger,
        IStockPositions positions,
        CancellationToken ct
    )
    {
        await ledger.AcquireLock("order suggestions", ct); // without the lock, concurrent commands would order the same goods
        await Deactivation.AcquireSharedLock(ledger, ct);
        var store = await ledger.Find<Store>(command.Store, ct);
        if (command.Store is not null && store is null)
            return (null, Refusal.StoreNotFound(command.Store));
        if (store is not null && !ledger.Caller.MayUse(store.Id))
            return (null, PurchaseOrderRefusals.StoreNotAllowed(command.Store!));
        var supplier = await ledger.Find<Supplier>(command.Supplier, ct);
        if (command.Supplier is not null && supplier is null)
            return (null, Refusal.NotFound("supplier", "supplier", command.Supplier));

        var items = await positions.ToOrder(ledger, store?.Id, supplier?.Id, OrderSuggestions.MaxLines, ct);
        var products = await ledger.Find<Product>(items.Select(item => item.ProductId.ToString()), ct);
        var suppliers = await ledger.Find<Supplier>(items.Select(item => item.SupplierId?.ToString()).OfType<string>(), ct);
        var stores = await ledger.Find<Store>(items.Select(item => item.StoreId.ToString()), ct);
        var suggestions = items.Select(item => new Suggestion(
            item,
            stores[item.StoreId.ToString()],
            products[item.ProductId.ToString()],
            item.SupplierId is { } id ? suppliers[id.ToString()] : null,
            Guid.CreateVersion7(ledger.Now),
            Guid.CreateVersion7(ledger.Now)
        ));
        var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        return (new SuggestionContext([.. suggestions], settings, ledger.Caller.PersonId, ledger.Now), null);
    }
}
