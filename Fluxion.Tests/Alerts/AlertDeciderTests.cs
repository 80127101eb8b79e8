using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Purchasing;

namespace Fluxion.Tests.Alerts;

/// <summary>Tests of the alert rules alone, without a database.</summary>
public sealed class AlertDeciderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);
    private static readonly Guid Product = Guid.CreateVersion7(),
        Store = Guid.CreateVersion7(),
        Somebody = Guid.CreateVersion7();

    private static StockPosition Item(
        decimal available,
        decimal onOrder = 0,
        decimal inTransit = 0,
        decimal rate = 0,
        decimal? max = null,
        decimal pack = 1,
        decimal drafted = 0
    ) =>
        new(
            Store,
            Product,
            "S1",
            "P1",
            "Milk",
            true,
            available,
            available,
            onOrder,
            drafted,
            inTransit,
            rate,
            null,
            [],
            new ReorderRule(20, max, 7, pack),
            null,
            []
        );

    private static object? Decide(Alert? latest, decimal available, DateTimeOffset? at = null, bool isKept = true) =>
        AlertDecider.Decide(
            AlertTypes.LowStock,
            Product,
            Store,
            latest,
            isKept,
            LowStock.Find(Item(available), []),
            LowStock.Rule,
            at ?? Now,
            OneDay
        );

    private static Alert After(params object[] events) => events.Aggregate((Alert?)null, (alert, e) => Alert.Fold(Guid.Empty, alert, e))!;

    private static object Raised(decimal available = 5) => Decide(null, available)!;

    [Theory]
    [InlineData(20, 0, 0, 0, null)] // available at the reorder point is not low
    [InlineData(19.999, 0, 0, 0, "medium")]
    [InlineData(10, 0, 0, 0, "medium")]
    [InlineData(9.999, 0, 0, 0, "high")]
    [InlineData(15, 0, 0, 2.2, "high")] // sold out in 6.8 days, lead time 7 days
    [InlineData(15, 0, 0, 2, "medium")]
    [InlineData(5, 15, 0, 0, "medium")] // lowered from high: enough is on order
    [InlineData(15, 2, 3, 0, "low")] // lowered from medium: enough is on order and in transit
    [InlineData(15, 2, 2.5, 0, "medium")]
    [InlineData(0, 100, 0, 0, "critical")]
    [InlineData(-3, 0, 0, 0, "critical")]
    public void the_priority_reflects_the_urgency(decimal available, decimal onOrder, decimal inTransit, decimal rate, string? priority) =>
        LowStock.Find(Item(available, onOrder, inTransit, rate), [])?.Priority.ShouldBe(priority);

    [Theory]
    [InlineData(20, 0, null, 1, 0)]
    [InlineData(19, 0, null, 1, 21)] // up to twice the reorder point
    [InlineData(19, 5, null, 1, 36)] // up to the reorder point plus the demand of the lead time
    [InlineData(19, 0, 100, 12, 72)] // 81 in packs of 12, of which 6 fit under the maximum
    [InlineData(19, 5, null, 12, 36)] // without a maximum: rounded up to whole packs
    [InlineData(18, 5, null, 12, 48)]
    [InlineData(-5, 0, 20, 12, 36)] // 2 packs fit under the maximum but do not reach the reorder point
    [InlineData(19, 0, 24, 12, 12)]
    [InlineData(19, 0, 10, 1, 1)] // a maximum below the reorder point is ignored
    public void a_suggested_order_raises_the_inventory_position_to_its_level_in_whole_packs(
        decimal position,
        decimal rate,
        int? max,
        decimal pack,
        decimal quantity
    ) => new ReorderRule(20, max, 7, pack).Quantity(position, rate).ShouldBe(quantity);

    [Fact]
    public void the_suggested_quantity_excludes_what_is_on_order_drafted_or_in_transit()
    {
        Item(5).SuggestedQuantity.ShouldBe(35);
        Item(5, onOrder: 3, inTransit: 4, drafted: 5).SuggestedQuantity.ShouldBe(23);
        Item(5, drafted: 15).SuggestedQuantity.ShouldBe(0);
    }

    [Fact]
    public void an_alert_is_raised_once_and_resolves_at_the_reorder_point()
    {
        var alert = After(Raised());
        Decide(alert, 5).ShouldBeNull();
        Decide(alert, 19).ShouldBeOfType<AlertUpdated>().Priority.ShouldBe("medium");
        Decide(alert, 20).ShouldBe(new AlertResolved(null, Now));
        Decide(After(Raised(), new AlertResolved(null, Now)), 20).ShouldBeNull();
        Decide(null, 20).ShouldBeNull();
    }

    [Fact]
    public void an_automatically_resolved_alert_is_reopened_soon_after_and_raised_anew_later()
    {
        var resolved = After(Raised(), new AlertAcknowledged(Somebody, Now), new AlertResolved(null, Now));
        var reopened = Alert.Fold(
            Guid.Empty,
            resolved,
            Decide(resolved, 5, Now + OneDay - TimeSpan.FromSeconds(1)).ShouldBeOfType<AlertReopened>()
        );
        reopened.Status.ShouldBe("acknowledged"); // the acknowledgement is kept
        reopened.ResolvedAt.ShouldBeNull();
        Decide(resolved, 5, Now + OneDay).ShouldBeOfType<AlertRaised>();
    }

    [Fact]
    public void an_alert_closed_by_a_user_is_raised_again_only_after_its_cause_was_gone()
    {
        foreach (var closed in (object[])[new AlertResolved(Somebody, Now), new AlertDismissed(Somebody, Now)])
        {
            var alert = After(Raised(), closed);
            Decide(alert, 4).ShouldBeNull();
            Decide(alert, 20).ShouldBe(new AlertCleared(Now));
            Decide(After(Raised(), closed, new AlertCleared(Now)), 20).ShouldBeNull();
            Decide(After(Raised(), closed, new AlertCleared(Now)), 4).ShouldBeOfType<AlertRaised>();
        }
    }

    [Fact]
    public void an_alert_of_a_deactivated_item_is_dismissed_and_raised_after_activation()
    {
        Decide(After(Raised()), 5, isKept: false).ShouldBe(new AlertDismissed(null, Now, AlertDecider.DeactivatedReason));
        Decide(null, 5, isKept: false).ShouldBeNull();
        var dismissed = After(Raised(), new AlertDismissed(null, Now, AlertDecider.DeactivatedReason));
        Decide(dismissed, 5, isKept: false).ShouldBeNull();
        Decide(dismissed, 5).ShouldBeOfType<AlertRaised>();
    }

    [Fact]
    public void an_alert_is_updated_only_when_something_relevant_changes()
    {
        var alert = After(Raised(9));
        Decide(alert, 8).ShouldBeNull();
        Decide(alert, 7).ShouldBeOfType<AlertUpdated>(); // changed by a tenth of the reorder point
    }
}
