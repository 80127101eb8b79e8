namespace Fluxion.Ledger.Catalog;

public static class ActivateProductEndpoint
{
    /// <param name="conflicts">The barcodes of the product that other active products have got meanwhile.</param>
    public static Decision Decide(Product product, IReadOnlyList<BarcodeConflict> conflicts) =>
        conflicts.Count > 0
            ? UniqueBarcodes.Taken(conflicts)
            : Decision.Accept(DocumentEvents.Of<Product>(product.Id, product.IsActive ? [] : [new ProductActivated()]));

    [WolverinePost("/api/{tenant}/products/{id}/activate", Name = "Activate product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Activate a product")]
    [EndpointDescription(
        "The product can be bought again. A repeated request changes nothing. "
            + "Refused with 404: an unknown product; "
            + "409: a barcode that another active product has got meanwhile (see conflicts)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Post(
        [Example("LAC004")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        [NotBody] IBarcodeIndex barcodes
    ) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                return await CatalogEntry.Change<Product>(
                    ledger,
                    "product",
                    id,
                    null,
                    async product =>
                    {
                        var claim = new BarcodeClaim(product.Code, BarcodeList.From(product.Details), product, IsActive: true);
                        return Decide(product, await UniqueBarcodes.Conflicts(ledger, barcodes, claim, ct));
                    },
                    ct
                );
            }
        );
}
