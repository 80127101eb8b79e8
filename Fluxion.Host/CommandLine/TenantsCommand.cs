using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using JasperFx.CommandLine;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public enum TenantsAction { list, add, suspend, resume, adopt }

public sealed class TenantsInput : NetCoreInput
{
    [Description("list, add, suspend or resume; adopt: after a part of a backup was restored, put back what registry and accounts lack")]
    public TenantsAction Action { get; set; } = TenantsAction.list;

    [Description("The tenant's name in routes, for example acme")]
    public string? Slug { get; set; }

    [Description("add, adopt: the company's name; adopt: the slug when it is left out and the registry has lost it")]
    public string? NameFlag { get; set; }

    [Description("add: e-mail address of the first admin; adopt: of the admin who gets a password, the first one when left out; "
        + "the password comes from FLUXION_PASSWORD, or is made up and shown once")]
    [FlagAlias("admin-email", longAliasOnly: true)]
    public string? AdminEmailFlag { get; set; }

    [Description("add: full name of the first admin")]
    [FlagAlias("admin-name", longAliasOnly: true)]
    public string? AdminNameFlag { get; set; }

    [Description("add: time zone by which its days are counted, for example America/Caracas; UTC when left out")]
    [FlagAlias("timezone", longAliasOnly: true)]
    public string? TimezoneFlag { get; set; }
}

[Description("List, add, suspend, resume and adopt tenants", Name = "tenants")]
public sealed class TenantsCommand : LedgerCommand<TenantsInput>
{
    public TenantsCommand()
    {
        Usage("List all tenants").Arguments().ValidFlags();
        Usage("List all tenants").Arguments(x => x.Action).ValidFlags();
        Usage("Add, suspend, resume or adopt a tenant").Arguments(x => x.Action, x => x.Slug!)
            .ValidFlags(x => x.NameFlag!, x => x.AdminEmailFlag!, x => x.AdminNameFlag!, x => x.TimezoneFlag!);
    }

    protected override async Task<bool> Run(TenantsInput input)
    {
        Output.WrapForPeopleAlone();
        using var host = input.BuildHost();
        var provisioning = host.Services.GetRequiredService<TenantProvisioning>();
        return input.Action switch
        {
            TenantsAction.list => await List(host.Services),
            _ when Tenant.ValidationError(input.Slug) is { } error => Output.Refuse(error),
            TenantsAction.add => await Add(input, provisioning),
            TenantsAction.adopt => await Adopt(input, host.Services.GetRequiredService<TenantAdoption>()),
            TenantsAction.suspend => await SetStatus(input.Slug!, Tenant.Suspended, provisioning),
            _ => await SetStatus(input.Slug!, Tenant.Active, provisioning),
        };
    }

    private static async Task<bool> Add(TenantsInput input, TenantProvisioning provisioning)
    {
        if (string.IsNullOrWhiteSpace(input.NameFlag)) return Output.Refuse("A tenant needs a name: --name \"Acme C.A.\"");
        if (input.AdminEmailFlag is { } email && !Passwords.IsAccountEmail(email)) return Output.Refuse($"'{email}' is not an e-mail address of ASCII characters.");
        if (input.TimezoneFlag is { } zone && Zone.ValidationError(zone) is { } error) return Output.Refuse($"--timezone {error}.");
        (string Password, bool MadeUp)? password = input.AdminEmailFlag is null ? null : Output.Password();
        var admin = input.AdminEmailFlag is null ? null : new FirstAdmin(
            input.AdminEmailFlag, input.AdminNameFlag ?? input.AdminEmailFlag, Passwords.Hash(password!.Value.Password));
        var tenant = await provisioning.Provision(input.Slug!, input.NameFlag.Trim(), admin, input.TimezoneFlag, null, CancellationToken.None);
        if (tenant is null) return Output.Refuse($"There is a tenant '{input.Slug}' already.");
        AnsiConsole.MarkupLineInterpolated($"Tenant [bold]{tenant.Slug}[/] is ready: /api/{tenant.Slug}, schema {tenant.Schema}, id {tenant.Id}");
        if (admin is not null) Output.ShowOnce(admin.Email, password!.Value);
        if (admin is null) AnsiConsole.MarkupLineInterpolated($"Nobody can sign in yet: users add {tenant.Slug} ana@example.com --role admin");
        return true;
    }

    private static async Task<bool> Adopt(TenantsInput input, TenantAdoption adoption)
    {
        if (input.NameFlag is not null && string.IsNullOrWhiteSpace(input.NameFlag)) return Output.Refuse("--name is empty.");
        var password = Output.Password();
        var (tenant, wasRegistered, made, changed, removed, admin) = await adoption.Adopt(
            input.Slug!, input.NameFlag?.Trim(), input.AdminEmailFlag, Passwords.Hash(password.Password), CancellationToken.None);
        var registered = wasRegistered ? "was registered" : "is registered again";
        AnsiConsole.MarkupLineInterpolated(
            $"Tenant [bold]{tenant.Slug}[/] {registered}: '{tenant.Name}', {tenant.Status}, schema {tenant.Schema}, id {tenant.Id}");
        AnsiConsole.MarkupLineInterpolated(
            $"Accounts: {made} made, {changed} brought in line with their users, {removed} without a user removed");
        if (made > 0)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"An account that was made has no password until an admin sets one: POST /api/{tenant.Slug}/users/{{email}}/password");
        }
        if (admin is null) return true;
        AnsiConsole.MarkupLineInterpolated($"[bold]{admin}[/] can sign in");
        Output.ShowOnce(admin, password);
        return true;
    }

    private static async Task<bool> List(IServiceProvider services)
    {
        var registry = services.GetRequiredService<TenantRegistry>();
        var table = new Table().AddColumns("Slug", "Name", "Status", "Schema", "Id", "Since");
        string? after = null;
        while (await registry.List(after, 1000, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var t in page)
                table.AddRow(new Text(t.Slug), new Text(t.Name), new Text(StatusOf(t)), new Text(t.Schema), new Text(t.Id.ToString()),
                    new Text(t.CreatedAt.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)));
            after = page[^1].Slug;
        }
        if (services.GetRequiredService<Databases>().Owner is not null)
        {
            foreach (var slug in await services.GetRequiredService<TenantSchemas>().Unregistered(CancellationToken.None))
                table.AddRow(slug, "", $"not registered: tenants adopt {slug}", Tenant.SchemaOf(slug), "", "");
        }
        AnsiConsole.Write(table);
        return true;
    }

    private static string StatusOf(Tenant tenant) => tenant switch
    {
        { SchemaFault: not null } => $"{tenant.Status}, data missing",
        { MigrationFailure: not null } => $"{tenant.Status}, not up to date",
        _ => tenant.Status,
    };

    private static async Task<bool> SetStatus(string slug, string status, TenantProvisioning provisioning)
    {
        if (await provisioning.SetStatus(slug, status, CancellationToken.None) is not { } tenant) return Output.Refuse($"There is no tenant '{slug}'.");
        AnsiConsole.MarkupLineInterpolated($"Tenant [bold]{tenant.Slug}[/] is {tenant.Status}");
        return true;
    }
}
