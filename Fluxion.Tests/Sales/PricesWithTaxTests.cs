using CsCheck;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Validation;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Reports;

namespace Fluxion.Tests.Sales;

/// <summary>Prices that include tax: the price asked is the amount paid, to the cent.</summary>
public sealed class PricesWithTaxTests(LedgerHost host)
{
    private static SaleLine Line(decimal quantity, decimal price, decimal rate, decimal discount = 0) =>
        new(Guid.CreateVersion7(), Guid.CreateVersion7(), "P", quantity, price, discount, rate, 1);

    private static readonly Gen<SaleLine> AnyLine = Gen.Select(
        Gen.Int[1, 20_000].Select(q => q / 1000m),
        Gen.Int[0, 50_000].Select(p => p / 10_000m),
        Gen.Int[0, 3].Select(i => ((decimal[])[0, 8, 8.5m, 16])[i]),
        Gen.Int[0, 100],
        (quantity, price, rate, percent) =>
            Line(quantity, price, rate, Quantities.Round(Quantities.Round(quantity * price, 2) * percent / 200, 2))
    );

    [Theory]
    [InlineData(100, 0.99, 16, 99.00)]
    [InlineData(100, 0.99, 8, 99.00)]
    [InlineData(3, 3.3333, 16, 10.00)]
    [InlineData(1, 0.01, 16, 0.01)]
    [InlineData(1, 0.05, 100, 0.05)]
    [InlineData(7, 0, 16, 0)]
    public void a_line_with_tax_included_amounts_to_its_price_at_every_rate(decimal quantity, decimal price, decimal rate, decimal total)
    {
        var amount = LineAmount.Compute([Line(quantity, price, rate)], pricesIncludeTax: true).Single();
        (amount.Net + amount.Tax).ShouldBe(total);
        amount.Tax.ShouldBe(Quantities.Round(total * rate / (100 + rate), 2));
    }

    [Fact]
    public void included_tax_is_computed_from_the_total_of_a_rate_and_the_lines_add_up() =>
        AnyLine
            .Array[1, 8]
            .Sample(lines =>
            {
                var amounts = LineAmount.Compute(lines, pricesIncludeTax: true);
                amounts.Sum(a => a.Net + a.Tax).ShouldBe(lines.Sum(line => line.Amount));
                foreach (var rate in lines.Zip(amounts).GroupBy(line => line.First.TaxRate))
                    rate.Sum(line => line.Second.Tax).ShouldBe(Taxes.In(rate.Sum(line => line.First.Amount), rate.Key));
                lines
                    .Zip(amounts)
                    .ShouldAllBe(line =>
                        line.Second.Net >= 0 && line.Second.Tax >= 0 && line.Second.Net + line.Second.Tax == line.First.Amount
                    );
            });

    [Fact]
    public void tax_is_added_to_prices_before_tax() =>
        AnyLine
            .Array[1, 8]
            .Sample(lines =>
            {
                var amounts = LineAmount.Compute(lines, pricesIncludeTax: false);
                lines.Zip(amounts).ShouldAllBe(line => line.Second.Net == line.First.Amount && line.Second.Tax >= 0);
                amounts.Sum(a => a.Tax).ShouldBe(Taxes.Total(lines.Select(line => (line.Amount, line.TaxRate))));
            });

    [Fact]
    public void partial_returns_together_credit_exactly_the_sale_and_each_line() =>
        Gen.Select(AnyLine.Array[1, 5], Gen.Int[0, 1], Gen.Int[1, 999].Array[1, 6])
            .Sample(
                (lines, includes, parts) =>
                {
                    var (before, net, tax) = (lines.Select(_ => 0m).ToArray(), lines.Select(_ => 0m).ToArray(), 0m);
                    var whole = LineAmount.Compute(lines, includes == 1);
                    foreach (var (i, part) in parts.Append(1000).Index())
                    {
                        decimal[] after =
                        [
                            .. lines.Select(
                                (line, n) =>
                                    part == 1000 ? line.Quantity
                                    : (n + i) % 3 == 0 ? before[n]
                                    : Math.Max(before[n], Quantities.Round(line.Quantity * part / 1000, 3))
                            ),
                        ];
                        var credit = LineAmount.Credit(lines, includes == 1, before, after);
                        credit.ShouldAllBe(line => line.Net >= 0 && line.Tax >= 0);
                        for (var n = 0; n < lines.Length; n++)
                            net[n] += credit[n].Net;
                        tax += credit.Sum(line => line.Tax);
                        before = after;
                    }
                    net.ShouldBe(whole.Select(line => line.Net));
                    tax.ShouldBe(whole.Sum(line => line.Tax));
                }
            );

    [Fact]
    public async Task a_hundred_items_at_99_cents_amount_to_99_and_returns_credit_the_same()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2", "P3");
        var admin = ledger.Tenant.Admin;
        foreach (var (sku, rate) in ((string, decimal)[])[("P1", 16), ("P2", 8), ("P3", 0)])
        {
            (
                await admin.Put(
                    $"products/{sku}",
                    new
                    {
                        name = sku,
                        unitType = "unit",
                        costPrice = 0.5m,
                        sellingPrice = 0.99m,
                        taxRate = rate,
                    }
                )
            ).ShouldBe(200);
            await ledger.Receive(sku, 1000, 0.5m, "2026-03-01T00:00:00Z");
        }
        async Task<Answer> Sell(bool? pricesIncludeTax, params object[] lines) =>
            await ledger.Do(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = $"F-{Guid.CreateVersion7():N}",
                    occurredAt = "2026-03-10T12:00:00Z",
                    pricesIncludeTax,
                    lines,
                }
            );
        static (decimal Subtotal, decimal Tax, decimal Total) Sums(Answer sale) =>
            (
                sale.Json["subtotal"]!.GetValue<decimal>(),
                sale.Json["taxAmount"]!.GetValue<decimal>(),
                sale.Json["totalAmount"]!.GetValue<decimal>()
            );
        object[] hundred = [new { sku = "P1", quantity = 100 }];
        Sums(await Sell(null, hundred)).ShouldBe((99m, 15.84m, 114.84m));
        Sums(await Sell(true, hundred)).ShouldBe((85.34m, 13.66m, 99m));

        (await admin.Get("settings")).ShouldBe(200).Json["pricesIncludeTax"]!.GetValue<bool>().ShouldBeFalse();
        (await admin.Put("settings", new { overReceiptPercent = 0, pricesIncludeTax = true })).ShouldBe(200);
        (await admin.Put("settings", new { overReceiptPercent = 1 })).ShouldBe(200).Json["pricesIncludeTax"]!
            .GetValue<bool>()
            .ShouldBeTrue("it is kept as it is when left out");
        (await ledger.Query("select prices_include_tax from settings")).ShouldBe(["True"]);
        Sums(await Sell(false, hundred)).ShouldBe((99m, 15.84m, 114.84m));
        // 33.33 + 9.90 + 0 at 16 %, 5.00 at 8 %, 2.97 exempt: the tax in 43.23 is 5.96, that in 5.00 is 0.37
        var sale = await Sell(
            null,
            new
            {
                sku = "P1",
                quantity = 10,
                unitPrice = 3.3333m,
            },
            new
            {
                sku = "P2",
                quantity = 6,
                discount = 0.94m,
            },
            new { sku = "P1", quantity = 10 },
            new { sku = "P3", quantity = 3 },
            new
            {
                sku = "P1",
                quantity = 5,
                discount = 4.95m,
            }
        );
        Sums(sale).ShouldBe((44.87m, 6.33m, 51.20m));
        var id = sale.Json["id"]!.GetValue<Guid>();
        var page = (await admin.Get($"sales/{id}")).ShouldBe(200).Json;
        page["pricesIncludeTax"]!.GetValue<bool>().ShouldBeTrue();
        var lines = page["lines"]!.AsArray();
        lines.Select(line => line!["lineTotal"]!.GetValue<decimal>()).ShouldBe([33.33m, 5m, 9.9m, 2.97m, 0m]);
        lines.Sum(line => line!["netAmount"]!.GetValue<decimal>()).ShouldBe(44.87m);
        lines.Sum(line => line!["taxAmount"]!.GetValue<decimal>()).ShouldBe(6.33m);
        // the event keeps the price as it was entered
        (await admin.Get($"events?entityId={id}")).ShouldBe(
            200
        ).Json["items"]![0]!["metadata"]!["event"]!["lines"]![0]!["unit_price"]!.GetValue<decimal>().ShouldBe(3.3333m);

        async Task Return(params (int LineNumber, decimal Quantity)[] back) =>
            await ledger.Do(
                $"sales/{id}/returns",
                new { lines = back.Select(line => new { lineNumber = line.LineNumber, quantity = line.Quantity }) }
            );
        await Return((1, 3), (2, 1));
        await Return((1, 3), (3, 7), (4, 2), (5, 1));
        await Return((1, 4), (2, 5), (3, 3), (4, 1), (5, 4));
        page = (await admin.Get($"sales/{id}")).ShouldBe(200).Json;
        (page["returnedAmount"]!.GetValue<decimal>(), page["paymentStatus"]!.GetValue<string>()).ShouldBe((51.20m, SaleStatus.Returned));
        page["returns"]!.AsArray().Sum(back => back!["subtotal"]!.GetValue<decimal>()).ShouldBe(44.87m);
        page["returns"]!.AsArray().Sum(back => back!["taxAmount"]!.GetValue<decimal>()).ShouldBe(6.33m);
        (
            await ledger.Query($"select distinct sum(net_sales), sum(tax) from sales_lines where sale_id = '{id}' group by line_number")
        ).ShouldBe(["0 0"]);
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public async Task a_discount_above_the_line_amount_is_refused_also_with_tax_included()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.Receive("P1", 10, 2m, "2026-03-01T00:00:00Z");
        object Body(decimal discount) =>
            new
            {
                store = "M1",
                invoiceNumber = "F-1",
                pricesIncludeTax = true,
                lines = new[]
                {
                    new
                    {
                        sku = "P1",
                        quantity = 1,
                        discount,
                    },
                },
            };
        (await ledger.Tenant.Admin.Post("sales", Body(4.01m))).ShouldBe(400).Fields.ShouldBe(["lines[0].discount"]);
        (await ledger.Tenant.Admin.Post("sales", Body(4m))).ShouldBe(201).Json["totalAmount"]!.GetValue<decimal>().ShouldBe(0);
    }
}
