namespace Fluxion.Ledger.Access;

public static class DeactivateUserEndpoint
{
    /// <param name="isLastAdmin">Whether the user is an active admin, and nobody else is.</param>
    public static Decision Decide(User user, bool isLastAdmin) => Users.Decide(user, isLastAdmin, new UserDeactivated());

    [WolverinePost("/api/{tenant}/users/{id}/deactivate", Name = "Deactivate user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Deactivate a user")]
    [EndpointDescription(
        "The user is named by id or e-mail address, and can no longer sign in. Older tokens are refused within 5 seconds. "
            + "A repetition changes nothing. Refused with 404: an unknown user; 409: the loss of the last active admin."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Post([Example("luis@fluxion.demo")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => Users.Change(ledger, id, null, Decide, ct));
}
