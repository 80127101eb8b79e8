using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Access;

/// <summary>The fields of a user that can be set at registration and changed later.</summary>
public abstract record UserFields
{
    /// <summary>The maximum number of stores of a user. A token names each of them, and a server accepts 32 KB of headers.</summary>
    public const int MaxStores = 100;

    [Required]
    public string FullName { get; init; } = "";

    [Required, Description("One of viewer, user, manager, admin")]
    public string Role { get; init; } = "";

    [Description("Codes or ids of the stores whose stock the user may see and move. At most 100. Default: every store")]
    public IReadOnlyList<string>? Stores { get; init; }

    [Description(
        "Any JSON object, for the tenant's own programs. The ledger stores and returns it, and itself applies only role and stores. "
            + "Default: an empty object"
    )]
    public IReadOnlyDictionary<string, JsonElement>? Permissions { get; init; }

    /// <summary>The ids of the stores, null for every store; or a refusal that names the first store that does not exist.</summary>
    public async Task<(IReadOnlyList<Guid>? Stores, Refusal? Problem)> FindStores(LedgerSession ledger, CancellationToken ct)
    {
        if (Stores is null)
            return (null, null);
        var found = await ledger.Find<Store>(Stores, ct);
        return Stores.FirstOrDefault(s => !found.ContainsKey(s)) is { } unknown
            ? (null, Refusal.NotFound("store", $"stores[{Stores.ToList().IndexOf(unknown)}]", unknown))
            : ([.. Stores.Select(s => found[s].Id).Distinct()], null);
    }

    public abstract class Validator<T> : AbstractValidator<T>
        where T : UserFields
    {
        protected Validator()
        {
            RuleFor(c => c.FullName).Name();
            RuleFor(c => c.Role).OneOf(Roles.OfTenants);
            RuleFor(c => c.Stores)
                .Must(stores => stores is not { Count: > MaxStores })
                .WithMessage($"must have at most {MaxStores} stores");
            RuleForEach(c => c.Stores).Reference().When(c => c.Stores is { Count: <= MaxStores });
            RuleFor(c => c.Permissions).CustomFields();
        }
    }
}

/// <summary>Registers an account for a person in the tenant.</summary>
[Example("""{"email":"luis@fluxion.demo","fullName":"Luis Pérez","role":"user","password":"ten or more","stores":["CCS-01"]}""")]
public sealed record RegisterUser : UserFields
{
    [Required]
    public string Email { get; init; } = "";

    [Required, Description("10 to 128 characters")]
    public string Password { get; init; } = "";

    public sealed class Validator : Validator<RegisterUser>
    {
        public Validator()
        {
            RuleFor(c => c.Email).AccountEmail();
            RuleFor(c => c.Password).Password();
        }
    }
}

public static class RegisterUserEndpoint
{
    [WolverinePost("/api/{tenant}/users", Name = "Register user"), Authorize(Roles.Admin), Tags("Users"), HeavyWork(HeavyWork.Password)]
    [EndpointSummary("Register a user")]
    [EndpointDescription(
        "The user gets an account. Refused with 404: an unknown store; 409: an e-mail address that already has an account."
    )]
    [ProducesResponseType<UserReceipt>(201)]
    public static async Task<IResult> Post(RegisterUser command, LedgerSession ledger, PasswordHashing passwords, HttpContext http)
    {
        var fingerprint = await passwords.Fingerprint(command.Password, ledger.Caller.UserId, http.RequestAborted);
        var hash = await passwords.Hash(command.Password, http.RequestAborted);
        return await ledger.Run(
            http,
            command with
            {
                Password = fingerprint,
            },
            async ct =>
            {
                var (stores, problem) = await command.FindStores(ledger, ct);
                if (problem is not null)
                    return problem;
                var user = Users.Register(ledger, command.Email, command.FullName.Trim(), command.Role, stores, hash, command.Permissions);
                return Reply.Created(
                    $"/api/{ledger.Tenant.Slug}/users/{user.Id}",
                    UserReceipt.From(ledger, user),
                    new UniqueName(
                        Refusal.Conflict("E-mail address taken", $"There is a user {user.Email} already."),
                        async (look, token) =>
                            await look.First<User>(other => other.Email == user.Email, token) is { } taken
                                ? new ExistingDocument(taken.Id, $"/api/{look.Tenant.Slug}/users/{taken.Id}")
                                : null
                    )
                );
            }
        );
    }
}
