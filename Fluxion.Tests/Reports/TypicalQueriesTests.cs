using Fluxion.Tests.Host;
using Fluxion.Tests.Schema;
using Npgsql;

namespace Fluxion.Tests.Reports;

/// <summary>
/// The three queries of the data model, as an analyst sends them: their rows are correct, and each reads no more than it needs.
/// </summary>
public sealed class TypicalQueriesTests(LedgerHost host)
{
    private const string LowStock = """
        select p.name, i.quantity_available, p.reorder_point
        from {0}.inventory i
        join {0}.products p on i.product_id = p.id
        where i.tenant_id = '{1}'
          and i.quantity_available < p.reorder_point
        """;

    private const string LastMovements = """
        select * from {0}.inventory_movements
        where tenant_id = '{1}'
          and created_at >= now() - interval '30 days'
        """;

    private const string Forecasts = """
        select * from {0}.forecasts
        where tenant_id = '{1}'
          and product_id = '{2}'
          and forecast_date >= current_date
        """;

    /// <summary>
    /// A product with movements and forecasts in each of twelve past months, and forecasts of the next days. They are inserted directly
    /// into the tables and rolled back with the connection.
    /// </summary>
    private async Task<(TestLedger TestLedger, Func<string, string> Of, NpgsqlConnection Past)> CreateLedgerWithAYear()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 3, 2m, TimeProvider.System.GetUtcNow().AddDays(-1).ToString("O"));
        await ledger.Receive("P2", 9, 2m, TimeProvider.System.GetUtcNow().AddDays(-1).ToString("O"));
        var superuser = await host.OpenSuperuser();
        await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await superuser.Execute(
            $"""
            set local app.current_tenant_id = '{ledger.Tenant.Id}';
            set local search_path = {ledger.Tenant.Schema}, public;
            insert into inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity, created_at)
                select gen_random_uuid(), p.id, s.id, 'in', 'receipt', 1, now() - make_interval(days => 40 + 30 * month)
                from products p, stores s, generate_series(0, 11) month where s.code = 'M1';
            insert into forecasts (id, product_id, store_id, forecast_type, period_type, forecast_date, predicted_value)
                select gen_random_uuid(), p.id, s.id, 'demand', 'daily', current_date + day, 1
                from products p, stores s, generate_series(-1000, 9, 1) day where s.code = 'M1';
            analyze inventory_movements, forecasts, inventory, products;
            """
        );
        var product = (await superuser.Column<Guid>("select id from products where sku = 'P1'")).Single();
        await superuser.Execute($"set local role {ledger.Tenant.Analyst}");
        return (
            ledger,
            query =>
                string.Format(System.Globalization.CultureInfo.InvariantCulture, query, ledger.Tenant.Schema, ledger.Tenant.Id, product),
            superuser
        );
    }

    [Fact]
    public async Task the_typical_queries_return_the_expected_rows()
    {
        var (ledger, of, past) = await CreateLedgerWithAYear();
        await using var _ = past;
        (await TestLedger.Query(past, of(LowStock))).ShouldBe(["P1 3 8"]);
        (await TestLedger.Query(past, $"select quantity from ({of(LastMovements)}) m order by 1")).ShouldBe(["3", "9"]);
        (await TestLedger.Query(past, $"select forecast_date - current_date from ({of(Forecasts)}) f order by 1")).ShouldBe([
            .. Enumerable.Range(0, 10).Select(day => $"{day}"),
        ]);
    }

    [Fact]
    public async Task the_typical_queries_skip_the_chunks_of_other_times()
    {
        var (ledger, of, past) = await CreateLedgerWithAYear();
        await using var _ = past;
        async Task<int> Chunks(string sql)
        {
            var plan = await TestLedger.Query(past, $"explain (analyze, costs off, timing off, summary off) {sql}");
            return Plans.Chunks(string.Join('\n', plan)).Count;
        }
        (await Chunks($"select * from {ledger.Tenant.Schema}.inventory_movements")).ShouldBeGreaterThanOrEqualTo(12);
        (await Chunks(of(LastMovements))).ShouldBeLessThanOrEqualTo(2);
        (await Chunks($"select * from {ledger.Tenant.Schema}.forecasts")).ShouldBeGreaterThanOrEqualTo(11);
        (await Chunks(of(Forecasts))).ShouldBeLessThanOrEqualTo(2);
        // the reports read few chunks too
        (await Chunks($"select * from {ledger.Tenant.Schema}.movements_by('day', now() - interval '30 days')")).ShouldBeLessThanOrEqualTo(
            2
        );
    }

    [Fact]
    public async Task the_typical_queries_can_use_the_indexes_of_the_data_model()
    {
        var (ledger, of, past) = await CreateLedgerWithAYear();
        await using var _ = past;
        // on so few rows the planner would choose a sequential scan
        async Task<string> Plan(string sql) =>
            string.Join(
                '\n',
                await TestLedger.Query(
                    past,
                    $"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; explain (costs off) {sql}"
                )
            );
        (await Plan(of(LastMovements))).ShouldContain("idx_movements_");
        (
            await Plan($"{of(LastMovements)} and product_id = (select id from {ledger.Tenant.Schema}.products where sku = 'P1')")
        ).ShouldContain("idx_movements_product_time");
        (await Plan(of(Forecasts))).ShouldContain("idx_forecasts_product_date");
        // the partial index covers less than 10 available; PostgreSQL uses it only for a query with that condition, unlike the data model's
        // own
        (await Plan($"{of(LowStock)} and i.quantity_available < 10")).ShouldContain("idx_inventory_low_stock");
    }
}
