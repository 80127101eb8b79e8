using CsCheck;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;

namespace Fluxion.Tests.Stock;

public sealed class StockLawTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Store Store = new(Guid.CreateVersion7(), "CCS-01", new StoreDetails("A store", "store"), true);
    private static readonly Product Milk = ProductOf("LAC001", allowBackorder: false);
    private static readonly Product Bread = ProductOf("PAN001", allowBackorder: true);
    private static readonly StockDocument Document = new(Guid.CreateVersion7(), "GRN-7", null, Noon);

    private static Product ProductOf(string sku, bool allowBackorder) => new(Guid.CreateVersion7(), sku,
        new ProductDetails("A product", "kg", CostPrice: 2, Settings: new ProductSettings { AllowBackorder = allowBackorder }), true);

    private static StockSlot Slot(Product product, decimal onHand, decimal reserved = 0, decimal unitCost = 2) => new(Store, product,
        new StockItem(StockItem.IdOf(Store.Id, product.Id), Store.Id, product.Id, onHand, reserved, unitCost, Noon));

    private static StockDecision Issue(params (StockSlot Slot, decimal Quantity)[] lines) => IssueStockEndpoint.Decide(
        new IssueStock("CCS-01", "damage", [.. lines.Select(l => new IssueStock.Line(l.Slot.Product.Code, l.Quantity))]), [.. lines.Select(l => l.Slot)], Document);

    private static StockItem Fold(StockItem? item, params StockMovement[] movements) =>
        movements.Aggregate(item, (state, movement) => StockItem.Fold(StockItem.IdOf(movement.StoreId, movement.ProductId), state, movement))!;

    private static StockReceived Received(decimal quantity, decimal unitCost) => new(Store.Id, Milk.Id, quantity, Document) { UnitCost = unitCost };

    [Fact]
    public void what_is_available_can_be_issued_to_the_last_unit() => Issue((Slot(Milk, 7), 7)).Shortages.ShouldBeEmpty();

    [Fact]
    public void issuing_more_than_is_available_is_a_shortage_that_says_both_numbers() =>
        Issue((Slot(Milk, 7), 8)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, 7)]);

    [Fact]
    public void what_is_reserved_is_not_available() =>
        Issue((Slot(Milk, 7, reserved: 5), 3)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 3, 2)]);

    [Fact]
    public void two_lines_of_one_product_are_judged_together()
    {
        var slot = Slot(Milk, 7);
        Issue((slot, 4), (slot, 4)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, 7)]);
        Issue((slot, 4), (slot, 3)).Shortages.ShouldBeEmpty();
    }

    [Fact]
    public void a_product_that_allows_backorder_may_go_below_zero() => Issue((Slot(Bread, 1), 5)).Shortages.ShouldBeEmpty();

    [Fact]
    public void stock_that_is_below_zero_already_may_still_come_in() => AdjustStockEndpoint.Decide(
        new AdjustStock("CCS-01", "found", [new AdjustStock.Line("LAC001", 1)]), [Slot(Milk, -3)], Document).Shortages.ShouldBeEmpty();

    [Fact]
    public void what_leaves_leaves_at_the_moving_average() =>
        Issue((Slot(Milk, 7, unitCost: 2.875m), 1)).Events.Select(e => e.Event).OfType<StockMovement>().Single().UnitCost.ShouldBe(2.875m);

    [Fact]
    public void a_receipt_without_a_cost_takes_the_products_cost_price() => ReceiveStockEndpoint.Decide(
        new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", 1)]), [Slot(Milk, 7)], Document).Events.Select(e => e.Event).OfType<StockMovement>().Single().UnitCost.ShouldBe(2m);

    [Fact]
    public void the_moving_average_is_weighted_by_what_is_on_hand()
    {
        var item = Fold(null, Received(10, 2), Received(10, 3));
        item.UnitCost.ShouldBe(2.5m);
        item = Fold(item, new StockIssued(Store.Id, Milk.Id, 5, "damage", Document) { UnitCost = 2.5m }, Received(5, 4));
        item.OnHand.ShouldBe(20);
        item.UnitCost.ShouldBe(2.875m); // (15 × 2.5 + 5 × 4) / 20
    }

    [Fact]
    public void after_selling_out_the_next_receipt_sets_the_cost_alone() =>
        Fold(Fold(null, Received(1, 2)), new StockIssued(Store.Id, Milk.Id, 1, "damage", Document) { UnitCost = 2 }, Received(5, 9)).UnitCost.ShouldBe(9);

    /// <summary>What is on hand after some movements and what it is worth; and the worth of the movements themselves.</summary>
    private static (decimal OnHand, decimal Value, decimal Movements) Worth(StockItem before, StockDecision decision)
    {
        var movements = decision.Events.Select(e => (StockMovement)e.Event).ToArray();
        var after = Fold(before, movements);
        return (after.OnHand, after.OnHand * after.UnitCost, movements.Sum(m => m.Change() * m.UnitCost));
    }

    [Fact]
    public void a_receipt_from_before_a_count_that_comes_late_leaves_todays_stock_and_its_value_as_they_were()
    {
        var count = new StockCounted(Store.Id, Milk.Id, 10, 10, Document with { OccurredAt = Noon.AddDays(1) }) { UnitCost = 2 };
        var counted = Fold(null, Received(10, 2), count);
        StockDecision Receive(DateTimeOffset at) => ReceiveStockEndpoint.Decide(new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", 10, 8)]),
            [new StockSlot(Store, Milk, counted, new StockHistory(0, [count.Document]))], Document with { OccurredAt = at });
        Worth(counted, Receive(Noon.AddHours(1))).ShouldBe((10m, 20m, 0m));
        Worth(counted, Receive(Noon.AddDays(2))).ShouldBe((20m, 100m, 80m));
    }

    [Fact]
    public void what_is_lost_on_the_way_is_a_loss_of_what_it_cost_and_no_cost_of_the_stock_that_it_never_reached()
    {
        var (slot, document) = (Slot(Milk, 10), Document with { Id = Guid.CreateVersion7() });
        var sent = new TransferSent(Guid.CreateVersion7(), Store.Id, [new SentLine(Milk.Id, "LAC001", 5, 4)], null, null, Noon);
        var transfer = Transfer.Fold(document.Id, null, sent);
        StockDecision Receive(decimal received, decimal lost, decimal damaged) => ReceiveTransferEndpoint.Decide(
            transfer, new TransferReceived([new ArrivedLine(Milk.Id, received, lost, damaged)], null, Noon), [slot], document);
        Worth(slot.Item!, Receive(0, 5, 0)).ShouldBe((10m, 20m, 0m));
        Worth(slot.Item!, Receive(2, 2, 1)).ShouldBe((12m, 12 * 2.3333m, 8m)); // (10 × 2 + 2 × 4) / 12
        Receive(0, 5, 0).Events.Select(e => e.Event).OfType<StockAdjusted>().Single().UnitCost.ShouldBe(4);
    }

    [Fact]
    public void the_last_movement_is_the_latest_one_not_the_last_recorded() =>
        Fold(null, Received(1, 2), Received(1, 2) with { Document = Document with { OccurredAt = Noon.AddDays(-3) } }).LastMovementAt.ShouldBe(Noon);

    [Fact]
    public void each_line_whose_product_a_line_before_names_is_told_so() =>
        StockDocumentRules.Twice([Milk, Bread, Milk, Bread, Milk]).Keys.ShouldBe(["lines[2].sku", "lines[3].sku", "lines[4].sku"]);

    [Fact]
    public void the_stream_of_a_stock_item_follows_from_store_and_product()
    {
        var (store, product) = (Guid.Parse("11111111-1111-7111-8111-111111111111"), Guid.Parse("22222222-2222-7222-8222-222222222222"));
        StockItem.IdOf(store, product).ShouldBe(StockItem.IdOf(store, product));
        StockItem.IdOf(store, product).ShouldNotBe(StockItem.IdOf(product, store));
        StockItem.IdOf(store, product).Version.ShouldBe(5);
    }

    /// <summary>Conservation: whatever is asked, on hand is the sum of the movements, available is never below zero, and a refusal moves nothing.</summary>
    [Fact]
    public void on_hand_is_the_sum_of_the_movements_and_never_below_zero() =>
        Gen.Select(Gen.Int[-40, 60], Gen.Int[1, 9999]).Array[1, 60].Sample(steps =>
        {
            StockItem? item = null;
            var sum = 0m;
            foreach (var (change, cost) in steps.Where(s => s.Item1 != 0))
            {
                var slot = new StockSlot(Store, Milk, item);
                var decision = change > 0
                    ? ReceiveStockEndpoint.Decide(new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", change, cost / 100m)]), [slot], Document)
                    : Issue((slot, -change));
                if (decision.Shortages.Count > 0) continue;
                foreach (var (id, happened) in decision.Events)
                {
                    item = StockItem.Fold(id, item, happened);
                    sum += ((StockMovement)happened).Change();
                }
                if (item!.OnHand != sum || item.Available < 0) return false;
            }
            return true;
        });
}
