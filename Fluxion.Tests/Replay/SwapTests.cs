using System.Collections.Concurrent;
using System.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Replay;

/// <summary>What a swap puts right, while nobody has to stop.</summary>
[Collection(AlteredTables.Name)]
public sealed class SwapTests(LedgerHost host)
{
    private const int Clients = 16;

    private static readonly string[] Alterations =
    [
        "update {t}.inventory set quantity_on_hand = quantity_on_hand + 5, created_at = created_at - interval '1 hour'",
        "update {t}.mt_doc_stockitem set data = jsonb_set(data, '{onHand}', to_jsonb((data ->> 'onHand')::numeric + 1))",
        "delete from {t}.inventory where id in (select id from {t}.inventory order by created_at limit 1)",
        "update {t}.products set name = name || '!', created_at = created_at - interval '1 hour'",
        "update {t}.users set email = 'somebody@company.test' where role = 'manager'",
        "insert into {t}.stores (id, code, name, type) values (gen_random_uuid(), 'S9', 'x', 'store')",
        "delete from {t}.purchase_orders",
        "update {t}.sales set amount_paid = amount_paid + 1",
        "delete from {t}.sale_items where line_number = 1",
        "delete from {t}.sale_payments where kind = 'refund'",
        "update {t}.sale_returns set net_amount = 9",
        "update {t}.reservations set status = 'released'",
        "update {t}.reservation_items set status = 'released'",
        "update {t}.transfer_items set quantity_lost = quantity_damaged, quantity_damaged = 0",
        "delete from {t}.inventory_movements where reference = 'GRN-1'",
        "update {t}.inventory_movements set notes = 'x' where reference_type = 'count'",
        "update {t}.events set created_at = created_at - interval '1 minute' where event_type = 'stock_counted'",
        "delete from {t}.events where event_type = 'store_opened'",
        "update {t}.product_prices set cost_price = 9",
        "delete from {t}.mt_doc_sale",
    ];

    [Fact]
    public async Task commands_go_on_while_read_models_are_swapped_and_none_is_lost()
    {
        var ct = TestContext.Current.CancellationToken;
        var company = await Company.Found(host, altered: true);
        await TradingCompany.Trade(company.Admin);
        (await new Shop(company.Admin, "S1", "P1").Receive(10_000)).ShouldBe(200); // no sale runs out of it, whichever client is the quicker
        var tenant = new Tenant(company.Id, company.Slug, "", Tenant.Active, default);
        var replay = host.Services.GetRequiredService<TenantReplay>();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"select set_config('app.current_tenant_id', '{company.Id}', false); set session_replication_role = replica");

        var answers = new ConcurrentBag<(int Status, TimeSpan Waited, string Text)>();
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(n => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var since = Stopwatch.GetTimestamp();
                var answer = (i + n) % 3 == 0
                    ? await company.Admin.Post("sales", new { store = "S1", invoiceNumber = $"L-{n}-{i}", lines = new[] { new { sku = "P1", quantity = 1 } } })
                    : await company.Admin.Post("stock/receipts", new { store = (i + n) % 3 == 1 ? "S1" : "S2", reference = "L", lines = new[] { new { sku = n % 2 == 0 ? "P1" : "P2", quantity = 2, unitCost = 3 } } });
                answers.Add((answer.Status, Stopwatch.GetElapsedTime(since), answer.Text));
            }
        }, ct)).ToArray();
        TimeSpan Longest() => answers.Select(a => a.Waited).DefaultIfEmpty().Max();

        await Task.Delay(1500, ct);
        var usual = Longest();
        var held = new List<TimeSpan>();
        try
        {
            for (var round = 0; round < 3; round++)
            {
                foreach (var alteration in Alterations) await superuser.Execute(alteration.Replace("{t}", company.Schema, StringComparison.Ordinal));
                var result = await replay.Run(tenant, new ReplayRequest(Swap: true), null, ct);
                result.IsEqual.ShouldBeFalse();
                held.Add(result.Swapped.ShouldNotBeNull().CommandsHeld);
                result.Swapped.Rows.ShouldBeGreaterThan(Alterations.Length);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(clients);
        }

        answers.Where(a => a.Status is not (200 or 201)).Select(a => a.Text).ShouldBeEmpty();
        await host.ReplayShouldBeEqual(tenant);
        TestContext.Current.TestOutputHelper?.WriteLine($"{answers.Count} requests; the longest took {usual.TotalMilliseconds:0} ms before and {Longest().TotalMilliseconds:0} ms with swaps, which held commands for {string.Join(", ", held.Select(h => $"{h.TotalMilliseconds:0} ms"))}");
        held.Order().ElementAt(1).ShouldBeLessThan(TimeSpan.FromSeconds(1), "the median of three");
    }

    [Fact]
    public async Task rows_that_have_exchanged_what_is_unique_are_put_right()
    {
        var company = await Company.Found(host, altered: true);
        await TradingCompany.Trade(company.Admin);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($$"""
            select set_config('app.current_tenant_id', '{{company.Id}}', false);
            update {{company.Schema}}.products set sku = 'x' where sku = 'P1';
            update {{company.Schema}}.products set sku = 'P1' where sku = 'P2';
            update {{company.Schema}}.products set sku = 'P2' where sku = 'x';
            update {{company.Schema}}.stores set code = 'x' where code = 'S1';
            update {{company.Schema}}.stores set code = 'S1' where code = 'S2';
            update {{company.Schema}}.stores set code = 'S2' where code = 'x';
            update {{company.Schema}}.sales set invoice_number = 'x' where invoice_number = 'F-1';
            update {{company.Schema}}.sales set invoice_number = 'F-1' where invoice_number = 'F-2';
            update {{company.Schema}}.sales set invoice_number = 'F-2' where invoice_number = 'x';
            update {{company.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"x"') where data ->> 'code' = 'P1';
            update {{company.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"P1"') where data ->> 'code' = 'P2';
            update {{company.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"P2"') where data ->> 'code' = 'x';
            """);
        var tenant = new Tenant(company.Id, company.Slug, "", Tenant.Active, default);
        var swapped = (await host.Services.GetRequiredService<TenantReplay>().Run(tenant, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken)).Swapped;
        swapped.ShouldNotBeNull().Rows.ShouldBe(8);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Theory]
    [InlineData("a product of a supplier that no event registered", "insert into {t}.suppliers (id, code, business_name) values ('{id}', 'BOGUS', 'x'); update {t}.products set supplier_id = '{id}' where sku = 'P1'")]
    [InlineData("a movement and stock of a product that no event created, and a row that is missing", """
        insert into {t}.products (id, sku, name, unit_type) values ('{id}', 'BOGUS', 'x', 'unit');
        insert into {t}.inventory (id, product_id, store_id, quantity_on_hand, quantity_reserved) select gen_random_uuid(), '{id}', id, 1, 0 from {t}.stores where code = 'S1';
        insert into {t}.inventory_movements (id, product_id, store_id, movement_type, reference_type, reference_id, quantity, cost_per_unit)
            select gen_random_uuid(), '{id}', id, 'in', 'receipt', gen_random_uuid(), 1, 1 from {t}.stores where code = 'S1';
        delete from {t}.sale_items where line_number = 1
        """)]
    [InlineData("a category without its parent, which is missing", "update {t}.categories set parent_id = null where code = 'CHILD'; delete from {t}.categories where code = 'PARENT'")]
    [InlineData("a product that no event created under the code of one that has lost it", """
        update {t}.products set sku = 'LOST' where sku = 'P1'; insert into {t}.products (id, sku, name, unit_type) values ('{id}', 'P1', 'x', 'unit')
        """)]
    public async Task rows_that_refer_to_each_other_are_put_right(string what, string alteration)
    {
        var company = await Company.Found(host, altered: true);
        await TradingCompany.Trade(company.Admin);
        (await company.Admin.Post("categories", new { code = "PARENT", name = "Food" })).ShouldBe(201);
        (await company.Admin.Post("categories", new { code = "CHILD", name = "Milk", parent = "PARENT" })).ShouldBe(201);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"select set_config('app.current_tenant_id', '{company.Id}', false)");
        await superuser.Execute(alteration.Replace("{t}", company.Schema, StringComparison.Ordinal).Replace("{id}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal));
        var tenant = new Tenant(company.Id, company.Slug, "", Tenant.Active, default);
        var result = await host.Services.GetRequiredService<TenantReplay>().Run(tenant, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken);
        result.IsEqual.ShouldBeFalse(what);
        result.Swapped.ShouldNotBeNull().Rows.ShouldBe(result.Tables.Sum(t => t.Differences ?? 0), what);
        await host.ReplayShouldBeEqual(tenant);
        (await superuser.Column<string>($"select nspname::text from pg_namespace where nspname = '{company.Schema}_replay'")).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_swap_of_one_table_that_others_stand_in_the_way_of_is_refused_and_leaves_nothing()
    {
        var company = await Company.Found(host, altered: true);
        await TradingCompany.Trade(company.Admin);
        await using var superuser = await host.OpenSuperuser();
        var bogus = Guid.CreateVersion7();
        await superuser.Execute($"""
            select set_config('app.current_tenant_id', '{company.Id}', false);
            insert into {company.Schema}.suppliers (id, code, business_name) values ('{bogus}', 'BOGUS', 'x');
            update {company.Schema}.products set supplier_id = '{bogus}' where sku = 'P1';
            """);
        var tenant = new Tenant(company.Id, company.Slug, "", Tenant.Active, default);
        var refused = await Should.ThrowAsync<ReplayRefusedException>(
            () => host.Services.GetRequiredService<TenantReplay>().Run(tenant, new ReplayRequest("suppliers", Swap: true), null, TestContext.Current.CancellationToken));
        refused.Message.ShouldContain("products_supplier_id_fkey");
        (await superuser.Column<string>($"select code::text from {company.Schema}.suppliers where id = '{bogus}'")).ShouldBe(["BOGUS"]);
        (await superuser.Column<string>($"select nspname::text from pg_namespace where nspname = '{company.Schema}_replay'")).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_second_replay_at_once_is_refused_and_a_schema_left_behind_is_none()
    {
        var company = await Company.Found(host, altered: true);
        var tenant = new Tenant(company.Id, company.Slug, "", Tenant.Active, default);
        var replay = host.Services.GetRequiredService<TenantReplay>();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"create schema {company.Schema}_replay authorization fluxion_owner; create table {company.Schema}_replay.users (x int); alter table {company.Schema}_replay.users owner to fluxion_owner");
        await host.ReplayShouldBeEqual(tenant);

        await superuser.Execute($"select pg_advisory_lock(hashtextextended('{company.Schema}_replay', 0))");
        var refused = await Should.ThrowAsync<ReplayRefusedException>(() => replay.Run(tenant, new(), null, TestContext.Current.CancellationToken));
        refused.Message.ShouldContain("under way");
        refused.IsConflict.ShouldBeTrue();
        await superuser.Execute("select pg_advisory_unlock_all()");
        await host.ReplayShouldBeEqual(tenant);
    }
}
