using System.Text.Json;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Reading;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Projections;

/// <summary>The tenant's settings have no table of their own: one document, and the audit trail.</summary>
public static class SettingsQuery
{
    [WolverineGet("/api/{tenant}/settings", Name = "Get settings"), Authorize(Roles.Admin), Tags("Settings")]
    [EndpointSummary("The tenant's own rules")]
    [ProducesResponseType<SettingsReply>(200)]
    public static Task<IResult> Get(HttpContext http, Databases databases) => TenantQuery.Of(http)
        .Where("select coalesce((data ->> 'overReceiptPercent')::numeric, 0), coalesce(data ->> 'alerts', '{}') from (select) one left join mt_doc_tenantsettings on true")
        .One(databases, r => new SettingsReply(r.GetDecimal(0), JsonSerializer.Deserialize<AlertSettings>(r.GetString(1), JsonSerializerOptions.Web)!), "settings", "");
}
