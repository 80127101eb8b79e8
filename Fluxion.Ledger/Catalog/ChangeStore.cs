using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

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
    [Description("The version that was read; when it is given and no longer current, 409")]
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
    [EndpointSummary("Set all fields of a store anew")]
    [EndpointDescription("What is left out is emptied. Refused: 404 when the store does not exist, 409 when version is no longer current.")]
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
