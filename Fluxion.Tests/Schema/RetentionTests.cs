using Fluxion.Host.Database;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Schema;

public sealed class RetentionTests(LedgerHost host)
{
    /// <summary>
    /// Inserts a forecast, a row of the audit trail and a movement from three years ago, besides those of today. They are rolled back with
    /// the connection.
    /// </summary>
    private static Task InsertOldRows(NpgsqlConnection superuser, TestTenant tenant) =>
        superuser.Execute(
            $"""
            set local app.current_tenant_id = '{tenant.Id}';
            set local search_path = {tenant.Schema}, public;
            insert into forecasts (id, product_id, store_id, forecast_type, period_type, forecast_date, predicted_value)
                select gen_random_uuid(), p.id, s.id, 'demand', 'daily', day, 1
                    from products p, stores s, unnest(array[current_date, current_date - 1095]) day;
            insert into inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity, created_at)
                select gen_random_uuid(), p.id, s.id, 'in', 'receipt', 1, now() - interval '3 years' from products p, stores s;
            insert into events (id, event_type, entity_type, entity_id, action, created_at)
                values (gen_random_uuid(), 'old', 'product', gen_random_uuid(), 'created', now() - interval '3 years');
            """
        );

    private static async Task<(long Forecasts, long OldEvents, long Movements)> Rows(NpgsqlConnection superuser, TestTenant tenant)
    {
        var counts = (
            await superuser.Rows(
                $"""
                select (select count(*) from {tenant.Schema}.forecasts), 
                       (select count(*) from {tenant.Schema}.events where event_type = 'old'),
                       (select count(*) from {tenant.Schema}.inventory_movements)
                """
            )
        ).Single();
        return ((long)counts[0]!, (long)counts[1]!, (long)counts[2]!);
    }

    [Fact]
    public async Task retention_drops_old_rows_as_the_tenant_sets_and_never_movements()
    {
        var (strict, other) = (await TestTenant.Create(host), await TestTenant.Create(host));
        foreach (var tenant in (TestTenant[])[strict, other])
            await tenant.CreateStore("M1", "P1", stock: 1);
        await using var superuser = await host.OpenSuperuser();
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        foreach (var tenant in (TestTenant[])[strict, other])
        {
            await InsertOldRows(superuser, tenant);
            (await Rows(superuser, tenant)).ShouldBe((2, 1, 2));
        }
        await superuser.Execute(
            $"""
            update shared.tenants set settings = jsonb_build_object('retention', jsonb_build_object('events', '2 years'))
            where id = '{strict.Id}'
            """
        );

        var dropped = await superuser.Rows(
            "set local role fluxion_owner; select schema_name::text, table_name, chunks from shared.apply_retention(); reset role"
        );
        dropped
            .Select(row => string.Join(' ', row))
            .ShouldBe([$"{strict.Schema} events 1", $"{strict.Schema} forecasts 1", $"{other.Schema} forecasts 1"], ignoreOrder: true);
        (await Rows(superuser, strict)).ShouldBe((1, 0, 2));
        // forecasts are dropped by the installation's default; the audit trail is kept for ever
        (await Rows(superuser, other)).ShouldBe((1, 1, 2));
    }

    [Theory]
    [InlineData("America/Caracas"), InlineData("Asia/Tokyo"), InlineData(null)]
    public async Task the_first_retained_day_begins_at_midnight_of_the_tenant(string? zone)
    {
        var tenant = await TestTenant.Create(host);
        if (zone is not null)
            (await tenant.Admin.Put("settings", new { overReceiptPercent = 0, timezone = zone })).ShouldBe(200);
        await using var superuser = await host.OpenSuperuser();
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        var midnight = $"(date_trunc('day', now() at time zone '{zone ?? "UTC"}') - interval '2 years') at time zone '{zone ?? "UTC"}'";
        await superuser.Execute(
            $"""
            set local app.current_tenant_id = '{tenant.Id}';
            select set_chunk_time_interval('{tenant.Schema}.events', interval '1 hour');
            insert into {tenant.Schema}.events (id, event_type, entity_type, entity_id, action, created_at)
                select gen_random_uuid(), hour, 'product', gen_random_uuid(), 'created', {midnight} + hour::interval
                    from unnest(array['-30 minutes', '30 minutes']) hour;
            update shared.tenants set settings = '{JsonFor("2 years")}' where id = '{tenant.Id}';
            """
        );

        await superuser.Rows("set local role fluxion_owner; select chunks from shared.apply_retention(); reset role");

        (
            await superuser.Column<string>($"select event_type::text from {tenant.Schema}.events where event_type like '%30 minutes'")
        ).ShouldBe(["30 minutes"]);
    }

    private static string JsonFor(string events) => "{\"retention\":{\"events\":\"" + events + "\"}}";

    [Fact]
    public async Task the_host_applies_retention_and_keeps_new_rows()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 1);
        (await host.Services.GetRequiredService<Retention>().Apply(TestContext.Current.CancellationToken)).ShouldBe((0, 0));
        (await tenant.Admin.Get("events?limit=1")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task the_service_cannot_drop_chunks()
    {
        var tenant = await TestTenant.Create(host);
        await using var service = await Sql.Open(host.Connections.Service);
        await service.Execute($"set app.current_tenant_id = '{tenant.Id}'");
        (await service.Failure($"select drop_chunks('{tenant.Schema}.events', now())")).ShouldBe(Sql.Refused);
    }
}
