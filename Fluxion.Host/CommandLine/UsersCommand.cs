using System.CommandLine;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class UsersCommand
{
    public static Command Create()
    {
        var tenant = Commands.Argument("tenant", "The tenant's slug, or 'platform' for an administrator of the platform itself");
        var email = Commands.Argument("email", "E-mail address", Commands.EmailValidationError);
        var role = Commands.Option(
            "--role",
            "viewer, user, manager or admin",
            role => Roles.OfTenants.Contains(role) ? null : $"The role is one of: {string.Join(", ", Roles.OfTenants)}."
        );
        role.DefaultValueFactory = _ => Roles.Admin;
        var name = Commands.Option("--name", "Full name");
        return Commands.Group(
            "users",
            "Add a user to a tenant, or an administrator to the platform",
            new Command("add", $"Add a user or an administrator. {Output.PasswordSource}") { tenant, email, role, name }.Runs(
                (given, services, ct) =>
                    Add(
                        given.GetRequiredValue(tenant),
                        given.GetRequiredValue(email),
                        given.GetRequiredValue(role),
                        given.GetValue(name),
                        services,
                        ct
                    )
            )
        );
    }

    private static async Task<int> Add(
        string slug,
        string email,
        string role,
        string? name,
        IServiceProvider services,
        CancellationToken ct
    )
    {
        var password = Output.Password();
        try
        {
            if (slug == Roles.Platform)
            {
                var databases = services.GetRequiredService<Databases>();
                if (!await PlatformAdministrators.Add(databases, email, name ?? email, password.Password, ct))
                    return Output.Refuse($"There is an administrator {email} already.");
            }
            else
            {
                var tenant = await services.Find(slug, ct);
                await using var session = services
                    .GetRequiredService<TenantDocumentStores>()
                    .ForTenant(tenant.Id.ToString())
                    .LightweightSession(tenant.Id.ToString());
                var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
                await ledger.Begin(ct);
                Users.Register(ledger, email, name ?? email, role, Passwords.Hash(password.Password));
                await ledger.Commit(ct);
            }
        }
        catch (Exception e)
            when ((e as PostgresException ?? e.InnerException as PostgresException)
                    is { SqlState: PostgresErrorCodes.UniqueViolation } violation
                && UniqueConstraints.MeansAlreadyExists(violation.ConstraintName)
            )
        {
            return Output.Refuse($"There is a user {email} already.");
        }
        AnsiConsole.MarkupLineInterpolated($"[bold]{email}[/] can sign in to {slug}");
        Output.ShowOnce(email, password);
        return 0;
    }
}
