using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Access;

/// <summary>A person gets an account in the tenant.</summary>
[Example("""{"email":"luis@fluxion.demo","fullName":"Luis Pérez","role":"user","password":"ten or more","stores":["CCS-01"]}""")]
public sealed record RegisterUser(
    string Email, string FullName,
    [property: Description("viewer, user, manager or admin")] string Role,
    [property: Description("10 to 128 characters")] string Password,
    [property: Description("Codes or ids of the stores whose stock the user may move and see; every store when left out; at most 100")] IReadOnlyList<string>? Stores = null)
{
    /// <summary>A token names each of them, and a server takes 32 KB of headers.</summary>
    public const int MaxStores = 100;

    public sealed class Validator : AbstractValidator<RegisterUser>
    {
        public Validator()
        {
            RuleFor(c => c.Email).Email();
            RuleFor(c => c.FullName).Name();
            RuleFor(c => c.Role).OneOf(Roles.OfTenants);
            RuleFor(c => c.Password).Password();
            RuleFor(c => c.Stores).Must(stores => stores is not { Count: > MaxStores }).WithMessage($"has at most {MaxStores} stores");
            RuleForEach(c => c.Stores).Reference().When(c => c.Stores is { Count: <= MaxStores });
        }
    }

}

public sealed record UserReceipt(Guid Id, string Email, string Role, IReadOnlyList<Guid>? StoreIds);

public static class RegisterUserEndpoint
{
    [WolverinePost("/api/{tenant}/users", Name = "Register user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Give a person an account")]
    [EndpointDescription("Refused: 409 when the e-mail address has an account, 404 when a store does not exist.")]
    [ProducesResponseType<UserReceipt>(201)]
    public static Task<IResult> Post(RegisterUser command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, keyRequired: false, async ct =>
        {
            var stores = command.Stores is null ? null : await ledger.Find<Store>(command.Stores, ct);
            if (command.Stores?.FirstOrDefault(s => !stores!.ContainsKey(s)) is { } unknown)
                return Unknown.Of("store", $"stores[{command.Stores.ToList().IndexOf(unknown)}]", unknown);
            var user = Users.Register(ledger, command.Email, command.FullName.Trim(), command.Role,
                stores is null ? null : [.. command.Stores!.Select(s => stores[s].Id).Distinct()], command.Password);
            return Reply.Created($"/api/{ledger.Tenant.Slug}/users/{user.Id}", new UserReceipt(user.Id, user.Email, user.Role, user.StoreIds));
        });
}
