using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Validation;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Reports;

namespace Fluxion.Tests.Sales;

/// <summary>
/// Money and goods of invoices under random commands, valid and invalid, in order of time. Paid, refunded, returned and cancelled amounts
/// always add up, and no day of a report changes once it is over. CsCheck_Seed=… replays a run.
/// </summary>
public sealed class SaleMoneyTests(LedgerHost host)
{
    private const int Runs = 8;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 9, 0, 0, TimeSpan.FromHours(-4));
    private static readonly string[] Skus = ["P1", "P2", "P3"];

    /// <param name="Of">The index of one of the last sales, or the number of lines.</param>
    /// <param name="Part">Thousandths of the possible payment, return or refund; above 1000 is too much.</param>
    private sealed record Command(string Kind, int Of, int Part, int Hours);

    private static readonly Gen<Command> AnyCommand = Gen.Select(
        Gen.Int[0, 9]
            .Select(i => ((string[])["sell", "sell", "pay", "pay", "return", "return", "return", "refund", "refund", "cancel"])[i]),
        Gen.Int[0, 1000],
        Gen.Frequency((5, Gen.Int[1, 999]), (4, Gen.Const(1000)), (1, Gen.Const(1001))),
        Gen.Int[0, 20],
        (kind, of, part, hours) => new Command(kind, of, part, hours)
    );

    /// <summary>The model of an invoice.</summary>
    private sealed class Invoice(Guid id, decimal total, decimal[] quantities)
    {
        public Guid Id => id;
        public decimal Total => total;
        public decimal[] Out { get; } = [.. quantities];
        public decimal Credited { get; set; }
        public decimal Paid { get; set; }
        public decimal Refunded { get; set; }
        public bool IsCancelled { get; set; }

        public bool HasReturns => !Out.SequenceEqual(quantities);
        public bool IsFullyReturned => Out.All(quantity => quantity == 0);
        public decimal Open => IsCancelled ? 0 : Total - Credited - Paid + Refunded;

        /// <summary>The status, computed independently of the ledger's table.</summary>
        public string Status =>
            IsCancelled ? SaleStatus.Cancelled
            : Open < 0 ? SaleStatus.RefundDue
            : HasReturns && Credited == Total
                ? Paid > 0 ? SaleStatus.Refunded
                    : SaleStatus.Returned
            : Open == 0 ? SaleStatus.Paid
            : Paid > Refunded ? SaleStatus.Partial
            : SaleStatus.Pending;
    }

    private sealed class Run(TestLedger ledger)
    {
        private readonly List<Invoice> _invoices = [];
        private readonly SortedDictionary<string, string> _closed = [];
        private DateTimeOffset _now = Start;

        private Client Admin => ledger.Tenant.Admin;

        public async Task Do(Command c)
        {
            var yesterday = _now;
            _now = _now.AddHours(c.Hours);
            if (_now.Date != yesterday.Date)
                await ReportsOfPastDaysShouldNotChange();
            var invoice = _invoices.Count == 0 ? null : _invoices[^(1 + (c.Of % Math.Min(4, _invoices.Count)))];
            if (c.Kind == "sell" || invoice is null)
                await Sell(c);
            else if (c.Kind == "pay")
                await Pay(c, invoice);
            else if (c.Kind == "return")
                await Return(c, invoice);
            else if (c.Kind == "refund")
                await Refund(c, invoice);
            else
                await Cancel(invoice);
        }

        private async Task Sell(Command c)
        {
            decimal[] quantities =
            [
                .. Enumerable.Range(0, 1 + (c.Of % 4)).Select(i => 1m + ((c.Of + (i * 7)) % 5) + ((c.Part + i) % 3 == 0 ? 0.333m : 0)),
            ];
            var (includes, isPaid) = (c.Of % 2 == 0, c.Part % 3 == 0);
            var sold = await ledger.Do(
                "sales",
                new
                {
                    store = $"M{1 + (c.Of % 2)}",
                    invoiceNumber = $"F-{Guid.CreateVersion7():N}",
                    occurredAt = _now,
                    pricesIncludeTax = includes,
                    paymentMethod = isPaid ? "cash" : null,
                    paymentStatus = isPaid ? "paid" : "pending",
                    lines = quantities.Select(
                        (quantity, i) =>
                            new
                            {
                                sku = Skus[(c.Of + i) % 3],
                                quantity,
                                unitPrice = (c.Part + i) % 7 == 0 ? 0 : (c.Of + i) % 40 * 0.3333m,
                                discount = 0,
                            }
                    ),
                }
            );
            var total = sold.Json["totalAmount"]!.GetValue<decimal>();
            _invoices.Add(new Invoice(sold.Json["id"]!.GetValue<Guid>(), total, quantities) { Paid = isPaid ? total : 0 });
            if (includes)
                total.ShouldBe(
                    quantities
                        .Select((quantity, i) => Quantities.Round(quantity * ((c.Part + i) % 7 == 0 ? 0 : (c.Of + i) % 40 * 0.3333m), 2))
                        .Sum()
                );
            ShouldMatch(_invoices[^1], sold.Json);
        }

        private async Task Pay(Command c, Invoice invoice)
        {
            var amount = Part(invoice.Open, c.Part);
            var answer = await Admin.Post(
                $"sales/{invoice.Id}/payments",
                new
                {
                    amount,
                    method = c.Of % 2 == 0 ? "card" : "cash",
                    occurredAt = _now,
                }
            );
            if (amount <= 0)
                answer.ShouldBe(400);
            else if (amount > invoice.Open || invoice.Open <= 0)
                answer.ShouldBe(409);
            else
            {
                invoice.Paid += amount;
                ShouldMatch(invoice, answer.ShouldBe(200).Json);
            }
        }

        private async Task Return(Command c, Invoice invoice)
        {
            decimal[] back =
            [
                .. invoice.Out.Select(
                    (quantity, i) =>
                        c.Part == 1001 ? quantity + 1
                        : c.Part < 1000 && (c.Of + i) % 3 == 0 ? 0
                        : Quantities.Round(quantity * c.Part / 1000, 3)
                ),
            ];
            var lines = back.Select((quantity, i) => new { lineNumber = i + 1, quantity }).Where(line => line.quantity > 0).ToList();
            if (lines.Count == 0)
                return;
            var answer = await Admin.Post($"sales/{invoice.Id}/returns", new { lines, occurredAt = _now });
            if (invoice.IsCancelled || c.Part == 1001)
            {
                answer.ShouldBe(409);
                return;
            }
            for (var i = 0; i < back.Length; i++)
                invoice.Out[i] -= back[i];
            var before = invoice.Credited;
            invoice.Credited =
                invoice.Total - answer.ShouldBe(200).Json["openAmount"]!.GetValue<decimal>() - invoice.Paid + invoice.Refunded;
            invoice.Credited.ShouldBeInRange(before, invoice.Total);
            if (invoice.IsFullyReturned)
                invoice.Credited.ShouldBe(invoice.Total);
            ShouldMatch(invoice, answer.Json);
        }

        private async Task Refund(Command c, Invoice invoice)
        {
            var held = invoice.IsCancelled ? 0 : invoice.Paid - invoice.Refunded;
            var amount = Part(c.Of % 2 == 0 && invoice.Open < 0 ? -invoice.Open : held, c.Part);
            var answer = await Admin.Post(
                $"sales/{invoice.Id}/refunds",
                new
                {
                    amount,
                    method = c.Of % 3 == 0 ? "transfer" : "cash",
                    occurredAt = _now,
                }
            );
            if (amount <= 0)
                answer.ShouldBe(400);
            else if (amount > held)
                answer.ShouldBe(409);
            else
            {
                invoice.Refunded += amount;
                ShouldMatch(invoice, answer.ShouldBe(200).Json);
            }
        }

        private async Task Cancel(Invoice invoice)
        {
            var answer = await Admin.Post($"sales/{invoice.Id}/cancel", new { reason = "a test", occurredAt = _now });
            if (invoice.IsCancelled || invoice.HasReturns)
            {
                answer.ShouldBe(409);
                return;
            }
            answer.ShouldBe(200).Json["refunds"]!
                .AsArray()
                .Sum(refund => refund!["amount"]!.GetValue<decimal>())
                .ShouldBe(invoice.Paid - invoice.Refunded);
            invoice.IsCancelled = true;
            invoice.Refunded = invoice.Paid;
            ShouldMatch(invoice, answer.Json);
        }

        private static decimal Part(decimal whole, int part) =>
            part > 1000 ? Math.Max(0, whole) + 0.01m : Quantities.Round(whole * part / 1000, 2);

        private static void ShouldMatch(Invoice invoice, JsonNode sale)
        {
            (
                sale["openAmount"]!.GetValue<decimal>(),
                sale["amountPaid"]!.GetValue<decimal>(),
                sale["amountRefunded"]!.GetValue<decimal>(),
                sale["paymentStatus"]!.GetValue<string>()
            ).ShouldBe((invoice.Open, invoice.Paid, invoice.Refunded, invoice.Status));
            invoice.Refunded.ShouldBeInRange(0, invoice.Paid);
        }

        /// <summary>The report of each past day is the same as when the day ended.</summary>
        private async Task ReportsOfPastDaysShouldNotChange()
        {
            var today = _now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            foreach (
                var day in (
                    await ledger.Query($"select period_start::date::text || ' ' || r::text from sales_by('day', '2026-01-01', '{today}') r")
                ).GroupBy(row => row[..10])
            )
            {
                var report = string.Join('\n', day.Order());
                if (!_closed.TryAdd(day.Key, report))
                    report.ShouldBe(_closed[day.Key]);
            }
        }

        public async Task Settle()
        {
            await ReportsOfPastDaysShouldNotChange();
            foreach (var invoice in _invoices)
            {
                var page = (await Admin.Get($"sales/{invoice.Id}")).ShouldBe(200).Json;
                ShouldMatch(invoice, page);
                page["payments"]!.AsArray().Sum(money => money!["amount"]!.GetValue<decimal>()).ShouldBe(invoice.Paid - invoice.Refunded);
                page["returns"]!
                    .AsArray()
                    .Sum(back => back!["totalAmount"]!.GetValue<decimal>())
                    .ShouldBe(invoice.IsCancelled ? invoice.Total : invoice.Credited);
            }
            // the sum of all reports equals what remains of the invoices
            (await ledger.Query("select coalesce(sum(net_sales), 0) from sales_by('month', '2026-01-01')")).ShouldBe(
                await ledger.Query(
                    """
                    select coalesce(sum(case payment_status when 'cancelled' then 0 else subtotal end) -
                        (select coalesce(sum(net_amount), 0) from sale_returns where kind = 'return'), 0) from sales
                    """
                )
            );
            (await ledger.Query("select coalesce(sum(net_sales + tax), 0) from sales_lines")).ShouldBe(
                await ledger.Query(
                    "select coalesce(sum(total_amount - returned_amount) filter (where payment_status <> 'cancelled'), 0) from sales"
                )
            );

            // everything is returned and everything owed is refunded: nothing is open any more
            foreach (var invoice in _invoices.Where(invoice => !invoice.IsCancelled))
            {
                if (!invoice.IsFullyReturned)
                    await Return(new Command("return", 1, 1000, 0), invoice);
                if (invoice.Open < 0)
                    await Refund(new Command("refund", 0, 1000, 0), invoice);
                invoice.Open.ShouldBe(0);
                invoice.Status.ShouldBeOneOf(SaleStatus.Returned, SaleStatus.Refunded);
            }
            (
                await ledger.Query("select coalesce(sum(quantity), 0), coalesce(sum(net_sales), 0), coalesce(sum(tax), 0) from sales_lines")
            ).ShouldBe(["0 0 0"]);
            (await ledger.Query("select coalesce(sum(net), 0) from payments_by_method('2026-01-01')")).ShouldBe(["0"]);
        }
    }

    [Fact]
    public async Task the_money_adds_up_after_any_sequence_of_sales_commands()
    {
        await AnyCommand
            .Array[60]
            .SampleAsync(
                async commands =>
                {
                    var ledger = await TestLedger.Create(host, Skus);
                    await ledger.SetTimeZone("America/Caracas");
                    foreach (var (i, sku) in Skus.Index())
                    {
                        (
                            await ledger.Tenant.Admin.Put(
                                $"products/{sku}",
                                new
                                {
                                    name = sku,
                                    unitType = "kg",
                                    costPrice = 2m,
                                    sellingPrice = 4m,
                                    taxRate = ((decimal[])[16, 8, 0])[i],
                                }
                            )
                        ).ShouldBe(200);
                        foreach (var store in (string[])["M1", "M2"])
                            await ledger.Receive(sku, 10_000, 1.3333m + i, "2025-12-01T00:00:00Z", store);
                    }
                    var run = new Run(ledger);
                    foreach (var command in commands)
                        await run.Do(command);
                    await run.Settle();
                    await host.ReplayShouldBeEqual(ledger.Tenant);
                },
                iter: Runs,
                threads: 1
            );
    }
}
