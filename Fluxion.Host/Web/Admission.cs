using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Projections.Reading;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Fluxion.Host.Web;

/// <summary>
/// Limits the number of concurrent requests of each kind, per host and per tenant. A few more requests wait in a queue. Further requests
/// are refused before their bodies are read. So memory and connections do not grow with the load from clients. docs/limits.md has the
/// complete table.
/// </summary>
public static class Admission
{
    /// <summary>
    /// The size in bytes above which a body is large: 256 KiB. A large body, or one of unknown length, has a lower limit, because its
    /// command may have thousands of lines.
    /// </summary>
    public const int LargeBody = 256 * 1024;

    /// <summary>
    /// The minimum data rate, 16 KiB/s after 10 seconds. A slower client would occupy a permit for too long, and with a list also a
    /// connection and a database snapshot.
    /// </summary>
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(10));

    private const int SignInRetryAfter = 60;

    /// <param name="What">The plural name of the kind, for people.</param>
    /// <param name="OfHost">The maximum number of concurrent requests of all tenants.</param>
    /// <param name="OfTenant">The maximum number of concurrent requests of one tenant, or of one address where there is no tenant.</param>
    /// <param name="Waiting">The maximum number of waiting requests of one tenant.</param>
    /// <param name="WaitingOfHost">The maximum number of waiting requests of all tenants.</param>
    /// <param name="RetryAfter">The value of Retry-After in seconds.</param>
    private sealed record Bound(string What, int OfHost, int OfTenant, int Waiting, int WaitingOfHost, int RetryAfter)
    {
        /// <summary>
        /// The status of a refusal. Ordinary requests get 503, because they exceed the limit only when the host cannot keep up.
        /// </summary>
        public int Status { get; init; } = StatusCodes.Status429TooManyRequests;
    }

    private static readonly Bound Commands = new("commands", 600, 16, 284, 600, 5) { Status = StatusCodes.Status503ServiceUnavailable };
    private static readonly Bound Queries = new("queries", 600, 10, 290, 600, 5) { Status = StatusCodes.Status503ServiceUnavailable };
    private static readonly Bound LargeCommands = new("commands of many lines", 3, 2, 8, 16, 10);
    private static readonly Bound Exports = new("whole lists", 4, 2, 4, 8, 10);
    private static readonly Bound Reports = new("reports", 4, 2, 20, 40, 10);
    private static readonly Bound LargePages = new($"pages of more than {Paging.DefaultLimit} rows", 6, 3, 60, 120, 10);
    private static readonly Bound Documents = new("requests for the OpenAPI document", 2, 2, 16, 32, 5);

    /// <summary>The kinds whose responses may be long.</summary>
    private static readonly Bound[] Long = [Reports, LargePages, Exports];

    private static readonly Dictionary<HeavyWork, Bound> Heavy = new()
    {
        // ImportLimiter processes one import at a time; the others are being received or wait
        [HeavyWork.Import] = new("imports", 4, 2, 0, 0, 30),
        [HeavyWork.Report] = Reports,
        [HeavyWork.Verification] = new("verifications", 1, 1, 1, 2, 30),
        [HeavyWork.Provisioning] = new("new tenants", 1, 1, 4, 4, 30),
        [HeavyWork.Password] = new("changes of passwords and new users", 8, 4, 60, 120, 10),
    };

    public static void AddAdmission(this IServiceCollection services, FluxionSettings settings) =>
        services.AddRateLimiter(options =>
        {
            options.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                Limiter(http => (For(http), Caller(http)), bound => (bound.OfTenant, bound.Waiting)),
                Limiter(http => (For(http), ""), bound => (bound.OfHost, bound.WaitingOfHost))
            );
            options.AddPolicy(
                SignInEndpoint.RateLimit,
                http =>
                    RateLimitPartition.GetFixedWindowLimiter(
                        Network(http.Connection.RemoteIpAddress),
                        _ => new FixedWindowRateLimiterOptions { PermitLimit = settings.SignInsPerMinute, Window = TimeSpan.FromMinutes(1) }
                    )
            );
            options.OnRejected = Refuse;
        });

    /// <summary>Sets a minimum data rate for bodies, and for long responses. So an idle client cannot occupy a permit.</summary>
    public static Task SetPace(HttpContext http, RequestDelegate next)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } body)
            body.MinDataRate = Slowest;
        if (Long.Contains(For(http)) && http.Features.Get<IHttpMinResponseDataRateFeature>() is { } answer)
            answer.MinDataRate = Slowest;
        return next(http);
    }

    private static PartitionedRateLimiter<HttpContext> Limiter(
        Func<HttpContext, (Bound Bound, string Caller)> key,
        Func<Bound, (int Permits, int Waiting)> limits
    ) =>
        PartitionedRateLimiter.Create<HttpContext, (Bound Bound, string Caller)>(http =>
            RateLimitPartition.GetConcurrencyLimiter(
                key(http),
                of =>
                {
                    var (permits, waiting) = limits(of.Bound);
                    return new ConcurrencyLimiterOptions
                    {
                        PermitLimit = permits,
                        QueueLimit = waiting,
                        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                    };
                }
            )
        );

    private static Bound For(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata is not { } metadata)
            return Queries;
        if (metadata.GetMetadata<HeavyWorkAttribute>() is { } heavy)
            return Heavy[heavy.Kind];
        if (metadata.GetMetadata<DocumentAttribute>() is not null)
            return Documents;
        if (!HttpMethods.IsGet(http.Request.Method))
            return IsLarge(http) ? LargeCommands : Commands;
        if (http.Request.Query.ContainsKey("asOf") || http.Request.Query.ContainsKey("knownAt"))
            return Reports;
        if (!http.Request.Query.TryGetValue("limit", out var limit))
            return ListFormat.PreferredBy(http.Request).Format == ListFormat.Json ? Queries : Exports;
        return int.TryParse(limit, CultureInfo.InvariantCulture, out var rows) && rows > Paging.DefaultLimit ? LargePages : Queries;
    }

    private static bool IsLarge(HttpContext http) =>
        http.GetRouteValue(TenantResolution.RouteValue) is not null
        && (
            http.Request.ContentLength > LargeBody
            || (http.Request.ContentLength is null && http.Request.Headers.TransferEncoding.Count > 0)
        );

    private static string Caller(HttpContext http) =>
        http.GetRouteValue(TenantResolution.RouteValue) is string slug
            ? Uri.EscapeDataString(slug)
            : $"from {Network(http.Connection.RemoteIpAddress)}";

    /// <summary>
    /// Identifies a client by its address: IPv4 by the address, IPv6 by its /64 network, which usually belongs to one client.
    /// </summary>
    private static string Network(IPAddress? address) =>
        address switch
        {
            null => "unknown",
            { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
            { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
            _ => address.ToString(),
        };

    private static async ValueTask Refuse(OnRejectedContext context, CancellationToken ct)
    {
        var http = context.HttpContext;
        if (context.Lease.TryGetMetadata(MetadataName.RetryAfter, out _))
        {
            http.Response.Headers.RetryAfter = SignInRetryAfter.ToString(CultureInfo.InvariantCulture);
            await TypedResults
                .Problem(
                    statusCode: StatusCodes.Status429TooManyRequests,
                    title: "Too many requests for a token",
                    detail: "Wait a minute, then try again."
                )
                .ExecuteAsync(http);
            return;
        }
        var bound = For(http);
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Admission)).HostBusy(bound.What, Caller(http));
        await TooMany(http, bound.What, bound.RetryAfter, bound.Status);
    }

    /// <summary>Answers a request that exceeds a limit.</summary>
    internal static Task TooMany(HttpContext http, string what, int retryAfter, int status)
    {
        http.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        return TypedResults
            .Problem(
                statusCode: status,
                title: "Busy",
                detail: $"This host already works on its maximum of {what}. Nothing was done: send the request again after Retry-After."
            )
            .ExecuteAsync(http);
    }
}

/// <summary>Marks an endpoint that generates a large document for each request.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DocumentAttribute : Attribute;
