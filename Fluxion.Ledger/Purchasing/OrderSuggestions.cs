using System.Globalization;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

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
public sealed record SuggestedOrders(IReadOnlyList<SuggestedOrder> Orders, IReadOnlyList<NotOrdered> NotOrdered);

public static class OrderSuggestionsEndpoint
{
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
            + "Drafted goods are not suggested again: a second call finds nothing more to order. "
            + "Refused with 404: an unknown store or supplier; 403: a store that is not yours."
    )]
    [ProducesResponseType<SuggestedOrders>(200)]
    public static Task<IResult> Post(OrderSuggestions command, LedgerSession ledger, HttpContext http, IStockPositions positions) =>
        ledger.Run(http, command, ct => Handle(command, ledger, positions, ct));

    private static async Task<Reply> Handle(OrderSuggestions command, LedgerSession ledger, IStockPositions positions, CancellationToken ct)
    {
        await ledger.AcquireLock("order suggestions", ct); // without the lock, concurrent commands would order the same goods
        await Deactivation.AcquireSharedLock(ledger, ct);
        var store = await ledger.Find<Store>(command.Store, ct);
        if (command.Store is not null && store is null)
            return Refusal.StoreNotFound(command.Store);
        if (store is not null && !ledger.Caller.MayUse(store.Id))
            return PurchaseOrderRefusals.StoreNotAllowed(command.Store!);
        var supplier = await ledger.Find<Supplier>(command.Supplier, ct);
        if (command.Supplier is not null && supplier is null)
            return Refusal.NotFound("supplier", "supplier", command.Supplier);

        var items = await positions.ToOrder(ledger, store?.Id, supplier?.Id, OrderSuggestions.MaxLines, ct);
        var products = await ledger.Find<Product>(items.Select(item => item.ProductId.ToString()), ct);
        var suppliers = await ledger.Find<Supplier>(items.Select(item => item.SupplierId?.ToString()).OfType<string>(), ct);
        var stores = await ledger.Find<Store>(items.Select(item => item.StoreId.ToString()), ct);
        var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        var (orders, left) = (new List<SuggestedOrder>(), new List<NotOrdered>());
        foreach (var ofOne in items.GroupBy(item => (item.StoreId, item.SupplierId)))
        {
            var from = ofOne.Key.SupplierId is { } id ? suppliers[id.ToString()] : null;
            if (from is not { IsActive: true })
            {
                left.AddRange(
                    ofOne.Select(item => new NotOrdered(
                        item.Store,
                        item.Sku,
                        item.SuggestedQuantity,
                        from is null ? "no supplier" : $"supplier {from.Code} deactivated"
                    ))
                );
                continue;
            }
            var today = Zone.For(stores[ofOne.Key.StoreId.ToString()], settings).DateOf(ledger.Now);
            foreach (var lines in ofOne.Chunk(StockLedger.MaxLines))
                orders.Add(Draft(ledger, from, lines, products, today, orders.Count + 1));
        }
        return Reply.Ok(new SuggestedOrders(orders, left));
    }

    private static SuggestedOrder Draft(
        LedgerSession ledger,
        Supplier supplier,
        StockPosition[] items,
        IReadOnlyDictionary<string, Product> products,
        DateOnly today,
        int number
    )
    {
        var expected = today.AddDays(items.Max(item => item.Reorder.LeadTimeDays));
        var order = ledger.Append<PurchaseOrder>(
            Guid.CreateVersion7(ledger.Now),
            new PurchaseOrderDrafted(
                string.Create(CultureInfo.InvariantCulture, $"R-{ledger.Now.UtcDateTime:yyMMdd-HHmmssfff}-{number}"),
                items[0].StoreId,
                supplier.Id,
                today,
                expected,
                null,
                ledger.Caller.UserId == Guid.Empty ? null : ledger.Caller.UserId,
                [
                    .. items
                        .Select(item => (item, products[item.ProductId.ToString()].Details))
                        .Select(line => new OrderedLine(
                            Guid.CreateVersion7(ledger.Now),
                            line.item.ProductId,
                            line.item.Sku,
                            Quantities.Normalize(line.item.SuggestedQuantity),
                            line.Details.CostPrice,
                            line.Details.TaxRate
                        )),
                ]
            )
        );
        return new SuggestedOrder(order.Id, order.Code, items[0].Store, supplier.Code, expected, items.Length, order.TotalAmount);
    }
}
