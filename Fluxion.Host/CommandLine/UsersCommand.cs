using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using JasperFx.CommandLine;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public enum UsersAction { add }

public sealed class UsersInput : NetCoreInput
{
    [Description("add")]
    public UsersAction Action { get; set; }

    [Description("The tenant's slug, or 'platform' for an administrator of the platform itself")]
    public string Tenant { get; set; } = "";

    [Description("E-mail address")]
    public string Email { get; set; } = "";

    [Description("viewer, user, manager or admin; admin when left out")]
    public string RoleFlag { get; set; } = Roles.Admin;

    [Description("Full name")]
    public string? NameFlag { get; set; }
}

[Description("Add a user to a tenant, or an administrator to the platform; the password comes from FLUXION_PASSWORD, or is made up and shown once", Name = "users")]
public sealed class UsersCommand : LedgerCommand<UsersInput>
{
    protected override async Task<bool> Run(UsersInput input)
    {
        Output.WrapForPeopleAlone();
        using var host = input.BuildHost();
        var services = host.Services;
        if (!Passwords.IsAccountEmail(input.Email)) return Output.Refuse($"'{input.Email}' is not an e-mail address of ASCII characters.");
        if (!Roles.OfTenants.Contains(input.RoleFlag)) return Output.Refuse($"The role is one of: {string.Join(", ", Roles.OfTenants)}.");
        var password = Output.Password();
        try
        {
            if (input.Tenant == Roles.Platform)
            {
                if (!await PlatformAdministrators.Add(
                    services.GetRequiredService<Databases>(), input.Email, input.NameFlag ?? input.Email, password.Password, CancellationToken.None))
                    return Output.Refuse($"There is an administrator {input.Email} already.");
            }
            else
            {
                var tenant = await Find(services, input.Tenant);
                await using var session = services.GetRequiredService<TenantDocumentStores>().ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
                var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
                await ledger.Begin(CancellationToken.None);
                Users.Register(ledger, input.Email, input.NameFlag ?? input.Email, input.RoleFlag, null, Passwords.Hash(password.Password));
                await ledger.Commit(CancellationToken.None);
            }
        }
        catch (Exception e) when ((e as PostgresException ?? e.InnerException as PostgresException)?.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return Output.Refuse($"There is a user {input.Email} already.");
        }
        AnsiConsole.MarkupLineInterpolated($"[bold]{input.Email}[/] can sign in to {input.Tenant}");
        Output.ShowOnce(input.Email, password);
        return true;
    }
}
