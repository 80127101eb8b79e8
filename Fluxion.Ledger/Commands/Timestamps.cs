using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Commands;

/// <summary>Points in time as the ledger keeps them: UTC, to the microsecond.</summary>
public static class Timestamps
{
    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far a client's clock may be ahead of ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static DateTimeOffset ToMicroseconds(DateTimeOffset value)
    {
        var utc = value.ToUniversalTime();
        return new DateTimeOffset(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }

    /// <summary>From 2000 on, and not in the future.</summary>
    public static IRuleBuilderOptions<T, DateTimeOffset?> Occurred<T>(this IRuleBuilder<T, DateTimeOffset?> rule, TimeProvider clock) => rule
        .Must(at => at is null || (at >= Earliest && at <= clock.GetUtcNow() + ClockSkew))
        .WithMessage("lies between 2000-01-01 and now");

    /// <summary>
    /// When something occurred that follows on something else: as the request says, and now when it does not; 400 for a moment before the
    /// other, which by a client's clock may be ahead of ours.
    /// </summary>
    /// <param name="what">What the other was, as in "the goods left".</param>
    public static (DateTimeOffset At, ProblemDetails? Problem) After(DateTimeOffset other, DateTimeOffset? occurredAt, DateTimeOffset now, string what) =>
        occurredAt < other
            ? (other, Problems.Invalid("occurredAt", $"is before {what}"))
            : (occurredAt ?? (now > other ? now : other), null);
}
