namespace Fluxion.Ledger.Catalog;

public static class DeactivateCategoryEndpoint
{
    public static Decision Decide(Category category) =>
        Decision.Accept(DocumentEvents.Of<Category>(category.Id, category.IsActive ? [new CategoryDeactivated()] : []));

    [WolverinePost("/api/{tenant}/categories/{id}/deactivate", Name = "Deactivate category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Deactivate a category")]
    [EndpointDescription(
        "The category takes no new products or categories. "
            + "Its products stay in it, and the categories below it stay active. A category is never deleted. "
            + "A repeated request changes nothing. "
            + "Refused with 404: an unknown category."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post([Example("FERRETERIA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => CatalogEntry.Change<Category>(ledger, "category", id, null, category => new(Decide(category)), ct));
}
