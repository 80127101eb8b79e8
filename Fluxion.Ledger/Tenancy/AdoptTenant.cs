namespace Fluxion.Ledger.Tenancy;

/// <summary>The platform restores missing registry and account rows of a tenant, after only a part of a backup was restored.</summary>
[Example("""{"name":"Fluxion Demo Company"}""")]
public sealed record AdoptTenant
{
    [Description("The company's name. Default: the name in the registry, or the slug when the registry has lost the tenant")]
    public string? Name { get; init; }

    [Description(
        "E-mail address of the active admin whose password is set. "
            + "Default: the first active admin when no active admin has kept an account, else nobody"
    )]
    public string? AdminEmail { get; init; }

    [Description("10 to 128 characters. Default: no password is set")]
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
    [EndpointSummary("Adopt a tenant whose data exists: restore its missing registry row and accounts")]
    [EndpointDescription(
        "Use it after a restore of an older backup, for a schema that the registry does not know. "
            + "Use it also for accounts that differ from the tenant's users. A repetition changes nothing but the password. "
            + "Refused with 404: no data to adopt; "
            + "409: data of another tenant, a schema without events, or an adminEmail that is no active admin."
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
