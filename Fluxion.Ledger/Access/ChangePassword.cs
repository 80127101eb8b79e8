using System.ComponentModel.DataAnnotations;
using Fluxion.Ledger.Tenancy;

namespace Fluxion.Ledger.Access;

/// <summary>A user changes their own password, or an admin sets the password of another user.</summary>
[Example("""{"newPassword":"ten or more, again"}""")]
public sealed record ChangePassword
{
    [Required, Description("10 to 128 characters")]
    public string NewPassword { get; init; } = "";

    [Description("The current password. Required to change your own password, also for an admin")]
    public string? CurrentPassword { get; init; }

    public sealed class Validator : AbstractValidator<ChangePassword>
    {
        public Validator()
        {
            RuleFor(c => c.NewPassword).Password();
            RuleFor(c => c.CurrentPassword).MaxLength(Passwords.MaxLength);
        }
    }
}

public static class ChangePasswordEndpoint
{
    /// <param name="isCurrent">Whether the account still has the password that was checked; true when an admin sets the password.</param>
    public static Decision Decide(User user, bool isCurrent) =>
        isCurrent
            ? Decision.Accept(DocumentEvents.Of<User>(user.Id, new UserPasswordChanged()))
            : Refusal.Invalid("currentPassword", "must be your password: it was changed, or the account was locked, at this moment");

    [
        WolverinePost("/api/{tenant}/users/{id}/password", Name = "Change password"),
        Authorize(Roles.Viewer),
        Tags("Users"),
        HeavyWork(HeavyWork.Password)
    ]
    [EndpointSummary("Change your own password, or set another user's as an admin")]
    [EndpointDescription(
        "The user is named by id or e-mail address. "
            + "All tokens of the user expire within 5 seconds, also the one of this request: sign in again. A locked account is unlocked. "
            + "Refused with 400: a currentPassword that is not yours (5 failures in a row lock the account for 15 minutes); "
            + "403: the password of another user, unless you are an admin; 404: an unknown user."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static async Task<IResult> Post(
        [Example("luis@fluxion.demo")] string id,
        ChangePassword command,
        LedgerSession ledger,
        Databases databases,
        Credentials credentials,
        PasswordHashing passwords,
        HttpContext http
    )
    {
        var (caller, ct) = (ledger.Caller, http.RequestAborted);
        var isOwn = Users.Normalize(id) == caller.Email || (Guid.TryParse(id, out var guid) && guid == caller.UserId);
        if (!isOwn && caller.Role != Roles.Admin)
            return new RefusedResult(Refusal.Forbidden("Only an admin may set the password of another user."));

        // All slow work is done before the session opens a connection. Under the lock, the session verifies that the checked password is
        // still the current one
        var fingerprint = await passwords.Fingerprint(command.NewPassword, caller.UserId, ct);
        var kept = command with { NewPassword = fingerprint, CurrentPassword = null };
        var checkedHash = (string?)null;
        if (isOwn)
        {
            var account = await credentials.Find(ledger.Tenant, caller.Email, ct);
            var (key, _) = IdempotencyKey.Read(http, ledger.Tenant.Schema, caller.UserId, kept, http.JsonOptions(), required: false);
            // A retry is answered from the idempotency key, although its password is no longer current. The account is read first and the
            // key second: so a concurrent change shows in at least one of the two.
            var isRetry = key is not null && await key.IsUsed(databases.Service, ledger.Tenant.Id, ct);
            if (!isRetry && !await credentials.Match(ledger.Tenant, account, command.CurrentPassword ?? "", ct))
                return new RefusedResult(
                    Refusal.Invalid("currentPassword", "must be your password; after too many failures the account is locked")
                );
            checkedHash = account?.PasswordHash ?? "";
        }
        var newHash = await passwords.Hash(command.NewPassword, ct);
        return await ledger.Run(http, kept, token => Users.SetPassword(ledger, id, newHash, checkedHash, token));
    }
}
