using System.Diagnostics;

namespace Fluxion.Ledger.Http;

/// <summary>The arrival of a request, before a large body is read over a slow line and before a database connection is free.</summary>
/// <param name="Timestamp">Timestamp of <see cref="Stopwatch"/>.</param>
public sealed record RequestArrival(long Timestamp)
{
    /// <summary>Records the arrival. Call it before the body is read.</summary>
    public static void Record(HttpContext http) => http.Features.Set(new RequestArrival(Stopwatch.GetTimestamp()));

    /// <summary>Time since the arrival; zero when it was not recorded.</summary>
    public static TimeSpan Elapsed(HttpContext http) =>
        http.Features.Get<RequestArrival>() is { } arrival ? Stopwatch.GetElapsedTime(arrival.Timestamp) : TimeSpan.Zero;
}
