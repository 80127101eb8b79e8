using System.Collections.Concurrent;
using System.Diagnostics;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Schema;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Replay;

/// <summary>A swap corrects read models while commands go on.</summary>
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
    public async Task commands_continue_during_a_swap_and_none_is_lost()
    {
        var ct = TestContext.Current.CancellationToken;
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        // enough stock for all sales, whichever client is faster
        (await new TestStore(tenant.Admin, "S1", "P1").Receive(10_000)).ShouldBe(200);
        var replay = host.Services.GetRequiredService<TenantReplay>();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"select set_config('app.current_tenant_id', '{tenant.Id}', false); set session_replication_role = replica"
        );

        var answers = new ConcurrentBag<(int Status, TimeSpan Waited, string Text)>();
        using var stop = new CancellationTokenSource();
        var clients = Enumerable
            .Range(0, Clients)
            .Select(n =>
                Task.Run(
                    async () =>
                    {
                        for (var i = 0; !stop.IsCancellationRequested; i++)
                        {
                            var since = Stopwatch.GetTimestamp();
                            var answer =
                                (i + n) % 3 == 0
                                    ? await tenant.Admin.Post(
                                        "sales",
                                        new
                                        {
                                            store = "S1",
                                            invoiceNumber = $"L-{n}-{i}",
                                            lines = new[] { new { sku = "P1", quantity = 1 } },
                                        }
                                    )
                                    : await tenant.Admin.Post(
                                        "stock/receipts",
                                        new
                                        {
                                            store = (i + n) % 3 == 1 ? "S1" : "S2",
                                            reference = "L",
                                            lines = new[]
                                            {
                                                new
                                                {
                                                    sku = n % 2 == 0 ? "P1" : "P2",
                                                    quantity = 2,
                                                    unitCost = 3,
                                                },
                                            },
                                        }
                                    );
                            answers.Add((answer.Status, Stopwatch.GetElapsedTime(since), answer.Text));
                        }
                    },
                    ct
                )
            )
            .ToArray();
        TimeSpan Longest() => answers.Select(a => a.Waited).DefaultIfEmpty().Max();

        await Task.Delay(1500, ct);
        var usual = Longest();
        var held = new List<TimeSpan>();
        try
        {
            for (var round = 0; round < 3; round++)
            {
                foreach (var alteration in Alterations)
                    await superuser.Execute(alteration.Replace("{t}", tenant.Schema, StringComparison.Ordinal));
                var result = await replay.Run(tenant.Registered, new ReplayRequest(Swap: true), null, ct);
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
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{answers.Count} requests; "
                + $"the longest took {usual.TotalMilliseconds:0} ms before and {Longest().TotalMilliseconds:0} ms with swaps, "
                + $"which held commands for {string.Join(", ", held.Select(h => $"{h.TotalMilliseconds:0} ms"))}"
        );
        held.Order().ElementAt(1).ShouldBeLessThan(TimeSpan.FromSeconds(1), "the median of three");
    }

    [Fact]
    public async Task a_swap_corrects_rows_that_exchanged_unique_values()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $$"""
            select set_config('app.current_tenant_id', '{{tenant.Id}}', false);
            update {{tenant.Schema}}.products set sku = 'x' where sku = 'P1';
            update {{tenant.Schema}}.products set sku = 'P1' where sku = 'P2';
            update {{tenant.Schema}}.products set sku = 'P2' where sku = 'x';
            update {{tenant.Schema}}.stores set code = 'x' where code = 'S1';
            update {{tenant.Schema}}.stores set code = 'S1' where code = 'S2';
            update {{tenant.Schema}}.stores set code = 'S2' where code = 'x';
            update {{tenant.Schema}}.sales set invoice_number = 'x' where invoice_number = 'F-1';
            update {{tenant.Schema}}.sales set invoice_number = 'F-1' where invoice_number = 'F-2';
            update {{tenant.Schema}}.sales set invoice_number = 'F-2' where invoice_number = 'x';
            update {{tenant.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"x"') where data ->> 'code' = 'P1';
            update {{tenant.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"P1"') where data ->> 'code' = 'P2';
            update {{tenant.Schema}}.mt_doc_product set data = jsonb_set(data, '{code}', '"P2"') where data ->> 'code' = 'x';
            """
        );
        var swapped = (
            await host
                .Services.GetRequiredService<TenantReplay>()
                .Run(tenant.Registered, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken)
        ).Swapped;
        swapped.ShouldNotBeNull().Rows.ShouldBe(8);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Theory]
    [InlineData(
        "a product of a supplier that no event registered",
        "insert into {t}.suppliers (id, code, business_name) values ('{id}', 'BOGUS', 'x'); "
            + "update {t}.products set supplier_id = '{id}' where sku = 'P1'"
    )]
    [InlineData(
        "a movement and stock of a product that no event created, and a row that is missing",
        """
            insert into {t}.products (id, sku, name, unit_type) values ('{id}', 'BOGUS', 'x', 'unit');
            insert into {t}.inventory (id, product_id, store_id, quantity_on_hand, quantity_reserved)
                select gen_random_uuid(), '{id}', id, 1, 0 from {t}.stores where code = 'S1';
            insert into {t}.inventory_movements (id, product_id, store_id, movement_type, reference_type, reference_id, quantity,
                cost_per_unit)
                select gen_random_uuid(), '{id}', id, 'in', 'receipt', gen_random_uuid(), 1, 1 from {t}.stores where code = 'S1';
            delete from {t}.sale_items where line_number = 1
            """
    )]
    [InlineData(
        "a category without its parent, which is missing",
        "update {t}.categories set parent_id = null where code = 'CHILD'; delete from {t}.categories where code = 'PARENT'"
    )]
    [InlineData(
        "a product that no event created under the code of one that has lost it",
        """
            update {t}.products set sku = 'LOST' where sku = 'P1';
                insert into {t}.products (id, sku, name, unit_type) values ('{id}', 'P1', 'x', 'unit')
            """
    )]
    public async Task a_swap_corrects_rows_that_refer_to_each_other(string what, string alteration)
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        (await tenant.Admin.Post("categories", new { code = "PARENT", name = "Food" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "categories",
                new
                {
                    code = "CHILD",
                    name = "Milk",
                    parent = "PARENT",
                }
            )
        ).ShouldBe(201);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"select set_config('app.current_tenant_id', '{tenant.Id}', false)");
        await superuser.Execute(
            alteration
                .Replace("{t}", tenant.Schema, StringComparison.Ordinal)
                .Replace("{id}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal)
        );
        var result = await host
            .Services.GetRequiredService<TenantReplay>()
            .Run(tenant.Registered, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken);
        result.IsEqual.ShouldBeFalse(what);
        result.Swapped.ShouldNotBeNull().Rows.ShouldBe(result.Tables.Sum(t => t.Differences ?? 0), what);
        await host.ReplayShouldBeEqual(tenant);
        (
            await superuser.Column<string>($"select nspname::text from pg_namespace where nspname = '{tenant.Schema}_replay'")
        ).ShouldBeEmpty();
    }

    /// <summary>A tenant with movements of its items in each of the last six months.</summary>
    private async Task<TestTenant> CreateTenantWithHalfAYear(int products)
    {
        var tenant = await TestTenant.Create(host, altered: true);
        foreach (var code in (string[])["S1", "S2"])
            (await tenant.Admin.Post("stores", new { code, name = "A store" })).ShouldBe(201);
        var skus = Enumerable.Range(1, products).Select(i => $"P{i}").ToList();
        foreach (var sku in skus)
            (await tenant.Admin.Post("products", new { sku, name = "A product" })).ShouldBe(201);
        for (var month = 6; month > 0; month--)
        {
            foreach (var store in (string[])["S1", "S2"])
                (
                    await tenant.Admin.Post(
                        "stock/receipts",
                        new
                        {
                            store,
                            reference = $"{store} {month}",
                            occurredAt = TimeProvider.System.GetUtcNow().AddDays(-31 * month),
                            lines = skus.Select(sku => new
                            {
                                sku,
                                quantity = 10,
                                unitCost = 2,
                            }),
                        }
                    )
                ).ShouldBe(200);
        }
        return tenant;
    }

    [Fact]
    public async Task each_statement_of_a_swap_reads_only_the_chunks_and_segments_of_its_rows()
    {
        var ct = TestContext.Current.CancellationToken;
        var tenant = await CreateTenantWithHalfAYear(products: 2);
        await using var superuser = await host.OpenSuperuser();
        await using var _ = await superuser.BeginTransactionAsync(ct);
        var shadow = $"{tenant.Schema}_replay";
        await superuser.Execute(
            $"""
            create schema {shadow};
            create table {shadow}.inventory_movements (like {tenant.Schema}.inventory_movements including defaults);
            create table {shadow}."inventory_movements:differences" (id uuid, created_at timestamptz, difference text);
            insert into {shadow}.inventory_movements select * from {tenant.Schema}.inventory_movements where reference in ('S1 2', 'S1 3');
            insert into {shadow}."inventory_movements:differences"
                select id, created_at, case reference when 'S1 4' then 'added' when 'S1 3' then 'missing' else 'changed' end
                from {tenant.Schema}.inventory_movements where reference in ('S1 2', 'S1 3', 'S1 4');
            set app.current_tenant_id = '{tenant.Id}';
            delete from {tenant.Schema}.inventory_movements where reference = 'S1 3';
            """
        );
        var store = (await superuser.Column<Guid>($"select id from {tenant.Schema}.stores where code = 'S1'")).Single();
        var states = new StateRows(host.Services.GetRequiredService<TenantDocumentStores>().ForTenant(tenant.Id.ToString()));
        var shape = TableShape.All(states).Single(t => t.Name == "inventory_movements");
        var live = await LiveTable.Read(superuser, tenant.Schema, shape, null, ct);
        var columns = await TableColumns.Read(superuser, tenant.Schema, shadow, shape.Name, ct);

        var statements = await new GrowingRows(superuser, tenant.Schema, shadow).PutRight(live, columns, ct);

        var changes = statements.Where(s => s.Counts).ToList();
        // of the movements of four, three and two months ago
        changes.Select(s => s.Sql.TrimStart()[..6]).ShouldBe(["delete", "insert", "update"]);
        foreach (var change in changes)
        {
            var plan = string.Join('\n', await superuser.Column<string>($"explain (verbose, costs off) {change.Sql}"));
            // an insert chooses its chunk only when it has a row
            Plans.Chunks(plan).Count.ShouldBe(1, plan);
            if (!change.Sql.StartsWith("insert", StringComparison.Ordinal))
                plan.ShouldContain($"{store}", customMessage: plan);
        }
    }

    [Fact]
    public async Task a_swap_decompresses_only_the_batches_of_the_rows_that_differ()
    {
        await using var superuser = await host.OpenSuperuser();
        Assert.SkipUnless(
            (await superuser.Column<string>("show timescaledb.license")).Single() == "timescale",
            "The Apache edition compresses nothing."
        );
        const int products = 20;
        var tenant = await CreateTenantWithHalfAYear(products);
        await superuser.Execute(
            $"""
            select set_config('app.current_tenant_id', '{tenant.Id}', false);
            update {tenant.Schema}.inventory_movements set notes = 'x'
                where id = (select id from {tenant.Schema}.inventory_movements where reference = 'S1 3' order by id limit 1);
            select compress_chunk(c) from show_chunks('{tenant.Schema}.inventory_movements') c
            """
        );
        async Task<long> Compressed()
        {
            var chunks = await superuser.Column<string>(
                $"""
                select format('%I.%I', compressed.schema_name, compressed.table_name)
                from _timescaledb_catalog.hypertable h
                join _timescaledb_catalog.chunk c on c.hypertable_id = h.id
                join _timescaledb_catalog.chunk compressed on compressed.id = c.compressed_chunk_id
                where h.schema_name = '{tenant.Schema}' and h.table_name = 'inventory_movements'
                """
            );
            var rows = 0L;
            foreach (var chunk in chunks)
                rows += (await superuser.Column<long>($"select coalesce(sum(_ts_meta_count), 0) from {chunk}")).Single();
            return rows;
        }
        (await Compressed()).ShouldBe(6 * 2 * products);

        var replay = host.Services.GetRequiredService<TenantReplay>();
        var result = await replay.Run(tenant.Registered, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken);
        result.Swapped.ShouldNotBeNull().Rows.ShouldBe(1);
        (await Compressed()).ShouldBe((6 * 2 - 1) * products, "one batch of one store in one month");
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task a_swap_names_the_segment_columns_of_the_compression()
    {
        await using var superuser = await host.OpenSuperuser();
        Assert.SkipUnless(
            (await superuser.Column<string>("show timescaledb.license")).Single() == "timescale",
            "The Apache edition compresses nothing."
        );
        var tenant = await TestTenant.Create(host);
        var states = new StateRows(host.Services.GetRequiredService<TenantDocumentStores>().ForTenant(tenant.Id.ToString()));
        foreach (var shape in TableShape.All(states).Where(shape => shape.Segment is not null))
        {
            (
                await superuser.Column<string>(
                    $"""
                    select segmentby from timescaledb_information.hypertable_compression_settings
                    where hypertable = '{tenant.Schema}.{shape.Name}'::regclass
                    """
                )
            ).ShouldBe([shape.Segment!], shape.Name);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(30)]
    public async Task a_swap_corrects_changed_missing_and_surplus_rows_of_chunks(int products)
    {
        var tenant = await CreateTenantWithHalfAYear(products);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            select set_config('app.current_tenant_id', '{tenant.Id}', false);
            delete from {tenant.Schema}.inventory_movements where reference in ('S1 1', 'S2 4');
            update {tenant.Schema}.inventory_movements set quantity = 11, notes = 'x' where reference in ('S1 2', 'S1 3', 'S2 5');
            create temp table moved as select * from {tenant.Schema}.inventory_movements where reference = 'S2 2';
            delete from {tenant.Schema}.inventory_movements where reference = 'S2 2';
            insert into {tenant.Schema}.inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity, created_at)
                select id, product_id, store_id, movement_type, reference_type, quantity, created_at - interval '70 days' from moved;
            update {tenant.Schema}.inventory_movements
                set store_id = (select id from {tenant.Schema}.stores where code = 'S2') where reference = 'S1 6';
            insert into {tenant.Schema}.inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity, created_at)
                select gen_random_uuid(), product_id, store_id, 'in', 'receipt', 1, created_at
                from {tenant.Schema}.inventory_movements where reference = 'S2 6';
            update {tenant.Schema}.events set entity_type = 'x', new_data = null where event_type = 'stock_received';
            """
        );
        var replay = host.Services.GetRequiredService<TenantReplay>();
        var result = await replay.Run(tenant.Registered, new ReplayRequest(Swap: true), null, TestContext.Current.CancellationToken);
        result.Swapped.ShouldNotBeNull().Rows.ShouldBe((2 + 3 + 2 + 1 + 1 + 12) * products);
        result.Swapped.Rows.ShouldBe(result.Tables.Sum(t => t.Differences ?? 0));
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task a_swap_of_one_table_blocked_by_others_is_refused_and_changes_nothing()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        await using var superuser = await host.OpenSuperuser();
        var bogus = Guid.CreateVersion7();
        await superuser.Execute(
            $"""
            select set_config('app.current_tenant_id', '{tenant.Id}', false);
            insert into {tenant.Schema}.suppliers (id, code, business_name) values ('{bogus}', 'BOGUS', 'x');
            update {tenant.Schema}.products set supplier_id = '{bogus}' where sku = 'P1';
            """
        );
        var refused = await Should.ThrowAsync<ReplayRefusedException>(() =>
            host
                .Services.GetRequiredService<TenantReplay>()
                .Run(tenant.Registered, new ReplayRequest("suppliers", Swap: true), null, TestContext.Current.CancellationToken)
        );
        refused.Message.ShouldContain("products_supplier_id_fkey");
        (await superuser.Column<string>($"select code::text from {tenant.Schema}.suppliers where id = '{bogus}'")).ShouldBe(["BOGUS"]);
        (
            await superuser.Column<string>($"select nspname::text from pg_namespace where nspname = '{tenant.Schema}_replay'")
        ).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_concurrent_second_replay_is_refused_and_a_leftover_schema_is_replaced()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        var replay = host.Services.GetRequiredService<TenantReplay>();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            create schema {tenant.Schema}_replay authorization fluxion_owner; create table {tenant.Schema}_replay.users (x int);
            alter table {tenant.Schema}_replay.users owner to fluxion_owner
            """
        );
        await host.ReplayShouldBeEqual(tenant);

        await AdvisoryLocks.AcquireForSession(superuser, ReplaysTable.LockKey(tenant.Schema), TestContext.Current.CancellationToken);
        var refused = await Should.ThrowAsync<ReplayRefusedException>(() =>
            replay.Run(tenant.Registered, new(), null, TestContext.Current.CancellationToken)
        );
        refused.Message.ShouldContain("under way");
        refused.IsConflict.ShouldBeTrue();
        await superuser.Execute("select pg_advisory_unlock_all()");
        await host.ReplayShouldBeEqual(tenant);
    }
}
