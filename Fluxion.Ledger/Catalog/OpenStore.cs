using System.ComponentModel.DataAnnotations;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Catalog;

/// <summary>Opens a store, warehouse or distribution center.</summary>
[Example(
    """
        {
          "code": "BQM-01", "name": "Tienda Barquisimeto", "type": "store",
          "address": { "street": "Av. Lara", "city": "Barquisimeto", "state": "Lara", "postalCode": "3001", "country": "VE" },
          "contact": { "phone": "+58-251-2540000", "email": "barquisimeto@fluxion.demo", "manager": "Rosa Mendoza" },
          "settings": { "opens": "08:00" }
        }
        """
)]
public sealed record OpenStore : StoreFields
{
    [Required, TextFormat(Codes.Format), Description("Code, unique in the tenant, for example CCS-01; kept in upper case")]
    public string Code { get; init; } = "";

    public sealed class Validator : Validator<OpenStore>
    {
        public Validator() => RuleFor(c => c.Code).Code();
    }
}

public static class OpenStoreEndpoint
{
    /// <param name="code">The code in upper case.</param>
    public static Decision Decide(OpenStore command, Guid id, string code) =>
        Decision.Accept(DocumentEvents.Of<Store>(id, new StoreOpened(code, command.Details())));

    [WolverinePost("/api/{tenant}/stores", Name = "Open store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Open a store, warehouse or distribution center")]
    [EndpointDescription("The store is active at once. Refused with 409: a code that is taken.")]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(OpenStore command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
                await ledger.RefuseZone(command.Timezone, ct) is { } problem
                    ? problem
                    : await CatalogEntry.Create<Store>(
                        ledger,
                        "store",
                        "stores",
                        command.Code,
                        (id, code) => new(Decide(command, id, code)),
                        ct
                    )
        );
}
