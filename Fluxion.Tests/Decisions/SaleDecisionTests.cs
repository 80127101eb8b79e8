using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class SaleDecisionTests
{
    private static RecordSale Command(decimal quantity = 2, decimal? unitPrice = null, decimal discount = 0) =>
        new("CCS-01", "F-0002", [new RecordSale.Line("LAC001", quantity, unitPrice, discount)]);

    private static SaleContext Context(LockedStock stock, bool maySetPrices = false) =>
        new(Guid.CreateVersion7(), [Guid.CreateVersion7()], AtOnce(), Now, maySetPrices, Settings: null, [stock]);

    [Fact]
    public void a_sale_moves_the_goods_at_their_average_cost_and_writes_the_invoice()
    {
        var context = Context(InStock(Caracas, Milk, 10, unitCost: 1.5m));
        var accepted = RecordSaleEndpoint.Decide(Command(), context).ShouldBeAccepted();
        var sold = accepted.Event<StockSold>();
        (sold.Quantity, sold.UnitCost, sold.Document.Id).ShouldBe((2m, 1.5m, context.SaleId));
        var invoice = accepted.Event<SaleRecorded>();
        (invoice.Subtotal, invoice.TaxAmount, invoice.TotalAmount, invoice.OccurredAt).ShouldBe((6m, 0.96m, 6.96m, Now));
        accepted.Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 8, 0, 8)]);
        accepted.Events().Count.ShouldBe(2);
    }

    [Fact]
    public void a_paid_sale_has_a_payment_of_its_total() =>
        RecordSaleEndpoint
            .Decide(Command() with { PaymentStatus = "paid", PaymentMethod = "card" }, Context(InStock(Caracas, Milk, 10)))
            .ShouldBeAccepted()
            .Event<PaymentReceived>()
            .ShouldBe(new PaymentReceived(6.96m, "card", null, Now));

    [Theory]
    [InlineData(2.5, 0)]
    [InlineData(null, 0.5)]
    public void a_price_or_discount_takes_the_role_manager(double? price, double discount)
    {
        var command = Command(unitPrice: (decimal?)price, discount: (decimal)discount);
        var stock = InStock(Caracas, Milk, 10);
        RecordSaleEndpoint.Decide(command, Context(stock)).ShouldBeRefused(RefusalKind.Forbidden, "Not allowed");
        RecordSaleEndpoint.Decide(command, Context(stock, maySetPrices: true)).ShouldBeAccepted();
    }

    [Fact]
    public void a_discount_above_its_line_is_refused() =>
        RecordSaleEndpoint
            .Decide(Command(discount: 6.01m), Context(InStock(Caracas, Milk, 10), maySetPrices: true))
            .ShouldBeRefused(RefusalKind.Invalid, field: "lines[0].discount");

    [Fact]
    public void selling_more_than_is_available_is_refused_with_the_shortage() =>
        RecordSaleEndpoint
            .Decide(Command(quantity: 3), Context(InStock(Caracas, Milk, 10, reserved: 8)))
            .ShouldBeRefused(RefusalKind.Conflict, "Not enough stock")
            .Shortages.ShouldBe([new Shortage("CCS-01", "LAC001", 3, 2)]);

    [Fact]
    public void a_pos_transaction_that_another_sale_has_is_refused_unless_the_settings_allow_it()
    {
        var (command, existing) = (Command() with { PosTransactionId = "T-1" }, new ExistingDocument(Guid.CreateVersion7()));
        var context = Context(InStock(Caracas, Milk, 10)) with { SaleOfPosTransaction = existing };
        RecordSaleEndpoint.Decide(command, context).ShouldBeRefused(RefusalKind.Conflict, "Transaction taken").Existing.ShouldBe(existing);
        RecordSaleEndpoint.Decide(command, context with { Settings = RepeatedReferencesAllowed }).ShouldBeAccepted();
    }

    [Fact]
    public void a_sale_takes_what_its_reservation_holds_and_leaves_the_rest_held()
    {
        var reservation = Reservation();
        var context = Context(InStock(Caracas, Milk, 4, reserved: 4)) with { Reservation = reservation };
        var accepted = RecordSaleEndpoint.Decide(Command(quantity: 3), context).ShouldBeAccepted();
        accepted.Event<StockReleased>().Quantity.ShouldBe(3);
        accepted.Event<ReservationFulfilled>().Taken.ShouldBe([new TakenLine(0, 3)]);
        accepted.Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 1, 1, 0)]);
        accepted.Documents.Select(document => document.Id).ShouldBe([context.SaleId, reservation.Id]);
    }

    [Fact]
    public void a_sale_may_release_the_rest_of_its_reservation() =>
        RecordSaleEndpoint
            .Decide(
                Command(quantity: 3) with
                {
                    ReleaseRest = true,
                },
                Context(InStock(Caracas, Milk, 4, reserved: 4)) with
                {
                    Reservation = Reservation(),
                }
            )
            .ShouldBeAccepted()
            .Stock.Levels.ShouldBe([new StockLevel("CCS-01", "LAC001", 1, 0, 1)]);

    [Fact]
    public void a_reservation_that_holds_nothing_of_what_is_sold_is_refused() =>
        RecordSaleEndpoint
            .Decide(Command(), Context(InStock(Caracas, Cheese, 10)) with { Reservation = Reservation() })
            .ShouldBeRefused(RefusalKind.Conflict, "Nothing held");

    [Fact]
    public void a_sale_before_its_reservation_was_made_is_refused() =>
        RecordSaleEndpoint
            .Decide(
                Command(),
                Context(InStock(Caracas, Milk, 10)) with
                {
                    Reservation = Reservation(),
                    Occurred = new Occurrence(Yesterday.AddHours(-1), Yesterday),
                }
            )
            .ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");

    // Payments

    private static Decision Pay(LockedSale locked, decimal amount, string? reference = null, Occurrence? occurred = null) =>
        PaySaleEndpoint.Decide(new PaySale(amount, "cash", reference), locked, occurred ?? AtOnce(Yesterday), Now);

    [Fact]
    public void a_payment_up_to_the_balance_due_is_accepted()
    {
        Pay(LockedSale(Paid(1)), 5.96m).ShouldBeAccepted().Event<PaymentReceived>().ShouldBe(new PaymentReceived(5.96m, "cash", null, Now));
        Pay(LockedSale(Paid(1)), 5.97m).ShouldBeRefused(RefusalKind.Conflict, "Paid too much");
    }

    [Fact]
    public void a_payment_of_a_paid_sale_is_refused() =>
        Pay(LockedSale(Paid(6.96m)), 1).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");

    [Fact]
    public void a_payment_before_the_sale_is_refused() =>
        Pay(LockedSale(), 1, occurred: new Occurrence(Yesterday.AddMinutes(-1), Yesterday))
            .ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");

    [Fact]
    public void a_reference_is_unique_among_the_payments_by_a_method_unless_the_settings_allow_it()
    {
        var paid = Paid(1, reference: "R-1");
        Pay(LockedSale(paid), 1, " R-1 ").ShouldBeRefused(RefusalKind.Conflict, "Reference taken");
        Pay(LockedSale(Paid(1, "card", "R-1")), 1, "R-1").ShouldBeAccepted();
        Pay(Locked(Sale(paid), RepeatedReferencesAllowed, paid), 1, "R-1").ShouldBeAccepted();
    }

    // Refunds

    private static Decision Refund(LockedSale locked, decimal amount, Occurrence? occurred = null) =>
        RefundSaleEndpoint.Decide(new RefundSale(amount, "cash"), locked, occurred ?? AtOnce(Yesterday), Now);

    [Fact]
    public void a_refund_up_to_the_money_held_is_accepted()
    {
        Refund(LockedSale(Paid(2)), 2).ShouldBeAccepted().Event<PaymentRefunded>().Amount.ShouldBe(2);
        Refund(LockedSale(Paid(2)), 2.01m).ShouldBeRefused(RefusalKind.Conflict, "Refunded too much");
        Refund(LockedSale(), 1).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
    }

    [Fact]
    public void a_refund_before_the_money_was_paid_is_refused() =>
        Refund(LockedSale(Paid(2)), 1, new Occurrence(Yesterday.AddMinutes(-1), Yesterday))
            .ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");

    // Cancellations and returns

    private static Decision Cancel(LockedSale locked, Occurrence? occurred = null) =>
        CancelSaleEndpoint.Decide(
            new CancelSale("A mistake"),
            locked,
            [InStock(Caracas, Milk, 0, unitCost: 5)],
            occurred ?? AtOnce(locked.NotCancelledBefore),
            Now
        );

    [Fact]
    public void a_cancelled_sale_brings_the_goods_back_at_their_cost_and_gives_the_money_back()
    {
        var accepted = Cancel(LockedSale(Paid(4, "card"), Paid(1))).ShouldBeAccepted();
        var returned = accepted.Event<StockReturned>();
        (returned.Quantity, returned.UnitCost).ShouldBe((2m, 2m));
        accepted.Events().OfType<PaymentRefunded>().Select(refund => (refund.Method, refund.Amount)).ShouldBe([("card", 4), ("cash", 1)]);
        accepted.Event<SaleCancelled>().ShouldBe(new SaleCancelled("A mistake", 5, Now));
    }

    [Fact]
    public void a_sale_with_returned_goods_is_not_cancelled()
    {
        var sale = Sale(new GoodsReturned([new ReturnedLine(0, 1)], 3, 0.48m, 3.48m, null, Yesterday));
        Cancel(Locked(sale, null)).ShouldBeRefused(RefusalKind.Conflict, "Goods were returned");
    }

    [Fact]
    public void a_sale_is_cancelled_once() =>
        Cancel(Locked(Sale(new SaleCancelled("A mistake", 0, Yesterday)), null)).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");

    [Fact]
    public void a_cancellation_before_the_sale_or_its_payment_is_refused()
    {
        Cancel(LockedSale(), new Occurrence(Yesterday.AddMinutes(-1), Yesterday)).ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");
        Cancel(LockedSale(Paid(1)), new Occurrence(Yesterday.AddMinutes(1), Yesterday.AddHours(1)))
            .ShouldBeRefused(RefusalKind.Invalid, field: "occurredAt");
    }

    private static Decision Return(Sale sale, params ReturnGoods.Line[] lines) =>
        ReturnGoodsEndpoint.Decide(
            new ReturnGoods(lines),
            sale,
            [.. lines.Select(_ => InStock(Caracas, Milk, 0, unitCost: 5))],
            AtOnce(sale.OccurredAt),
            Now
        );

    [Fact]
    public void returned_goods_come_back_at_their_cost_and_are_credited_with_tax()
    {
        var accepted = Return(Sale(), new ReturnGoods.Line(1, 1)).ShouldBeAccepted();
        accepted.Event<StockReturned>().UnitCost.ShouldBe(2);
        var returned = accepted.Event<GoodsReturned>();
        (returned.Subtotal, returned.TaxAmount, returned.TotalAmount).ShouldBe((3m, 0.48m, 3.48m));
    }

    [Fact]
    public void no_more_comes_back_than_was_sold_over_all_lines_and_returns()
    {
        Return(Sale(), new ReturnGoods.Line(1, 1), new ReturnGoods.Line(1, 2)).ShouldBeRefused(RefusalKind.Conflict, "More than was sold");
        var sale = Sale(new GoodsReturned([new ReturnedLine(0, 1)], 3, 0.48m, 3.48m, null, Yesterday));
        Return(sale, new ReturnGoods.Line(1, 1)).ShouldBeAccepted();
        Return(sale, new ReturnGoods.Line(1, 2)).ShouldBeRefused(RefusalKind.Conflict, "More than was sold");
    }

    [Fact]
    public void a_line_that_the_sale_does_not_have_is_refused() =>
        Return(Sale(), new ReturnGoods.Line(1, 1), new ReturnGoods.Line(2, 1))
            .ShouldBeRefused(RefusalKind.Invalid, field: "lines[1].lineNumber");
}
