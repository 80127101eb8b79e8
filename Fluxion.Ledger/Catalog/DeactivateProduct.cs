using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Catalog;

public static class DeactivateProductEndpoint
{
    /// <param name="open">The open documents of the product.</param>
    public static Decision Decide(Product product, IEnumerable<OpenDocuments> open) =>
        Deactivation.Decide("product", product, product.IsActive, open, new ProductDeactivated());

    [WolverinePost("/api/{tenant}/products/{id}/deactivate", Name = "Deactivate product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Deactivate a product")]
    [EndpointDescription(
        "The product can no longer be bought. The remaining stock can still be issued. "
            + "A repeated request changes nothing. "
            + "Refused with 404: an unknown product; "
            + "409: open purchase orders, transfers or reservations of the product (see open)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post(
        [Example("LAC004")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) => ledger.Run(http, id, ct => Deactivation.Apply<Product>(ledger, documents, "product", id, Decide, ct));
}
