using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Fluxion.Ledger.Diagnostics;

/// <summary>
/// The source of the ledger's spans and its meter, with all instruments; docs/diagnostics.md lists them. Only the progress of replays has
/// the tenant as a tag: thousands of tenants would be thousands of series.
/// </summary>
public static class Instruments
{
    /// <summary>The name of the source of spans and of the meter.</summary>
    public const string Name = "Fluxion.Ledger";

    public static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    // Names of tags, on spans and on instruments.
    public const string Tenant = "fluxion.tenant";
    public const string Command = "fluxion.command";
    public const string Outcome = "fluxion.outcome";
    public const string RefusalKind = "fluxion.refusal";
    public const string IsReplayed = "fluxion.replayed";
    public const string LockWaitSeconds = "fluxion.lock_wait";
    public const string Constraint = "fluxion.constraint";
    public const string Service = "fluxion.service";

    /// <summary>The boundaries that OpenTelemetry advises for durations of requests, in seconds.</summary>
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60],
    };

    public static readonly Counter<long> Commands = Meter.CreateCounter<long>(
        "fluxion.commands",
        "{command}",
        "Commands and messages handled, by outcome"
    );

    public static readonly Histogram<double> CommandDuration = Duration(
        "fluxion.command.duration",
        "Time from the first statement of a command to its commit or refusal"
    );

    public static readonly Histogram<double> LockWait = Duration(
        "fluxion.command.lock_wait",
        "Time of the round trips of a command that acquire locks"
    );

    public static readonly Counter<long> Conflicts = Meter.CreateCounter<long>(
        "fluxion.command.conflicts",
        "{conflict}",
        "Commands that lost a unique value to a concurrent command"
    );

    public static readonly Counter<long> ImportedRows = Meter.CreateCounter<long>(
        "fluxion.import.rows",
        "{row}",
        "Rows of imported files, by the outcome of the import"
    );

    public static readonly Gauge<double> SealLag = Meter.CreateGauge<double>(
        "fluxion.seal.lag",
        "s",
        "Time for which the most delayed tenant has had events that this host could not seal"
    );

    public static readonly Histogram<double> AlertLag = Duration(
        "fluxion.alert.lag",
        "Time from the command that may have changed alerts to their review"
    );

    public static readonly Gauge<double> ReplayProgress = Meter.CreateGauge<double>(
        "fluxion.replay.progress",
        "1",
        "Fraction of a tenant's events that its replay has read"
    );

    public static readonly Histogram<double> PeriodicRunDuration = Duration(
        "fluxion.periodic.run.duration",
        "Duration of the runs of periodic services, by outcome"
    );

    public static readonly Counter<long> PeriodicFailures = Meter.CreateCounter<long>(
        "fluxion.periodic.failures",
        "{failure}",
        "Failures of a run of a periodic service, or of a part of it"
    );

    public static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "fluxion.failures",
        "{answer}",
        "Answers of 500 or more, by cause and SQLSTATE"
    );

    public static readonly Counter<long> NotificationFailures = Meter.CreateCounter<long>(
        "fluxion.alerts.notifications.failed",
        "{notification}",
        "Notifications of changed alerts that PostgreSQL refused"
    );

    private static Histogram<double> Duration(string name, string description) =>
        Meter.CreateHistogram(name, "s", description, tags: null, Seconds);
}
