using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class TransferDecisionTests
{
    private static readonly StockDocument Document = new(Guid.CreateVersion7(), "TR-2", null, Now);

    private static Decision Send(bool immediate, params LockedStock[] stock) =>
        TransferStockEndpoint.Decide(
            new TransferStock("CCS-01", "VLN-01", [new TransferStock.Line("LAC001", 2)], Immediate: immediate),
            Valencia,
            stock,
            Document
        );

    [Fact]
    public void goods_leave_at_the_average_cost_of_the_sending_store()
    {
        var accepted = Send(immediate: false, InStock(Caracas, Milk, 3, unitCost: 1.5m)).ShouldBeAccepted();
        accepted.Event<StockSent>().UnitCost.ShouldBe(1.5m);
        accepted.Event<TransferSent>().Lines.ShouldBe([new SentLine(Milk.Id, "LAC001", 2, 1.5m)]);
        accepted.Events().OfType<StockArrived>().ShouldBeEmpty();
    }

    [Fact]
    public void an_immediate_transfer_arrives_at_the_cost_that_it_left_with()
    {
        var accepted = Send(immediate: true, InStock(Caracas, Milk, 3, unitCost: 1.5m), InStock(Valencia, Milk, 0)).ShouldBeAccepted();
        accepted.Event<StockArrived>().UnitCost.ShouldBe(1.5m);
        accepted.Event<TransferReceived>().Lines.ShouldBe([new ArrivedLine(Milk.Id, 2, 0, 0)]);
        accepted.Stock.Levels.Select(level => (level.Store, level.OnHand)).ShouldBe([("CCS-01", 1), ("VLN-01", 2)]);
    }

    [Fact]
    public void a_transfer_of_more_than_is_available_is_refused() =>
        Send(immediate: false, InStock(Caracas, Milk, 3, reserved: 2)).ShouldBeRefused(RefusalKind.Conflict, "Not enough stock");

    [Fact]
    public void a_transfer_to_the_same_store_is_refused() =>
        Send(immediate: false, InStock(Valencia, Milk, 3)).ShouldBeRefused(RefusalKind.Invalid, field: "toStore");

    [Fact]
    public void a_transfer_to_a_deactivated_store_is_refused() =>
        TransferStockEndpoint
            .Decide(
                new TransferStock("CCS-01", "VLN-01", [new TransferStock.Line("LAC001", 2)]),
                Valencia with
                {
                    IsActive = false,
                },
                [InStock(Caracas, Milk, 3)],
                Document
            )
            .ShouldBeRefused(RefusalKind.Conflict, "Store deactivated");

    [Fact]
    public void a_product_on_two_lines_is_refused() =>
        TransferStockEndpoint
            .Decide(
                new TransferStock("CCS-01", "VLN-01", [new TransferStock.Line("LAC001", 1), new TransferStock.Line("lac001", 1)]),
                Valencia,
                [InStock(Caracas, Milk, 3), InStock(Caracas, Milk, 3)],
                Document
            )
            .ShouldBeRefused(RefusalKind.Invalid, field: "lines[1].sku");

    private static Decision Receive(Transfer transfer, ReceiveTransfer.Line line, Occurrence? occurred = null) =>
        ReceiveTransferEndpoint.Decide(
            new ReceiveTransfer([line]),
            transfer,
            [InStock(Valencia, Milk, 0)],
            occurred ?? AtOnce(transfer.OccurredAt),
            Now
        );

    [Fact]
    public void lost_and_damaged_goods_arrive_and_are_written_off()
    {
        var accepted = Receive(Transfer(), new ReceiveTransfer.Line("LAC001", 2, 1, 2)).ShouldBeAccepted();
        var arrived = accepted.Event<StockArrived>();
        (arrived.Quantity, arrived.UnitCost).ShouldBe((5m, 4m));
        accepted
            .Events()
            .OfType<StockAdjusted>()
            .Select(off => (off.Quantity, off.Reason, off.UnitCost))
            .ShouldBe([(-1, "loss", 4), (-2, "damage", 4)]);
        accepted.Stock.Levels.ShouldHaveSingleItem().OnHand.ShouldBe(2);
    }

    [Fact]
    public void no_more_arrives_than_is_in_transit()
    {
        Receive(Transfer(), new ReceiveTransfer.Line("LAC001", 5, 1)).ShouldBeRefused(RefusalKind.Conflict, "More than is in transit");
        var partial = Transfer(new TransferReceived([new ArrivedLine(Milk.Id, 3, 0, 0)], null, Yesterday));
        Receive(partial, new ReceiveTransfer.Line("LAC001", 2)).ShouldBeAccepted();
        Receive(partial, new ReceiveTransfer.Line("LAC001", 3)).ShouldBeRefused(RefusalKind.Conflict, "More than is in transit");
    }

    [Fact]
    public void a_fraction_of_a_counted_product_is_refused_with_its_field() =>
        Receive(Transfer(), new ReceiveTransfer.Line("LAC001", 1, 0.5m)).ShouldBeRefused(RefusalKind.Invalid, field: "lines[0].lost");

    [Fact]
    public void an_arrival_before_the_goods_left_is_refused() =>
        Receive(Transfer(), new ReceiveTransfer.Line("LAC001", 1), new Occurrence(Yesterday.AddMinutes(-1), Yesterday))
            .ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");

    private static Decision Cancel(Transfer transfer, Occurrence? occurred = null) =>
        CancelTransferEndpoint.Decide(
            new CancelTransfer("The van broke down"),
            transfer,
            [.. transfer.LinesInTransit.Select(_ => InStock(Caracas, Milk, 0))],
            occurred ?? AtOnce(transfer.OccurredAt),
            Now
        );

    [Fact]
    public void a_cancelled_transfer_returns_what_is_in_transit_at_its_cost()
    {
        var accepted = Cancel(Transfer(new TransferReceived([new ArrivedLine(Milk.Id, 3, 0, 0)], null, Yesterday))).ShouldBeAccepted();
        var arrived = accepted.Event<StockArrived>();
        (arrived.Quantity, arrived.UnitCost).ShouldBe((2m, 4m));
        accepted.Event<TransferCancelled>().ShouldBe(new TransferCancelled("The van broke down", Now));
    }

    [Fact]
    public void a_received_or_cancelled_transfer_takes_no_further_command()
    {
        var received = Transfer(new TransferReceived([new ArrivedLine(Milk.Id, 5, 0, 0)], null, Yesterday));
        var cancelled = Transfer(new TransferCancelled(null, Yesterday));
        foreach (var transfer in (Transfer[])[received, cancelled])
        {
            Cancel(transfer).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
            Receive(transfer, new ReceiveTransfer.Line("LAC001", 1)).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        }
    }

    [Fact]
    public void a_cancellation_before_the_goods_left_is_refused() =>
        Cancel(Transfer(), new Occurrence(Yesterday.AddMinutes(-1), Yesterday)).ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");
}
