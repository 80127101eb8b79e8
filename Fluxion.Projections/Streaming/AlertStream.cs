using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Hosting;
using Wolverine.Http;

namespace Fluxion.Projections.Streaming;

/// <summary>On an endpoint whose answer goes on: server-sent events (WHATWG HTML, 9.2), of which the number open at once is limited.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EventStreamAttribute : Attribute
{
    public const string MediaType = "text/event-stream";
}

public static class AlertStreamEndpoint
{
    public const string LastEventId = "Last-Event-ID";

    [WolverineGet("/api/{tenant}/alerts/stream", Name = "Stream alerts"), Authorize(Roles.Viewer), Tags("Alerts"), EventStream]
    [EndpointSummary("What happens to alerts, as server-sent events, as it happens")]
    [EndpointDescription("Each event has the name of what happened (alert_raised, alert_updated, …), an id and as data the alert as the list shows it. With the header Last-Event-ID it goes on after that one, so that nothing is missed over a broken connection; without it, with what happens from now on. A comment comes every 15 seconds. The stream ends when the token does, or the account or tenant may no longer read, or the client is 500 events behind. Refused: 429 with Retry-After when 200 streams of the tenant are open on the host, or 1,000 in all.")]
    [ProducesResponseType<AlertRow>(200)]
    public static IResult Get(HttpContext http, AlertFeed feed, Accounts accounts, TenantRegistry registry, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        long? last = null;
        if (http.Request.Headers[LastEventId] is { Count: > 0 } header)
        {
            if (!long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return TypedResults.Problem(Problems.Invalid(LastEventId, "is the id of an event of this stream"));
            last = number;
        }
        var tenant = http.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route has no {tenant}.");
        if (feed.Open(tenant, Caller.Of(http)) is { } subscription) return new AlertStream(subscription, last, accounts, registry, lifetime, clock);
        http.Response.Headers.RetryAfter = "30";
        return TypedResults.Problem(Problems.TooManyStreams);
    }
}

/// <summary>One open stream.</summary>
/// <param name="last">After which event it begins; null: with what happens from now on.</param>
internal sealed class AlertStream(
    AlertFeed.Subscription subscription, long? last, Accounts accounts, TenantRegistry registry, IHostApplicationLifetime lifetime, TimeProvider clock) : IResult
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (subscription)
        {
            var response = httpContext.Response;
            response.ContentType = EventStreamAttribute.MediaType;
            response.Headers.CacheControl = "no-store";
            response.Headers["X-Accel-Buffering"] = "no"; // nginx: pass it on as it comes
            if (response.Body == Stream.Null) return; // HEAD
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
            try
            {
                await Write(httpContext, ends.Token);
            }
            catch (OperationCanceledException)
            {
                // the client has gone, or the host stops
            }
        }
    }

    private async Task Write(HttpContext http, CancellationToken ct)
    {
        var json = http.JsonOptions();
        await subscription.Ready(ct);
        await http.Response.WriteAsync("retry: 3000\n\n", ct);
        await http.Response.Body.FlushAsync(ct);
        if (last is { } number) await foreach (var news in subscription.Since(number, ct)) await Tell(news);
        while (await MayRead(http.User, ct))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(Heartbeat);
            try
            {
                if (!await subscription.News.WaitToReadAsync(patience.Token)) return; // too far behind
                while (subscription.News.TryRead(out var news)) await Tell(news);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                await http.Response.WriteAsync(": still here\n\n", ct);
            }
            await http.Response.Body.FlushAsync(ct);
        }

        async Task Tell(AlertNews news)
        {
            if (news.Number <= last || !subscription.Concerns(news)) return; // told already, or not his
            last = news.Number;
            await http.Response.WriteAsync($"id: {news.Number}\nevent: {news.Event}\ndata: {JsonSerializer.Serialize(news.Alert, json)}\n\n", ct);
        }
    }

    private async Task<bool> MayRead(ClaimsPrincipal user, CancellationToken ct) =>
        long.TryParse(user.FindFirstValue("exp"), CultureInfo.InvariantCulture, out var expires) && clock.GetUtcNow().ToUnixTimeSeconds() < expires
        && await accounts.IsCurrent(user, ct) && await registry.Find(subscription.Tenant.Slug, ct) is { Status: Tenant.Active };
}
