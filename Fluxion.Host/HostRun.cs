using Fluxion.Host.CommandLine;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Host.Web;

namespace Fluxion.Host;

/// <summary>Builds the host and runs it. A failure before it has started prints one line and exits with code 1.</summary>
internal static class HostRun
{
    private const int Interrupted = 130; // the exit code of a shell after Ctrl-C

    /// <param name="settings">Settings from the command line, for example <c>--urls http://localhost:5081</c>.</param>
    /// <param name="configure">A callback that changes the builder, or checks its configuration, before any other step.</param>
    /// <param name="offline">True when the run opens no connection, and so needs neither a database nor settings.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(
        string[] settings,
        Func<WebApplication, DatabaseConnections, Task<int>> run,
        Action<WebApplicationBuilder>? configure = null,
        bool offline = false,
        CancellationToken ct = default
    )
    {
        Task<DatabaseConnections>? resolving = null;
        var started = false;
        try
        {
            var builder = WebApplication.CreateBuilder(settings);
            StandardSettings.Check(builder.Configuration);
            configure?.Invoke(builder);
            var fluxion = offline ? new FluxionSettings() : FluxionSettings.Read(builder.Configuration, builder.Environment);
            // an embedded database starts while the host is built
            resolving = offline
                ? Task.FromResult(DatabaseConnections.None)
                : Task.Run(() => DatabaseConnections.Resolve(builder.Configuration, builder.Environment, Console.WriteLine, ct), ct);
            builder.AddFluxion(fluxion);
            DatabaseConnections? connections = null;
            builder.Services.AddSingleton(_ =>
                connections ?? throw new InvalidOperationException("A service needs the database before it is known.")
            );
            builder.LogOnlyOnceStarted(() => started);
            builder.Services.AddHostedService(_ => new OnceStarted(() => started = true));
            await using var app = builder.Build();
            connections = await resolving;
            return await run(app, connections);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception e) when (!started)
        {
            return Output.Refuse(ErrorMessages.For(e) ?? ErrorMessages.Unexpected(e));
        }
        finally
        {
            if (resolving is { IsCompletedSuccessfully: true })
                await (await resolving).DisposeAsync();
        }
    }

    /// <summary>Serves requests until the host is stopped.</summary>
    public static Task<int> Serve(string[] settings, CancellationToken ct) =>
        Run(
            settings,
            async (app, connections) =>
            {
                // the endpoints are mapped while the first statements wait for the database
                await Task.WhenAll(app.Prepare(connections, ct), Task.Run(app.MapFluxion, ct));
                app.Lifetime.ApplicationStarted.Register(() => StartupBanner.Print(app, connections));
                await HostingAbstractionsHostExtensions.RunAsync(app, ct);
                return 0;
            },
            builder =>
            {
                builder.UseAddresses();
                Proxies.RequireNamedProxies(builder.Configuration);
            },
            ct: ct
        );
}
