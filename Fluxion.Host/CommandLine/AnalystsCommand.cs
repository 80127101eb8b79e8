using System.CommandLine;
using Fluxion.Host.Database;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class AnalystsCommand
{
    private const int MaxTimeout = 24 * 60 * 60;
    private const int MaxConnections = 100;

    public static Command Create()
    {
        var login = Commands.Argument("login", "The login's name in PostgreSQL, for example bi_reader", Analysts.ValidationError);
        var timeout = Commands.Number("--statement-timeout", "Seconds after which a query is cancelled", 60, 1, MaxTimeout, " seconds");
        var connections = Commands.Number("--connections", "Maximum number of concurrent connections of the login", 5, 1, MaxConnections);
        var listed = Commands.Argument("tenant", "The tenant's slug; all tenants by default");
        listed.Arity = ArgumentArity.ZeroOrOne;
        var list = new Command("list", "List the analysts of one tenant or of all") { listed }.Runs(
            (given, services, ct) => List(given.GetValue(listed), services, ct)
        );
        var grant = new Command("grant", $"Create a login that reads one tenant in SQL, or change its limits. {Output.PasswordSource}")
        {
            Commands.Tenant,
            login,
            timeout,
            connections,
        }.Runs(
            async (given, services, ct) =>
                await Grant(
                    await Find(given, services, ct),
                    given.GetRequiredValue(login),
                    given.GetValue(timeout),
                    given.GetValue(connections),
                    services,
                    ct
                )
        );
        var rotate = new Command("rotate", $"Set a new password and end the login's sessions. {Output.PasswordSource}")
        {
            Commands.Tenant,
            login,
        }.Runs(async (given, services, ct) => await Rotate(await Find(given, services, ct), given.GetRequiredValue(login), services, ct));
        var revoke = new Command("revoke", "End the login's sessions and drop it") { Commands.Tenant, login }.Runs(
            async (given, services, ct) => await Revoke(await Find(given, services, ct), given.GetRequiredValue(login), services, ct)
        );
        var analysts = Commands.Group(
            "analysts",
            "Manage the PostgreSQL logins that read one tenant's tables and views",
            list,
            grant,
            rotate,
            revoke
        );
        analysts.Action = list.Action;
        return analysts;
    }

    private static Task<Tenant> Find(ParseResult given, IServiceProvider services, CancellationToken ct) =>
        services.Find(given.GetRequiredValue(Commands.Tenant), ct);

    private static Analysts Of(IServiceProvider services) => new(services.GetRequiredService<Databases>());

    private static async Task<int> Grant(
        Tenant tenant,
        string login,
        int timeout,
        int connections,
        IServiceProvider services,
        CancellationToken ct
    )
    {
        var password = Output.Password();
        var limits = $"read only, {timeout} s a query, {connections} connections at once";
        if (!await Of(services).Grant(tenant, login, password.Password, TimeSpan.FromSeconds(timeout), connections, ct))
        {
            AnsiConsole.MarkupInterpolated($"[bold]{login}[/] reads {tenant.Slug} as before, from its next connection on: {limits}. ");
            AnsiConsole.MarkupLineInterpolated($"A new password: analysts rotate {tenant.Slug} {login}");
            return 0;
        }
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] reads {tenant.Slug}: {limits}");
        Output.ShowOnce(login, password);
        AnsiConsole.MarkupLineInterpolated($"psql \"{Uri(services.GetRequiredService<DatabaseConnections>().Service, login)}\"");
        return 0;
    }

    private static async Task<int> Rotate(Tenant tenant, string login, IServiceProvider services, CancellationToken ct)
    {
        var password = Output.Password();
        await Of(services).Rotate(tenant, login, password.Password, ct);
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] has a new password; its open sessions were ended");
        Output.ShowOnce(login, password);
        return 0;
    }

    private static async Task<int> Revoke(Tenant tenant, string login, IServiceProvider services, CancellationToken ct)
    {
        var isGone = await Of(services).Revoke(tenant, login, ct);
        var what = isGone ? "is gone" : $"reads {tenant.Slug} no longer, and remains an analyst in another database of this server";
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] {what}; its open sessions were ended");
        return 0;
    }

    private static async Task<int> List(string? slug, IServiceProvider services, CancellationToken ct)
    {
        var tenants = slug is null
            ? await services.GetRequiredService<TenantRegistry>().List(null, int.MaxValue, ct)
            : [await services.Find(slug, ct)];
        var slugs = tenants.ToDictionary(Analysts.RoleOf, t => t.Slug);
        var table = new Table().AddColumns("Login", "Tenant", "Query limit", "Connections", "Open now", "Made by");
        foreach (var a in await Of(services).List(tenants, ct))
        {
            table.AddRow(
                new Text(a.Login),
                new Text(slugs[a.Role]),
                new Text(a.StatementTimeout ?? "none"),
                new Text(a.Connections < 0 ? "any" : $"{a.Connections}"),
                new Text($"{a.Open}"),
                new Text(a.IsOurs ? "analysts grant" : "hand")
            );
        }
        AnsiConsole.Write(table);
        return 0;
    }

    /// <summary>The URI for psql: the server that the service uses, by its address as seen from this machine.</summary>
    internal static string Uri(string service, string login)
    {
        var target = new NpgsqlConnectionStringBuilder(service);
        var host = target.Host!.Contains(':', StringComparison.Ordinal) ? $"[{target.Host}]" : System.Uri.EscapeDataString(target.Host);
        var ssl = target.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca",
            SslMode.VerifyFull => "verify-full",
            var mode => mode.ToString().ToLowerInvariant(),
        };
        return $"postgresql://{login}@{host}:{target.Port}/{System.Uri.EscapeDataString(target.Database!)}?sslmode={ssl}";
    }
}
