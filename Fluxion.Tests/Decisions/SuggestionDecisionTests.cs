using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class SuggestionDecisionTests
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(Now.DateTime);
    private static readonly Supplier Colgate = Polar with { Id = Guid.CreateVersion7(), Code = "COLGATE" };

    /// <summary>Nothing is in stock, and the maximum level is 24.</summary>
    private static Suggestion Suggested(Store store, Product product, Supplier? supplier, int leadTimeDays = 7) =>
        new(
            new StockPosition(
                store.Id,
                product.Id,
                store.Code,
                product.Code,
                product.Details.Name,
                IsActive: true,
                OnHand: 0,
                Available: 0,
                OnOrder: 0,
                Drafted: 0,
                InTransit: 0,
                RatePerDay: 0,
                LatestMovement: null,
                LatestAlerts: [],
                new ReorderRule(6, 24, leadTimeDays, PackSize: 12),
                supplier?.Id,
                ShortReservations: []
            ),
            store,
            product,
            supplier,
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );

    private static IReadOnlyList<PurchaseOrderDrafted> Drafted(params IReadOnlyList<Suggestion> suggestions) =>
        [
            .. OrderSuggestionsEndpoint
                .Decide(new SuggestionContext(suggestions, Settings: null, CreatedBy: null, Now))
                .ShouldBeAccepted()
                .Events()
                .Cast<PurchaseOrderDrafted>(),
        ];

    [Fact]
    public void a_store_and_supplier_get_one_order_with_the_longest_lead_time()
    {
        var (milk, cheese) = (Suggested(Caracas, Milk, Polar), Suggested(Caracas, Cheese, Polar, leadTimeDays: 9));
        var order = Drafted(milk, cheese).ShouldHaveSingleItem();
        (order.OrderNumber, order.OrderDate, order.ExpectedDate).ShouldBe(("R-260301-120000000-1", Today, Today.AddDays(9)));
        order.Lines.ShouldBe([
            new OrderedLine(milk.LineId, Milk.Id, "LAC001", 24, 2, 16),
            new OrderedLine(cheese.LineId, Cheese.Id, "QUE001", 24, 2, 16),
        ]);
    }

    [Fact]
    public void each_store_and_each_supplier_gets_its_own_order() =>
        Drafted(Suggested(Caracas, Milk, Polar), Suggested(Caracas, Cheese, Colgate), Suggested(Valencia, Milk, Polar))
            .Select(order => (order.OrderNumber[^1], order.StoreId, order.SupplierId))
            .ShouldBe([('1', Caracas.Id, Polar.Id), ('2', Caracas.Id, Colgate.Id), ('3', Valencia.Id, Polar.Id)]);

    [Fact]
    public void more_lines_than_an_order_may_have_become_several_orders() =>
        Drafted([.. Enumerable.Range(0, StockLedger.MaxLines + 1).Select(_ => Suggested(Caracas, Milk, Polar))])
            .Select(order => order.Lines.Count)
            .ShouldBe([StockLedger.MaxLines, 1]);

    [Fact]
    public void a_product_without_an_active_supplier_is_not_ordered_and_the_reason_is_given()
    {
        Suggestion[] left = [Suggested(Caracas, Milk, null), Suggested(Caracas, Cheese, Polar with { IsActive = false })];
        Drafted(left).ShouldBeEmpty();
        SuggestedOrders
            .From(left, [])
            .NotOrdered.ShouldBe([
                new NotOrdered("CCS-01", "LAC001", 24, "no supplier"),
                new NotOrdered("CCS-01", "QUE001", 24, "supplier POLAR deactivated"),
            ]);
    }
}
