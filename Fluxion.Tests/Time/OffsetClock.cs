namespace Fluxion.Tests.Time;

/// <summary>A clock that differs from the real time.</summary>
/// <param name="by">The time by which it is ahead; a negative value is behind.</param>
public sealed class OffsetClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
