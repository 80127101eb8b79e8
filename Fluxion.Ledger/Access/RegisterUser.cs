using System.ComponentModel.DataAnnotations;

namespace Fluxion.Ledger.Access;

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
    /// <param name="stores">The ids of the stores that the command names; null for every store.</param>
    public static Decision Decide(RegisterUser command, Guid id, IReadOnlyList<Guid>? stores) =>
        Decision.Accept(
            DocumentEvents.Of<User>(
                id,
                new UserRegistered(Users.Normalize(command.Email), command.FullName.Trim(), command.Role, stores, command.Permissions)
            )
        );

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
                var id = Guid.CreateVersion7(ledger.Now);
                return ledger.Append(Decide(command, id, stores), _ => Registered(ledger, ledger.State<User>(id), hash));
            }
        );
    }

    private static Reply Registered(LedgerSession ledger, User user, string passwordHash)
    {
        string UrlOf(Guid id) => $"/api/{ledger.Tenant.Slug}/users/{id}";
        Users.AddAccount(ledger, user, passwordHash);
        return Reply.Created(
            UrlOf(user.Id),
            UserReceipt.From(ledger, user),
            new UniqueName(
                Refusal.Conflict("E-mail address taken", $"There is a user {user.Email} already."),
                async (look, token) =>
                    await look.First<User>(other => other.Email == user.Email, token) is { } taken
                        ? new ExistingDocument(taken.Id, UrlOf(taken.Id))
                        : null
            )
        );
    }
}
