using System.Text.Json;
using Fluxion.Ledger.Time;
using Microsoft.Extensions.Options;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The platform creates a tenant for a company.</summary>
[Example(
    """
        {"slug":"acme","name":"Acme C.A.","adminEmail":"ana@acme.com","adminFullName":"Ana Suárez",
         "adminPassword":"ten or more","timezone":"America/Caracas"}
        """
)]
public sealed record CreateTenant(
    [property: Description("The name of the tenant in addresses: 2 to 40 lower-case letters, digits and hyphens")] string Slug,
    string Name,
    [property: Description("E-mail address of the tenant's first admin")] string AdminEmail,
    string AdminFullName,
    [property: Description("10 to 128 characters")] string AdminPassword,
    [property: Description("The tenant's time zone, which defines its days: a name of the IANA database. Default: UTC")]
        string? Timezone = null
)
{
    public sealed class Validator : AbstractValidator<CreateTenant>
    {
        public Validator()
        {
            RuleFor(c => c.Slug)
                .Custom(
                    (slug, context) =>
                    {
                        if (Tenant.ValidationError(slug) is { } error)
                            context.AddFailure(error);
                    }
                );
            RuleFor(c => c.Name).Name();
            RuleFor(c => c.AdminEmail).AccountEmail();
            RuleFor(c => c.AdminFullName).Name();
            RuleFor(c => c.AdminPassword).Password();
            RuleFor(c => c.Timezone).TimeZone();
        }
    }
}

public sealed record TenantReply(Guid Id, string Slug, string Name, string Status, DateTimeOffset CreatedAt)
{
    public static TenantReply From(Tenant tenant) => new(tenant.Id, tenant.Slug, tenant.Name, tenant.Status, tenant.CreatedAt);

    /// <summary>Answers with a tenant, or with 404 when there is none of that slug.</summary>
    public static IResult From(string slug, Tenant? tenant) =>
        tenant is null ? new RefusedResult(Refusal.NotFound("tenant", "slug", slug)) : TypedResults.Ok(From(tenant));
}

public static class CreateTenantEndpoint
{
    [WolverinePost("/api/tenants", Name = "Create tenant"), Authorize(Roles.Platform), Tags("Tenants"), HeavyWork(HeavyWork.Provisioning)]
    [EndpointSummary("Create a tenant with its schema and its first admin")]
    [EndpointDescription(
        "The host creates all of it or nothing. The admin signs in with POST /api/token and the slug. "
            + "Refused with 400: a slug that cannot name a schema or would shadow a path; 409: a taken slug; "
            + "409: a schema with events of a tenant that the registry does not know (see adopt); "
            + "409: analysts of a former tenant who would read the new one."
    )]
    [ProducesResponseType<TenantReply>(201)]
    public static async Task<IResult> Post(
        CreateTenant command,
        TenantProvisioning provisioning,
        Databases databases,
        PasswordHashing passwords,
        IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> options,
        HttpContext http,
        CancellationToken ct
    )
    {
        var json = options.Value.SerializerOptions;
        var fingerprint = await passwords.Fingerprint(command.AdminPassword, Caller.From(http).UserId, ct);
        var hash = await passwords.Hash(command.AdminPassword, ct);
        var (key, problem) = IdempotencyKey.Read(
            http,
            "shared",
            Caller.From(http).UserId,
            command with
            {
                AdminPassword = fingerprint,
            },
            json,
            required: false
        );
        if (problem is not null)
            return new RefusedResult(problem);

        // The idempotency key is locked on a separate connection while the schema is created. Its answer is stored in the transaction that
        // registers the tenant. The connection is one of the owner's, as for all DDL here, so it takes none from the commands
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (key is not null && await key.Claim(connection, ct) is { } answer)
            return key.Replay(answer, http);

        var location = $"/api/tenants/{command.Slug}";
        Tenant? tenant;
        try
        {
            tenant = await Provision();
        }
        catch (TenantRefusedException refused)
        {
            return new RefusedResult(Refusal.Conflict("Not created", refused.Message));
        }
        return tenant is null
            ? new RefusedResult(Refusal.Conflict("Slug taken", $"There is a tenant '{command.Slug}' already."))
            : TypedResults.Created(location, TenantReply.From(tenant));

        Task<Tenant?> Provision() =>
            provisioning.Provision(
                command.Slug,
                command.Name.Trim(),
                new FirstAdmin(command.AdminEmail, command.AdminFullName.Trim(), hash),
                command.Timezone,
                (ledger, created) =>
                {
                    if (key is null)
                        return;
                    var body = JsonSerializer.SerializeToUtf8Bytes(TenantReply.From(created), json);
                    var (sql, parameters) = key.StoreAnswer(new Reply.Accepted(201, TenantReply.From(created), location), body);
                    ledger.Enqueue(sql, parameters);
                },
                ct
            );
    }
}
