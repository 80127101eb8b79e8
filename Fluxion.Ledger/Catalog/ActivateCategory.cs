namespace Fluxion.Ledger.Catalog;

public static class ActivateCategoryEndpoint
{
    public static Decision Decide(Category category) =>
        Decision.Accept(DocumentEvents.Of<Category>(category.Id, category.IsActive ? [] : [new CategoryActivated()]));

    [WolverinePost("/api/{tenant}/categories/{id}/activate", Name = "Activate category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Activate a category")]
    [EndpointDescription(
        "The category takes products and categories again. A repeated request changes nothing. " + "Refused with 404: an unknown category."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post([Example("FERRETERIA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => CatalogEntry.Change<Category>(ledger, "category", id, null, category => new(Decide(category)), ct));
}
