using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a supplier, at its registration and in changes.</summary>
public abstract record SupplierFields
{
    [Required]
    public string BusinessName { get; init; } = "";

    public string? TradeName { get; init; }

    [Description(
        "In Venezuela the RIF with its check digit, dashes optional; kept as J-30105123-8. "
            + "A RIF is required when the address is in VE, or when it names no country and the tax id looks like a RIF. "
            + "A tax id of another country is kept as given"
    )]
    public string? TaxId { get; init; }

    public string? ContactPerson { get; init; }
    public string? Phone { get; init; }
    public string? Email { get; init; }
    public Address? Address { get; init; }
    public string? PaymentTerms { get; init; }

    [Description("Maximum amount owed to the supplier")]
    public decimal? CreditLimit { get; init; }

    [Description(CustomFieldRules.Description)]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    [Description("Days from an order to its goods, from 0 to 365. Default: the lead time in the tenant's settings")]
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
