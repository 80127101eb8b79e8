using System.ComponentModel.DataAnnotations;

namespace Fluxion.Ledger.Catalog;

/// <summary>Registers a supplier.</summary>
[Example(
    """
        {
          "code": "PLUMROSE", "businessName": "Plumrose Latinoamericana, C.A.", "tradeName": "Plumrose",
          "taxId": "J-00013126-0", "contactPerson": "Julio Blanco",
          "phone": "+58-212-2730000", "email": "ventas@plumrose.example",
          "address": { "city": "Cagua", "state": "Aragua", "country": "VE" }, "paymentTerms": "30 días",
          "creditLimit": 25000, "leadTimeDays": 4
        }
        """
)]
public sealed record RegisterSupplier : SupplierFields
{
    [Required, TextFormat(Codes.Format), Description("Code, unique in the tenant, for example POLAR; kept in upper case")]
    public string Code { get; init; } = "";

    public sealed class Validator : Validator<RegisterSupplier>
    {
        public Validator()
        {
            RuleFor(c => c.Code).Code();
            RuleFor(c => c.TaxId).Number(50);
        }
    }
}

public static class RegisterSupplierEndpoint
{
    /// <param name="code">The code in upper case.</param>
    public static Decision Decide(RegisterSupplier command, Guid id, string code) =>
        Decision.Accept(DocumentEvents.Of<Supplier>(id, new SupplierRegistered(code, command.Details())));

    [WolverinePost("/api/{tenant}/suppliers", Name = "Register supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Register a supplier")]
    [EndpointDescription(
        "The supplier is active at once. " + "Refused with 409: a code that is taken; 400: a Venezuelan tax id that is not a valid RIF."
    )]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(RegisterSupplier command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            ct =>
                CatalogEntry.Create<Supplier>(
                    ledger,
                    "supplier",
                    "suppliers",
                    command.Code,
                    (id, code) => new(Decide(command, id, code)),
                    ct
                )
        );
}
