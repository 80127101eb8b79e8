using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;

namespace Fluxion.Tests.Host;

/// <summary>The real host as a process of its own, for tests of signals, exit codes and command lines.</summary>
public sealed partial class HostProcess : IAsyncDisposable
{
    public const string SigningKey = "a signing key of the tests, long enough for HMAC-SHA256";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The host's own output folder. Framework commands load every assembly of their folder, and the assemblies of the tests do not load
    /// alone.
    /// </summary>
    private static readonly string Folder = AppContext.BaseDirectory.Replace(
        $"{Path.DirectorySeparatorChar}Fluxion.Tests{Path.DirectorySeparatorChar}",
        $"{Path.DirectorySeparatorChar}Fluxion.Host{Path.DirectorySeparatorChar}",
        StringComparison.Ordinal
    );

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(IReadOnlyDictionary<string, string?> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Folder, "Fluxion.Host.dll"), .. arguments])
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // variables of the shell that runs the tests must not affect the host
        string[] prefixes =
        [
            "ConnectionStrings__",
            "Fluxion__",
            "FLUXION_PASSWORD",
            "ASPNETCORE_",
            "DOTNET_ENVIRONMENT",
            "DOTNET_URLS",
            "DOTNET_HTTP_PORTS",
            "URLS",
            "HTTP_PORTS",
            "Kestrel__",
            "Logging__",
            "OTEL_",
        ];
        foreach (
            var name in start.Environment.Keys.Where(k => prefixes.Any(p => k.StartsWith(p, StringComparison.OrdinalIgnoreCase))).ToArray()
        )
            start.Environment.Remove(name);
        foreach (var (name, value) in environment.Where(e => e.Value is not null))
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => AppendOutput(e.Data);
        _process.ErrorDataReceived += (_, e) => AppendOutput(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The output so far, standard error included.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>The address on which the host serves; known once it is ready.</summary>
    public Uri Address { get; private set; } = null!;

    public int ProcessId => _process.Id;

    public HttpClient NewClient() => new() { BaseAddress = Address, Timeout = Timeout };

    public Task<Client> Demo(string role) => Client.SignIn(NewClient(), DemoTenant.Slug, DemoTenant.Email(role), DemoTenant.Password);

    /// <summary>Starts a host in Development on a free port, and returns when it is ready.</summary>
    public static Task<HostProcess> Serve(DatabaseConnections connections, params string[] arguments) =>
        Serve(Development(connections), [.. arguments, "--urls", "http://127.0.0.1:0"]);

    /// <summary>Starts a host on the address in its environment or its arguments, and returns when it is ready.</summary>
    public static async Task<HostProcess> Serve(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var host = new HostProcess(environment, arguments);
        try
        {
            await Task.WhenAny(host._address.Task, host._process.WaitForExitAsync(), Task.Delay(Timeout));
            host._address.Task.IsCompletedSuccessfully.ShouldBeTrue($"The host does not serve:\n{host.Output}");
            host.Address = await host._address.Task;
            using var http = host.NewClient();
            (await http.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.OK, host.Output);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>The environment of a production deployment: no settings but these.</summary>
    public static Dictionary<string, string?> Production(DatabaseConnections? connections = null, string? signingKey = SigningKey) =>
        new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings__Fluxion"] = connections?.Service,
            ["ConnectionStrings__FluxionOwner"] = connections?.Owner,
            ["Fluxion__SigningKey"] = signingKey,
        };

    /// <summary>Starts a command that the test ends.</summary>
    public static HostProcess Start(IReadOnlyDictionary<string, string?> environment, params string[] arguments) =>
        new(environment, arguments);

    /// <summary>Runs a command, or a start that fails, to its end.</summary>
    public static async Task<(int ExitCode, string Output)> Run(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        await using var host = new HostProcess(environment, arguments);
        return (await host.Exit(), host.Output);
    }

    public static Dictionary<string, string?> Development(DatabaseConnections connections) =>
        new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Fluxion"] = connections.Service,
            ["ConnectionStrings__FluxionOwner"] = connections.Owner,
            ["Fluxion__SignInsPerMinute"] = "100000",
        };

    /// <summary>Waits until the process has ended and all its output is read, and returns the exit code.</summary>
    public async Task<int> Exit()
    {
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The host does not end:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>Sends SIGKILL, which a process cannot handle.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await Exit();
    }

    /// <summary>Sends SIGTERM, as a container runtime or a service manager does; does not wait.</summary>
    public void Terminate() => Signals.Send(_process.Id, Signals.Terminate);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }

    private void AppendOutput(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
        if (Serves().Match(line) is { Success: true } serves)
            _address.TrySetResult(new Uri(serves.Groups[1].Value.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"(?:serves|Now listening) on:? (http://\S+)")]
    private static partial Regex Serves();
}
