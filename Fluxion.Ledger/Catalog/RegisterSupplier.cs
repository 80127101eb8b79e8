using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a supplier, at its registration and in changes.</summary>
public abstract record SupplierFields
{
    [Required]
    public string BusinessName { get; init; } = "";

    public string? TradeName { get; init; }

    [Description(
        "Venezuela: the RIF with its check digit, dashes optional, kept as J-30105123-8. That is asked for when the address is in VE, or names no "
            + "country and the tax id looks like a RIF; of any other country it is kept as it is"
    )]
    public string? TaxId { get; init; }

    public string? ContactPerson { get; init; }
    public string? Phone { get; init; }
    public string? Email { get; init; }
    public Address? Address { get; init; }
    public string? PaymentTerms { get; init; }

    [Description("The most that may be owed to the supplier")]
    public decimal? CreditLimit { get; init; }

    [Description("Any JSON object of the tenant's own")]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    [Description("Days from an order to its goods, from 0 to 365; those of the tenant's settings when left out")]
    public int? LeadTimeDays { get; init; }

    public SupplierDetails Details() =>
        new(
            BusinessName.Trim(),
            TradeName,
            Rif.NormalizeOrKeep(TaxId, Address),
            ContactPerson,
            Phone,
            Email,
            Address,
            PaymentTerms,
            CreditLimit,
            Settings,
            LeadTimeDays
        );

    public abstract class Validator<T> : AbstractValidator<T>
        where T : SupplierFields
    {
        protected Validator()
        {
            RuleFor(c => c.BusinessName).Name();
            RuleFor(c => c.TradeName).SingleLine(200);
            RuleFor(c => c.TaxId).SingleLine(50).Must((c, taxId) => Rif.Accepts(taxId, c.Address)).WithMessage(Rif.InvalidMessage);
            RuleFor(c => c.ContactPerson).SingleLine(200);
            RuleFor(c => c.Phone).SingleLine(50);
            RuleFor(c => c.Email!).Email().When(c => c.Email is not null);
            RuleFor(c => c.Address!).SetValidator(new Address.Validator());
            RuleFor(c => c.PaymentTerms).SingleLine(100);
            RuleFor(c => c.CreditLimit).UnitPrice();
            RuleFor(c => c.LeadTimeDays).Days();
            RuleFor(c => c.Settings).CustomFields();
        }
    }
}

/// <summary>Registers a supplier.</summary>
[Example(
    """
        {
          "code": "PLUMROSE", "businessName": "Plumrose Latinoamericana, C.A.", "tradeName": "Plumrose", "taxId": "J-00013126-0", "contactPerson": "Julio Blanco",
          "phone": "+58-212-2730000", "email": "ventas@plumrose.example", "address": { "city": "Cagua", "state": "Aragua", "country": "VE" }, "paymentTerms": "30 días", "creditLimit": 25000, "leadTimeDays": 4
        }
        """
)]
public sealed record RegisterSupplier : SupplierFields
{
    [Required, TextFormat(Codes.Format), Description("Unique in the tenant, for example POLAR; kept in upper case")]
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

/// <summary>Sets all fields of a supplier except its code.</summary>
[Example(
    """
        {
          "businessName": "Agropecuaria Aragua, C.A.", "tradeName": "AgroAragua", "taxId": "J-30551234-5", "contactPerson": "Luis Mendoza", "phone": "+58-243-2330001",
          "address": { "city": "Maracay", "state": "Aragua", "country": "VE" }, "paymentTerms": "15 días", "creditLimit": 8000, "settings": { "delivers": "Tuesday" }
        }
        """
)]
public sealed record ChangeSupplier : SupplierFields
{
    [Description("The version that was read; when it is given and no longer current, 409")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeSupplier>;
}

public static class SupplierEndpoints
{
    [WolverinePost("/api/{tenant}/suppliers", Name = "Register supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Register a supplier")]
    [EndpointDescription("Refused: 409 when the code is taken, 400 for a Venezuelan tax id that is no RIF.")]
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
                    code => new SupplierRegistered(code, command.Details()),
                    ct
                )
        );

    [WolverinePut("/api/{tenant}/suppliers/{id}", Name = "Change supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Set all fields of a supplier anew")]
    [EndpointDescription(
        "What is left out is emptied. Refused: 404 when the supplier does not exist, 409 when version is no longer current, 400 for a Venezuelan tax id that is no RIF."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put([Example("AGROARAGUA")] string id, ChangeSupplier command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            ct =>
                CatalogEntry.Change<Supplier>(
                    ledger,
                    "supplier",
                    id,
                    command.Version,
                    supplier => CatalogEntry.AreEqual(supplier.Details, command.Details()) ? [] : [new SupplierChanged(command.Details())],
                    ct
                )
        );

    [WolverinePost("/api/{tenant}/suppliers/{id}/deactivate", Name = "Deactivate supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Part with a supplier: it takes no new products")]
    [EndpointDescription(
        "Products that have it keep it. Once more changes nothing. Refused: 404 when the supplier does not exist, 409 while purchase orders of it are "
            + "open (see open)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Deactivate(
        [Example("AGROARAGUA")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) =>
        ledger.Run(
            http,
            id,
            ct =>
                Deactivation.Apply<Supplier>(
                    ledger,
                    documents,
                    "supplier",
                    id,
                    supplier => supplier.IsActive,
                    new SupplierDeactivated(),
                    ct
                )
        );

    [WolverinePost("/api/{tenant}/suppliers/{id}/activate", Name = "Activate supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Work with a deactivated supplier again")]
    [EndpointDescription("Once more changes nothing. Refused: 404 when the supplier does not exist.")]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Activate([Example("AGROARAGUA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            ct =>
                CatalogEntry.Change<Supplier>(
                    ledger,
                    "supplier",
                    id,
                    null,
                    supplier => supplier.IsActive ? [] : [new SupplierActivated()],
                    ct
                )
        );
}
