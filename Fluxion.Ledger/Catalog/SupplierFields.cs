using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fluxion.Ledger.Access;

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
