namespace Fluxion.Ledger.Time;

/// <summary>Points in time as the ledger stores them: UTC, to the microsecond.</summary>
public static class Timestamps
{
    /// <summary>The format of a point in time in JSON and CSV, without trailing zeros of the fraction.</summary>
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

    public static DateTimeOffset ToMicroseconds(DateTimeOffset value)
    {
        var utc = value.ToUniversalTime();
        return new DateTimeOffset(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }
}
