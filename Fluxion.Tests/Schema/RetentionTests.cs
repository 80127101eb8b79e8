using Fluxion.Host.Database;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Schema;

public sealed class RetentionTests(LedgerHost host)
{
    /// <summary>A tenant with a forecast, a row of the audit trail and a movement from three years ago and from now.</summary>
    private async Task<Company> WithAPast()
    {
        var company = await Company.Found(host);
        await company.Open("M1", "P1", stock: 1);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"""
            set app.current_tenant_id = '{company.Id}';
            set search_path = {company.Schema}, public;
            insert into forecasts (id, product_id, store_id, forecast_type, period_type, forecast_date, predicted_value)
                select gen_random_uuid(), p.id, s.id, 'demand', 'daily', day, 1 from products p, stores s, unnest(array[current_date, current_date - 1095]) day;
            insert into inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity, created_at)
                select gen_random_uuid(), p.id, s.id, 'in', 'receipt', 1, now() - interval '3 years' from products p, stores s;
            insert into events (id, event_type, entity_type, entity_id, action, created_at)
                values (gen_random_uuid(), 'old', 'product', gen_random_uuid(), 'created', now() - interval '3 years');
            """);
        return company;
    }

    private async Task<(long Forecasts, long OldEvents, long Events, long Movements)> Rows(Company company)
    {
        await using var superuser = await host.OpenSuperuser();
        var counts = (await superuser.Rows($"""
            select (select count(*) from {company.Schema}.forecasts), (select count(*) from {company.Schema}.events where event_type = 'old'),
                   (select count(*) from {company.Schema}.events), (select count(*) from {company.Schema}.inventory_movements)
            """)).Single();
        return ((long)counts[0]!, (long)counts[1]!, (long)counts[2]!, (long)counts[3]!);
    }

    [Fact]
    public async Task what_is_old_is_dropped_where_the_tenant_says_so_and_movements_never()
    {
        var (strict, other) = (await WithAPast(), await WithAPast());
        var before = await Rows(strict);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"update shared.tenants set settings = jsonb_build_object('retention', jsonb_build_object('events', '2 years')) where id = '{strict.Id}'");

        (await host.Services.GetRequiredService<Retention>().Apply(TestContext.Current.CancellationToken)).ShouldBeGreaterThanOrEqualTo(3);
        (await Rows(strict)).ShouldBe((1, 0, before.Events - 1, before.Movements));
        (await Rows(other)).ShouldBe((1, 1, before.Events, before.Movements)); // forecasts by the installation's own default, the audit trail for ever
        (await host.Services.GetRequiredService<Retention>().Apply(TestContext.Current.CancellationToken)).ShouldBe(0);
    }

    [Fact]
    public async Task the_service_itself_can_drop_nothing()
    {
        await using var service = await Sql.Open(host.Connections.Service);
        var company = await WithAPast();
        await service.Execute($"set app.current_tenant_id = '{company.Id}'");
        (await service.Failure($"select drop_chunks('{company.Schema}.events', now())")).ShouldBe(Sql.Refused);
        (await Rows(company)).OldEvents.ShouldBe(1);
    }
}
