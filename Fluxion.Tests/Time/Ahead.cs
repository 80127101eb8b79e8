namespace Fluxion.Tests.Time;

/// <summary>A clock that shows another time than it is.</summary>
/// <param name="by">How far it is ahead; negative: behind.</param>
public sealed class Ahead(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
