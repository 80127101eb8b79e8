namespace Fluxion.Ledger.Time;

/// <summary>A command with the time at which it happened in the shop, by the client's clock.</summary>
public interface IOccurrence
{
    /// <summary>The time of the occurrence; null: the time of recording.</summary>
    DateTimeOffset? OccurredAt { get; }

    /// <summary>
    /// The client's clock when it sent the request; null when the client does not say. It is no part of the request's identity:
    /// a retry has the time of its own attempt.
    /// </summary>
    DateTimeOffset? SentAt { get; }
}

/// <summary>The time of an occurrence by the ledger's clock.</summary>
/// <param name="OccurredAt">The time, not after the ledger's now; null: the time of recording.</param>
/// <param name="NotBefore">The time of its cause; null when it has none.</param>
public readonly record struct Occurrence(DateTimeOffset? OccurredAt, DateTimeOffset? NotBefore = null)
{
    public const string MovementDescription = "Time of the movement in the shop, with offset from UTC. Default: now";

    public const string SentAtDescription =
        "Time of your clock when you send this, with offset from UTC. The ledger corrects occurredAt by the difference to its own clock";

    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The tolerance for times in the future. A time within it counts as now; a later one is refused.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public static readonly string Message =
        $"must lie between {Earliest:yyyy-MM-dd} and now; a time up to {Tolerance.TotalMinutes:0} minutes in the future counts as now";

    public static readonly string SentAtMessage =
        $"must be the time of your clock, by which the ledger corrects occurredAt: the corrected time {Message}";

    /// <summary>Whether it happened before its cause.</summary>
    public bool IsTooEarly => OccurredAt < NotBefore;

    /// <summary>
    /// The time for a command that is decided at <paramref name="now"/>. Without <see cref="OccurredAt"/> it is now, or the cause's time if
    /// later.
    /// </summary>
    public DateTimeOffset At(DateTimeOffset now) => OccurredAt ?? (NotBefore > now ? NotBefore.Value : now);

    /// <summary>Whether a time is absent, or lies between <see cref="Earliest"/> and now with <see cref="Tolerance"/>.</summary>
    public static bool IsPossible(DateTimeOffset? at, DateTimeOffset? sentAt, DateTimeOffset now) =>
        at is null || (Corrected(at.Value, sentAt, now) is var corrected && corrected >= Earliest && corrected <= now + Tolerance);

    /// <summary>Converts a time by the client's clock to the ledger's clock.</summary>
    public static DateTimeOffset Corrected(DateTimeOffset at, DateTimeOffset? sentAt, DateTimeOffset now)
    {
        if (sentAt is not { } sent)
            return at;
        var ago = sent - at;
        return ago > now - DateTimeOffset.MinValue ? DateTimeOffset.MinValue
            : ago < now - DateTimeOffset.MaxValue ? DateTimeOffset.MaxValue
            : now - ago;
    }
}

public static class OccurrenceRules
{
    /// <summary>Validates the command's own occurredAt.</summary>
    public static void Occurrence<T>(this AbstractValidator<T> validator, TimeProvider clock)
        where T : IOccurrence =>
        validator
            .RuleFor(c => c.OccurredAt)
            .Custom(
                (at, context) =>
                    context.CheckOccurrence(at, context.InstanceToValidate.SentAt, nameof(IOccurrence.OccurredAt), clock.GetUtcNow())
            );

    /// <summary>
    /// Adds an error for an impossible time: to the field without sentAt, and to sentAt when the corrected time is impossible.
    /// </summary>
    public static void CheckOccurrence<T>(
        this ValidationContext<T> context,
        DateTimeOffset? at,
        DateTimeOffset? sentAt,
        string field,
        DateTimeOffset now
    )
    {
        if (!Time.Occurrence.IsPossible(at, null, now) && sentAt is null)
            context.AddFailure(field, Time.Occurrence.Message);
        else if (!Time.Occurrence.IsPossible(at, sentAt, now))
            context.AddFailure(nameof(IOccurrence.SentAt), Time.Occurrence.SentAtMessage);
    }
}
