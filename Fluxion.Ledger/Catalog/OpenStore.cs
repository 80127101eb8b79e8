using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a store, at its opening and in changes.</summary>
public abstract record StoreFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description("warehouse, store or distribution_center")]
    public string Type { get; init; } = "store";

    public Address? Address { get; init; }
    public Contact? Contact { get; init; }

    [Description("Any JSON object of the tenant's own")]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    [Description(
        "Name of a time zone of the IANA database, for example America/Caracas: by it the store's days are counted; the tenant's when left out"
    )]
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

/// <summary>Opens a store, warehouse or distribution center.</summary>
[Example(
    """
        {
          "code": "BQM-01", "name": "Tienda Barquisimeto", "type": "store",
          "address": { "street": "Av. Lara", "city": "Barquisimeto", "state": "Lara", "postalCode": "3001", "country": "VE" },
          "contact": { "phone": "+58-251-2540000", "email": "barquisimeto@fluxion.demo", "manager": "Rosa Mendoza" }, "settings": { "opens": "08:00" }
        }
        """
)]
public sealed record OpenStore : StoreFields
{
    [Required, TextFormat(Codes.Format), Description("Unique in the tenant, for example CCS-01; kept in upper case")]
    public string Code { get; init; } = "";

    public sealed class Validator : Validator<OpenStore>
    {
        public Validator() => RuleFor(c => c.Code).Code();
    }
}

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

public static class StoreEndpoints
{
    [WolverinePost("/api/{tenant}/stores", Name = "Open store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Open a store, warehouse or distribution center")]
    [EndpointDescription("Refused: 409 when the code is taken.")]
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
                        code => new StoreOpened(code, command.Details()),
                        ct
                    )
        );

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
                    : await CatalogEntry.Change<Store>(
                        ledger,
                        "store",
                        id,
                        command.Version,
                        store => CatalogEntry.AreEqual(store.Details, command.Details()) ? [] : [new StoreChanged(command.Details())],
                        ct
                    )
        );

    [WolverinePost("/api/{tenant}/stores/{id}/deactivate", Name = "Deactivate store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Close a store: its stock stays and no longer moves")]
    [EndpointDescription(
        "Once more changes nothing. Refused: 404 when the store does not exist, 409 while something is open of it (see open): purchase orders, "
            + "transfers from or to it, reservations."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Deactivate(
        [Example("MCY-01")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) =>
        ledger.Run(
            http,
            id,
            ct => Deactivation.Apply<Store>(ledger, documents, "store", id, store => store.IsActive, new StoreDeactivated(), ct)
        );

    [WolverinePost("/api/{tenant}/stores/{id}/activate", Name = "Activate store"), Authorize(Roles.Admin), Tags("Catalog")]
    [EndpointSummary("Open a closed store again: its stock moves as before")]
    [EndpointDescription("Once more changes nothing. Refused: 404 when the store does not exist.")]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Activate([Example("VLN-01")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            ct => CatalogEntry.Change<Store>(ledger, "store", id, null, store => store.IsActive ? [] : [new StoreActivated()], ct)
        );
}
