namespace Fluxion.Ledger.Time;

/// <summary>Points in time as the ledger stores them: UTC, to the microsecond.</summary>
public static class Timestamps
{
    public static DateTimeOffset ToMicroseconds(DateTimeOffset value)
    {
        var utc = value.ToUniversalTime();
        return new DateTimeOffset(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }
}
