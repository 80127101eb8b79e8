using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The platform restores missing registry and account rows of a tenant, after only a part of a backup was restored.</summary>
[Example("""{"name":"Fluxion Demo Company"}""")]
public sealed record AdoptTenant
{
    [Description("The company's name; left out: as it is, or the slug when the registry has lost it")]
    public string? Name { get; init; }

    [Description("The active admin whose password is set; left out: the first one, if no active admin has kept his account, else nobody")]
    public string? AdminEmail { get; init; }

    [Description("10 to 128 characters; left out: no password is set")]
    public string? AdminPassword { get; init; }

    public sealed class Validator : AbstractValidator<AdoptTenant>
    {
        public Validator()
        {
            RuleFor(c => c.Name!).Name().When(c => c.Name is not null);
            RuleFor(c => c.AdminEmail!).Email().When(c => c.AdminEmail is not null);
            RuleFor(c => c.AdminPassword!).Password().When(c => c.AdminPassword is not null);
            RuleFor(c => c.AdminPassword).NotNull().When(c => c.AdminEmail is not null).WithMessage("is required with adminEmail");
        }
    }
}

/// <param name="WasRegistered">True when the registry had the tenant already; then only its name and accounts could change.</param>
/// <param name="AccountsMade">The number of users that had no account; an admin sets their passwords.</param>
/// <param name="AccountsChanged">The number of accounts that differed from their user in name, role or active state.</param>
/// <param name="AccountsRemoved">The number of accounts without a user.</param>
/// <param name="Admin">The admin whose password was set; null when none was.</param>
public sealed record AdoptionReply(
    TenantReply Tenant,
    bool WasRegistered,
    int AccountsMade,
    int AccountsChanged,
    int AccountsRemoved,
    string? Admin
);

public static class AdoptTenantEndpoint
{
    [
        WolverinePost("/api/tenants/{slug}/adopt", Name = "Adopt tenant"),
        Authorize(Roles.Platform),
        Tags("Tenants"),
        HeavyWork(HeavyWork.Provisioning)
    ]
    [EndpointSummary("Put back what the registry and the accounts lack of a tenant whose data is there")]
    [EndpointDescription(
        "For a schema that the registry does not know, since it was restored from an older backup, and for accounts "
            + "that are not what the tenant's users are. A second time changes nothing but the password. "
            + "Refused: 404 when there is no data to adopt, 409 when it belongs to another tenant, when it has no events, "
            + "and when adminEmail is no active admin."
    )]
    [ProducesResponseType<AdoptionReply>(200)]
    public static async Task<IResult> Post(
        [Example("fluxion-demo")] string slug,
        AdoptTenant command,
        TenantAdoption adoption,
        PasswordHashing passwords,
        CancellationToken ct
    )
    {
        if (Tenant.ValidationError(slug) is { } error)
            return new RefusedResult(Refusal.Invalid("slug", error));
        var hash = command.AdminPassword is null ? null : await passwords.Hash(command.AdminPassword, ct);
        try
        {
            var adopted = await adoption.Adopt(slug, command.Name?.Trim(), command.AdminEmail, hash, ct);
            return TypedResults.Ok(
                new AdoptionReply(
                    TenantReply.From(adopted.Tenant),
                    adopted.WasRegistered,
                    adopted.AccountsMade,
                    adopted.AccountsChanged,
                    adopted.AccountsRemoved,
                    adopted.Admin
                )
            );
        }
        catch (TenantRefusedException refused)
        {
            return new RefusedResult(
                refused.IsUnknown ? Refusal.NotFound(refused.Message) : Refusal.Conflict("Not adopted", refused.Message)
            );
        }
    }
}
