using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a store, at its opening and in changes.</summary>
public abstract record StoreFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description("Type: warehouse, store or distribution_center. Default: store")]
    public string Type { get; init; } = "store";

    public Address? Address { get; init; }
    public Contact? Contact { get; init; }

    [Description(CustomFieldRules.Description)]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    [Description("Time zone of the store's days, by its IANA name, for example America/Caracas. Default: the tenant's time zone")]
    public string? Timezone { get; init; }

    public StoreDetails Details() => new(Name.Trim(), Type, Address, Contact, Settings, Timezone);

    public abstract class Validator<T> : AbstractValidator<T>
        where T : StoreFields
    {
        protected Validator()
        {
            RuleFor(c => c.Name).Name();
            RuleFor(c => c.Type).OneOf(StoreTypes.All);
            RuleFor(c => c.Address!).SetValidator(new Address.Validator());
            RuleFor(c => c.Contact!).SetValidator(new Contact.Validator());
            RuleFor(c => c.Settings).CustomFields();
            RuleFor(c => c.Timezone).TimeZone();
        }
    }
}
