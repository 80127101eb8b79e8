namespace Fluxion.Ledger.Tenancy;

/// <param name="Next">The value of <c>after</c> for the next page; null on the last one.</param>
public sealed record TenantPage(IReadOnlyList<TenantReply> Items, string? Next);

public static class ListTenantsEndpoint
{
    [WolverineGet("/api/tenants", Name = "List tenants"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("List tenants")]
    [EndpointDescription("Sorted by slug.")]
    [ProducesResponseType<TenantPage>(200)]
    public static async Task<IResult> Get(int? limit, string? after, TenantRegistry registry, CancellationToken ct)
    {
        var size = limit ?? Paging.DefaultLimit;
        if (size is < 1 or > Paging.MaxLimit)
            return new RefusedResult(Paging.Problem);
        var tenants = await registry.List(after, size + 1, ct);
        return TypedResults.Ok(
            new TenantPage([.. tenants.Take(size).Select(TenantReply.From)], tenants.Count > size ? tenants[size - 1].Slug : null)
        );
    }
}
