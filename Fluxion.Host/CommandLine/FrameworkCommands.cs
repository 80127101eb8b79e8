using Fluxion.Host.Demo;
using JasperFx;
using JasperFx.CodeGeneration;
using Wolverine;

namespace Fluxion.Host.CommandLine;

/// <summary>
/// The commands of JasperFx, Marten and Wolverine. They have a command line of their own, and <c>help codegen</c> shows their options.
/// The build writes the code of the handlers with <c>codegen write</c>.
/// </summary>
internal static class FrameworkCommands
{
    /// <summary>The commands that only describe or generate, and open no connection.</summary>
    private static readonly string[] Offline = ["codegen", "describe", "capabilities", "wolverine-diagnostics"];

    public static readonly string[] Names =
    [
        .. Offline,
        "check-env",
        "clear-handled",
        "db-apply",
        "db-assert",
        "db-dump",
        "db-list",
        "db-patch",
        "describe-event-model",
        "event-model",
        "event-query",
        "marten",
        "openapi",
        "projection-run",
        "projections",
        "resources",
        "scaffold",
        "storage",
        "stream-query",
    ];

    public static bool Include(string[] args) =>
        (args is ["help", var asked] ? asked : args.FirstOrDefault()) is { } name && Names.Contains(name);

    public static Task<int> Run(string[] args)
    {
        var isHelp = args is ["help", ..];
        var offline = isHelp || Offline.Contains(args[0]);
        return HostRun.Run(
            args,
            async (app, connections) =>
            {
                app.MapFluxion();
                if (!offline)
                    await app.Prepare(connections, CancellationToken.None);
                var code = await app.RunJasperFxCommands(args);
                return isHelp ? 0 : code;
            },
            // before `codegen write` has run, the generated code of the handlers does not exist
            builder => builder.Services.ConfigureWolverine(options => options.CodeGeneration.TypeLoadMode = TypeLoadMode.Dynamic),
            offline
        );
    }
}
