namespace Fluxion.Ledger.Catalog;

public static class ActivateSupplierEndpoint
{
    public static Decision Decide(Supplier supplier) =>
        Decision.Accept(DocumentEvents.Of<Supplier>(supplier.Id, supplier.IsActive ? [] : [new SupplierActivated()]));

    [WolverinePost("/api/{tenant}/suppliers/{id}/activate", Name = "Activate supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Activate a supplier")]
    [EndpointDescription(
        "The supplier takes products and orders again. A repeated request changes nothing. " + "Refused with 404: an unknown supplier."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post([Example("AGROARAGUA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => CatalogEntry.Change<Supplier>(ledger, "supplier", id, null, supplier => new(Decide(supplier)), ct));
}
