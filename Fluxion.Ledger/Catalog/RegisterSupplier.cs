using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>A supplier is registered.</summary>
[Example("""
    {
      "code": "PLUMROSE", "businessName": "Plumrose Latinoamericana, C.A.", "tradeName": "Plumrose", "taxId": "J-00013126-0", "contactPerson": "Julio Blanco",
      "phone": "+58-212-2730000", "email": "ventas@plumrose.example", "address": { "city": "Cagua", "state": "Aragua", "country": "VE" }, "paymentTerms": "30 días", "creditLimit": 25000
    }
    """)]
public sealed record RegisterSupplier
{
    [Required, Description("Unique in the tenant, for example POLAR; kept in upper case")]
    public string Code { get; init; } = "";

    [Required]
    public string BusinessName { get; init; } = "";
    public string? TradeName { get; init; }

    [Description("The RIF in Venezuela, for example J-30105123-4")]
    public string? TaxId { get; init; }

    public string? ContactPerson { get; init; }
    public string? Phone { get; init; }
    public string? Email { get; init; }
    public Address? Address { get; init; }
    public string? PaymentTerms { get; init; }
    public decimal? CreditLimit { get; init; }

    public SupplierDetails Details() =>
        new(BusinessName.Trim(), TradeName, TaxId, ContactPerson, Phone, Email, Address, PaymentTerms, CreditLimit);

    public sealed class Validator : AbstractValidator<RegisterSupplier>
    {
        public Validator()
        {
            RuleFor(c => c.Code).Code();
            RuleFor(c => c.BusinessName).Name();
            RuleFor(c => c.TradeName).Line(200);
            RuleFor(c => c.TaxId).Line(50);
            RuleFor(c => c.ContactPerson).Line(200);
            RuleFor(c => c.Phone).Line(50);
            RuleFor(c => c.Email!).Email().When(c => c.Email is not null);
            RuleFor(c => c.Address!).SetValidator(new Address.Validator());
            RuleFor(c => c.PaymentTerms).Line(100);
            RuleFor(c => c.CreditLimit).UnitPrice();
        }
    }
}

public static class RegisterSupplierEndpoint
{
    [WolverinePost("/api/{tenant}/suppliers", Name = "Register supplier"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Register a supplier")]
    [EndpointDescription("Refused: 409 when the code is taken.")]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(RegisterSupplier command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, keyRequired: false, ct =>
            CatalogEntry.Create<Supplier>(ledger, "supplier", "suppliers", command.Code, code => new SupplierRegistered(code, command.Details()), ct));
}
