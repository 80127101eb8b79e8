using System.CommandLine;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class TenantsCommand
{
    public static Command Create()
    {
        var slug = Commands.Argument("slug", "The tenant's name in routes, for example acme", Tenant.ValidationError);
        var list = new Command("list", "List all tenants").Runs((_, services, ct) => List(services, ct));
        var tenants = Commands.Group(
            "tenants",
            "List, add, suspend, resume and adopt tenants",
            list,
            Add(slug),
            SetStatus("suspend", "Refuse a tenant's requests", Tenant.Suspended),
            SetStatus("resume", "Serve a suspended tenant again", Tenant.Active),
            Adopt(slug)
        );
        tenants.Action = list.Action;
        return tenants;

        Command SetStatus(string name, string description, string status) =>
            new Command(name, description) { slug }.Runs(
                (given, services, ct) => TenantsCommand.SetStatus(given.GetRequiredValue(slug), status, services, ct)
            );
    }

    private static Command Add(Argument<string> slug)
    {
        var name = Commands.Option("--name", "The company's name; required");
        var email = Commands.Option(
            "--admin-email",
            $"E-mail address of the first admin. {Output.PasswordSource}",
            Commands.EmailValidationError
        );
        var adminName = Commands.Option("--admin-name", "Full name of the first admin");
        var zone = Commands.Option(
            "--timezone",
            "Time zone of the tenant's days, for example America/Caracas; UTC by default",
            zone => Zone.ValidationError(zone) is { } error ? $"--timezone {error}." : null
        );
        var add = new Command("add", "Add a tenant") { slug, name, email, adminName, zone };
        add.Validators.Add(given =>
        {
            if (string.IsNullOrWhiteSpace(given.GetValue(name)))
                given.AddError("A tenant needs a name: --name \"Acme C.A.\"");
        });
        return add.Runs(
            async (given, services, ct) =>
            {
                var adminEmail = given.GetValue(email);
                (string Password, bool MadeUp)? password = adminEmail is null ? null : Output.Password();
                var admin = adminEmail is null
                    ? null
                    : new FirstAdmin(adminEmail, given.GetValue(adminName) ?? adminEmail, Passwords.Hash(password!.Value.Password));
                var tenant = await services
                    .GetRequiredService<TenantProvisioning>()
                    .Provision(given.GetRequiredValue(slug), given.GetRequiredValue(name).Trim(), admin, given.GetValue(zone), null, ct);
                if (tenant is null)
                    return Output.Refuse($"There is a tenant '{given.GetValue(slug)}' already.");
                AnsiConsole.MarkupLineInterpolated(
                    $"Tenant [bold]{tenant.Slug}[/] is ready: /api/{tenant.Slug}, schema {tenant.Schema}, id {tenant.Id}"
                );
                if (admin is not null)
                    Output.ShowOnce(admin.Email, password!.Value);
                else
                    AnsiConsole.MarkupLineInterpolated($"Nobody can sign in yet: users add {tenant.Slug} ana@example.com --role admin");
                return 0;
            }
        );
    }

    private static Command Adopt(Argument<string> slug)
    {
        var name = Commands.Option(
            "--name",
            "The company's name, if the registry has lost it; the slug by default",
            name => string.IsNullOrWhiteSpace(name) ? "--name is empty." : null
        );
        var email = Commands.Option("--admin-email", $"The admin who gets a password; the first one by default. {Output.PasswordSource}");
        return new Command("adopt", "Restore a tenant's registry row and accounts that a restored backup lacks") { slug, name, email }.Runs(
            async (given, services, ct) =>
            {
                var password = Output.Password();
                var (tenant, wasRegistered, made, changed, removed, admin) = await services
                    .GetRequiredService<TenantAdoption>()
                    .Adopt(
                        given.GetRequiredValue(slug),
                        given.GetValue(name)?.Trim(),
                        given.GetValue(email),
                        Passwords.Hash(password.Password),
                        ct
                    );
                var registered = wasRegistered ? "was registered" : "is registered again";
                AnsiConsole.MarkupLineInterpolated(
                    $"Tenant [bold]{tenant.Slug}[/] {registered}: '{tenant.Name}', {tenant.Status}, schema {tenant.Schema}, id {tenant.Id}"
                );
                AnsiConsole.MarkupLineInterpolated(
                    $"Accounts: {made} made, {changed} brought in line with their users, {removed} without a user removed"
                );
                if (made > 0)
                {
                    AnsiConsole.MarkupLineInterpolated(
                        $"A new account has no password until an admin sets one: POST /api/{tenant.Slug}/users/{{email}}/password"
                    );
                }
                if (admin is null)
                    return 0;
                AnsiConsole.MarkupLineInterpolated($"[bold]{admin}[/] can sign in");
                Output.ShowOnce(admin, password);
                return 0;
            }
        );
    }

    private static async Task<int> List(IServiceProvider services, CancellationToken ct)
    {
        var registry = services.GetRequiredService<TenantRegistry>();
        var table = new Table().AddColumns("Slug", "Name", "Status", "Schema", "Id", "Since");
        string? after = null;
        while (await registry.List(after, 1000, ct) is { Count: > 0 } page)
        {
            foreach (var t in page)
                table.AddRow(
                    new Text(t.Slug),
                    new Text(t.Name),
                    new Text(StatusOf(t)),
                    new Text(t.Schema),
                    new Text(t.Id.ToString()),
                    new Text(t.CreatedAt.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture))
                );
            after = page[^1].Slug;
        }
        if (services.GetRequiredService<Databases>().Owner is not null)
        {
            foreach (var slug in await services.GetRequiredService<TenantSchemas>().Unregistered(ct))
                table.AddRow(slug, "", $"not registered: tenants adopt {slug}", Tenant.SchemaOf(slug), "", "");
        }
        AnsiConsole.Write(table);
        return 0;
    }

    private static string StatusOf(Tenant tenant) =>
        tenant switch
        {
            { SchemaFault: not null } => $"{tenant.Status}, data missing",
            { MigrationFailure: not null } => $"{tenant.Status}, not up to date",
            _ => tenant.Status,
        };

    private static async Task<int> SetStatus(string slug, string status, IServiceProvider services, CancellationToken ct)
    {
        if (await services.GetRequiredService<TenantProvisioning>().SetStatus(slug, status, ct) is not { } tenant)
            return Output.Refuse($"There is no tenant '{slug}'.");
        AnsiConsole.MarkupLineInterpolated($"Tenant [bold]{tenant.Slug}[/] is {tenant.Status}");
        return 0;
    }
}
