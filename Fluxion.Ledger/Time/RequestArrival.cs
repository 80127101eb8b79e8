using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Fluxion.Ledger.Time;

/// <summary>When a request arrived: a large body over a slow line is read, and a connection waited for, only later.</summary>
/// <param name="Timestamp">Of <see cref="Stopwatch"/>.</param>
public sealed record RequestArrival(long Timestamp)
{
    /// <summary>To be called before the body is read.</summary>
    public static void Record(HttpContext http) => http.Features.Set(new RequestArrival(Stopwatch.GetTimestamp()));

    /// <summary>How long ago that was.</summary>
    public static TimeSpan Elapsed(HttpContext http) =>
        http.Features.Get<RequestArrival>() is { } arrival ? Stopwatch.GetElapsedTime(arrival.Timestamp) : TimeSpan.Zero;
}
