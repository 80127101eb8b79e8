using CsCheck;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Decisions;

namespace Fluxion.Tests.Stock;

public sealed class StockDeciderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Store Store = new(Guid.CreateVersion7(), "CCS-01", new StoreDetails("A store", "store"), true);
    private static readonly Product Milk = ProductOf("LAC001", allowBackorder: false);
    private static readonly Product Bread = ProductOf("PAN001", allowBackorder: true);
    private static readonly StockDocument Document = new(Guid.CreateVersion7(), "GRN-7", null, Noon);

    private static Product ProductOf(string sku, bool allowBackorder) =>
        new(
            Guid.CreateVersion7(),
            sku,
            new ProductDetails("A product", "kg", CostPrice: 2, Settings: new ProductSettings { AllowBackorder = allowBackorder }),
            true
        );

    private static LockedStock Locked(Product product, decimal onHand, decimal reserved = 0, decimal unitCost = 2) =>
        new(Store, product, new StockItem(StockItem.IdOf(Store.Id, product.Id), Store.Id, product.Id, onHand, reserved, unitCost, Noon));

    private static StockDecision Issue(params (LockedStock Locked, decimal Quantity)[] lines) => Issue("sample", lines);

    private static StockDecision Issue(string reason, params (LockedStock Locked, decimal Quantity)[] lines) =>
        IssueStockEndpoint.Decide(
            new IssueStock("CCS-01", reason, [.. lines.Select(l => new IssueStock.Line(l.Locked.Product.Code, l.Quantity))]),
            [.. lines.Select(l => l.Locked)],
            Document
        );

    private static StockItem Fold(StockItem? item, params StockMovement[] movements) =>
        movements.Aggregate(
            item,
            (state, movement) => StockItem.Fold(StockItem.IdOf(movement.StoreId, movement.ProductId), state, movement)
        )!;

    private static StockReceived Received(decimal quantity, decimal unitCost) =>
        new(Store.Id, Milk.Id, quantity, Document) { UnitCost = unitCost };

    [Fact]
    public void all_available_stock_can_be_issued() => Issue((Locked(Milk, 7), 7)).Shortages.ShouldBeEmpty();

    [Fact]
    public void issuing_more_than_is_available_is_a_shortage_with_both_quantities() =>
        Issue((Locked(Milk, 7), 8)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, 7)]);

    [Fact]
    public void reserved_stock_is_not_available() =>
        Issue((Locked(Milk, 7, reserved: 5), 3)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 3, 2)]);

    [Theory]
    [InlineData("damage", true)]
    [InlineData("expired", true)]
    [InlineData("theft", true)]
    [InlineData("loss", true)]
    [InlineData("internal_use", false)]
    [InlineData("sample", false)]
    [InlineData("donation", false)]
    [InlineData("return_to_supplier", false)]
    [InlineData("other", false)]
    public void only_facts_may_take_reserved_stock_and_only_up_to_on_hand(string reason, bool isFact)
    {
        Reasons.OfIssues.ShouldContain(reason);
        var decision = Issue(reason, (Locked(Milk, 7, reserved: 5), 3));
        decision.Shortages.Count.ShouldBe(isFact ? 0 : 1);
        decision.ShortItems.Select(item => item.By).ShouldBe(isFact ? [1] : []);
        Issue(reason, (Locked(Milk, 7, reserved: 5), 8)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, isFact ? 7 : 2)]);
        Issue(reason, (Locked(Milk, 7, reserved: 5), 2)).ShortItems.ShouldBeEmpty(); // the reserved quantity is still there
        Issue(reason, (Locked(Bread, 7, reserved: 5), 8)).ShortItems.ShouldBeEmpty(); // it allows backorder
    }

    [Fact]
    public void a_correction_or_count_may_leave_less_than_reserved_but_not_less_than_zero()
    {
        var locked = Locked(Milk, 7, reserved: 5);
        StockDecision Adjust(decimal quantity) =>
            AdjustStockEndpoint.Decide(new AdjustStock("CCS-01", "correction", [new("LAC001", quantity)]), [locked], Document);
        (Adjust(-7).Shortages.Count, Adjust(-7).ShortItems.Single().By).ShouldBe((0, 5m));
        Adjust(-8).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, 7)]);
        var counted = CountStockEndpoint.Decide(new CountStock("CCS-01", [new("LAC001", 0)]), [locked], Document).ShouldBeAccepted().Stock;
        (counted.Shortages.Count, counted.ShortItems.Single().By).ShouldBe((0, 5m));
    }

    [Fact]
    public void damage_and_demand_for_one_product_are_judged_separately()
    {
        var locked = Locked(Milk, 10, reserved: 5);
        StockDecision Move(decimal damaged, decimal wanted) =>
            MoveStockEndpoint.Decide(
                new MoveStock([
                    new("issue", "CCS-01", "LAC001", damaged, Reason: "damage"),
                    new("issue", "CCS-01", "LAC001", wanted, Reason: "sample"),
                ]),
                [locked, locked],
                Document,
                [Noon, Noon]
            );
        Move(3, 2).Shortages.ShouldBeEmpty();
        Move(3, 3).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 3, 2)]);
        Move(6, 1).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 1, -1)]);
    }

    [Fact]
    public void a_late_movement_before_a_count_leaves_no_reservation_short()
    {
        var locked = new LockedStock(
            Store,
            Milk,
            Locked(Milk, 7, reserved: 5).Item! with
            {
                CountedAt = Noon.AddHours(1),
            },
            new StockHistory(0, [Document with { OccurredAt = Noon.AddHours(1) }])
        );
        var decision = Issue("damage", (locked, 7));
        (decision.Shortages.Count, decision.ShortItems.Count, decision.Events.Count).ShouldBe((0, 0, 2));
        Issue("sample", (locked, 100)).Shortages.ShouldBeEmpty();
    }

    // Goods that go back to their supplier

    [Theory]
    [InlineData(20, 2.5, 4, 3, 2.375)] // (50 − 12) / 16
    [InlineData(3, 1.3333, 1, 1, 1.5)] // 2.9999 / 2 = 1.49995
    [InlineData(20, 2.5, 10, 5, 0)] // the remaining stock was free of cost
    [InlineData(19, 2.5, 10, 5, 2.5)] // −2.50 / 9: the remaining stock would have a negative cost
    [InlineData(4, 2.5, 4, 3, 2.5)] // nothing remains
    [InlineData(3, 2.5, 4, 3, 2.5)] // less than nothing remains
    [InlineData(-1, 2.5, 4, 3, 2.5)]
    public void the_remaining_stock_keeps_its_own_cost_after_a_supplier_return(
        decimal onHand,
        decimal average,
        decimal quantity,
        decimal unitCost,
        decimal expected
    ) => Fold(Locked(Milk, onHand, unitCost: average).Item, ReturnedToSupplier(quantity, unitCost)).UnitCost.ShouldBe(expected);

    private static StockReturnedToSupplier ReturnedToSupplier(decimal quantity, decimal unitCost) =>
        new(Store.Id, Milk.Id, quantity, Document, Document.Id) { UnitCost = unitCost };

    [Fact]
    public void goods_received_and_returned_leave_the_unit_cost_unchanged() =>
        Gen.Select(Gen.Int[1, 500], Gen.Int[0, 9999], Gen.Int[1, 500], Gen.Int[0, 9999])
            .Sample(
                (onHand, average, quantity, cost) =>
                {
                    var before = Locked(Milk, onHand, unitCost: average / 100m).Item!;
                    var after = Fold(before, Received(quantity, cost / 100m), ReturnedToSupplier(quantity, cost / 100m));
                    // the average in between is rounded to 4 decimals, and the remaining stock bears the whole difference
                    return after.OnHand == before.OnHand
                        && Math.Abs(after.UnitCost - before.UnitCost) <= (0.00005m * (onHand + quantity) / onHand) + 0.00005m;
                }
            );

    [Fact]
    public void a_returned_line_is_matched_by_product_and_cost_and_limited_to_the_receipt()
    {
        var bread = new DeliveredGoods(Store.Id, Bread.Id, Bread.Code, 1, 5, 0, Noon);
        DeliveredGoods[] delivered =
        [
            new(Store.Id, Milk.Id, "LAC001", 2, 10, 4, Noon),
            new(Store.Id, Milk.Id, "LAC001", 3, 10, 0, Noon),
            bread,
        ];
        (IReadOnlyList<DeliveredGoods> Goods, Refusal? Problem) Back(params SupplierReturnLine[] lines) =>
            SupplierReturn.FindGoods(lines, delivered);
        static SupplierReturnLine Line(string sku, decimal quantity, decimal? unitCost = null) => new(sku, quantity, unitCost);
        Back(Line("lac001", 6, 2), Line("LAC001", 10, 3.0m), Line(Bread.Id.ToString(), 5)).Goods.ShouldBe(delivered);
        foreach (var unitCost in (decimal?[])[null, 2.5m])
        {
            var errors = Back(Line("LAC001", 1, unitCost)).Problem!.Fields!;
            errors.Keys.ShouldBe(["lines[0].unitCost"]);
            errors.Values.Single().ShouldBe(["must be a cost at which LAC001 was delivered: 2 or 3"]);
        }
        Back(Line("LAC001", 4, 2), Line("LAC001", 3, 2))
            .Problem!.Message.ShouldBe("Nothing went back: 10 of LAC001 were delivered and 4 went back, so 7 more are too many.");
        Back(Line("NONE", 1)).Problem!.Kind.ShouldBe(RefusalKind.NotFound);
    }

    [Fact]
    public void two_lines_of_one_product_are_judged_together()
    {
        var locked = Locked(Milk, 7);
        Issue((locked, 4), (locked, 4)).Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 8, 7)]);
        Issue((locked, 4), (locked, 3)).Shortages.ShouldBeEmpty();
    }

    [Fact]
    public void a_product_that_allows_backorder_may_go_below_zero() => Issue((Locked(Bread, 1), 5)).Shortages.ShouldBeEmpty();

    [Fact]
    public void stock_below_zero_can_still_be_received() =>
        AdjustStockEndpoint
            .Decide(new AdjustStock("CCS-01", "found", [new AdjustStock.Line("LAC001", 1)]), [Locked(Milk, -3)], Document)
            .Shortages.ShouldBeEmpty();

    [Fact]
    public void an_issue_leaves_at_the_moving_average() =>
        Issue((Locked(Milk, 7, unitCost: 2.875m), 1))
            .Events.Select(e => e.Event)
            .OfType<StockMovement>()
            .Single()
            .UnitCost.ShouldBe(2.875m);

    [Fact]
    public void a_receipt_without_a_cost_uses_the_products_cost_price() =>
        ReceiveStockEndpoint
            .Decide(new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", 1)]), [Locked(Milk, 7)], Document)
            .Events.Select(e => e.Event)
            .OfType<StockMovement>()
            .Single()
            .UnitCost.ShouldBe(2m);

    [Fact]
    public void the_moving_average_is_weighted_by_on_hand()
    {
        var item = Fold(null, Received(10, 2), Received(10, 3));
        item.UnitCost.ShouldBe(2.5m);
        item = Fold(item, new StockIssued(Store.Id, Milk.Id, 5, "damage", Document) { UnitCost = 2.5m }, Received(5, 4));
        item.OnHand.ShouldBe(20);
        item.UnitCost.ShouldBe(2.875m); // (15 × 2.5 + 5 × 4) / 20
    }

    [Fact]
    public void a_receipt_after_selling_out_sets_the_unit_cost() =>
        Fold(Fold(null, Received(1, 2)), new StockIssued(Store.Id, Milk.Id, 1, "damage", Document) { UnitCost = 2 }, Received(5, 9))
            .UnitCost.ShouldBe(9);

    /// <summary>On hand after some movements and its value, and the value of the movements themselves.</summary>
    private static (decimal OnHand, decimal Value, decimal Movements) ValueAfter(StockItem before, StockDecision decision)
    {
        var movements = decision.Events.Select(e => (StockMovement)e.Event).ToArray();
        var after = Fold(before, movements);
        return (after.OnHand, after.OnHand * after.UnitCost, movements.Sum(m => m.QuantityChange() * m.UnitCost));
    }

    [Fact]
    public void a_late_receipt_before_a_count_leaves_todays_stock_and_value_unchanged()
    {
        var count = new StockCounted(Store.Id, Milk.Id, 10, 10, Document with { OccurredAt = Noon.AddDays(1) }) { UnitCost = 2 };
        var counted = Fold(null, Received(10, 2), count);
        StockDecision Receive(DateTimeOffset at) =>
            ReceiveStockEndpoint.Decide(
                new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", 10, 8)]),
                [new LockedStock(Store, Milk, counted, new StockHistory(0, [count.Document]))],
                Document with
                {
                    OccurredAt = at,
                }
            );
        ValueAfter(counted, Receive(Noon.AddHours(1))).ShouldBe((10m, 20m, 0m));
        ValueAfter(counted, Receive(Noon.AddDays(2))).ShouldBe((20m, 100m, 80m));
    }

    [Fact]
    public void goods_lost_in_transit_are_a_loss_at_their_cost_and_leave_the_receiving_cost_unchanged()
    {
        var locked = Locked(Milk, 10);
        var sent = new TransferSent(Guid.CreateVersion7(), Store.Id, [new SentLine(Milk.Id, "LAC001", 5, 4)], null, null, Noon);
        var transfer = Transfer.Fold(Guid.CreateVersion7(), null, sent);
        StockDecision Receive(decimal received, decimal lost, decimal damaged) =>
            ReceiveTransferEndpoint
                .Decide(
                    new ReceiveTransfer([new ReceiveTransfer.Line("LAC001", received, lost, damaged)]),
                    transfer,
                    [locked],
                    new Occurrence(Noon),
                    Noon
                )
                .ShouldBeAccepted()
                .Stock;
        ValueAfter(locked.Item!, Receive(0, 5, 0)).ShouldBe((10m, 20m, 0m));
        ValueAfter(locked.Item!, Receive(2, 2, 1)).ShouldBe((12m, 12 * 2.3333m, 8m)); // (10 × 2 + 2 × 4) / 12
        Receive(0, 5, 0).Events.Select(e => e.Event).OfType<StockAdjusted>().Single().UnitCost.ShouldBe(4);
    }

    [Fact]
    public void the_last_movement_is_the_latest_to_occur_and_not_the_last_recorded() =>
        Fold(null, Received(1, 2), Received(1, 2) with { Document = Document with { OccurredAt = Noon.AddDays(-3) } })
            .LastMovementAt.ShouldBe(Noon);

    [Fact]
    public void every_repeated_product_in_the_lines_is_named() =>
        StockDocumentRules
            .DuplicateProducts([Milk, Bread, Milk, Bread, Milk])
            .Keys.ShouldBe(["lines[2].sku", "lines[3].sku", "lines[4].sku"]);

    [Fact]
    public void the_stream_of_a_stock_item_follows_from_store_and_product()
    {
        var (store, product) = (Guid.Parse("11111111-1111-7111-8111-111111111111"), Guid.Parse("22222222-2222-7222-8222-222222222222"));
        StockItem.IdOf(store, product).ShouldBe(StockItem.IdOf(store, product));
        StockItem.IdOf(store, product).ShouldNotBe(StockItem.IdOf(product, store));
        StockItem.IdOf(store, product).Version.ShouldBe(5);
    }

    /// <summary>
    /// Conservation: for every command on hand is the sum of the movements, available is never negative, and a refusal moves nothing.
    /// </summary>
    [Fact]
    public void on_hand_is_the_sum_of_the_movements_and_never_below_zero() =>
        Gen.Select(Gen.Int[-40, 60], Gen.Int[1, 9999])
            .Array[1, 60]
            .Sample(steps =>
            {
                StockItem? item = null;
                var sum = 0m;
                foreach (var (change, cost) in steps.Where(s => s.Item1 != 0))
                {
                    var locked = new LockedStock(Store, Milk, item);
                    var decision =
                        change > 0
                            ? ReceiveStockEndpoint.Decide(
                                new ReceiveStock("CCS-01", [new ReceiveStock.Line("LAC001", change, cost / 100m)]),
                                [locked],
                                Document
                            )
                            : Issue((locked, -change));
                    if (decision.Shortages.Count > 0)
                        continue;
                    foreach (var (id, happened) in decision.Events)
                    {
                        item = StockItem.Fold(id, item, happened);
                        sum += ((StockMovement)happened).QuantityChange();
                    }
                    if (item!.OnHand != sum || item.Available < 0)
                        return false;
                }
                return true;
            });
}
