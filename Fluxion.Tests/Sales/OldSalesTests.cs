using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Sales;

/// <summary>A ledger of the version before refunds: after the migration its tables equal a replay of its events.</summary>
public sealed class OldSalesTests(LedgerHost ledger)
{
    private const string Demo = "tenant_fluxion_demo";
    private const int Sales = 60;

    /// <summary>Reverts the tables to their form before the scripts 0070 to 0072.</summary>
    private const string RevertTables = $"""
        select set_config('app.current_tenant_id', (select id::text from shared.tenants where schema_name = '{Demo}'), false);
        drop function {Demo}.payments_by_method;
        drop view {Demo}.sales_lines;
        create view {Demo}.sales_lines as select 1;
        alter view {Demo}.sales_lines owner to fluxion_owner;
        drop table {Demo}.sale_payments, {Demo}.sale_returns;
        alter table {Demo}.sale_items drop column net_amount, drop column tax_amount;
        alter table {Demo}.settings drop column prices_include_tax, drop column unique_references;
        alter table {Demo}.sales drop constraint sales_payment_status_check, disable trigger update_updated_at_trigger;
        update {Demo}.sales set payment_status = case when payment_status = 'cancelled' then 'cancelled'
            when total_amount - returned_amount <= amount_paid then 'paid'
            when amount_paid > 0 then 'partial' else 'pending' end;
        alter table {Demo}.sales enable trigger update_updated_at_trigger, drop column amount_refunded, drop column prices_include_tax,
            drop column invoiced_method, add constraint sales_payment_status_check
                check (payment_status in ('paid', 'pending', 'partial', 'cancelled'));
        delete from {Demo}.schema_versions where scriptname similar to '%007[0-2]%'
        """;

    [Fact]
    public async Task migrated_tables_of_an_older_ledger_equal_a_replay_of_its_events()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = MigrationTests.NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        var tenant = (await host.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, ct))!;
        await Sell(host.Services.GetRequiredService<TenantDocumentStores>(), tenant, ct);
        await using var superuser = await database.OpenSuperuser();
        Task<List<string>> States() => superuser.Column<string>($"select distinct payment_status from {Demo}.sales order by 1");

        await superuser.Execute(RevertTables);
        (await States()).ShouldBe(["cancelled", "paid", "partial", "pending"]);
        (await Migrations.Run(host.Services, everything: true, ct)).Failed.ShouldBeEmpty();

        (await States()).ShouldBe(["cancelled", "paid", "partial", "pending", "refund_due", "returned"]);
        var replay = await host.Services.GetRequiredService<TenantReplay>().Run(tenant, new(), null, ct);
        replay.Tables.SelectMany(table => table.First).ShouldBeEmpty();
        replay
            .Tables.Where(table => table.Name.StartsWith("sale", StringComparison.Ordinal))
            .ShouldAllBe(table => table.LiveRows > Sales / 2);
        (
            await superuser.Column<bool>(
                $"""
                select bool_and(updated_at = (select max(timestamp) from {Demo}.mt_events e where e.stream_id = s.id))
                from {Demo}.sales s
                """
            )
        ).ShouldBe([true]);
    }

    /// <summary>Sales as that version recorded them: no event but the cancellation itself implies that money was given back.</summary>
    private static async Task Sell(TenantDocumentStores stores, Tenant tenant, CancellationToken ct)
    {
        var random = new Random(1);
        decimal[] rates = [16, 8, 8.5m, 0],
            prices = [0.99m, 3.3333m, 0.0049m, 1.005m, 0, 12.3456m];
        await using var session = stores.ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        var (store, product) = ((await ledger.Find<Store>("CCS-01", ct))!, (await ledger.Find<Product>("LAC001", ct))!);
        for (var n = 0; n < Sales; n++)
        {
            SaleLine[] lines =
            [
                .. Enumerable
                    .Range(0, random.Next(1, 6))
                    .Select(_ => new SaleLine(
                        Guid.CreateVersion7(ledger.Now),
                        product.Id,
                        product.Code,
                        random.Next(1, 20_000) / 1000m,
                        prices[random.Next(prices.Length)],
                        0,
                        rates[random.Next(rates.Length)],
                        0.3333m
                    )),
            ];
            var (subtotal, tax) = (lines.Sum(line => line.Amount), Taxes.Total(lines.Select(line => (line.Amount, line.TaxRate))));
            var method = n % 3 == 0 ? null : PaymentMethods.All[n % PaymentMethods.All.Length];
            // a repeated transaction id, which that version accepted
            var sale = ledger.Append<Sale>(
                Guid.CreateVersion7(ledger.Now),
                new SaleRecorded(
                    store.Id,
                    $"O-{n}",
                    null,
                    null,
                    null,
                    lines,
                    subtotal,
                    tax,
                    subtotal + tax,
                    method,
                    n % 4 == 0 ? "T-1" : null,
                    null,
                    ledger.Now.AddDays(-n)
                )
            );
            for (var step = random.Next(5); step > 0 && !sale.IsCancelled; step--)
            {
                var amount = Quantities.Round(sale.BalanceDue / random.Next(1, 4), 2);
                var kind = random.Next(5);
                if (kind < 2 && amount > 0)
                    sale = ledger.Append<Sale>(
                        sale.Id,
                        new PaymentReceived(amount, PaymentMethods.All[random.Next(3)], step == 1 ? "R-1" : null, ledger.Now)
                    );
                else if (kind == 2 && sale.Returned.All(returned => returned == 0))
                    sale = ledger.Append<Sale>(sale.Id, new SaleCancelled("a mistake", sale.Paid, ledger.Now));
                else if (RemainingReturns(sale, random, all: kind == 3) is { Count: > 0 } back)
                    sale = ledger.Append<Sale>(sale.Id, ReturnGoodsEndpoint.Event(sale, back, step == 1 ? "Damaged" : null, ledger.Now));
            }
        }
        await ledger.Commit(ct);
    }

    /// <summary>Returns some or all of the goods that are not returned yet. Some lines appear more than once.</summary>
    private static List<ReturnedLine> RemainingReturns(Sale sale, Random random, bool all) =>
        [
            .. sale
                .Lines.Select((line, i) => (Index: i, Out: line.Quantity - sale.Returned[i]))
                .Where(line => line.Out > 0.01m && (all || random.Next(2) == 0))
                .SelectMany(line =>
                    all || line.Out < 1
                        ? [new ReturnedLine(line.Index, line.Out)]
                        : (ReturnedLine[])[new(line.Index, Quantities.Round(line.Out / 3, 3)), new(line.Index, 0.333m)]
                ),
        ];
}
