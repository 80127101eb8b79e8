using Fluxion.Host;
using Fluxion.Host.CommandLine;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Host.Web;
using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CommandLine;
using Wolverine;

// Without a command the host serves; `help` lists the commands.
using var stopping = new CancellationTokenSource();
void Cancel(object? _, ConsoleCancelEventArgs e)
{
    e.Cancel = true;
    stopping.Cancel();
}
Console.CancelKeyPress += Cancel;
Task<DatabaseConnections>? resolving = null;
var started = false;
try
{
    if (Commands.Objection(args) is { } error) throw new SettingsException(error);
    args = Commands.AsTheLibraryTakesThem(args);
    var builder = WebApplication.CreateBuilder(args);
    StandardSettings.Check(builder.Configuration);
    if (Commands.Serve(args))
    {
        builder.UseAddresses();
        Proxies.RequireNamedProxies(builder.Configuration);
    }
    var settings = Commands.NeedDatabase(args) ? FluxionSettings.Read(builder.Configuration, builder.Environment) : new FluxionSettings();
    // an embedded database starts while the host is put together; what first needs its connections waits for them
    resolving = Commands.NeedDatabase(args)
        ? Task.Run(() => DatabaseConnections.Resolve(builder.Configuration, builder.Environment, Console.WriteLine, stopping.Token))
        : Task.FromResult(DatabaseConnections.None);
    builder.AddFluxion(settings);
    builder.Services.AddSingleton(_ => resolving.GetAwaiter().GetResult());
    // commands handle no requests; the one by which the build writes the handlers' code (`codegen write`) runs before there is any
    if (!Commands.Serve(args))
    {
        builder.Services.ConfigureWolverine(options => options.CodeGeneration.TypeLoadMode = TypeLoadMode.Dynamic);
        // there are no extensions to apply; before they are, every assembly that is searched for commands is named on standard output
        new CommandFactory().ApplyExtensions(new ServiceCollection());
    }
    builder.LogOnlyOnceStarted(() => started);
    builder.Services.AddHostedService(_ => new OnceStarted(() => started = true));
    await using var app = builder.Build();
    app.MapFluxion();
    var connections = await resolving;
    if (Commands.NeedSchema(args)) await app.Prepare(connections, stopping.Token);
    Console.CancelKeyPress -= Cancel; // from here on the host's own lifetime stops it
    if (!Commands.Serve(args)) return await app.RunJasperFxCommands(args) is var code && Commands.Help(args) ? 0 : code;
    app.Lifetime.ApplicationStarted.Register(() => StartupBanner.Print(app, connections));
    await app.RunAsync();
    return 0;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    return 130;
}
catch (Exception e) when (!started)
{
    await Console.Error.WriteLineAsync($"error: {ErrorMessages.For(e) ?? ErrorMessages.Unexpected(e)}");
    return 1;
}
finally
{
    if (resolving is { IsCompletedSuccessfully: true }) await (await resolving).DisposeAsync();
}
