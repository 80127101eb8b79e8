using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Catalog;

public static class DeactivateSupplierEndpoint
{
    /// <param name="open">The open documents of the supplier.</param>
    public static Decision Decide(Supplier supplier, IEnumerable<OpenDocuments> open) =>
        Deactivation.Decide("supplier", supplier, supplier.IsActive, open, new SupplierDeactivated());

    [WolverinePost("/api/{tenant}/suppliers/{id}/deactivate", Name = "Deactivate supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Deactivate a supplier")]
    [EndpointDescription(
        "The supplier takes no new products. Products that have it keep it. A repeated request changes nothing. "
            + "Refused with 404: an unknown supplier; 409: open purchase orders (see open)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post(
        [Example("AGROARAGUA")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) => ledger.Run(http, id, ct => Deactivation.Apply<Supplier>(ledger, documents, "supplier", id, Decide, ct));
}
