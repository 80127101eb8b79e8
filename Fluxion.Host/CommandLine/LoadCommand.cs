using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fluxion.Host.Load;
using Fluxion.Ledger.Tenancy;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class LoadCommand
{
    private const int MaxWorkers = 64;

    public static Command Create()
    {
        var slug = Commands.Argument(
            "slug",
            "The slug of the tenant to create. A second run with the same size continues an interrupted load",
            Tenant.ValidationError
        );
        slug.DefaultValueFactory = _ => "load";
        var movements = Commands.Number("--movements", "Stock movements, over the last two years", 100_000, 1, int.MaxValue);
        var products = Commands.Number("--products", "Products, each in every store", 10_000, 1, 999_999);
        var stores = Commands.Number("--stores", "Stores", 20, 1, 999);
        var workers = Commands.Number("--workers", "Transactions at once", Math.Min(Environment.ProcessorCount, MaxWorkers), 1, MaxWorkers);
        return new Command("load", "Create a tenant of a given size, for measurements") { slug, movements, products, stores, workers }.Runs(
            (given, services, ct) =>
            {
                var size = new LoadSize(given.GetValue(movements), given.GetValue(products), given.GetValue(stores), Days: 730);
                return Load(given.GetRequiredValue(slug), size, given.GetValue(workers), services, ct);
            }
        );
    }

    private static async Task<int> Load(string slug, LoadSize size, int workers, IServiceProvider services, CancellationToken ct)
    {
        // the tenant's name contains the size, so that a load continues only a tenant of the same size
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"Load: {size.Movements} movements of {size.Products} products in {size.Stores} stores"
        );
        await services.GetRequiredService<TenantProvisioning>().Provision(slug, name, null, null, null, ct);
        var tenant = await services.Find(slug, ct);
        if (tenant.Name != name)
        {
            return Output.Refuse(
                $"There is a tenant '{slug}' already, '{tenant.Name}': "
                    + "load fills only tenants that it created, each of one size. Name another tenant, or the same size."
            );
        }

        var time = Stopwatch.StartNew();
        var load = new LoadedTenant(services, tenant, size);
        var percent = 0L;
        var made = await Output.WithProgress(
            "Movements",
            report =>
                load.Fill(
                    workers,
                    p =>
                    {
                        var before = percent;
                        percent = 100 * p.Movements / p.Of;
                        report(p.Movements, p.Of, percent == before ? null : $"{percent} % {p.Movements}/{p.Of}");
                    },
                    ct
                )
        );
        var seconds = time.Elapsed.TotalSeconds;
        await load.Settle(ct);
        var rest = made == size.Movements ? "" : $", {made} of them created now";
        AnsiConsole.MarkupInterpolated($"Tenant [bold]{tenant.Slug}[/] (schema {tenant.Schema}): {size.Stores} stores, ");
        AnsiConsole.MarkupLineInterpolated(
            $"{size.Products} products, {size.Movements} movements{rest}, in {seconds:0} s, {made / seconds:0}/s"
        );
        AnsiConsole.MarkupInterpolated($"To sign in: users add {tenant.Slug} ana@example.com --role admin. ");
        AnsiConsole.MarkupLineInterpolated($"To query in SQL: analysts grant {tenant.Slug} bi_load");
        return 0;
    }
}
