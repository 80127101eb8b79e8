using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Tenancy;

/// <summary>A suspended tenant keeps its data. Its users can neither sign in nor use tokens issued before.</summary>
public static class TenantStatusEndpoints
{
    [WolverinePost("/api/tenants/{slug}/suspend", Name = "Suspend tenant"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("Suspend a tenant")]
    [EndpointDescription(
        "All later requests of its users are refused. Its data is kept. A repetition changes nothing. "
            + "Refused with 404: an unknown tenant."
    )]
    [ProducesResponseType<TenantReply>(200)]
    public static Task<IResult> Suspend(string slug, [NotBody] TenantProvisioning provisioning, CancellationToken ct) =>
        Set(slug, Tenant.Suspended, provisioning, ct);

    [WolverinePost("/api/tenants/{slug}/resume", Name = "Resume tenant"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("Resume a suspended tenant")]
    [EndpointDescription(
        "Tokens that have not expired are accepted again. A repetition changes nothing. Refused with 404: an unknown tenant."
    )]
    [ProducesResponseType<TenantReply>(200)]
    public static Task<IResult> Resume(string slug, [NotBody] TenantProvisioning provisioning, CancellationToken ct) =>
        Set(slug, Tenant.Active, provisioning, ct);

    [WolverineGet("/api/tenants", Name = "List tenants"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("List tenants")]
    [EndpointDescription("Sorted by slug.")]
    [ProducesResponseType<TenantPage>(200)]
    public static async Task<IResult> List(int? limit, string? after, TenantRegistry registry, CancellationToken ct)
    {
        var size = limit ?? Paging.DefaultLimit;
        if (size is < 1 or > Paging.MaxLimit)
            return new RefusedResult(Paging.Problem);
        var tenants = await registry.List(after, size + 1, ct);
        return TypedResults.Ok(
            new TenantPage([.. tenants.Take(size).Select(TenantReply.From)], tenants.Count > size ? tenants[size - 1].Slug : null)
        );
    }

    private static async Task<IResult> Set(string slug, string status, TenantProvisioning provisioning, CancellationToken ct) =>
        await provisioning.SetStatus(slug, status, ct) is { } tenant
            ? TypedResults.Ok(TenantReply.From(tenant))
            : new RefusedResult(Refusal.NotFound("tenant", "slug", slug));
}

/// <param name="Next">The value of <c>after</c> for the next page; null on the last one.</param>
public sealed record TenantPage(IReadOnlyList<TenantReply> Items, string? Next);
