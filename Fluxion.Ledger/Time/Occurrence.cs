using FluentValidation;

namespace Fluxion.Ledger.Time;

/// <summary>A command that says when it happened in the shop, by the client's clock.</summary>
public interface IOccurrence
{
    /// <summary>Null: when the ledger records it.</summary>
    DateTimeOffset? OccurredAt { get; }

    /// <summary>
    /// What the client's clock showed when it sent the request; null when it does not say. It is no part of what the request says: a client that
    /// repeats a request sends the time of that attempt.
    /// </summary>
    DateTimeOffset? SentAt { get; }
}

/// <summary>When something happened, by the ledger's clock.</summary>
/// <param name="OccurredAt">Not after the ledger's now. Null: when the ledger records it.</param>
/// <param name="NotBefore">When its cause happened; null when it has none.</param>
public readonly record struct Occurrence(DateTimeOffset? OccurredAt, DateTimeOffset? NotBefore = null)
{
    public const string SentAtDescription = "What your clock shows as you send this, with its offset from UTC. By its difference to the ledger's clock occurredAt is corrected";

    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far into the future a client's time may lie: up to this it counts as now, beyond it is refused.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public static readonly string Message =
        $"must lie between {Earliest:yyyy-MM-dd} and now; what is up to {Tolerance.TotalMinutes:0} minutes in the future counts as now";

    public static readonly string SentAtMessage = $"must be what your clock shows: by its difference to the ledger's clock occurredAt is corrected, and then it {Message}";

    /// <summary>Whether it happened before its cause.</summary>
    public bool IsTooEarly => OccurredAt < NotBefore;

    /// <summary>The moment itself, for a command that is decided at <paramref name="now"/>.</summary>
    public DateTimeOffset At(DateTimeOffset now) => OccurredAt ?? (NotBefore > now ? NotBefore.Value : now);

    /// <summary>Whether a moment is one at which something can have happened.</summary>
    public static bool IsPossible(DateTimeOffset? at, DateTimeOffset? sentAt, DateTimeOffset now) =>
        at is null || (Corrected(at.Value, sentAt, now) is var corrected && corrected >= Earliest && corrected <= now + Tolerance);

    /// <summary>A moment by the client's clock as the ledger's clock had it.</summary>
    public static DateTimeOffset Corrected(DateTimeOffset at, DateTimeOffset? sentAt, DateTimeOffset now)
    {
        if (sentAt is not { } sent) return at;
        var ago = sent - at;
        return ago > now - DateTimeOffset.MinValue ? DateTimeOffset.MinValue : ago < now - DateTimeOffset.MaxValue ? DateTimeOffset.MaxValue : now - ago;
    }
}

public static class OccurrenceRules
{
    /// <summary>The command's own occurredAt.</summary>
    public static void Occurrence<T>(this AbstractValidator<T> validator, TimeProvider clock) where T : IOccurrence => validator
        .RuleFor(c => c.OccurredAt).Custom((at, context) => context.CheckOccurrence(at, context.InstanceToValidate.SentAt, nameof(IOccurrence.OccurredAt), clock.GetUtcNow()));

    /// <summary>Says what is wrong with a moment: that it is no possible one, or that it is none any more by what the client's clock shows.</summary>
    public static void CheckOccurrence<T>(this ValidationContext<T> context, DateTimeOffset? at, DateTimeOffset? sentAt, string field, DateTimeOffset now)
    {
        if (!Time.Occurrence.IsPossible(at, null, now) && sentAt is null) context.AddFailure(field, Time.Occurrence.Message);
        else if (!Time.Occurrence.IsPossible(at, sentAt, now)) context.AddFailure(nameof(IOccurrence.SentAt), Time.Occurrence.SentAtMessage);
    }
}
