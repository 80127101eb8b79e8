namespace Fluxion.Ledger.Tenancy;

/// <summary>A suspended tenant keeps its data. Its users can neither sign in nor use tokens issued before.</summary>
public static class SuspendTenantEndpoint
{
    [WolverinePost("/api/tenants/{slug}/suspend", Name = "Suspend tenant"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("Suspend a tenant")]
    [EndpointDescription(
        "All later requests of its users are refused. Its data is kept. A repetition changes nothing. "
            + "Refused with 404: an unknown tenant."
    )]
    [ProducesResponseType<TenantReply>(200)]
    public static async Task<IResult> Post(string slug, [NotBody] TenantProvisioning provisioning, CancellationToken ct) =>
        TenantReply.From(slug, await provisioning.SetStatus(slug, Tenant.Suspended, ct));
}
