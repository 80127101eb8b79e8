using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Routing;
using Wolverine.Http.Runtime.MultiTenancy;

namespace Fluxion.Ledger.Http;

/// <summary>
/// Runs after authentication for every route with <c>{tenant}</c>. An unknown slug is answered with 404. A token of another tenant and a
/// tenant that is not active are answered with 403. A failed migration or missing data is answered with 503. Later middleware can rely on
/// the feature <see cref="Tenant"/>; there is no default tenant.
/// </summary>
public sealed class TenantResolution(RequestDelegate next, TenantRegistry registry)
{
    public const string RouteValue = "tenant";
    private const string RetryAfterSeconds = "60";

    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetRouteValue(RouteValue) is not string slug || http.User.Identity?.IsAuthenticated != true)
        {
            await next(http);
            return;
        }
        RequestArrival.Record(http);
        var tenant = await registry.Find(slug, http.RequestAborted);
        var problem = tenant switch
        {
            null => Refusal.NotFound(
                $"There is no tenant '{Refusal.Shorten(slug)}'. The path is /api/{{tenant}}/…, for example /api/fluxion-demo/inventory."
            ),
            _ when Caller.From(http).TenantId != tenant.Id => Refusal.Forbidden(
                $"This token is not for the tenant '{slug}'. Ask for one with POST /api/token."
            ),
            { Status: not Tenant.Active } => Refusal.Forbidden(
                $"The tenant '{slug}' is {tenant.Status}. Ask the platform's administrator."
            ),
            { SchemaFault: not null } => Refusal.DataMissing(slug),
            { MigrationFailure: not null } => Refusal.NotMigrated(slug),
            _ => null,
        };
        if (problem is not null)
        {
            if (problem.Kind == RefusalKind.Unavailable)
                http.Response.Headers.RetryAfter = RetryAfterSeconds;
            await new RefusedResult(problem).ExecuteAsync(http);
            return;
        }
        http.Features.Set(tenant);
        await next(http);
    }
}

/// <summary>Passes the tenant id that <see cref="TenantResolution"/> found to Wolverine; null when the route has no tenant.</summary>
public sealed class RouteTenantDetection : ITenantDetection
{
    public ValueTask<string?> DetectTenant(HttpContext context) => ValueTask.FromResult(context.Features.Get<Tenant>()?.Id.ToString());
}
