namespace Fluxion.Ledger.Access;

public static class ActivateUserEndpoint
{
    public static Decision Decide(User user) => Users.Decide(user, isLastAdmin: false, new UserActivated());

    [WolverinePost("/api/{tenant}/users/{id}/activate", Name = "Activate user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Activate a user with the former password")]
    [EndpointDescription(
        "The user is named by id or e-mail address. Older tokens stay refused: the user signs in again. "
            + "A repetition changes nothing. Refused with 404: an unknown user."
    )]
    [ProducesResponseType<UserReceipt>(200)]
    public static Task<IResult> Post([Example("luis@fluxion.demo")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => Users.Change(ledger, id, null, (user, _) => Decide(user), ct));
}
