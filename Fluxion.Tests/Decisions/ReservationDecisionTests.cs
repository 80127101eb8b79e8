using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Stock;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class ReservationDecisionTests
{
    private static ReserveStock.Line[] Lines(decimal quantity) => [new("CCS-01", "LAC001", quantity)];

    [Fact]
    public void reserved_goods_stay_on_hand_and_are_not_available()
    {
        var id = Guid.CreateVersion7();
        var accepted = ReserveStockEndpoint
            .Decide(new ReserveStock("web-89", Lines(2)), [InStock(Caracas, Milk, 3)], id, Now)
            .ShouldBeAccepted();
        accepted.Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 3, 2, 1)]);
        accepted.Event<ReservationOpened>().ExpiresAt.ShouldBe(Now + ReserveStock.DefaultDuration);
    }

    [Fact]
    public void reserving_more_than_is_available_is_refused() =>
        ReserveStockEndpoint
            .Decide(new ReserveStock("web-89", Lines(2)), [InStock(Caracas, Milk, 3, reserved: 2)], Guid.CreateVersion7(), Now)
            .ShouldBeRefused(RefusalKind.Conflict, "Not enough stock");

    private static Decision Change(Reservation reservation, ChangeReservation command, LockedStock? stock = null) =>
        ChangeReservationEndpoint.Decide(
            command,
            reservation,
            version: 7,
            [
                .. command.Lines.Select(_ => stock ?? InStock(Caracas, Milk, 10, reserved: 4)),
                stock ?? InStock(Caracas, Milk, 10, reserved: 4),
            ]
        );

    [Theory]
    [InlineData(6, 4)]
    [InlineData(1, 9)]
    public void a_change_reserves_or_releases_the_difference(int wanted, int available) =>
        Change(Reservation(), new ChangeReservation(Lines(wanted)))
            .ShouldBeAccepted()
            .Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 10, wanted, available)]);

    [Fact]
    public void a_change_to_the_same_has_no_events() =>
        Change(Reservation(), new ChangeReservation(Lines(4))).ShouldBeAccepted().Events().ShouldBeEmpty();

    [Fact]
    public void a_change_of_an_older_version_is_refused() =>
        Change(Reservation(), new ChangeReservation(Lines(1), Version: 6)).ShouldBeRefused(RefusalKind.Conflict, "Changed meanwhile");

    [Fact]
    public void a_product_of_a_store_on_two_lines_is_refused() =>
        Change(Reservation(), new ChangeReservation([.. Lines(1), .. Lines(2)]))
            .ShouldBeRefused(RefusalKind.Invalid, field: "lines[1].sku");

    [Fact]
    public void a_deactivated_store_holds_less_and_not_more()
    {
        var closed = InStock(Caracas with { IsActive = false }, Milk, 10, reserved: 4);
        Change(Reservation(), new ChangeReservation(Lines(5)), closed).ShouldBeRefused(RefusalKind.Conflict, "Store deactivated");
        Change(Reservation(), new ChangeReservation(Lines(3)), closed).ShouldBeAccepted();
    }

    [Fact]
    public void an_extension_changes_the_expiry_only() =>
        ExtendReservationEndpoint
            .Decide(new ExtendReservation(Now.AddDays(3)), Reservation(), Now)
            .ShouldBeAccepted()
            .Events()
            .ShouldBe([new ReservationExtended(Now.AddDays(3))]);

    [Fact]
    public void a_released_or_expired_reservation_makes_its_goods_available()
    {
        LockedStock[] stock = [InStock(Caracas, Milk, 10, reserved: 4)];
        var released = ReleaseReservationEndpoint.Decide(Reservation(), stock).ShouldBeAccepted();
        var expired = ExpireReservationHandler.Decide(Reservation(), stock).ShouldBeAccepted();
        released.Event<ReservationReleased>().ShouldNotBeNull();
        expired.Event<ReservationExpired>().ShouldNotBeNull();
        foreach (var accepted in (Decision.Accepted[])[released, expired])
            accepted.Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 10, 0, 10)]);
    }

    [Fact]
    public void a_closed_reservation_takes_no_further_command()
    {
        var closed = Reservation(new ReservationReleased());
        Change(closed, new ChangeReservation(Lines(1))).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        ExtendReservationEndpoint.Decide(new ExtendReservation(), closed, Now).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        ReleaseReservationEndpoint.Decide(closed, []).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
    }
}
