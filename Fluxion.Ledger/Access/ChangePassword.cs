using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FluentValidation;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Access;

/// <summary>A user changes his password, or an admin sets that of somebody else.</summary>
[Example("""{"newPassword":"ten or more, again"}""")]
public sealed record ChangePassword
{
    [Required, Description("10 to 128 characters")]
    public string NewPassword { get; init; } = "";

    [Description("Needed for one's own password, also of an admin")]
    public string? CurrentPassword { get; init; }

    public sealed class Validator : AbstractValidator<ChangePassword>
    {
        public Validator()
        {
            RuleFor(c => c.NewPassword).Password();
            RuleFor(c => c.CurrentPassword).AtMost(Passwords.MaxLength);
        }
    }
}

public static class ChangePasswordEndpoint
{
    [WolverinePost("/api/{tenant}/users/{id}/password", Name = "Change password"), Authorize(Roles.Viewer), Tags("Users")]
    [EndpointSummary("Change your own password, or as an admin set somebody's")]
    [EndpointDescription("By id or e-mail address. All tokens of the user end within 5 seconds, the one of this request too: sign in again. A locked account is open again. Refused: 400 when currentPassword is not your own (5 failures in a row lock the account for 15 minutes), 403 for somebody else's password unless you are an admin, 404 when the user does not exist.")]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Post([Example("luis@fluxion.demo")] string id, ChangePassword command, LedgerSession ledger, Databases databases, HttpContext http)
    {
        var caller = ledger.Caller;
        var kept = command with { NewPassword = Passwords.Fingerprint(command.NewPassword, caller.UserId), CurrentPassword = null };
        return ledger.Run(http, kept, async ct =>
        {
            if (Users.Normalize(id) != caller.Email && (!Guid.TryParse(id, out var guid) || guid != caller.UserId))
            {
                return caller.Role == Roles.Admin
                    ? await Users.SetPassword(ledger, id, command.NewPassword, ct)
                    : Problems.Forbidden("Only an admin sets the password of somebody else.");
            }
            // guesses at it are counted as those at the sign-in are
            var current = new SignIn(caller.Email, command.CurrentPassword ?? "", ledger.Tenant.Slug);
            return await SignInEndpoint.Verify(databases.Service, current, ledger.Tenant, ct) is null
                ? Problems.Invalid("currentPassword", "is not your password, or the account is locked after too many failures")
                : await Users.SetPassword(ledger, id, command.NewPassword, ct);
        });
    }
}
