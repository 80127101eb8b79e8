using System.Diagnostics;
using System.Globalization;
using Fluxion.Host.Load;
using Fluxion.Ledger.Tenancy;
using JasperFx.CommandLine;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public sealed class LoadInput : NetCoreInput
{
    [Description("The tenant to make; of an interrupted load of the same size, to go on with")]
    public string Slug { get; set; } = "load";

    [Description("Movements of stock, over the last two years")]
    public int MovementsFlag { get; set; } = 100_000;

    [Description("Products, each in every store")]
    public int ProductsFlag { get; set; } = 10_000;

    [Description("Stores")]
    public int StoresFlag { get; set; } = 20;

    [Description("Transactions at once")]
    public int WorkersFlag { get; set; } = Environment.ProcessorCount;
}

[Description("Make a tenant of a given size, to measure with", Name = "load")]
public sealed class LoadCommand : LedgerCommand<LoadInput>
{
    public LoadCommand()
    {
        Usage("Make the tenant load").Arguments();
        Usage("Make a tenant").Arguments(x => x.Slug);
    }

    protected override async Task<bool> Run(LoadInput input)
    {
        Output.WrapForPeopleAlone();
        if (Tenant.ValidationError(input.Slug) is { } error) return Output.Refuse(error);
        if (input.StoresFlag is < 1 or > 999) return Output.Refuse("--stores is 1 to 999");
        if (input.ProductsFlag is < 1 or > 999_999) return Output.Refuse("--products is 1 to 999999");
        if (input.MovementsFlag < 1) return Output.Refuse("--movements is 1 or more");
        if (input.WorkersFlag is < 1 or > 64) return Output.Refuse("--workers is 1 to 64");

        using var host = input.BuildHost();
        // the size is the tenant's name: a load goes on with one of its own size alone
        var name = string.Create(CultureInfo.InvariantCulture, $"Load: {input.MovementsFlag} movements of {input.ProductsFlag} products in {input.StoresFlag} stores");
        await host.Services.GetRequiredService<TenantProvisioning>().Provision(input.Slug, name, null, null, null, CancellationToken.None);
        var tenant = await Find(host.Services, input.Slug);
        if (tenant.Name != name)
            return Output.Refuse($"There is a tenant '{input.Slug}' already, '{tenant.Name}': load fills tenants of its own, each of one size. Name another one, or the same size.");

        var time = Stopwatch.StartNew();
        var load = new LoadedTenant(host.Services, tenant, new LoadSize(input.MovementsFlag, input.ProductsFlag, input.StoresFlag, Days: 730));
        var made = await WithProgress(progress => load.Fill(input.WorkersFlag, progress, CancellationToken.None));
        var seconds = time.Elapsed.TotalSeconds;
        await load.Settle(CancellationToken.None);
        AnsiConsole.MarkupLineInterpolated($"Tenant [bold]{tenant.Slug}[/] (schema {tenant.Schema}): {input.StoresFlag} stores, {input.ProductsFlag} products, {input.MovementsFlag} movements{(made == input.MovementsFlag ? "" : $", {made} of them made now")}, in {seconds:0} s, {made / seconds:0}/s");
        AnsiConsole.MarkupLineInterpolated($"To sign in: users add {tenant.Slug} ana@example.com --role admin. To query in SQL: analysts grant {tenant.Slug} bi_load");
        return true;
    }

    private static Task<long> WithProgress(Func<Action<LoadProgress>, Task<long>> run)
    {
        if (!Console.IsOutputRedirected)
        {
            return Output.Bar().StartAsync(context =>
            {
                var bar = context.AddTask("Movements");
                return run(p => (bar.MaxValue, bar.Value) = (p.Of, p.Movements));
            });
        }
        var percent = 0L;
        return run(p =>
        {
            if (100 * p.Movements / p.Of == percent) return;
            percent = 100 * p.Movements / p.Of;
            Console.WriteLine($"{percent} % {p.Movements}/{p.Of}");
        });
    }
}
