using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Catalog;

/// <summary>Sets all fields of a store except its code.</summary>
[Example(
    """
        {
          "name": "Depósito Valencia", "type": "warehouse",
          "address": { "street": "Zona Industrial Sur", "city": "Valencia", "state": "Carabobo", "postalCode": "2003", "country": "VE" },
          "contact": { "phone": "+58-241-8320001", "email": "valencia@fluxion.demo", "manager": "José Rodríguez" }
        }
        """
)]
public sealed record ChangeStore : StoreFields
{
    [Description(Refusal.VersionDescription)]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeStore>;
}

public static class ChangeStoreEndpoint
{
    public static Decision Decide(ChangeStore command, Store store)
    {
        var isEqual = CatalogEntry.AreEqual(store.Details, command.Details());
        return Decision.Accept(DocumentEvents.Of<Store>(store.Id, isEqual ? [] : [new StoreChanged(command.Details())]));
    }

    [WolverinePut("/api/{tenant}/stores/{id}", Name = "Change store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Change a store")]
    [EndpointDescription(
        "Replaces all fields: a field that is left out is emptied. "
            + "Refused with 404: an unknown store; 409: a version that is no longer current."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put([Example("VLN-01")] string id, ChangeStore command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
                await ledger.RefuseZone(command.Timezone, ct) is { } problem
                    ? problem
                    : await CatalogEntry.Change<Store>(ledger, "store", id, command.Version, store => new(Decide(command, store)), ct)
        );
}
