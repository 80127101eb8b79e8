using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Access;

/// <summary>Replaces all fields of a user except the e-mail address.</summary>
[Example("""{"fullName":"Luis Pérez Soto","role":"manager","stores":["CCS-01","VLN-01"],"permissions":{"discounts":5}}""")]
public sealed record ChangeUser : UserFields
{
    [Description("The version that was read; when it is given and no longer current, 409")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeUser>;
}

public static class ChangeUserEndpoints
{
    [WolverinePut("/api/{tenant}/users/{id}", Name = "Change user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Set all fields of a user anew: name, role, stores, permissions")]
    [EndpointDescription(
        "By id or e-mail address. What is left out is emptied: without stores every store. When role or stores change, tokens issued before are refused within 5 seconds and the user signs in again. Refused: 404 when the user or a store does not exist, 409 when version is no longer current or no active admin would be left."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Put([Example("luis@fluxion.demo")] string id, ChangeUser command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (stores, problem) = await command.FindStores(ledger, ct);
                if (problem is not null)
                    return problem;
                var changed = new UserChanged(command.FullName.Trim(), command.Role, stores, command.Permissions);
                return await Users.Change(
                    ledger,
                    id,
                    command.Version,
                    user => CatalogEntry.AreEqual(user, User.Fold(user.Id, user, changed)) ? [] : [changed],
                    ct
                );
            }
        );

    [WolverinePost("/api/{tenant}/users/{id}/deactivate", Name = "Deactivate user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Close the account of a person who left")]
    [EndpointDescription(
        "By id or e-mail address. No sign-in from then on, and tokens issued before are refused within 5 seconds. Once more changes nothing. Refused: 404 when the user does not exist, 409 when no active admin would be left."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Deactivate([Example("luis@fluxion.demo")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => Users.Change(ledger, id, null, user => user.IsActive ? [new UserDeactivated()] : [], ct));

    [WolverinePost("/api/{tenant}/users/{id}/activate", Name = "Activate user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Open a closed account again, with the password it had")]
    [EndpointDescription(
        "By id or e-mail address. Tokens from before stay refused: the user signs in again. Once more changes nothing. Refused: 404 when the user does not exist."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Activate([Example("luis@fluxion.demo")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => Users.Change(ledger, id, null, user => user.IsActive ? [] : [new UserActivated()], ct));
}
