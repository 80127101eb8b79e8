using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;

namespace Fluxion.Host.CommandLine;

/// <summary>The command line of the host, and functions that its commands share.</summary>
internal static class Commands
{
    public static Argument<string> Tenant { get; } = Argument("tenant", "The tenant's slug, for example acme");

    public static RootCommand Root()
    {
        var run = new Command("run", "Serve, as without a command")
        {
            Words("settings", "Settings, for example --urls http://localhost:8080"),
        };
        run.SetAction((given, ct) => HostRun.Serve(given.GetValue<string[]>("settings")!, ct));
        var help = new Command("help", "Show the commands, or the options of one") { Words("command", "The command") };
        var root = new RootCommand(
            "Fluxion Ledger, an inventory ledger on PostgreSQL.\n\n"
                + "Without a command the host serves, at http://localhost:5080 by default. Settings may follow, for example "
                + "--urls http://localhost:8080 or --Fluxion:TokenMinutes 30.\n\n"
                + $"The commands of JasperFx, Marten and Wolverine work as well: {string.Join(", ", FrameworkCommands.Names)}."
        )
        {
            AnalystsCommand.Create(),
            DatabaseCommand.Create(),
            ExplainCommand.Create(),
            help,
            LoadCommand.Create(),
            ReplayCommand.Create(),
            run,
            TenantsCommand.Create(),
            UsersCommand.Create(),
            VerifyCommand.Create(),
        };
        help.SetAction((given, ct) => root.Parse([.. given.GetValue<string[]>("command")!, "--help"]).InvokeAsync(cancellationToken: ct));
        var settings = root.RefuseOtherWords(word => !word.StartsWith("--", StringComparison.Ordinal));
        root.SetAction((given, ct) => HostRun.Serve(given.GetValue(settings)!, ct));
        return root;
    }

    /// <summary>Runs a command line. Ctrl-C and SIGTERM cancel the command, which may finish its current step.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> Run(RootCommand root, string[] args)
    {
        Output.WrapForPeopleAlone();
        var given = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (given.UnmatchedTokens.FirstOrDefault(word => word.StartsWith('-')) is { } unknown)
            return Task.FromResult(Output.Refuse(UnknownOption(unknown, given.CommandResult.Command)));
        foreach (var error in given.Errors)
            Output.Refuse(error.Message);
        return given.Errors.Count > 0
            ? Task.FromResult(1)
            : given.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Timeout.InfiniteTimeSpan }
            );
    }

    private static string UnknownOption(string word, Command command)
    {
        var options = command
            .Options.Where(option => !option.Hidden && option is not System.CommandLine.Help.HelpOption)
            .Select(option => option.Name);
        return $"{word} is an unknown option: {command.Name} takes {(options.Any() ? string.Join(", ", options) : "none")}.";
    }

    /// <summary>A command that requires a subcommand, for example <c>tenants add</c>.</summary>
    public static Command Group(string name, string description, params ReadOnlySpan<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
            group.Add(command);
        group.SetAction(_ => Output.Refuse($"{name} requires one of these commands: {Names(group)}."));
        group.RefuseOtherWords(_ => true);
        return group;
    }

    /// <param name="prepared">True to migrate or check the schemas before the command runs.</param>
    /// <param name="run">The command itself; it returns the exit code.</param>
    public static Command Runs(
        this Command command,
        Func<ParseResult, IServiceProvider, CancellationToken, Task<int>> run,
        bool prepared = true
    )
    {
        command.SetAction(
            (given, ct) =>
                HostRun.Run(
                    [],
                    async (app, connections) =>
                    {
                        if (prepared)
                            await app.Prepare(connections, ct);
                        return await run(given, app.Services, ct);
                    },
                    ct: ct
                )
        );
        return command;
    }

    /// <param name="validate">A function that returns the error in a value; null when the value is valid.</param>
    public static Argument<string> Argument(string name, string description, Func<string, string?>? validate = null)
    {
        var argument = new Argument<string>(name) { Description = description };
        if (validate is not null)
            argument.Validators.Add(given => Check(given, validate));
        return argument;
    }

    /// <inheritdoc cref="Argument"/>
    public static Option<string> Option(string name, string description, Func<string, string?>? validate = null)
    {
        var option = new Option<string>(name) { Description = description };
        if (validate is not null)
            option.Validators.Add(given => Check(given, validate));
        return option;
    }

    /// <summary>An option that <paramref name="read"/> parses. An unreadable value is refused with the required form.</summary>
    public static Option<T?> Option<T>(string name, string description, Func<string, T?> read, string form) =>
        new(name)
        {
            Description = description,
            CustomParser = given =>
            {
                var value = read(given.Tokens[0].Value);
                if (value is null)
                    given.AddError($"{name} {form}.");
                return value;
            },
        };

    /// <summary>An option for a whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> Number(string name, string description, int? byDefault, int least, int most, string unit = "")
    {
        var option = new Option<int>(name) { Description = description };
        if (byDefault is { } value)
            option.DefaultValueFactory = _ => value;
        option.CustomParser = given =>
        {
            if (
                int.TryParse(given.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= least
                && number <= most
            )
                return number;
            given.AddError(most == int.MaxValue ? $"{name} must be {least} or more." : $"{name} must be from {least} to {most}{unit}.");
            return least;
        };
        return option;
    }

    public static string? EmailValidationError(string email) =>
        Passwords.IsAccountEmail(email) ? null : $"'{email}' is not an e-mail address of ASCII characters.";

    /// <exception cref="SettingsException">There is no such tenant, or its data is not in the database.</exception>
    public static async Task<Tenant> Find(this IServiceProvider services, string slug, CancellationToken ct)
    {
        var tenant =
            await services.GetRequiredService<TenantRegistry>().Find(slug, ct)
            ?? throw new SettingsException($"There is no tenant '{slug}'.");
        return tenant.SchemaFault is null ? tenant : throw new SettingsException(tenant.SchemaFault);
    }

    private static void Check(SymbolResult given, Func<string, string?> validate)
    {
        if (given.Tokens is [var token] && validate(token.Value) is { } why)
            given.AddError(why);
    }

    private static string Names(Command group) => string.Join(", ", group.Subcommands.Select(command => command.Name));

    private static Argument<string[]> Words(string name, string? description = null) =>
        new(name) { Description = description, Arity = ArgumentArity.ZeroOrMore };

    /// <summary>Accepts words that are not subcommands, and refuses them with a list of the subcommands.</summary>
    private static Argument<string[]> RefuseOtherWords(this Command command, Func<string, bool> isRefused)
    {
        var words = Words("words");
        words.Hidden = true;
        words.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: var word }, ..] && isRefused(word))
                given.AddError($"'{word}' is an unknown command: {command.Name} has {Names(command)}.");
        });
        command.Add(words);
        return words;
    }
}
