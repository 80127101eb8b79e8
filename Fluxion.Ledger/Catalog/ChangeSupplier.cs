namespace Fluxion.Ledger.Catalog;

/// <summary>Sets all fields of a supplier except its code.</summary>
[Example(
    """
        {
          "businessName": "Agropecuaria Aragua, C.A.", "tradeName": "AgroAragua",
          "taxId": "J-30551234-5", "contactPerson": "Luis Mendoza", "phone": "+58-243-2330001",
          "address": { "city": "Maracay", "state": "Aragua", "country": "VE" }, "paymentTerms": "15 días",
          "creditLimit": 8000, "settings": { "delivers": "Tuesday" }
        }
        """
)]
public sealed record ChangeSupplier : SupplierFields
{
    [Description(Refusal.VersionDescription)]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeSupplier>;
}

public static class ChangeSupplierEndpoint
{
    public static Decision Decide(ChangeSupplier command, Supplier supplier)
    {
        var isEqual = CatalogEntry.AreEqual(supplier.Details, command.Details());
        return Decision.Accept(DocumentEvents.Of<Supplier>(supplier.Id, isEqual ? [] : [new SupplierChanged(command.Details())]));
    }

    [WolverinePut("/api/{tenant}/suppliers/{id}", Name = "Change supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Change a supplier")]
    [EndpointDescription(
        "Replaces all fields: a field that is left out is emptied. "
            + "Refused with 404: an unknown supplier; 409: a version that is no longer current; "
            + "400: a Venezuelan tax id that is not a valid RIF."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put([Example("AGROARAGUA")] string id, ChangeSupplier command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            ct => CatalogEntry.Change<Supplier>(ledger, "supplier", id, command.Version, supplier => new(Decide(command, supplier)), ct)
        );
}
