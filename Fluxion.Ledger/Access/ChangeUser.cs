namespace Fluxion.Ledger.Access;

/// <summary>Replaces all fields of a user except the e-mail address.</summary>
[Example("""{"fullName":"Luis Pérez Soto","role":"manager","stores":["CCS-01","VLN-01"],"permissions":{"discounts":5}}""")]
public sealed record ChangeUser : UserFields
{
    [Description("The version that was read. A version that is no longer current is refused with 409. Default: any version")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeUser>;
}

public static class ChangeUserEndpoint
{
    /// <param name="stores">The ids of the stores that the command names; null for every store.</param>
    /// <param name="isLastAdmin">Whether the user is an active admin, and nobody else is.</param>
    public static Decision Decide(ChangeUser command, IReadOnlyList<Guid>? stores, User user, bool isLastAdmin) =>
        Users.Decide(user, isLastAdmin, new UserChanged(command.FullName.Trim(), command.Role, stores, command.Permissions));

    [WolverinePut("/api/{tenant}/users/{id}", Name = "Change user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Change all fields of a user: name, role, stores, permissions")]
    [EndpointDescription(
        "The user is named by id or e-mail address. An omitted field becomes empty; without stores the user may use every store. "
            + "When role or stores change, older tokens are refused within 5 seconds and the user signs in again. "
            + "Refused with 404: an unknown user or store; 409: a version that is no longer current, or the loss of the last active admin."
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
                return await Users.Change(ledger, id, command.Version, (user, isLast) => Decide(command, stores, user, isLast), ct);
            }
        );
}
