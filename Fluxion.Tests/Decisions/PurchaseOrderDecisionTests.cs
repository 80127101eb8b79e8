using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class PurchaseOrderDecisionTests
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(Now.DateTime);
    private static readonly OrderParties Parties = new(Caracas, Polar, new Dictionary<Guid, Product> { [Milk.Id] = Milk });

    private static readonly DraftPurchaseOrder Draft = new("CCS-01", "POLAR", "oc-2", [new DraftPurchaseOrder.Line("LAC001", 24)]);

    private static DraftContext Context(Store? store = null, Supplier? supplier = null, Product? product = null) =>
        new(
            Guid.CreateVersion7(),
            [Guid.CreateVersion7(), Guid.CreateVersion7()],
            store ?? Caracas,
            supplier ?? Polar,
            new Dictionary<string, Product> { ["LAC001"] = product ?? Milk, ["QUE001"] = Cheese },
            Today,
            CreatedBy: null
        );

    [Fact]
    public void a_draft_takes_costs_from_the_catalog_and_the_date_of_the_store()
    {
        var context = Context();
        var drafted = DraftPurchaseOrderEndpoint.Decide(Draft, context).ShouldBeAccepted().Event<PurchaseOrderDrafted>();
        (drafted.OrderNumber, drafted.OrderDate).ShouldBe(("OC-2", Today));
        drafted.Lines.ShouldBe([new OrderedLine(context.LineIds[0], Milk.Id, "LAC001", 24, 2, 16)]);
    }

    [Fact]
    public void nothing_is_ordered_for_or_of_what_is_deactivated()
    {
        DraftPurchaseOrderEndpoint
            .Decide(Draft, Context(store: Caracas with { IsActive = false }))
            .ShouldBeRefused(RefusalKind.Conflict, "Store deactivated");
        DraftPurchaseOrderEndpoint
            .Decide(Draft, Context(supplier: Polar with { IsActive = false }))
            .ShouldBeRefused(RefusalKind.Conflict, "Supplier deactivated");
        DraftPurchaseOrderEndpoint
            .Decide(Draft, Context(product: Milk with { IsActive = false }))
            .ShouldBeRefused(RefusalKind.Conflict, "Product deactivated");
    }

    [Fact]
    public void an_order_date_may_be_a_day_ahead_and_no_more()
    {
        DraftPurchaseOrderEndpoint.Decide(Draft with { OrderDate = Today.AddDays(1) }, Context()).ShouldBeAccepted();
        DraftPurchaseOrderEndpoint
            .Decide(Draft with { OrderDate = Today.AddDays(2) }, Context())
            .ShouldBeRefused(RefusalKind.Invalid, field: "orderDate");
        DraftPurchaseOrderEndpoint
            .Decide(Draft with { ExpectedDate = Today.AddDays(-1) }, Context())
            .ShouldBeRefused(RefusalKind.Invalid, field: "expectedDate");
    }

    [Theory]
    [InlineData("NO-SUCH", 1, RefusalKind.NotFound, "lines[1].sku")]
    [InlineData("LAC001", 1, RefusalKind.Invalid, "lines[1].sku")]
    [InlineData("QUE001", 900_000_000_000_000, RefusalKind.Invalid, "lines")]
    public void a_wrong_line_is_named(string sku, decimal quantity, RefusalKind kind, string field) =>
        DraftPurchaseOrderEndpoint
            .Decide(Draft with { Lines = [.. Draft.Lines, new DraftPurchaseOrder.Line(sku, quantity)] }, Context())
            .ShouldBeRefused(kind, field: field);

    private static Decision Change(PurchaseOrder order, ChangePurchaseOrder command) =>
        ChangePurchaseOrderEndpoint.Decide(
            command,
            order,
            version: 3,
            Polar,
            new Dictionary<string, Product> { ["LAC001"] = Milk },
            [Guid.CreateVersion7()]
        );

    [Fact]
    public void a_changed_line_keeps_its_id()
    {
        var order = Order();
        var changed = Change(order, new ChangePurchaseOrder("POLAR", [new DraftPurchaseOrder.Line("LAC001", 12)]));
        changed.ShouldBeAccepted().Event<PurchaseOrderChanged>().Lines.ShouldHaveSingleItem().Id.ShouldBe(order.Lines[0].Id);
    }

    [Fact]
    public void a_change_to_the_same_has_no_events() =>
        Change(Order(), new ChangePurchaseOrder("POLAR", [new DraftPurchaseOrder.Line("LAC001", 24)]))
            .ShouldBeAccepted()
            .Events()
            .ShouldBeEmpty();

    [Fact]
    public void a_change_of_an_older_version_or_of_a_sent_order_is_refused()
    {
        var command = new ChangePurchaseOrder("POLAR", [new DraftPurchaseOrder.Line("LAC001", 12)]);
        Change(Order(), command with { Version = 2 }).ShouldBeRefused(RefusalKind.Conflict, "Changed meanwhile");
        Change(Order(new PurchaseOrderSent()), command).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
    }

    [Fact]
    public void an_order_is_sent_confirmed_closed_and_cancelled_from_the_right_states()
    {
        var sent = Order(new PurchaseOrderSent());
        var partial = Order(new PurchaseOrderSent(), Delivery(12));
        SendPurchaseOrderEndpoint.Decide(Order(), Parties).ShouldBeAccepted().Event<PurchaseOrderSent>().ShouldNotBeNull();
        SendPurchaseOrderEndpoint.Decide(sent, Parties).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        ConfirmPurchaseOrderEndpoint.Decide(sent).ShouldBeAccepted().Event<PurchaseOrderConfirmed>().ShouldNotBeNull();
        ConfirmPurchaseOrderEndpoint.Decide(partial).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        ClosePurchaseOrderEndpoint.Decide(partial).ShouldBeAccepted().Event<PurchaseOrderClosed>().ShouldNotBeNull();
        ClosePurchaseOrderEndpoint.Decide(sent).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        CancelPurchaseOrderEndpoint.Decide(sent).ShouldBeAccepted().Event<PurchaseOrderCancelled>().ShouldNotBeNull();
        CancelPurchaseOrderEndpoint.Decide(partial).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
    }

    [Fact]
    public void an_order_with_a_deactivated_product_is_not_sent() =>
        SendPurchaseOrderEndpoint
            .Decide(Order(), Parties with { Products = new Dictionary<Guid, Product> { [Milk.Id] = Milk with { IsActive = false } } })
            .ShouldBeRefused(RefusalKind.Conflict, "Deactivated")
            .Message.ShouldContain("the product LAC001");

    [Fact]
    public void a_cancelled_order_is_reopened_as_it_was_and_a_closed_one_as_partial()
    {
        object[] cancelled = [Drafted, new PurchaseOrderSent(), new PurchaseOrderCancelled()];
        ReopenPurchaseOrderEndpoint
            .Decide(Folded<PurchaseOrder>(cancelled), cancelled, Parties)
            .ShouldBeAccepted()
            .Event<PurchaseOrderReopened>()
            .Status.ShouldBe("sent");
        object[] closed = [Drafted, new PurchaseOrderSent(), Delivery(12), new PurchaseOrderClosed()];
        ReopenPurchaseOrderEndpoint
            .Decide(Folded<PurchaseOrder>(closed), closed, Parties)
            .ShouldBeAccepted()
            .Event<PurchaseOrderReopened>()
            .Status.ShouldBe("partial");
        object[] received = [Drafted, new PurchaseOrderSent(), Delivery(24)];
        ReopenPurchaseOrderEndpoint
            .Decide(Folded<PurchaseOrder>(received), received, Parties)
            .ShouldBeRefused(RefusalKind.Conflict, "Nothing is missing");
    }

    private static Decision Receive(
        PurchaseOrder order,
        decimal quantity,
        string sku = "LAC001",
        DateTimeOffset? at = null,
        string? reference = null,
        TenantSettings? settings = null,
        params (string?, Guid)[] deliveries
    ) =>
        ReceivePurchaseOrderEndpoint.Decide(
            new ReceivePurchaseOrder([new ReceivePurchaseOrder.Line(sku, quantity, 2.5m)], reference),
            new DeliveryContext(order, Guid.CreateVersion7(), at ?? Now, Zone.Utc, settings, deliveries, [InStock(Caracas, Milk, 0)])
        );

    [Fact]
    public void a_delivery_comes_in_at_its_own_cost()
    {
        var accepted = Receive(Order(new PurchaseOrderSent()), 24).ShouldBeAccepted();
        accepted.Event<StockReceived>().UnitCost.ShouldBe(2.5m);
        accepted.Event<PurchaseOrderReceived>().ReceivedOn.ShouldBe(Today);
    }

    [Fact]
    public void a_delivery_of_more_than_was_ordered_or_of_something_else_is_refused()
    {
        Receive(Order(new PurchaseOrderSent()), 25).ShouldBeRefused(RefusalKind.Conflict, "More than ordered");
        Receive(Order(new PurchaseOrderSent()), 25, settings: new TenantSettings(Guid.Empty, 5)).ShouldBeAccepted();
        Receive(Order(new PurchaseOrderSent()), 1, sku: "QUE001").ShouldBeRefused(RefusalKind.NotFound, field: "lines[0].sku");
        Receive(Order(), 1).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
    }

    [Fact]
    public void a_delivery_before_the_order_date_is_refused() =>
        Receive(Order(new PurchaseOrderSent()), 1, at: Yesterday.AddDays(-1)).ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");

    [Fact]
    public void a_reference_is_of_one_delivery_of_the_order()
    {
        var (order, earlier) = (Order(new PurchaseOrderSent(), Delivery(1, "NE-1")), ("NE-1", Guid.CreateVersion7()));
        Receive(order, 1, reference: " NE-1 ", deliveries: earlier).ShouldBeRefused(RefusalKind.Conflict, "Reference taken");
        Receive(order, 1, reference: "NE-2", deliveries: earlier).ShouldBeAccepted();
        Receive(order, 1, reference: "NE-1", settings: RepeatedReferencesAllowed, deliveries: earlier).ShouldBeAccepted();
    }

    private static Decision Return(bool replacement = true, OrderParties? parties = null, Occurrence? occurred = null)
    {
        var delivery = Delivery(24);
        object[] history = [Drafted, new PurchaseOrderSent(), delivery];
        var order = Folded<PurchaseOrder>(history);
        var goods = new DeliveredGoods(Caracas.Id, Milk.Id, "LAC001", 2, 24, 0, Yesterday);
        var command = new ReturnPurchaseOrder([new SupplierReturnLine("LAC001", 4)], Replacement: replacement);
        var context = new ReturnContext(
            order,
            history,
            new ReturnPurchaseOrderEndpoint.Delivery(delivery.DeliveryId, Yesterday, [goods]),
            [goods],
            replacement ? parties ?? Parties : null,
            Settings: null,
            Guid.CreateVersion7(),
            occurred ?? AtOnce(Yesterday),
            Now,
            [InStock(Caracas, Milk, 24, unitCost: 3)]
        );
        return ReturnPurchaseOrderEndpoint.Decide(command, context);
    }

    [Fact]
    public void returned_goods_leave_at_the_cost_of_their_delivery()
    {
        var accepted = Return().ShouldBeAccepted();
        accepted.Event<StockReturnedToSupplier>().UnitCost.ShouldBe(2);
        var returned = accepted.Event<PurchaseOrderReturned>();
        (returned.IsReplaced, returned.Lines.Single().Quantity).ShouldBe((true, 4m));
    }

    [Fact]
    public void only_a_return_with_replacement_needs_an_active_supplier()
    {
        var inactive = Parties with { Supplier = Polar with { IsActive = false } };
        Return(parties: inactive).ShouldBeRefused(RefusalKind.Conflict, "Deactivated");
        Return(replacement: false).ShouldBeAccepted();
    }

    [Fact]
    public void a_return_before_the_delivery_is_refused() =>
        Return(occurred: new Occurrence(Yesterday.AddMinutes(-1), Yesterday)).ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");
}
