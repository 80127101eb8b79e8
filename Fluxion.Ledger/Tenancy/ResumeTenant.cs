namespace Fluxion.Ledger.Tenancy;

public static class ResumeTenantEndpoint
{
    [WolverinePost("/api/tenants/{slug}/resume", Name = "Resume tenant"), Authorize(Roles.Platform), Tags("Tenants")]
    [EndpointSummary("Resume a suspended tenant")]
    [EndpointDescription(
        "Tokens that have not expired are accepted again. A repetition changes nothing. Refused with 404: an unknown tenant."
    )]
    [ProducesResponseType<TenantReply>(200)]
    public static async Task<IResult> Post(string slug, [NotBody] TenantProvisioning provisioning, CancellationToken ct) =>
        TenantReply.From(slug, await provisioning.SetStatus(slug, Tenant.Active, ct));
}
