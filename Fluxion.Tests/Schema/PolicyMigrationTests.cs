using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Schema;

/// <summary>
/// Tests the schema before and after <c>schema/tenant/migrations/0001-replays_policy.sql</c> and
/// <c>schema/shared/migrations/0001-tenant_users_policy.sql</c>.
/// </summary>
public sealed class PolicyMigrationTests(LedgerHost host)
{
    [Theory]
    [InlineData("tenant", "replays", "id, requested_by", "gen_random_uuid(), gen_random_uuid()")]
    [InlineData(
        "shared",
        "tenant_users",
        "id, tenant_id, email, password_hash, full_name, role",
        "gen_random_uuid(), '{tenant}', 'a@example.com', 'x', 'A', 'admin'"
    )]
    public async Task the_migrated_policy_shows_the_same_rows_and_reads_the_setting_once_per_statement(
        string set,
        string table,
        string columns,
        string values
    )
    {
        var (schema, tenantId) = ($"policy_of_{table}", Guid.CreateVersion7());
        await using var superuser = await host.OpenSuperuser();
        async Task<(long Own, long Other, long None, bool Once)> Look()
        {
            async Task<List<T>> AsService<T>(string setting, string sql) =>
                await superuser.Column<T>(
                    $"begin; set local role fluxion_app; set local app.current_tenant_id = '{setting}'; {sql} {schema}.{table}; rollback"
                );
            async Task<long> Seen(string setting) => (await AsService<long>(setting, "select count(*) from")).Single();
            var plan = await AsService<string>("", "explain select * from");
            return (
                await Seen(tenantId.ToString()),
                await Seen(Guid.CreateVersion7().ToString()),
                await Seen(""),
                plan.Any(line => line.Contains("InitPlan", StringComparison.Ordinal))
            );
        }
        try
        {
            await OldSchema.Create(superuser, schema);
            await OldSchema.RunHistory(superuser, set, schema, tenantId);
            if (set == "shared")
            {
                await superuser.Execute(
                    $"insert into {schema}.tenants (id, slug, name, schema_name) values ('{tenantId}', 'a', 'A', 'tenant_a')"
                );
            }
            var row = values.Replace("{tenant}", tenantId.ToString(), StringComparison.Ordinal);
            await superuser.Execute($"insert into {schema}.{table} ({columns}) values ({row})");
            (await Look()).ShouldBe((1, 0, 0, false));

            await host
                .Services.GetRequiredService<SchemaScripts>()
                .Migrate(
                    host.Services.GetRequiredService<Databases>().RequireOwner(),
                    set,
                    schema,
                    tenantId,
                    TestContext.Current.CancellationToken
                );

            (await Look()).ShouldBe((1, 0, 0, true));
        }
        finally
        {
            await OldSchema.Drop(superuser, schema);
        }
    }
}
