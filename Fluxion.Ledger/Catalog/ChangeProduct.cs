namespace Fluxion.Ledger.Catalog;

/// <summary>Sets all fields of a product except its sku.</summary>
[Example(
    """
        {
          "name": "Mantequilla con Sal 250 g", "unitType": "unit", "barcode": "7591234567924",
          "description": "Mantequilla de vaca", "category": "LACTEOS", "supplier": "SANTABARBARA",
          "minStockLevel": 7, "maxStockLevel": 90, "reorderPoint": 18, "costPrice": 1.95, "sellingPrice": 2.85, "taxRate": 16
        }
        """
)]
public sealed record ChangeProduct : ProductFields
{
    [Description(Refusal.VersionDescription)]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeProduct>;
}

public static class ChangeProductEndpoint
{
    /// <param name="wanted">The details, with the category and supplier that they name.</param>
    /// <param name="conflicts">The barcodes that other active products have.</param>
    public static Decision Decide(
        ChangeProduct command,
        Product product,
        ProductReferences wanted,
        IReadOnlyList<BarcodeConflict> conflicts
    )
    {
        if ((ProductRules.Problem(command.Errors(product.Details)) ?? wanted.Refuse(product)) is { } refusal)
            return refusal;
        if (conflicts.Count > 0)
            return UniqueBarcodes.Taken(conflicts);
        var isEqual = CatalogEntry.AreEqual(product.Details, wanted.Details);
        return Decision.Accept(DocumentEvents.Of<Product>(product.Id, isEqual ? [] : [new ProductChanged(wanted.Details)]));
    }

    [WolverinePut("/api/{tenant}/products/{id}", Name = "Change product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Change a product")]
    [EndpointDescription(
        "Replaces all fields: a field that is left out is emptied. "
            + "A product may keep a value that is older than the rule against it. "
            + "Refused with 404: an unknown product, category or supplier; "
            + "409: a version that is no longer current, a new category or supplier that is deactivated, "
            + "a barcode of another active product (see conflicts), or a measured product that becomes counted; "
            + "400: the same errors as for a new product."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put(
        [Example("LAC004")] string id,
        ChangeProduct command,
        LedgerSession ledger,
        HttpContext http,
        IBarcodeIndex barcodes
    ) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                if (command.NamesBarcodes())
                    await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                var (wanted, problem) = await command.Resolve(ledger, ct);
                if (wanted is null)
                    return problem!;
                return await CatalogEntry.Change<Product>(
                    ledger,
                    "product",
                    id,
                    command.Version,
                    async product =>
                    {
                        var claim = new BarcodeClaim(product.Code, BarcodeList.From(wanted.Details), product, product.IsActive);
                        return Decide(command, product, wanted, await UniqueBarcodes.Conflicts(ledger, barcodes, claim, ct));
                    },
                    ct
                );
            }
        );
}
