using Fluxion.Ledger.Tenancy;
using JasperFx.CommandLine;

namespace Fluxion.Host.CommandLine;

/// <summary>A command of ours: a failure that its user can do something about is said in words; the library shows the stack of any other.</summary>
public abstract class LedgerCommand<TInput> : JasperFxAsyncCommand<TInput>
{
    public sealed override async Task<bool> Execute(TInput input)
    {
        try
        {
            return await Run(input);
        }
        catch (Exception e) when (ErrorMessages.For(e) is { } why)
        {
            return Output.Refuse(why);
        }
    }

    /// <exception cref="SettingsException">There is no such tenant, or its data is not in the database.</exception>
    protected static async Task<Tenant> Find(IServiceProvider services, string slug, CancellationToken ct = default)
    {
        var tenant = await services.GetRequiredService<TenantRegistry>().Find(slug, ct)
            ?? throw new SettingsException($"There is no tenant '{slug}'.");
        return tenant.SchemaFault is null ? tenant : throw new SettingsException(tenant.SchemaFault);
    }

    /// <returns>Whether the exit code is 0.</returns>
    protected abstract Task<bool> Run(TInput input);
}
