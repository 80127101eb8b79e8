using System.Globalization;
using Fluxion.Host.Database;

namespace Fluxion.Tests.Host;

/// <summary>An embedded server with a data folder of the test's own, which the test may kill. Disposal deletes everything.</summary>
public sealed class OwnServer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<string> _progress = [];

    public EmbeddedDatabaseOptions Options { get; } =
        TestServer.Options with
        {
            Data = Path.Combine(TestServer.Options.Home, $"test-own-{Guid.CreateVersion7():N}"),
        };

    /// <summary>The progress messages of all starts so far.</summary>
    public IReadOnlyList<string> Progress
    {
        get
        {
            lock (_lock)
                return [.. _progress];
        }
    }

    public Task<EmbeddedDatabase> Start(int port = 0) => EmbeddedDatabase.StartAsync(Options with { Port = port }, AddProgress);

    /// <summary>The process id of the server, or null when none runs.</summary>
    public int? Process()
    {
        try
        {
            var id = int.Parse(File.ReadLines(Path.Combine(Options.Data!, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
            return File.ReadAllText($"/proc/{id}/comm").Trim() == "postgres" ? id : null;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return null; // no such file, or no such process
        }
    }

    /// <summary>Sends SIGKILL, as the out-of-memory killer does, and returns when the server is gone.</summary>
    public Task Kill() => End(Signals.Kill);

    /// <summary>
    /// Sends SIGKILL to the server and all its child processes, whatever they are doing, and returns when the server is gone.
    /// </summary>
    public async Task KillAll()
    {
        var server = Process().ShouldNotBeNull();
        Signals.Send(server, Signals.Stop); // a stopped server starts no more children, and reaps none before it is killed
        foreach (var child in ChildrenOf(server))
            Signals.Send(child, Signals.Kill);
        await End(Signals.Kill);
    }

    public async ValueTask DisposeAsync()
    {
        if (Process() is not null)
            await End(Signals.Quit);
        foreach (var folder in (string[])[Options.Data!, $"{Options.Data}.new"])
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
    }

    private async Task End(int signal)
    {
        var process = Process().ShouldNotBeNull();
        Signals.Send(process, signal);
        for (var attempt = 0; attempt < 600 && Process() is not null; attempt++)
            await Task.Delay(50);
        Process().ShouldBeNull();
    }

    private static List<int> ChildrenOf(int process)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[^1])))
        {
            try
            {
                // /proc/…/stat: the process id, its name in parentheses, its state, and its parent's id
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                if (stat[stat.LastIndexOf(')')..].Split(' ')[2] == process.ToString(CultureInfo.InvariantCulture))
                    children.Add(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // that process has ended meanwhile
            }
        }
        return children;
    }

    private void AddProgress(string line)
    {
        lock (_lock)
            _progress.Add(line);
    }
}
