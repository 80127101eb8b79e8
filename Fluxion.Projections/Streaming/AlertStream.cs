using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Hosting;

namespace Fluxion.Projections.Streaming;

/// <summary>
/// Marks an endpoint with an unbounded response: server-sent events (WHATWG HTML, 9.2). The number of open streams is limited.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EventStreamAttribute : Attribute
{
    public const string MediaType = "text/event-stream";
}

public static class AlertStreamEndpoint
{
    public const string LastEventId = "Last-Event-ID";

    [
        WolverineGet("/api/{tenant}/alerts/stream", Name = "Stream alerts"),
        Authorize(Roles.Viewer),
        Tags("Alerts"),
        EventStream,
        DisableRateLimiting
    ]
    [EndpointSummary("Stream the changes of alerts as server-sent events")]
    [EndpointDescription(
        "Each event has an id, the change as its name (alert_raised, alert_updated, …) and the alert as its data, as in the list. "
            + "With the header Last-Event-ID the stream continues after that event, so a client misses nothing over a broken connection. "
            + "Without it, or with an id that does not exist yet, the stream begins with the next change. "
            + "The host sends a comment every 15 seconds. The stream ends with the token. "
            + "When the account or the tenant loses access, the host sends no event after 5 seconds. "
            + "It then ends the stream within 20 seconds. "
            + "The host also ends it when the client is 500 events behind, or reads nothing for 15 seconds. "
            + "Refused with 429 and Retry-After: 200 open streams of the tenant on this host, or 1,000 in all."
    )]
    [ProducesResponseType<AlertRow>(200)]
    public static IResult Get(
        HttpContext http,
        AlertFeed feed,
        Accounts accounts,
        TenantRegistry registry,
        IHostApplicationLifetime lifetime,
        TimeProvider clock
    )
    {
        long? last = null;
        if (http.Request.Headers[LastEventId] is { Count: > 0 } header)
        {
            if (!long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return new RefusedResult(Refusal.Invalid(LastEventId, "must be the id of an event of this stream"));
            last = number;
        }
        var tenant = http.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route has no {tenant}.");
        if (feed.Subscribe(tenant, Caller.From(http)) is { } subscription)
            return new AlertStream(subscription, last, accounts, registry, lifetime, clock);
        http.Response.Headers.RetryAfter = "30";
        return new RefusedResult(Refusal.TooManyStreams);
    }
}

/// <summary>One open stream.</summary>
/// <param name="last">The number of the event after which the stream begins. Null: it begins with the events from now on.</param>
internal sealed class AlertStream(
    AlertFeed.Subscription subscription,
    long? last,
    Accounts accounts,
    TenantRegistry registry,
    IHostApplicationLifetime lifetime,
    TimeProvider clock
) : IResult
{
    /// <summary>The interval of the comments that keep an idle stream alive, and the maximum duration of a write.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (subscription)
        {
            httpContext.Response.ContentType = EventStreamAttribute.MediaType;
            httpContext.Response.Headers["X-Accel-Buffering"] = "no"; // disables response buffering in nginx
            if (httpContext.Response.Body == Stream.Null)
                return; // HEAD
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(
                httpContext.RequestAborted,
                lifetime.ApplicationStopping,
                subscription.IsLagging
            );
            // Abort does not wait until a slow client accepts pending data.
            using var hangs = CancellationTokenSource.CreateLinkedTokenSource(subscription.IsLagging);
            await using var abort = hangs.Token.Register(httpContext.Abort);
            try
            {
                await TypedResults.ServerSentEvents(Events(httpContext, hangs, ends.Token)).ExecuteAsync(httpContext);
            }
            catch (OperationCanceledException)
            {
                // The client has gone, the host is stopping, or the client is too slow.
            }
        }
    }

    /// <summary>
    /// The events until the client may no longer read. The framework writes one event while this waits to be asked for the next one.
    /// Its formatter has no comments and no retry without an event, so both are written here, between two events.
    /// </summary>
    /// <param name="hangs">Cancelled when a write takes longer than <see cref="Heartbeat"/>.</param>
    private async IAsyncEnumerable<SseItem<AlertRow>> Events(
        HttpContext http,
        CancellationTokenSource hangs,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await subscription.Ready(ct);
        await WriteLine("retry: 3000");
        if (last > await subscription.Latest(ct))
            last = null; // the client's event was lost when an older backup was restored
        if (last is { } number)
            await foreach (var alertEvent in subscription.Since(number, ct))
            {
                if (!IsNew(alertEvent))
                    continue;
                if (!await MayRead(http.User, ct))
                    yield break;
                yield return Sent(alertEvent);
                hangs.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        while (await MayRead(http.User, ct))
        {
            if (await Happens())
            {
                while (subscription.Events.TryRead(out var alertEvent))
                {
                    if (!IsNew(alertEvent))
                        continue;
                    if (!await MayRead(http.User, ct))
                        yield break;
                    yield return Sent(alertEvent);
                    hangs.CancelAfter(Timeout.InfiniteTimeSpan);
                }
            }
            else if (await MayRead(http.User, ct))
                await WriteLine(": still here");
            else
                yield break;
        }

        // false if no event arrives before the next heartbeat, or before the token expires
        async Task<bool> Happens()
        {
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(ct);
            wait.CancelAfter(TimeSpan.FromTicks(Math.Clamp((Expires(http.User) - clock.GetUtcNow()).Ticks, 1, Heartbeat.Ticks)));
            try
            {
                return await subscription.Events.WaitToReadAsync(wait.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return false;
            }
        }

        // false for an event that was sent already, or that the client may not see
        bool IsNew(AlertStreamEvent alertEvent) => !(alertEvent.Number <= last) && subscription.Matches(alertEvent);

        SseItem<AlertRow> Sent(AlertStreamEvent alertEvent)
        {
            last = alertEvent.Number;
            hangs.CancelAfter(Heartbeat);
            return new(alertEvent.Alert, alertEvent.Event) { EventId = alertEvent.Number.ToString(CultureInfo.InvariantCulture) };
        }

        async Task WriteLine(string line)
        {
            hangs.CancelAfter(Heartbeat);
            await http.Response.WriteAsync($"{line}\n\n", ct);
            await http.Response.Body.FlushAsync(ct);
            hangs.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private async ValueTask<bool> MayRead(ClaimsPrincipal user, CancellationToken ct) =>
        clock.GetUtcNow() < Expires(user)
        && await accounts.IsCurrent(user, ct)
        && await registry.Find(subscription.Tenant.Slug, ct) is { Status: Tenant.Active };

    private static DateTimeOffset Expires(ClaimsPrincipal user) =>
        DateTimeOffset.FromUnixTimeSeconds(
            long.Parse(
                user.FindFirstValue("exp") ?? throw new InvalidOperationException("The token has no claim 'exp'."),
                CultureInfo.InvariantCulture
            )
        );
}
