using Fluxion.Host.Database;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using JasperFx.CommandLine;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public enum AnalystsAction { list, grant, rotate, revoke }

public sealed class AnalystsInput : NetCoreInput
{
    [Description("list; grant: make a login that reads one tenant in SQL, or change its limits; rotate: a new password, and its sessions end; revoke: its sessions end and it is dropped")]
    public AnalystsAction Action { get; set; } = AnalystsAction.list;

    [Description("The tenant's slug, for example acme")]
    public string? Tenant { get; set; }

    [Description("The login's name in PostgreSQL, for example bi_reader")]
    public string? Login { get; set; }

    [Description("grant: seconds after which a query is cancelled, 60 when left out")]
    [FlagAlias("statement-timeout", longAliasOnly: true)]
    public int StatementTimeoutFlag { get; set; } = 60;

    [Description("grant: connections that it may have at once, 5 when left out")]
    [FlagAlias("connections", longAliasOnly: true)]
    public int ConnectionsFlag { get; set; } = 5;
}

[Description("Logins of PostgreSQL that read one tenant's tables and views; passwords come from FLUXION_PASSWORD, or are made up and shown once", Name = "analysts")]
public sealed class AnalystsCommand : LedgerCommand<AnalystsInput>
{
    private const int MaxTimeout = 24 * 60 * 60;
    private const int MaxConnections = 100;

    public AnalystsCommand()
    {
        Usage("List the analysts of all tenants").Arguments().ValidFlags();
        Usage("List the analysts of all tenants").Arguments(x => x.Action).ValidFlags();
        Usage("List the analysts of a tenant").Arguments(x => x.Action, x => x.Tenant!).ValidFlags();
        Usage("Grant, rotate or revoke access").Arguments(x => x.Action, x => x.Tenant!, x => x.Login!).ValidFlags(x => x.StatementTimeoutFlag, x => x.ConnectionsFlag);
    }

    protected override async Task<bool> Run(AnalystsInput input)
    {
        Output.WrapForPeopleAlone();
        using var host = input.BuildHost();
        var services = host.Services;
        var registry = services.GetRequiredService<TenantRegistry>();
        var tenant = input.Tenant is null ? null : await Find(services, input.Tenant);
        var analysts = new Analysts(services.GetRequiredService<Databases>());
        if (input.Action == AnalystsAction.list)
            return await List(analysts, tenant is null ? await registry.List(null, int.MaxValue, CancellationToken.None) : [tenant]);
        if (tenant is null) return Output.Refuse($"Say whose: analysts {input.Action} acme bi_reader");
        if (Analysts.ValidationError(input.Login) is { } error) return Output.Refuse(error);
        try
        {
            return input.Action switch
            {
                AnalystsAction.grant => await Grant(analysts, tenant, input, services.GetRequiredService<DatabaseConnections>()),
                AnalystsAction.rotate => await Rotate(analysts, tenant, input.Login!),
                _ => await Revoke(analysts, tenant, input.Login!),
            };
        }
        catch (AnalystException e)
        {
            return Output.Refuse(e.Message);
        }
    }

    private static async Task<bool> Grant(Analysts analysts, Tenant tenant, AnalystsInput input, DatabaseConnections connections)
    {
        if (input.StatementTimeoutFlag is < 1 or > MaxTimeout) return Output.Refuse($"--statement-timeout is 1 to {MaxTimeout} seconds.");
        if (input.ConnectionsFlag is < 1 or > MaxConnections) return Output.Refuse($"--connections is 1 to {MaxConnections}.");
        var (login, password) = (input.Login!, Output.Password());
        var limits = $"read only, {input.StatementTimeoutFlag} s a query, {input.ConnectionsFlag} connections at once";
        if (!await analysts.Grant(tenant, login, password.Password, TimeSpan.FromSeconds(input.StatementTimeoutFlag), input.ConnectionsFlag, CancellationToken.None))
        {
            AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] reads {tenant.Slug} as before, from its next connection on: {limits}. A new password: analysts rotate {tenant.Slug} {login}");
            return true;
        }
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] reads {tenant.Slug}: {limits}");
        Output.ShowOnce(login, password);
        AnsiConsole.MarkupLineInterpolated($"psql \"{Uri(connections.Service, login)}\"");
        return true;
    }

    private static async Task<bool> Rotate(Analysts analysts, Tenant tenant, string login)
    {
        var password = Output.Password();
        await analysts.Rotate(tenant, login, password.Password, CancellationToken.None);
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] has a new password; its open sessions were ended");
        Output.ShowOnce(login, password);
        return true;
    }

    private static async Task<bool> Revoke(Analysts analysts, Tenant tenant, string login)
    {
        var isGone = await analysts.Revoke(tenant, login, CancellationToken.None);
        var what = isGone ? "is gone" : $"reads {tenant.Slug} no longer, and remains an analyst in another database of this server";
        AnsiConsole.MarkupLineInterpolated($"[bold]{login}[/] {what}; its open sessions were ended");
        return true;
    }

    private static async Task<bool> List(Analysts analysts, IReadOnlyList<Tenant> tenants)
    {
        var slugs = tenants.ToDictionary(Analysts.RoleOf, t => t.Slug);
        var table = new Table().AddColumns("Login", "Tenant", "Query limit", "Connections", "Open now", "Made by");
        foreach (var a in await analysts.List(tenants, CancellationToken.None))
        {
            table.AddRow(new Text(a.Login), new Text(slugs[a.Role]), new Text(a.StatementTimeout ?? "none"), new Text(a.Connections < 0 ? "any" : $"{a.Connections}"),
                new Text($"{a.Open}"), new Text(a.IsOurs ? "analysts grant" : "hand"));
        }
        AnsiConsole.Write(table);
        return true;
    }

    /// <summary>Where psql connects: to the server that the service uses, by its address as seen from here.</summary>
    internal static string Uri(string service, string login)
    {
        var target = new NpgsqlConnectionStringBuilder(service);
        var host = target.Host!.Contains(':', StringComparison.Ordinal) ? $"[{target.Host}]" : System.Uri.EscapeDataString(target.Host);
        var ssl = target.SslMode switch { SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", var mode => mode.ToString().ToLowerInvariant() };
        return $"postgresql://{login}@{host}:{target.Port}/{System.Uri.EscapeDataString(target.Database!)}?sslmode={ssl}";
    }
}
