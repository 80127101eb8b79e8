using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

public static class ActivateCategoryEndpoint
{
    public static Decision Decide(Category category) =>
        Decision.Accept(DocumentEvents.Of<Category>(category.Id, category.IsActive ? [] : [new CategoryActivated()]));

    [WolverinePost("/api/{tenant}/categories/{id}/activate", Name = "Activate category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Take a deactivated category into use again")]
    [EndpointDescription("Once more changes nothing. Refused: 404 when the category does not exist.")]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post([Example("FERRETERIA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => CatalogEntry.Change<Category>(ledger, "category", id, null, category => new(Decide(category)), ct));
}
