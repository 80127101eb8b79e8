using System.Text.Json.Serialization;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.RateLimiting;

namespace Fluxion.Ledger.Access;

/// <summary>A user requests a token.</summary>
[Example("""{"tenant":"fluxion-demo","email":"user@fluxion.demo","password":"fluxion-demo"}""")]
public sealed record SignIn(
    string Email,
    string Password,
    [property: Description("The slug of the tenant. The platform's administrator omits it")] string? Tenant = null
)
{
    public sealed class Validator : AbstractValidator<SignIn>
    {
        public Validator()
        {
            RuleFor(c => c.Email).NotEmpty().WithMessage("is required").MaximumLength(254).WithMessage("must have at most 254 characters");
            RuleFor(c => c.Password)
                .NotEmpty()
                .WithMessage("is required")
                .MaximumLength(Passwords.MaxLength)
                .WithMessage($"must have at most {Passwords.MaxLength} characters");
        }
    }
}

/// <summary>An RFC 6750 bearer token.</summary>
public sealed record TokenReply(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("token_type")] string TokenType,
    [property: JsonPropertyName("expires_in"), Description("Lifetime of the token in seconds")] int ExpiresIn
);

public static class SignInEndpoint
{
    public const string RateLimit = "sign-in";

    /// <summary>The maximum size in bytes. The endpoint is anonymous, so anybody may send bodies at any rate.</summary>
    public const int MaxBodyBytes = 16 * 1024;

    [
        WolverinePost("/api/token", Name = "Sign in"),
        AllowAnonymous,
        EnableRateLimiting(RateLimit),
        RequestSizeLimit(MaxBodyBytes),
        Tags("Access")
    ]
    [EndpointSummary("Get a bearer token for a tenant")]
    [EndpointDescription(
        "Refused with 401: a wrong tenant, e-mail address or password, and any sign-in for 15 minutes after 5 failures in a row; "
            + "403: a suspended tenant, or a ledger without an active user for the account; 429: too many attempts from one address; "
            + "503: a tenant whose data is missing or not up to date with this version."
    )]
    [ProducesResponseType<TokenReply>(200)]
    public static async Task<IResult> Post(
        SignIn command,
        Credentials credentials,
        TenantRegistry registry,
        TenantDocumentStores stores,
        Tokens tokens,
        CancellationToken ct
    )
    {
        var tenant = command.Tenant is null ? null : await registry.Find(command.Tenant, ct);
        // an unknown slug must match no account, least of all an administrator of the platform
        var email = command.Tenant is not null && tenant is null ? "" : command.Email;
        if (await credentials.SignIn(tenant, email, command.Password, ct) is not { } account)
        {
            return TypedResults.Problem(
                statusCode: 401,
                title: "Not signed in",
                detail: "Tenant, e-mail or password are wrong, or the account is locked for "
                    + $"{Credentials.LockFor.TotalMinutes:0} minutes after {Credentials.FailuresBeforeLock} failures in a row."
            );
        }
        if (tenant is null)
            return TypedResults.Ok(tokens.Issue(account.Id, command.Email, Roles.Platform, account.Stamp, null, null));
        if (tenant.Status != Tenant.Active)
            return new RefusedResult(
                Refusal.Forbidden($"The tenant '{tenant.Slug}' is {tenant.Status}. Ask the platform's administrator.")
            );
        if (tenant.SchemaFault is not null)
            return new RefusedResult(Refusal.DataMissing(tenant.Slug));
        if (tenant.MigrationFailure is not null)
            return new RefusedResult(Refusal.NotMigrated(tenant.Slug));
        await using var session = stores.ForTenant(tenant.Id.ToString()).QuerySession(tenant.Id.ToString());
        // the ledger decides what a user may do: accounts may have been restored from a backup without the ledger, or the ledger without
        // them
        return await session.LoadAsync<User>(account.Id, ct) is { IsActive: true } user
            ? TypedResults.Ok(tokens.Issue(user.Id, command.Email, user.Role, account.Stamp, tenant, user.StoreIds))
            : new RefusedResult(Refusal.AccountOutOfStep(tenant.Slug));
    }
}
