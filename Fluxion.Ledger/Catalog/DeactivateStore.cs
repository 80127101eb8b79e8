using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Catalog;

public static class DeactivateStoreEndpoint
{
    /// <param name="open">The open documents of the store.</param>
    public static Decision Decide(Store store, IEnumerable<OpenDocuments> open) =>
        Deactivation.Decide("store", store, store.IsActive, open, new StoreDeactivated());

    [WolverinePost("/api/{tenant}/stores/{id}/deactivate", Name = "Deactivate store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Deactivate a store")]
    [EndpointDescription(
        "The stock of the store stays and no longer moves. A repeated request changes nothing. "
            + "Refused with 404: an unknown store; "
            + "409: open purchase orders, transfers from or to the store, or reservations (see open)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post(
        [Example("MCY-01")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) => ledger.Run(http, id, ct => Deactivation.Apply<Store>(ledger, documents, "store", id, Decide, ct));
}
