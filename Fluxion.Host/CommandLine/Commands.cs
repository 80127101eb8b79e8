namespace Fluxion.Host.CommandLine;

/// <summary>What each command needs before it runs.</summary>
public static class Commands
{
    /// <summary>Commands of JasperFx that describe or generate: they never open a connection.</summary>
    private static readonly string[] Offline = ["help", "?", "-h", "--help", "-v", "--version", "codegen", "describe", "capabilities", "wolverine-diagnostics"];

    public static bool Serve(string[] args) => args is [] or ["run", ..] || args[0].StartsWith("--", StringComparison.Ordinal) && !Offline.Contains(args[0]);

    public static bool NeedDatabase(string[] args) => Serve(args) || !Offline.Contains(args[0]) && !AsksForHelp(args);

    /// <summary>Every command that reads or writes tenants finds the schema up to date; <c>database</c> sees to it itself.</summary>
    public static bool NeedSchema(string[] args) => NeedDatabase(args) && args is not ["database", ..];

    private static bool AsksForHelp(string[] args) => args.Any(a => a is "--help" or "-h" or "?");
}
