namespace Fluxion.Ledger.Catalog;

public static class ActivateStoreEndpoint
{
    public static Decision Decide(Store store) =>
        Decision.Accept(DocumentEvents.Of<Store>(store.Id, store.IsActive ? [] : [new StoreActivated()]));

    [WolverinePost("/api/{tenant}/stores/{id}/activate", Name = "Activate store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Activate a store")]
    [EndpointDescription("The stock of the store moves again. A repeated request changes nothing. Refused with 404: an unknown store.")]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post([Example("VLN-01")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => CatalogEntry.Change<Store>(ledger, "store", id, null, store => new(Decide(store)), ct));
}
