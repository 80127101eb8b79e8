using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Ledger.Diagnostics;

/// <summary>
/// Background work that runs again and again. No failure ends the service. Each cause of a failure is logged once, and not at every run
/// until the work succeeds again; the recovery is logged too. Runs and failures are counted.
/// </summary>
/// <param name="name">The name in log messages and metrics.</param>
/// <param name="interval">Time from the start of one run to the next. A run that takes longer delays the next one.</param>
public abstract class PeriodicService(string name, TimeSpan interval, TimeProvider clock, ILogger logger) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Failing> _failing = [];
    private int _run;

    /// <summary>The causes for which a part of the work fails, and when it failed last.</summary>
    private sealed class Failing
    {
        public HashSet<(Type, string?)> Causes { get; } = [];
        public int Failures { get; set; }
        public int LastRun { get; set; }
    }

    /// <summary>The name in log messages and metrics.</summary>
    public string Name => name;

    protected TimeProvider Clock => clock;
    protected ILogger Logger => logger;

    /// <summary>Time from the start of the host to the first run; zero for a run at once.</summary>
    protected virtual TimeSpan FirstAfter => interval;

    /// <summary>The work of one run. It passes each part that may fail by itself, such as a tenant, to <see cref="Attempt"/>.</summary>
    protected abstract Task RunOnce(CancellationToken ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (FirstAfter == TimeSpan.Zero)
                await Run(stoppingToken);
            using var timer = new PeriodicTimer(FirstAfter == TimeSpan.Zero ? interval : FirstAfter, clock);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (timer.Period != interval)
                    timer.Period = interval;
                await Run(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the host is stopping
        }
    }

    private async Task Run(CancellationToken ct)
    {
        _run++;
        var started = clock.GetTimestamp();
        var isComplete = await Attempt("the run", () => RunOnce(ct), ct);
        bool isFailing;
        lock (_lock)
        {
            // a part that this run did not attempt is no longer there, or another node has done it
            if (isComplete)
                foreach (var (what, _) in _failing.Where(part => part.Value.LastRun < _run).ToList())
                    _failing.Remove(what);
            isFailing = _failing.Count > 0;
        }
        Instruments.PeriodicRunDuration.Record(
            clock.GetElapsedTime(started).TotalSeconds,
            new(Instruments.Service, name),
            new(Instruments.Outcome, isFailing ? "failed" : "succeeded")
        );
    }

    /// <summary>
    /// Attempts a part of the work. A failure is logged, and the remaining parts are not affected. A cancellation counts as a failure,
    /// such as that of a timeout, unless <paramref name="ct"/> is cancelled.
    /// </summary>
    /// <param name="what">The part, as the log names it.</param>
    /// <returns>True when it succeeded.</returns>
    protected async Task<bool> Attempt(string what, Func<Task> work, CancellationToken ct)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Fail(what, e);
            return false;
        }
        Failing? recovered;
        lock (_lock)
            _failing.Remove(what, out recovered);
        if (recovered is not null)
            logger.PeriodicWorkRecovered(name, what, recovered.Failures);
        return true;
    }

    private void Fail(string what, Exception e)
    {
        Instruments.PeriodicFailures.Add(1, new KeyValuePair<string, object?>(Instruments.Service, name));
        bool isNew;
        lock (_lock)
        {
            if (!_failing.TryGetValue(what, out var part))
                _failing[what] = part = new Failing();
            part.Failures++;
            part.LastRun = _run;
            isNew = part.Causes.Add((e.GetType(), (e as PostgresException)?.SqlState));
        }
        if (isNew)
            logger.PeriodicWorkFailed(e, name, what, interval);
    }
}
