using System.Globalization;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Schema;

/// <summary>The logins that an attacker may have, a second tenant with valuable data, and the real names of its chunks.</summary>
public sealed class IsolationFixture(LedgerHost host) : IAsyncLifetime
{
    public static readonly string DemoSchema = Tenant.SchemaOf(DemoTenant.Slug);

    private const string Password = "attacker's own";

    public string Analyst { get; } = $"analyst_{Guid.CreateVersion7().ToString("N")[^12..]}";
    public string RoleWithoutRights { get; } = $"stranger_{Guid.CreateVersion7().ToString("N")[^12..]}";
    public string RoleWithoutConnect { get; } = $"nobody_{Guid.CreateVersion7().ToString("N")[^12..]}";
    public TestTenant OtherTenant { get; private set; } = null!;
    public Guid DemoTenantId { get; private set; }
    public IReadOnlyList<string> OtherChunks { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        OtherTenant = await TestTenant.Create(host);
        await OtherTenant.CreateStore("S1", "P1", stock: 10);
        await using var superuser = await host.OpenSuperuser();
        var own = (await host.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, CancellationToken.None))!;
        DemoTenantId = own.Id;
        await new Analysts(host.Services.GetRequiredService<Databases>()).Grant(
            own,
            Analyst,
            Password,
            TimeSpan.FromMinutes(1),
            5,
            CancellationToken.None
        );
        foreach (var role in (string[])[RoleWithoutConnect, RoleWithoutRights])
            await superuser.Execute($"create role {role} login password '{ScramSha256.Verifier(Password)}'");
        OtherChunks = await superuser.Column<string>(
            $"""
            select show_chunks(format('%I.%I', hypertable_schema, hypertable_name)::regclass)::text
            from timescaledb_information.hypertables where hypertable_schema = '{OtherTenant.Schema}'
            """
        );
    }

    /// <summary>Connects as an analyst of the demo tenant who lifted every restriction that only the login's own settings impose.</summary>
    public async Task<NpgsqlConnection> AsAnalyst()
    {
        var connection = await As(Analyst);
        await connection.Execute("set session characteristics as transaction read write; set statement_timeout = 0");
        return connection;
    }

    /// <summary>Connects as a role without any grant.</summary>
    public Task<NpgsqlConnection> AsRoleWithoutRights() => As(RoleWithoutRights);

    /// <summary>Connects as a role with only the rights that a query requires, as 0003 and 0004 of schema/cluster describe.</summary>
    public async Task<NpgsqlConnection> AsRoleWithoutConnect()
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            grant connect on database {host.Database} to {RoleWithoutConnect};
            grant usage on schema _timescaledb_internal to {RoleWithoutConnect}
            """
        );
        return await As(RoleWithoutConnect);
    }

    private Task<NpgsqlConnection> As(string login) =>
        Sql.Open(new NpgsqlConnectionStringBuilder(host.Connections.Service) { Username = login, Password = Password }.ConnectionString);

    /// <summary>
    /// All tables and views that a role may select from, except those of PostgreSQL and of the demo tenant. The tenant's are in its schema,
    /// and TimescaleDB keeps chunks elsewhere; in the community edition also the compressed companions of hypertables and chunks.
    /// </summary>
    public async Task<List<string>> Readable(string role)
    {
        await using var superuser = await host.OpenSuperuser();
        return await superuser.Column<string>(
            $"""
            select format('%I.%I', n.nspname, c.relname)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', '{DemoSchema}')
              and has_schema_privilege('{role}', n.oid, 'usage') and has_any_column_privilege('{role}', c.oid, 'select')
              and (n.nspname, c.relname) not in (
                  select schema_name, table_name from _timescaledb_catalog.hypertable where id in ({OwnHypertables})
                  union all select schema_name, table_name from _timescaledb_catalog.chunk where hypertable_id in ({OwnHypertables}))
            """
        );
    }

    private static readonly string OwnHypertables = $"""
        select unnest(array[id, compressed_hypertable_id]) from _timescaledb_catalog.hypertable where schema_name = '{DemoSchema}'
        """;

    /// <summary>Connects as the service's role, with the setting of a tenant or without any.</summary>
    public async Task<NpgsqlConnection> AsService(Guid? tenant = null)
    {
        var connection = await Sql.Open(host.Connections.Service);
        if (tenant is not null)
            await connection.Execute($"set {Databases.TenantSetting} = '{tenant}'");
        return connection;
    }

    /// <summary>The tables that the service may select from, in the schemas of registered tenants and of the template.</summary>
    public Task<List<string>> ServiceTables(string? schema = null) => Tables(schema, selectable: true);

    public Task<List<string>> TablesHiddenFromService() => Tables(null, selectable: false);

    private async Task<List<string>> Tables(string? schema, bool selectable)
    {
        await using var superuser = await host.OpenSuperuser();
        return await superuser.Column<string>(
            $"""
            select format('%I.%I', n.nspname, c.relname)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in (select schema_name from shared.tenants union select 'template')
              and ('{schema}' = '' or n.nspname = '{schema}')
              and c.relkind in ('r', 'p', 'v', 'm', 'f')
              and has_any_column_privilege('fluxion_app', c.oid, 'select') = {selectable}
            order by 1
            """
        );
    }

    public string Fill(string sql) =>
        sql.Replace("{own}", DemoSchema, StringComparison.Ordinal)
            .Replace("{other}", OtherTenant.Schema, StringComparison.Ordinal)
            .Replace("{other_id}", OtherTenant.Id.ToString(), StringComparison.Ordinal)
            .Replace("{chunk}", OtherChunks[0], StringComparison.Ordinal)
            .Replace("{chunk2}", OtherChunks[^1], StringComparison.Ordinal)
            .Replace("{database}", host.Database, StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.DropLogins(RoleWithoutConnect, RoleWithoutRights, Analyst);
    }
}

public sealed class IsolationTests(IsolationFixture foothold) : IClassFixture<IsolationFixture>
{
    private static async Task<long> Count(NpgsqlConnection connection, string table) =>
        (await connection.Column<long>($"select count(*) from {table}")).Single();

    // The service

    [Fact]
    public async Task the_service_without_a_tenant_setting_sees_no_row_of_any_tenant()
    {
        var tables = await foothold.ServiceTables();
        tables.Count.ShouldBeGreaterThan(50);
        tables.ShouldContain($"{IsolationFixture.DemoSchema}.mt_events");
        tables.ShouldContain($"{IsolationFixture.DemoSchema}.service_inventory_movements");
        await using var service = await foothold.AsService();
        foreach (var table in tables)
            (await Count(service, table)).ShouldBe(0, table);
        await service.Execute($"set {Databases.TenantSetting} = ''");
        foreach (var table in tables)
            (await Count(service, table)).ShouldBe(0, table);
        (await Count(service, "shared.tenant_users")).ShouldBe(0);
    }

    [Fact]
    public async Task the_service_with_one_tenants_setting_sees_only_that_tenant()
    {
        await using var own = await foothold.AsService(foothold.DemoTenantId);
        await using var other = await foothold.AsService(foothold.OtherTenant.Id);
        foreach (var table in await foothold.ServiceTables(foothold.OtherTenant.Schema))
            (await Count(own, table)).ShouldBe(0, table);
        foreach (var table in await foothold.ServiceTables(IsolationFixture.DemoSchema))
            (await Count(other, table)).ShouldBe(0, table);
        foreach (
            var table in (string[])["mt_events", "mt_streams", "products", "inventory", "service_inventory_movements", "service_events"]
        )
        {
            (await Count(own, $"{IsolationFixture.DemoSchema}.{table}")).ShouldBePositive(table);
            (await Count(other, $"{foothold.OtherTenant.Schema}.{table}")).ShouldBePositive(table);
        }
        (await own.Column<Guid>("select distinct tenant_id from shared.tenant_users")).ShouldBe([foothold.DemoTenantId]);
    }

    [Theory]
    [InlineData("mt_doc_product")]
    [InlineData("mt_doc_store")]
    [InlineData("mt_doc_category")]
    [InlineData("mt_doc_supplier")]
    [InlineData("mt_doc_purchaseorder")]
    public async Task row_level_security_lets_the_service_use_the_index_of_codes(string table)
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        await service.Execute("set enable_seqscan = off"); // on few rows the planner would choose a sequential scan
        string.Join(
                '\n',
                await service.Column<string>(
                    $"explain select data from {IsolationFixture.DemoSchema}.{table} where id = any('{{}}') "
                        + $"or data ->> 'code' = any('{{LAC001}}')"
                )
            )
            .ShouldContain($"Bitmap Index Scan on {table}_uidx_code");
    }

    [Fact]
    public async Task the_service_cannot_select_from_tables_hidden_from_it()
    {
        var refused = await foothold.TablesHiddenFromService();
        refused.ShouldContain($"{foothold.OtherTenant.Schema}.inventory_movements");
        refused.ShouldContain($"{foothold.OtherTenant.Schema}.schema_versions");
        await using var service = await foothold.AsService(foothold.OtherTenant.Id);
        foreach (var table in refused)
            (await service.Failure($"select * from {table}")).ShouldBe(Sql.Refused, table);
    }

    [Theory]
    [InlineData(
        "insert into {other}.events (id, event_type, entity_type, entity_id, action) "
            + "values ('{other_id}', 'x', 'x', '{other_id}', 'created')"
    )]
    [InlineData(
        "insert into {other}.inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity) "
            + "values ('{other_id}', '{other_id}', '{other_id}', 'in', 'receipt', 1)"
    )]
    [InlineData("insert into {other}.forecasts (id, product_id, store_id) values ('{other_id}', '{other_id}', '{other_id}')")]
    public async Task the_service_cannot_write_a_hypertable_without_the_tenant_setting(string sql)
    {
        sql = foothold.Fill(sql);
        await using var nobody = await foothold.AsService();
        (await nobody.Failure(sql)).ShouldBe(Sql.Refused);
        await using var another = await foothold.AsService(foothold.DemoTenantId);
        (await another.Failure(sql)).ShouldBe(Sql.Refused);
    }

    [Theory]
    [InlineData("update {own}.mt_events set data = '{}'")]
    [InlineData("update {own}.mt_events set timestamp = now() where false")]
    [InlineData("delete from {own}.mt_events")]
    [InlineData("truncate {own}.mt_events")]
    [InlineData("select * from {own}.mt_events for update")]
    [InlineData("insert into {own}.mt_events select * from {own}.mt_events on conflict (seq_id) do update set data = excluded.data")]
    [InlineData("delete from {own}.mt_streams")]
    [InlineData("truncate {own}.mt_streams cascade")]
    public async Task the_service_cannot_alter_history(string sql)
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        (await service.Failure(foothold.Fill(sql))).ShouldBe(Sql.Refused);
    }

    [Theory]
    [InlineData("users")]
    [InlineData("stores")]
    [InlineData("categories")]
    [InlineData("suppliers")]
    [InlineData("products")]
    [InlineData("product_prices")]
    [InlineData("inventory")]
    [InlineData("inventory_movements")]
    [InlineData("sales")]
    [InlineData("sale_items")]
    [InlineData("purchase_orders")]
    [InlineData("purchase_order_items")]
    [InlineData("alerts")]
    [InlineData("forecasts")]
    [InlineData("events")]
    [InlineData("idempotency_keys")]
    [InlineData("ledger_seals")]
    public async Task the_service_cannot_delete_rows_of_a_read_model(string table)
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        (await service.Failure($"delete from {IsolationFixture.DemoSchema}.{table}")).ShouldBe(Sql.Refused);
        (await service.Failure($"truncate {IsolationFixture.DemoSchema}.{table} cascade")).ShouldBe(Sql.Refused);
    }

    [Theory]
    [InlineData("create table {own}.x (id int)")]
    [InlineData("create table public.x (id int)")]
    [InlineData("create table shared.x (id int)")]
    [InlineData("create schema x")]
    [InlineData("create role x")]
    [InlineData("create function {own}.x() returns int language sql as 'select 1'")]
    [InlineData("alter table {own}.products disable row level security")]
    [InlineData("alter table {own}.products add x int")]
    [InlineData("drop policy tenant_isolation_policy on {own}.products")]
    [InlineData("alter table {own}.mt_events disable trigger all")]
    [InlineData("drop table {own}.products cascade")]
    [InlineData("drop schema {other} cascade")]
    [InlineData("drop view {own}.service_events")]
    [InlineData("alter role fluxion_app superuser")]
    [InlineData("alter role fluxion_app bypassrls")]
    [InlineData("set role fluxion_owner")]
    [InlineData("set session authorization fluxion_owner")]
    public async Task the_service_cannot_run_ddl_or_change_its_role(string sql)
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        (await service.Failure(foothold.Fill(sql))).ShouldBe(Sql.Refused);
    }

    [Theory]
    [InlineData("select * from {own}.inventory_movements")]
    [InlineData("select * from {own}.events")]
    [InlineData("select * from {chunk}")]
    [InlineData("select * from {chunk2}")]
    [InlineData("update {own}.inventory_movements set quantity = 0")]
    [InlineData("update {own}.events set new_data = null")]
    [InlineData("update {own}.idempotency_keys set status = 500")]
    [InlineData("update {own}.product_prices set cost_price = 0")]
    [InlineData("update {own}.ledger_seals set hash = previous_hash")]
    [InlineData("update shared.tenants set status = 'active'")]
    [InlineData("insert into shared.tenants (id, slug, name, schema_name) values (gen_random_uuid(), 'x1', 'x', 'tenant_x1')")]
    [InlineData("delete from shared.tenant_users")]
    [InlineData("insert into {other}.stores (id, tenant_id, code, name, type) values (gen_random_uuid(), '{other_id}', 'X', 'x', 'store')")]
    [InlineData("select _timescaledb_functions.drop_chunk('{chunk}')")]
    [InlineData("select drop_chunks('{other}.events', older_than => interval '0 days')")]
    public async Task the_service_cannot_bypass_its_restrictions(string sql)
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        (await service.Failure(foothold.Fill(sql))).ShouldBe(Sql.Refused);
    }

    // An analyst

    [Fact]
    public async Task an_analyst_reads_the_read_models_of_the_tenant()
    {
        await using var analyst = await foothold.AsAnalyst();
        foreach (
            var table in (string[])
                ["stores", "categories", "suppliers", "products", "product_prices", "inventory", "inventory_movements", "events"]
        )
            (await Count(analyst, $"{IsolationFixture.DemoSchema}.{table}")).ShouldBePositive(table);
        foreach (var table in (string[])["sales", "sale_items", "purchase_orders", "purchase_order_items", "alerts", "forecasts"])
            (await Count(analyst, $"{IsolationFixture.DemoSchema}.{table}")).ShouldBeGreaterThanOrEqualTo(0, table);
        (await analyst.Column<string>($"select email::text from {IsolationFixture.DemoSchema}.users")).ShouldContain(
            DemoTenant.Email("viewer")
        );
        (
            await analyst.Rows(
                $"""
                select time_bucket('1 day', created_at) d, last(quantity, created_at)
                from {IsolationFixture.DemoSchema}.inventory_movements group by d
                """
            )
        ).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task chunks_of_another_tenant_cannot_be_read_by_name()
    {
        foothold.OtherChunks.Count.ShouldBeGreaterThanOrEqualTo(2);
        await using var analyst = await foothold.AsAnalyst();
        foreach (var chunk in foothold.OtherChunks)
        {
            chunk.ShouldStartWith("_timescaledb_internal.");
            (await analyst.Failure($"select * from {chunk}")).ShouldBe(Sql.Refused, chunk);
            (await analyst.Failure($"delete from {chunk}")).ShouldBe(Sql.Refused, chunk);
        }
    }

    [Theory]
    // another tenant
    [InlineData("select * from {other}.products")]
    [InlineData("select * from {other}.inventory_movements")]
    [InlineData("select * from {other}.service_inventory_movements")]
    [InlineData("select * from {other}.mt_events")]
    [InlineData("select '{other}.products'::regclass")]
    [InlineData("set app.current_tenant_id = '{other_id}'; select * from {other}.products")]
    [InlineData("set app.current_tenant_id = '{other_id}'; select * from {other}.users")]
    [InlineData("set app.current_tenant_id = '{other_id}'; select * from shared.tenant_users")]
    [InlineData("create view pg_temp.v as select * from {other}.products; select * from pg_temp.v")]
    [InlineData("select * from template.products")]
    // tables of the service only
    [InlineData("select * from {own}.mt_events")]
    [InlineData("select * from {own}.mt_streams")]
    [InlineData("select * from {own}.mt_doc_user")]
    [InlineData("select * from {own}.service_events")]
    [InlineData("select * from {own}.idempotency_keys")]
    [InlineData("select * from {own}.schema_versions")]
    [InlineData("select * from shared.tenants")]
    [InlineData("select * from shared.tenant_users")]
    [InlineData("select * from shared.idempotency_keys")]
    [InlineData("select * from wolverine.wolverine_incoming_envelopes")]
    [InlineData("select password_hash from {own}.users")]
    [InlineData("select * from {own}.users")]
    [InlineData("select u from {own}.users u")]
    [InlineData("select rolpassword from pg_authid")]
    // writing
    [InlineData("insert into {own}.stores (id, code, name, type) values (gen_random_uuid(), 'X', 'x', 'store')")]
    [InlineData("update {own}.inventory set quantity_on_hand = 0")]
    [InlineData("delete from {own}.inventory_movements")]
    [InlineData("truncate {own}.events")]
    [InlineData(
        "insert into {own}.events (id, event_type, entity_type, entity_id, action) "
            + "values (gen_random_uuid(), 'x', 'x', gen_random_uuid(), 'created')"
    )]
    [InlineData("select * from {own}.products for update")]
    [InlineData("lock table {own}.inventory in access exclusive mode")]
    [InlineData("create table public.x (id int)")]
    [InlineData("create table {own}.x (id int)")]
    [InlineData("create schema x")]
    [InlineData("alter table {own}.products disable row level security")]
    [InlineData("drop table {own}.products")]
    [InlineData("comment on table {own}.products is 'x'")]
    // becoming another role
    [InlineData("set role fluxion_owner")]
    [InlineData("set role fluxion_app")]
    [InlineData("set role postgres")]
    [InlineData("set role {other}_analyst")]
    [InlineData("set session authorization fluxion_owner")]
    [InlineData("grant {other}_analyst to current_user")]
    [InlineData("grant {own}_analyst to fluxion_app")]
    [InlineData("alter role current_user superuser")]
    [InlineData("create role x")]
    [InlineData("select nextval('{own}.mt_events_sequence')")]
    // TimescaleDB
    [InlineData("select _timescaledb_functions.drop_chunk('{chunk}')")]
    [InlineData("call merge_chunks('{chunk}', '{chunk2}')")]
    [InlineData("call merge_chunks(array['{chunk}', '{chunk2}']::regclass[])")]
    [InlineData("select drop_chunks('{other}.events', older_than => interval '0 days')")]
    [InlineData("select drop_chunks('{own}.events', older_than => interval '0 days')")]
    [InlineData("select compress_chunk('{chunk}')")]
    [InlineData("select decompress_chunk('{chunk}')")]
    [InlineData("call recompress_chunk('{chunk}')")]
    [InlineData("call convert_to_columnstore('{chunk}')")]
    [InlineData("call convert_to_rowstore('{chunk}')")]
    [InlineData("select add_retention_policy('{own}.events', interval '1 day')")]
    [InlineData("select hypertable_size('{other}.events')")]
    [InlineData("select approximate_row_count('{other}.products')")]
    [InlineData("select * from chunks_detailed_size('{own}.events')")]
    // the server
    [InlineData("copy (select 1) to program 'true'")]
    [InlineData("copy {own}.products to '/tmp/fluxion-products'")]
    [InlineData("select pg_read_file('/etc/passwd')")]
    [InlineData("select pg_ls_dir('/')")]
    [InlineData("select lo_import('/etc/passwd')")]
    [InlineData("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'fluxion_app'")]
    [InlineData("set log_statement = 'none'")]
    [InlineData("set session_replication_role = replica")]
    [InlineData("create extension dblink")]
    [InlineData("do language plpython3u 'pass'", "42704")]
    public async Task an_attack_by_an_analyst_is_refused(string sql, params string[] states)
    {
        await using var analyst = await foothold.AsAnalyst();
        (await analyst.Failure(foothold.Fill(sql))).ShouldBeOneOf(states is [] ? [Sql.Refused] : states);
    }

    [Theory]
    [InlineData("select 1 from pg_stats where schemaname = '{other}' or tablename = split_part('{chunk}', '.', 2)")]
    [InlineData("select 1 from information_schema.columns where table_schema = '{other}'")]
    [InlineData("select 1 from information_schema.columns where column_name = 'password_hash'")]
    [InlineData(
        "select 1 from pg_stat_activity where usename in ('fluxion_app', 'fluxion_owner') and query not in ('', '<insufficient privilege>')"
    )]
    [InlineData("set app.current_tenant_id = '{other_id}'; select 1 from {own}.products where tenant_id = '{other_id}'")]
    public async Task a_query_by_an_analyst_finds_nothing_of_another_tenant(string sql)
    {
        await using var analyst = await foothold.AsAnalyst();
        (await analyst.Rows(foothold.Fill(sql))).ShouldBeEmpty();
    }

    // Everybody

    /// <summary>Attacks by the service, an analyst and a role without any right. Each must be refused or find nothing.</summary>
    private static readonly string[] Attacks =
    [
        // another tenant's rows: tables, views, chunks, statistics, and copies of them
        "select * from {other}.products",
        "select * from {other}.users",
        "select * from {other}.mt_events",
        "select * from {other}.inventory_movements",
        "select * from {other}.service_events",
        "select * from {other}.schema_versions",
        "select * from {chunk}",
        "select * from only {chunk2}",
        "select * from template.products",
        "select tenant_id from {own}.products where tenant_id = '{other_id}'",
        "select * from pg_stats where schemaname = '{other}' or tablename = split_part('{chunk}', '.', 2)",
        "select * from pg_stats_ext",
        "select * from pg_statistic",
        "select * from information_schema.views where table_schema = '{other}' and view_definition is not null",
        "copy {other}.products to stdout",
        "copy {chunk} to stdout",
        "copy (select * from {other}.inventory_movements) to stdout",
        "copy {other}.inventory_movements from stdin",
        "update {other}.inventory_movements set quantity = 0",
        "delete from {other}.products",
        "truncate {other}.events",
        // continuous aggregates; the Apache edition has none
        "call refresh_continuous_aggregate('{other}.inventory_movements', null, null)",
        "select * from _timescaledb_internal._materialized_hypertable_1",
        "create materialized view {own}.x with (timescaledb.continuous) as "
            + "select time_bucket('1 day', created_at) d, count(*) from {other}.inventory_movements group by d with no data",
        "select * from _timescaledb_catalog.continuous_agg where user_view_schema = '{other}'",
        "select add_job('pg_sleep', '1s')",
        "call run_job(1)",
        "select add_retention_policy('{other}.events', interval '1 day')",
        "select drop_chunks('{other}.events', older_than => interval '0 days')",
        "select _timescaledb_functions.drop_chunk('{chunk}')",
        "call merge_chunks('{chunk}', '{chunk2}')",
        "select move_chunk('{chunk}', 'pg_default', 'pg_default')",
        "select set_chunk_time_interval('{other}.events', interval '1 day')",
        "select timescaledb_pre_restore()",
        "set timescaledb.restoring = on",
        // becoming another role
        "set role fluxion_owner",
        "set role postgres",
        "set role {other}_analyst",
        "set role pg_read_all_data",
        "set session authorization postgres",
        "grant {other}_analyst to current_user",
        "grant fluxion_owner to current_user",
        "grant pg_read_server_files to current_user",
        "alter role current_user bypassrls",
        "alter role current_user connection limit -1",
        "alter role {other}_analyst login",
        "alter role fluxion_owner password 'x'",
        "create role x superuser",
        "drop role {other}_analyst",
        "reassign owned by fluxion_owner to current_user",
        "alter role all set search_path = 'x'",
        // views and functions
        "create or replace view {other}.service_events as select 1 as id",
        "create view {own}.x as select * from {other}.products",
        "create function {other}.x() returns int language sql as 'select 1'",
        "create or replace function {own}.require_tenant() returns trigger language plpgsql as 'begin return null; end'",
        "alter function {other}.require_tenant() security definer",
        "create function public.x() returns int language c as '/tmp/x.so', 'x'",
        "drop policy tenant_isolation_policy on {other}.products",
        "alter table {other}.products disable row level security",
        // creating objects
        "create table public.x (id int)",
        "create temp table x (id int)",
        "create temp view x as select 1",
        "create temp sequence x",
        "select 1 as id into temp x",
        "create schema x",
        "create type public.x as (id int)",
        "do $x$ begin create temp table x (id int); end $x$",
        "create function pg_temp.x() returns int language sql as 'select 1'",
        "create event trigger x on ddl_command_start execute function {own}.require_tenant()",
        "create publication x for all tables",
        "comment on table {other}.products is 'x'",
        // the server's files and programs
        "copy (select 1) to program 'id'",
        "copy {own}.stores from program 'id'",
        "copy (select 1) to '/tmp/fluxion-attack'",
        "copy {own}.stores from '/etc/passwd'",
        "select pg_read_file('/etc/passwd')",
        "select pg_read_binary_file('postgresql.conf')",
        "select pg_ls_dir('/')",
        "select pg_stat_file('/etc/passwd')",
        "select pg_ls_waldir()",
        "select * from pg_hba_file_rules",
        "select * from pg_file_settings",
        "load '/tmp/x.so'",
        "select rolpassword from pg_authid",
        "select * from pg_user_mapping",
        "alter database {database} set work_mem = '1GB'",
        "checkpoint",
        // large objects
        "select lo_import('/etc/passwd')",
        "select lo_export(1, '/tmp/fluxion-attack')",
        "select lo_create(0)",
        "select lo_creat(-1)",
        "select lo_from_bytea(0, 'x')",
        "select lo_open(1, 131072)",
        "select lo_put(1, 0, 'x')",
        "select lo_get(1)",
        "select lo_unlink(1)",
        "select * from pg_largeobject",
        // other databases and servers
        "create extension dblink",
        "create extension postgres_fdw",
        "create extension file_fdw",
        "create server x foreign data wrapper postgres_fdw",
        "select dblink('dbname=postgres', 'select 1')",
        "select * from pg_foreign_data_wrapper",
        "select pg_create_physical_replication_slot('x')",
        "select pg_switch_wal()",
        // other sessions
        "select query from pg_stat_activity where usename <> session_user and query not in ('', '<insufficient privilege>')",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename <> session_user",
        "select pg_cancel_backend(pid) from pg_stat_activity where usename <> session_user",
        "select pg_log_backend_memory_contexts(pg_backend_pid())",
        "select pg_reload_conf()",
        "set session_replication_role = replica",
        "set log_statement = 'none'",
        "set session_preload_libraries = 'x'",
    ];

    /// <summary>
    /// Attacks by all others. The service alone may do this, because it serves all tenants: set the current tenant, and acquire locks.
    /// </summary>
    private static readonly string[] AttacksOfOthers =
    [
        "set app.current_tenant_id = '{other_id}'; select * from {other}.products",
        "set app.current_tenant_id = '{other_id}'; select * from {other}.service_inventory_movements",
        "set app.current_tenant_id = '{other_id}'; select * from shared.tenant_users",
        "set app.platform = on; select * from shared.tenant_users",
        "set app.current_tenant_id = '{other_id}'; "
            + "insert into {other}.events (id, event_type, entity_type, entity_id, action) "
            + "values (gen_random_uuid(), 'x', 'x', gen_random_uuid(), 'created')",
        "select * from shared.tenants",
        "select 1 from pg_stats where schemaname = 'shared'",
        "select * from shared.failed_migrations",
        "select * from shared.system_config",
        "select * from wolverine.wolverine_incoming_envelopes",
        "select {other}.mt_archive_stream('{other_id}')",
        "select {other}.mt_jsonb_patch('{}', '{}')",
        "select nextval('{other}.mt_events_sequence')",
        "select last_value from {other}.mt_events_sequence",
        // locks that the service waits for
        "lock table {other}.inventory_movements in access share mode",
        "lock table {other}.products in access exclusive mode",
        "select pg_advisory_lock(1)",
        "select pg_advisory_xact_lock(1)",
        "select pg_try_advisory_lock(1, 2)",
        "select pg_advisory_lock_shared(1)",
        "select pg_try_advisory_xact_lock_shared(1)",
    ];

    /// <summary>SQLSTATEs of a refusal: a missing right, a feature that this edition lacks, or an unknown name.</summary>
    private static readonly string[] Refusals =
    [
        Sql.Refused,
        PostgresErrorCodes.FeatureNotSupported,
        PostgresErrorCodes.UndefinedObject,
        PostgresErrorCodes.UndefinedFunction,
        PostgresErrorCodes.UndefinedTable,
    ];

    [Fact]
    public async Task attacks_by_the_service_an_analyst_and_a_role_without_rights_fail()
    {
        await using var service = await foothold.AsService(foothold.DemoTenantId);
        await using var analyst = await foothold.AsAnalyst();
        await using var nobody = await foothold.AsRoleWithoutConnect();
        var through = new List<string>();
        foreach (
            var (who, connection, attacks) in ((string, NpgsqlConnection, string[])[])
                [
                    ("service", service, Attacks),
                    ("analyst", analyst, [.. Attacks, .. AttacksOfOthers]),
                    ("nobody", nobody, [.. Attacks, .. AttacksOfOthers]),
                ]
        )
        {
            foreach (var attack in attacks)
                if (await Outcome(connection, foothold.Fill(attack)) is { } outcome)
                    through.Add($"{who}: {attack}: {outcome}");
        }
        through.ShouldBeEmpty();
    }

    /// <summary>The result of a statement, or null when it was refused or found nothing. Its changes are rolled back.</summary>
    private static async Task<string?> Outcome(NpgsqlConnection connection, string sql)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        try
        {
            if (sql.Contains(" to stdout", StringComparison.Ordinal))
            {
                using var copied = await connection.BeginTextExportAsync(sql);
                return await copied.ReadLineAsync();
            }
            if (sql.Contains(" from stdin", StringComparison.Ordinal))
            {
                await using var _ = await connection.BeginTextImportAsync(sql);
                return "takes rows";
            }
            var rows = await connection.Rows(sql);
            return rows.Count > 0 ? $"{rows.Count} rows"
                : sql.Contains("select ", StringComparison.Ordinal)
                && !sql.Contains("create ", StringComparison.Ordinal)
                && !sql.Contains(" into ", StringComparison.Ordinal)
                    ? null
                : "done";
        }
        catch (PostgresException e)
        {
            return Refusals.Contains(e.SqlState) ? null : $"{e.SqlState} {e.MessageText}";
        }
    }

    [Fact]
    public async Task only_the_owner_may_run_modifying_functions_of_timescaledb()
    {
        await using var service = await foothold.AsService();
        await using var analyst = await foothold.AsAnalyst();
        await using var nobody = await foothold.AsRoleWithoutConnect();
        foreach (var connection in (NpgsqlConnection[])[service, analyst, nobody])
        {
            // functions with side effects are volatile; so are the gap-filling functions, which read only their arguments, and the handlers
            // of access methods, which only the server can call
            (
                await connection.Column<string>(
                    """
                    select distinct p.proname::text from pg_proc p
                    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
                    join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
                    where e.extname = 'timescaledb' and p.provolatile = 'v' and has_function_privilege(p.oid, 'execute')
                      and p.prorettype not in ('table_am_handler'::regtype, 'index_am_handler'::regtype)
                    order by 1
                    """
                )
            ).ShouldBe(["interpolate", "locf", "time_bucket_gapfill"]);
        }
    }

    [Fact]
    public async Task an_analyst_reads_only_catalogs_outside_the_tenant_and_they_contain_only_names()
    {
        foreach (var role in (string[])[foothold.Analyst, foothold.RoleWithoutConnect])
        {
            // TimescaleDB's own views, and in its internal schema the views that list jobs and chunks
            (await foothold.Readable(role))
                .Where(table =>
                    !table.StartsWith("timescaledb_", StringComparison.Ordinal)
                    && !table.StartsWith("_timescaledb_c", StringComparison.Ordinal)
                    && !table.StartsWith("_timescaledb_internal.bgw_", StringComparison.Ordinal)
                )
                .ShouldBeSubsetOf(
                    ["_timescaledb_internal.compressed_chunk_stats", "_timescaledb_internal.hypertable_chunk_local_size"],
                    role
                );
        }
    }

    [Fact]
    public async Task a_role_without_the_connect_right_cannot_connect() =>
        (await Should.ThrowAsync<PostgresException>(foothold.AsRoleWithoutRights)).SqlState.ShouldBe(Sql.Refused);

    [Fact]
    public async Task no_function_of_the_schema_is_security_definer()
    {
        // everybody may execute functions, Marten's too: they must do no more than their caller could
        await using var analyst = await foothold.AsAnalyst();
        (
            await analyst.Column<string>(
                """
                select proname::text from pg_proc where proowner = 'fluxion_owner'::regrole and prosecdef
                    and has_function_privilege(oid, 'execute')
                """
            )
        ).ShouldBeEmpty();
    }

    [Fact]
    public async Task the_ledger_of_the_other_tenant_is_intact_after_all_attacks()
    {
        await using var other = await foothold.AsService(foothold.OtherTenant.Id);
        (await other.Column<decimal>($"select sum(quantity) from {foothold.OtherTenant.Schema}.service_inventory_movements"))
            .Single()
            .ToString("0.###", CultureInfo.InvariantCulture)
            .ShouldBe("10");
    }
}
