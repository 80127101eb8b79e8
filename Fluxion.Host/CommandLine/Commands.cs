namespace Fluxion.Host.CommandLine;

/// <summary>What each command needs before it runs.</summary>
public static class Commands
{
    /// <summary>Commands of JasperFx that describe or generate: they never open a connection.</summary>
    private static readonly string[] Offline = ["help", "?", "-h", "--help", "-v", "--version", "codegen", "describe", "capabilities", "wolverine-diagnostics"];

    /// <summary>The words of which one follows a command; the library answers another one with the stack of an exception.</summary>
    private static readonly Dictionary<string, string[]> Actions = new()
    {
        ["tenants"] = Enum.GetNames<TenantsAction>(),
        ["users"] = Enum.GetNames<UsersAction>(),
        ["analysts"] = Enum.GetNames<AnalystsAction>(),
        ["database"] = Enum.GetNames<DatabaseAction>(),
    };

    /// <summary>What is wrong with the word after a command; null when nothing is.</summary>
    public static string? Objection(string[] args) =>
        args is [var command, var word, ..] && Actions.TryGetValue(command, out var words) && !word.StartsWith('-') && word != "?" && !words.Contains(word, StringComparer.OrdinalIgnoreCase)
            ? $"'{word}' is none of what {command} does: {string.Join(", ", words)}." : null;

    /// <summary>The arguments as the library takes them: its help of a command is <c>help tenants</c>, that of everybody else <c>tenants --help</c>.</summary>
    public static string[] AsTheLibraryTakesThem(string[] args) => args is [var command, ..] && !Offline.Contains(command) && AsksForHelp(args) ? ["help", command] : args;

    /// <summary>Whether the answer is help, which is no failure.</summary>
    public static bool Help(string[] args) => args is ["help", ..];

    public static bool Serve(string[] args) => args is [] or ["run", ..] || args[0].StartsWith("--", StringComparison.Ordinal) && !Offline.Contains(args[0]);

    public static bool NeedDatabase(string[] args) => Serve(args) || !Offline.Contains(args[0]) && !AsksForHelp(args);

    /// <summary>Every command that reads or writes tenants finds the schema up to date; <c>database</c> sees to it itself.</summary>
    public static bool NeedSchema(string[] args) => NeedDatabase(args) && args is not ["database", ..];

    private static bool AsksForHelp(string[] args) => args.Any(a => a is "--help" or "-h" or "?");
}
