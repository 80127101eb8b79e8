using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Schema;

/// <summary>The requirements of the data model, transcribed from it and checked against the catalogs.</summary>
public sealed class DataModelTests(LedgerHost host)
{
    private const string Demo = "tenant_fluxion_demo";

    /// <summary>The tables and columns of the data model, with its types.</summary>
    private static readonly Dictionary<string, string> SharedTables = new()
    {
        ["system_config"] = "key varchar, value text, description text, created_at timestamptz, updated_at timestamptz",
        ["tenants"] =
            "id uuid, slug varchar, name varchar, schema_name varchar, status varchar, settings jsonb, "
            + "created_at timestamptz, updated_at timestamptz",
        ["tenant_users"] =
            "id uuid, tenant_id uuid, email citext, password_hash varchar, full_name varchar, role varchar, is_active boolean, "
            + "last_login_at timestamptz, created_at timestamptz, updated_at timestamptz",
    };

    private static readonly Dictionary<string, string> TenantTables = new()
    {
        ["users"] =
            "id uuid, tenant_id uuid, email citext, password_hash varchar, full_name varchar, role varchar, "
            + "store_ids uuid_array, permissions jsonb, "
            + "preferences jsonb, is_active boolean, last_login_at timestamptz, created_at timestamptz, updated_at timestamptz",
        ["stores"] =
            "id uuid, tenant_id uuid, code varchar, name varchar, type varchar, address jsonb, contact jsonb, "
            + "settings jsonb, is_active boolean, "
            + "created_at timestamptz, updated_at timestamptz",
        ["categories"] =
            "id uuid, tenant_id uuid, parent_id uuid, code varchar, name varchar, description text, settings jsonb, is_active boolean, "
            + "created_at timestamptz, updated_at timestamptz",
        ["suppliers"] =
            "id uuid, tenant_id uuid, code varchar, business_name varchar, trade_name varchar, tax_id varchar, contact_person varchar, "
            + "phone varchar, email citext, address jsonb, payment_terms varchar, credit_limit decimal, settings jsonb, is_active boolean, "
            + "created_at timestamptz, updated_at timestamptz",
        ["products"] =
            "id uuid, tenant_id uuid, sku varchar, barcode varchar, name varchar, description text, category_id uuid, supplier_id uuid, "
            + "unit_type varchar, min_stock_level integer, max_stock_level integer, reorder_point integer, "
            + "cost_price decimal, selling_price decimal, "
            + "tax_rate decimal, settings jsonb, is_active boolean, created_at timestamptz, updated_at timestamptz",
        ["inventory"] =
            "id uuid, tenant_id uuid, product_id uuid, store_id uuid, quantity_on_hand integer, quantity_reserved integer, "
            + "quantity_available integer, last_movement_at timestamptz, cost_per_unit decimal, created_at timestamptz, "
            + "updated_at timestamptz",
        ["inventory_movements"] =
            "id uuid, tenant_id uuid, product_id uuid, store_id uuid, movement_type varchar, reference_type varchar, "
            + "reference_id uuid, quantity integer, cost_per_unit decimal, total_cost decimal, notes text, created_by uuid, "
            + "created_at timestamptz",
        ["sales"] =
            "id uuid, tenant_id uuid, store_id uuid, invoice_number varchar, client_id uuid, client_name varchar, client_tax_id varchar, "
            + "subtotal decimal, tax_amount decimal, total_amount decimal, payment_method varchar, payment_status varchar, notes text, "
            + "pos_transaction_id varchar, created_by uuid, created_at timestamptz, updated_at timestamptz",
        ["sale_items"] =
            "id uuid, tenant_id uuid, sale_id uuid, product_id uuid, quantity integer, unit_price decimal, "
            + "line_total decimal, created_at timestamptz",
        ["purchase_orders"] =
            "id uuid, tenant_id uuid, store_id uuid, supplier_id uuid, order_number varchar, status varchar, order_date date, "
            + "expected_date date, received_date date, subtotal decimal, tax_amount decimal, total_amount decimal, "
            + "notes text, created_by uuid, "
            + "created_at timestamptz, updated_at timestamptz",
        ["purchase_order_items"] =
            "id uuid, tenant_id uuid, purchase_order_id uuid, product_id uuid, quantity_ordered integer, quantity_received integer, "
            + "unit_cost decimal, line_total decimal, created_at timestamptz, updated_at timestamptz",
        ["alerts"] =
            "id uuid, tenant_id uuid, alert_type varchar, priority varchar, title varchar, description text, "
            + "product_id uuid, store_id uuid, "
            + "category_id uuid, data jsonb, status varchar, acknowledged_by uuid, acknowledged_at timestamptz, resolved_at timestamptz, "
            + "generated_by varchar, created_at timestamptz, updated_at timestamptz",
        ["forecasts"] =
            "id uuid, tenant_id uuid, product_id uuid, store_id uuid, forecast_type varchar, period_type varchar, forecast_date date, "
            + "predicted_value decimal, confidence_level decimal, model_version varchar, metadata jsonb, created_at timestamptz",
        ["events"] =
            "id uuid, tenant_id uuid, event_type varchar, entity_type varchar, entity_id uuid, user_id uuid, "
            + "action varchar, old_data jsonb, "
            + "new_data jsonb, metadata jsonb, ip_address inet, user_agent text, created_at timestamptz",
    };

    /// <summary>The data model's hypertables and their partitioning columns.</summary>
    private static readonly Dictionary<string, string> Hypertables = new()
    {
        ["inventory_movements"] = "created_at",
        ["forecasts"] = "forecast_date",
        ["events"] = "created_at",
    };

    /// <summary>
    /// PostgreSQL's name for a type of the data model. Quantities are numeric, because kilograms and liters are sold in fractions.
    /// </summary>
    private static string TypeOf(string model) =>
        model switch
        {
            "integer" or "decimal" => "numeric",
            "boolean" => "bool",
            "uuid_array" => "_uuid",
            _ => model,
        };

    [Theory]
    [InlineData("shared")]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task every_table_and_column_of_the_model_exists(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        var actual = (
            await superuser.Rows(
                $"""
                select table_name::text, column_name::text, udt_name::text from information_schema.columns
                where table_schema = '{schema}'
                """
            )
        ).ToDictionary(c => $"{c[0]}.{c[1]}", c => (string)c[2]!);
        foreach (var (table, columns) in schema == "shared" ? SharedTables : TenantTables)
        {
            foreach (var column in columns.Split(", ").Select(c => c.Split(' ')))
            {
                actual.ShouldContainKey($"{table}.{column[0]}");
                actual[$"{table}.{column[0]}"].ShouldBe(TypeOf(column[1]), $"{table}.{column[0]}");
            }
        }
    }

    [Theory]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task the_three_hypertables_are_partitioned_by_their_time(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        (
            await superuser.Rows(
                $"""
                select hypertable_name::text, column_name::text from timescaledb_information.dimensions
                where hypertable_schema = '{schema}'
                """
            )
        ).ToDictionary(d => (string)d[0]!, d => (string)d[1]!).ShouldBe(Hypertables, ignoreOrder: true);
    }

    [Theory]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task keys_match_the_model_and_keys_of_hypertables_include_their_time(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        var keys = (
            await superuser.Rows(
                $"""
                select c.conrelid::regclass::text, string_agg(a.attname, ',' order by k.ordinality)
                from pg_constraint c cross join unnest(c.conkey) with ordinality k (attnum, ordinality)
                join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
                where c.contype = 'p' and c.connamespace = '{schema}'::regnamespace
                group by c.conrelid
                """
            )
        ).ToDictionary(k => (string)k[0]!, k => (string)k[1]!);
        foreach (var table in TenantTables.Keys)
            keys[$"{schema}.{table}"].ShouldBe(Hypertables.TryGetValue(table, out var time) ? $"id,{time}" : "id", table);
    }

    [Theory]
    [InlineData("shared", "tenants", "slug")]
    [InlineData("shared", "tenants", "schema_name")]
    [InlineData("shared", "tenant_users", "email")]
    [InlineData(Demo, "users", "email")]
    [InlineData(Demo, "stores", "code")]
    [InlineData(Demo, "categories", "code")]
    [InlineData(Demo, "suppliers", "code")]
    [InlineData(Demo, "products", "sku")]
    [InlineData(Demo, "sales", "invoice_number")]
    [InlineData(Demo, "purchase_orders", "order_number")]
    public async Task columns_that_the_model_calls_unique_are_unique_in_their_tenant_or_store(string schema, string table, string column)
    {
        await using var superuser = await host.OpenSuperuser();
        var unique = await superuser.Column<string>(
            $"""
            select indexdef from pg_indexes where schemaname = '{schema}' and tablename = '{table}'
                and indexdef like 'CREATE UNIQUE INDEX %'
            """
        );
        unique.ShouldContain(definition =>
            System.Text.RegularExpressions.Regex.IsMatch(definition, $@"\(((tenant_id|store_id), )*{column}\)")
        );
    }

    [Theory]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task the_three_named_indexes_exist(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        async Task<string> Definition(string index) =>
            (
                await superuser.Column<string>($"select indexdef from pg_indexes where schemaname = '{schema}' and indexname = '{index}'")
            ).ShouldHaveSingleItem();
        (await Definition("idx_inventory_low_stock")).ShouldEndWith(
            $"ON {schema}.inventory USING btree (tenant_id, quantity_available) WHERE (quantity_available < (10)::numeric)"
        );
        (await Definition("idx_products_tenant_sku")).ShouldEndWith($"ON {schema}.products USING btree (tenant_id, sku)");
        (await Definition("idx_movements_time_product")).ShouldEndWith(
            $"ON {schema}.inventory_movements USING btree (created_at, product_id)"
        );
    }

    [Theory]
    [InlineData("sales")]
    [InlineData("purchase_orders")]
    [InlineData("transfers")]
    [InlineData("reservations")]
    [InlineData("alerts")]
    [InlineData("inventory_movements")]
    [InlineData("events")]
    public async Task a_page_latest_first_is_read_from_an_index_without_a_sort(string table)
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute("set enable_sort = off");
        string.Join('\n', await superuser.Column<string>($"explain select * from {Demo}.{table} order by created_at desc, id limit 101"))
            .ShouldNotContain("Sort");
    }

    [Theory]
    [InlineData("stores")]
    [InlineData("suppliers")]
    [InlineData("categories")]
    [InlineData("users")]
    public async Task a_small_table_joined_by_all_pages_is_analyzed_after_its_first_rows(string table)
    {
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Column<string>($"select unnest(reloptions) from pg_class where oid = '{Demo}.{table}'::regclass")).ShouldContain(
            "autovacuum_analyze_threshold=0"
        );
    }

    [Theory]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task columns_that_the_model_calls_generated_are_generated(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        (
            await superuser.Column<string>(
                $"""
                select table_name || '.' || column_name from information_schema.columns
                where table_schema = '{schema}' and is_generated = 'ALWAYS' and table_name not like 'mt\_%'
                    and column_name <> 'search_key' -- not of the model
                """
            )
        ).ShouldBe(
            ["inventory.quantity_available", "inventory_movements.total_cost", "purchase_order_items.line_total", "sale_items.line_total"],
            ignoreOrder: true
        );
    }

    [Theory]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task every_relationship_of_the_model_is_a_foreign_key(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        var keys = await superuser.Column<string>(
            $"""
            select format('%s.%s -> %s', t.relname, a.attname, r.relname)
            from pg_constraint c
            join pg_class t on t.oid = c.conrelid join pg_class r on r.oid = c.confrelid
            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
            where c.contype = 'f' and t.relnamespace = '{schema}'::regnamespace and r.relnamespace = t.relnamespace
            """
        );
        // can_access_stores of users is an array, which cannot have a foreign key in PostgreSQL: the command checks it
        foreach (
            var key in (string[])
                [
                    "categories.parent_id -> categories",
                    "products.category_id -> categories",
                    "products.supplier_id -> suppliers",
                    "inventory.product_id -> products",
                    "inventory.store_id -> stores",
                    "inventory_movements.product_id -> products",
                    "inventory_movements.store_id -> stores",
                    "inventory_movements.created_by -> users",
                    "sales.store_id -> stores",
                    "sales.created_by -> users",
                    "sale_items.sale_id -> sales",
                    "sale_items.product_id -> products",
                    "purchase_orders.store_id -> stores",
                    "purchase_orders.supplier_id -> suppliers",
                    "purchase_orders.created_by -> users",
                    "purchase_order_items.purchase_order_id -> purchase_orders",
                    "purchase_order_items.product_id -> products",
                    "alerts.product_id -> products",
                    "alerts.store_id -> stores",
                    "alerts.category_id -> categories",
                    "alerts.acknowledged_by -> users",
                    "forecasts.product_id -> products",
                    "forecasts.store_id -> stores",
                    "events.user_id -> users",
                ]
        )
        {
            keys.ShouldContain(key);
        }
    }

    [Fact]
    public async Task a_user_of_the_registry_belongs_to_a_registered_tenant()
    {
        await using var superuser = await host.OpenSuperuser();
        (
            await superuser.Column<string>(
                "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'shared.tenant_users'::regclass and contype = 'f'"
            )
        ).ShouldBe(["FOREIGN KEY (tenant_id) REFERENCES shared.tenants(id)"]);
    }

    [Theory]
    [InlineData("users", "role", "admin|manager|user|viewer")]
    [InlineData("stores", "type", "warehouse|store|distribution_center")]
    [InlineData("products", "unit_type", "unit|kg|liter|meter|box|case")]
    [InlineData("inventory_movements", "movement_type", "in|out|transfer|adjustment")]
    [InlineData("inventory_movements", "reference_type", "purchase|sale|transfer|adjustment")]
    [InlineData("sales", "payment_method", "cash|card|transfer|check|credit")]
    [InlineData("sales", "payment_status", "paid|pending|partial|cancelled")]
    [InlineData("purchase_orders", "status", "draft|sent|confirmed|partial|received|cancelled")]
    [InlineData("alerts", "alert_type", "low_stock|overstock|demand_spike|slow_moving|forecast_alert")]
    [InlineData("alerts", "priority", "low|medium|high|critical")]
    [InlineData("alerts", "status", "active|acknowledged|resolved|dismissed")]
    [InlineData("forecasts", "forecast_type", "demand|reorder|seasonality|trend")]
    [InlineData("forecasts", "period_type", "daily|weekly|monthly")]
    [InlineData("events", "action", "created|updated|deleted")]
    public async Task a_column_with_listed_values_accepts_those_and_no_others(string table, string column, string values)
    {
        await using var superuser = await host.OpenSuperuser();
        var check = (
            await superuser.Column<string>(
                $"""
                select pg_get_constraintdef(oid) from pg_constraint where conrelid = '{Demo}.{table}'::regclass
                    and conname = '{table}_{column}_check'
                """
            )
        ).ShouldHaveSingleItem();
        foreach (var value in values.Split('|'))
            check.ShouldContain($"'{value}'");
    }

    [Theory]
    [InlineData("shared")]
    [InlineData(TenantProvisioning.Template)]
    [InlineData(Demo)]
    public async Task every_table_with_updated_at_has_its_trigger(string schema)
    {
        await using var superuser = await host.OpenSuperuser();
        var triggers = (
            await superuser.Rows(
                $"""
                select c.relname::text, pg_get_triggerdef(t.oid)
                from pg_attribute a join pg_class c on c.oid = a.attrelid
                left join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'update_updated_at_trigger'
                where c.relnamespace = '{schema}'::regnamespace and c.relkind = 'r' and a.attname = 'updated_at' and not a.attisdropped
                """
            )
        ).ToDictionary(t => (string)t[0]!, t => t[1] as string);
        (schema == "shared" ? SharedTables : TenantTables)
            .Where(t => t.Value.Contains("updated_at", StringComparison.Ordinal))
            .Select(t => t.Key)
            .ShouldBeSubsetOf(triggers.Keys);
        foreach (var (table, definition) in triggers)
            definition.ShouldNotBeNull(table).ShouldContain($"BEFORE UPDATE ON {schema}.{table} FOR EACH ROW");
    }

    [Fact]
    public async Task updated_at_is_now_unless_an_event_sets_it()
    {
        await using var superuser = await host.OpenSuperuser();
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        const string Row = $"{Demo}.suppliers set business_name = 'x'";
        (await superuser.Column<bool>($"update {Row} where code = 'MONACA' returning updated_at = now()")).ShouldBe([true]);
        (
            await superuser.Column<bool>(
                $"update {Row}, updated_at = '2020-01-01Z' where code = 'MONACA' returning updated_at = '2020-01-01Z'"
            )
        ).ShouldBe([true]);
        // the second of two events of one transaction has the same time, and keeps it
        (
            await superuser.Column<bool>(
                $"""
                update {Row}, updated_at = '2020-01-01Z', version = version + 1 where code = 'MONACA'
                    returning updated_at = '2020-01-01Z'
                """
            )
        ).ShouldBe([true]);
    }

    [Fact]
    public async Task every_table_and_view_has_a_comment()
    {
        await using var superuser = await host.OpenSuperuser();
        // Marten's tables and the journal have no comments
        (
            await superuser.Column<string>(
                """
                select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in (select schema_name from shared.tenants union values ('shared'), ('template'))
                  and c.relkind in ('r', 'p', 'v', 'm') and c.relname not like 'mt\_%' and c.relname <> 'schema_versions'
                  and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
                """
            )
        ).ShouldBeEmpty();
    }

    [Fact]
    public async Task every_plain_table_of_every_tenant_has_row_level_security_forced()
    {
        await using var superuser = await host.OpenSuperuser();
        var tables = await superuser.Rows(
            """
            select format('%I.%I', n.nspname, c.relname), c.relrowsecurity, c.relforcerowsecurity,
                   exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_isolation_policy'
                           and p.polcmd = '*' and p.polpermissive and p.polroles = '{0}')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in (select schema_name from shared.tenants union values ('template')) and c.relkind in ('r', 'p')
              and c.relname <> 'schema_versions' -- the journal: names of scripts, which the service may not even read
              and not exists (select from timescaledb_information.hypertables h
                  where h.hypertable_schema = n.nspname and h.hypertable_name = c.relname)
            """
        );
        foreach (var table in tables)
            table[1..].ShouldAllBe(yes => (bool)yes!, (string)table[0]!);
        var names = tables.Select(t => (string)t[0]!).ToList();
        names.ShouldContain($"{Demo}.mt_events");
        names.ShouldContain($"{Demo}.mt_doc_stockitem");
        foreach (var table in TenantTables.Keys.Except(Hypertables.Keys))
            names.ShouldContain($"{Demo}.{table}");
    }

    // The data model's own queries, as the analyst of the demo tenant

    [Fact]
    public async Task low_stock_can_be_listed_by_store()
    {
        var admin = await Client.Demo(host, "admin");
        var code = Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant();
        (await admin.Post("stores", new { code, name = "Low" })).ShouldBe(201);
        foreach (var (name, quantity) in ((string, int)[])[("below", 9), ("at", 10), ("above", 11)])
        {
            (
                await admin.Post(
                    "products",
                    new
                    {
                        sku = $"{code}-{name}",
                        name = $"{code} {name}",
                        reorderPoint = 10,
                    }
                )
            ).ShouldBe(201);
            (
                await admin.Post(
                    "stock/receipts",
                    new
                    {
                        store = code,
                        lines = new[]
                        {
                            new
                            {
                                sku = $"{code}-{name}",
                                quantity,
                                unitCost = 1,
                            },
                        },
                    }
                )
            ).ShouldBe(200);
        }

        var rows = await AsAnalyst(
            $"""
            select p.name, i.quantity_available, p.reorder_point
            from {Demo}.inventory i
            join {Demo}.products p on i.product_id = p.id
            where i.tenant_id = '{await TenantId()}'
              and i.quantity_available < p.reorder_point
            """
        );
        rows.Where(r => ((string)r[0]!).StartsWith(code, StringComparison.Ordinal))
            .ShouldHaveSingleItem()
            .ShouldBe([$"{code} below", 9m, 10m]);
        rows.ShouldAllBe(r => (decimal)r[1]! < (decimal)r[2]!);
        // one in five products of the demo tenant starts with low stock
        rows.Count.ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task movements_of_the_last_30_days_can_be_listed()
    {
        var admin = await Client.Demo(host, "admin");
        var code = Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant();
        (await admin.Post("stores", new { code, name = "Old and new" })).ShouldBe(201);
        (await admin.Post("products", new { sku = code, name = code })).ShouldBe(201);
        foreach (var (days, quantity) in ((int, int)[])[(31, 1), (29, 2), (0, 4)])
        {
            (
                await admin.Post(
                    "stock/receipts",
                    new
                    {
                        store = code,
                        occurredAt = TimeProvider.System.GetUtcNow().AddDays(-days),
                        lines = new[]
                        {
                            new
                            {
                                sku = code,
                                quantity,
                                unitCost = 1,
                            },
                        },
                    }
                )
            ).ShouldBe(200);
        }

        var rows = await AsAnalyst(
            $"""
            select m.quantity, m.product_id = (select id from {Demo}.products where sku = '{code}') from (
                SELECT * FROM {Demo}.inventory_movements
                WHERE tenant_id = '{await TenantId()}'
                  AND created_at >= NOW() - INTERVAL '30 days') m
            """
        );
        rows.Where(r => (bool)r[1]!).Select(r => (decimal)r[0]!).Order().ShouldBe([2m, 4m]);
        rows.Count.ShouldBeGreaterThanOrEqualTo(120, "and what the demo opened with");
    }

    [Fact]
    public async Task coming_forecasts_of_a_product_can_be_listed()
    {
        await using var superuser = await host.OpenSuperuser();
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // forecasts are not computed yet: the rows are inserted by hand and rolled back
        var product = (await superuser.Column<Guid>($"select id from {Demo}.products where sku = 'LAC001'")).Single();
        var tenant = await TenantId();
        await superuser.Execute($"set local app.current_tenant_id = '{tenant}'");
        await superuser.Execute(
            $"""
            insert into {Demo}.forecasts (id, product_id, store_id, forecast_type, period_type, forecast_date, predicted_value)
            select gen_random_uuid(), p.id, s.id, 'demand', 'daily', current_date + day, day + 100
            from {Demo}.stores s, {Demo}.products p, unnest(array[-200, -1, 0, 1, 200]) day
            where s.code = 'CCS-01' and p.sku in ('LAC001', 'LAC002')
            """
        );
        await superuser.Execute($"set local role {Demo}_analyst");
        (
            await superuser.Column<decimal>(
                $"""
                select f.predicted_value from (
                    SELECT * FROM {Demo}.forecasts
                    WHERE tenant_id = '{tenant}'
                      AND product_id = '{product}'
                      AND forecast_date >= CURRENT_DATE) f
                order by 1
                """
            )
        ).ShouldBe([100m, 101m, 300m]);
    }

    private async Task<Guid> TenantId()
    {
        await using var service = await Sql.Open(host.Connections.Service);
        return (await service.Column<Guid>($"select id from shared.tenants where slug = '{DemoTenant.Slug}'")).Single();
    }

    private async Task<List<object?[]>> AsAnalyst(string sql)
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"set role {Demo}_analyst");
        return await superuser.Rows(sql);
    }
}
