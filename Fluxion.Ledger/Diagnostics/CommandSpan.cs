using System.Diagnostics;
using System.Text.Json;

namespace Fluxion.Ledger.Diagnostics;

/// <summary>The outcome of a command. The snake_case name is the value of a tag.</summary>
public enum CommandOutcome
{
    /// <summary>An exception, answered with 500 or 503, or a client that disconnected. Nothing is committed.</summary>
    Failed,

    /// <summary>Its events are committed, or there was nothing to do.</summary>
    Accepted,

    /// <summary>The stored answer of the first request with the same idempotency key.</summary>
    Replayed,

    /// <summary>Everything was decided, and nothing is written.</summary>
    DryRun,

    /// <summary>Refused, for the reason that <see cref="RefusalKind"/> names.</summary>
    Refused,

    /// <summary>Refused: a concurrent command committed the same unique value first.</summary>
    Conflict,
}

/// <summary>The span and the measurements of one command. Without a listener, it allocates nothing.</summary>
internal readonly struct CommandSpan
{
    private static readonly string[] Outcomes = SnakeCase<CommandOutcome>();
    private static readonly string[] Refusals = SnakeCase<RefusalKind>();

    private readonly string _command;
    private readonly Activity? _activity;
    private readonly long _started;

    private CommandSpan(string command, Activity? activity) =>
        (_command, _activity, _started) = (command, activity, Stopwatch.GetTimestamp());

    /// <summary>The value of the tag <see cref="Instruments.Outcome"/>.</summary>
    public static string NameOf(CommandOutcome outcome) => Outcomes[(int)outcome];

    public static CommandSpan Start(string command, string tenant)
    {
        var activity = Instruments.Source.StartActivity(command);
        activity?.SetTag(Instruments.Tenant, tenant).SetTag(Instruments.Command, command);
        return new CommandSpan(command, activity);
    }

    /// <param name="refusal">The kind of the refusal; null when the command was not refused.</param>
    /// <param name="lockWait">The duration of all round trips that acquired locks.</param>
    public void End(CommandOutcome outcome, RefusalKind? refusal, TimeSpan lockWait)
    {
        var (name, kind) = (NameOf(outcome), refusal is { } refused ? Refusals[(int)refused] : null);
        var (command, ended) = (
            new KeyValuePair<string, object?>(Instruments.Command, _command),
            new KeyValuePair<string, object?>(Instruments.Outcome, name)
        );
        if (kind is null)
            Instruments.Commands.Add(1, command, ended);
        else
            Instruments.Commands.Add(1, command, ended, new(Instruments.RefusalKind, kind));
        Instruments.CommandDuration.Record(Stopwatch.GetElapsedTime(_started).TotalSeconds, command, ended);
        Instruments.LockWait.Record(lockWait.TotalSeconds, command);
        if (_activity is null)
            return;
        _activity.SetTag(Instruments.Outcome, name);
        _activity.SetTag(Instruments.IsReplayed, outcome == CommandOutcome.Replayed);
        _activity.SetTag(Instruments.LockWaitSeconds, lockWait.TotalSeconds);
        if (kind is not null)
            _activity.SetTag(Instruments.RefusalKind, kind);
        _activity.Dispose();
    }

    /// <summary>Ends the span of a command that threw. The log line of the request, or of the message, has the exception.</summary>
    public void Fail(Exception e, TimeSpan lockWait)
    {
        _activity?.SetTag("error.type", e.GetType().FullName);
        _activity?.SetStatus(ActivityStatusCode.Error);
        End(CommandOutcome.Failed, null, lockWait);
    }

    private static string[] SnakeCase<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
}
