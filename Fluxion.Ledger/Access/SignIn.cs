using System.ComponentModel;
using System.Text.Json.Serialization;
using FluentValidation;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Npgsql;
using Wolverine.Http;

namespace Fluxion.Ledger.Access;

/// <summary>A user asks for a token.</summary>
[Example("""{"tenant":"fluxion-demo","email":"user@fluxion.demo","password":"fluxion-demo"}""")]
public sealed record SignIn(
    string Email, string Password,
    [property: Description("The slug of the tenant; left out by the platform's administrator")] string? Tenant = null)
{
    public sealed class Validator : AbstractValidator<SignIn>
    {
        public Validator()
        {
            RuleFor(c => c.Email).NotEmpty().WithMessage("is needed").MaximumLength(254).WithMessage("has at most 254 characters");
            RuleFor(c => c.Password).NotEmpty().WithMessage("is needed").MaximumLength(Passwords.MaxLength).WithMessage("is too long");
        }
    }
}

/// <summary>An RFC 6750 bearer token.</summary>
public sealed record TokenReply(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("token_type")] string TokenType,
    [property: JsonPropertyName("expires_in"), Description("Seconds")] int ExpiresIn);

public static class SignInEndpoint
{
    public const string RateLimit = "sign-in";
    public const int FailuresBeforeLock = 5;
    public static readonly TimeSpan LockFor = TimeSpan.FromMinutes(15);

    [WolverinePost("/api/token", Name = "Sign in"), AllowAnonymous, EnableRateLimiting(RateLimit), Tags("Access")]
    [EndpointSummary("Get a bearer token for a tenant")]
    [EndpointDescription("Refused: 401 alike for a wrong tenant, e-mail or password and for 15 minutes after 5 failures in a row, "
        + "403 when the tenant is suspended or its ledger has no active user for the account, "
        + "503 when its data is missing or could not be brought up to date, 429 after too many tries from one address.")]
    [ProducesResponseType<TokenReply>(200)]
    public static async Task<IResult> Post(
        SignIn command, Databases databases, TenantRegistry registry, TenantStores stores, Tokens tokens, CancellationToken ct)
    {
        var tenant = command.Tenant is null ? null : await registry.Find(command.Tenant, ct);
        var account = await Verify(databases.Service, command, tenant, ct);
        if (account is null)
        {
            return TypedResults.Problem(statusCode: 401, title: "Not signed in", detail:
                $"Tenant, e-mail or password are wrong, or the account is locked for {LockFor.TotalMinutes:0} minutes after {FailuresBeforeLock} failures in a row.");
        }
        if (tenant is null) return TypedResults.Ok(tokens.Issue(account.Value.Id, command.Email, Roles.Platform, account.Value.Stamp, null, null));
        if (tenant.Status != Tenant.Active)
            return TypedResults.Problem(Problems.Forbidden($"The tenant '{tenant.Slug}' is {tenant.Status}. Ask the platform's administrator."));
        if (tenant.SchemaFault is not null) return TypedResults.Problem(Problems.DataMissing(tenant.Slug));
        if (tenant.MigrationFailure is not null) return TypedResults.Problem(Problems.NotMigrated(tenant.Slug));
        await using var session = stores.Of(tenant.Id.ToString()).QuerySession(tenant.Id.ToString());
        // what a user may is for the ledger to say: accounts may have been restored from a backup without it, or it without them
        return await session.LoadAsync<User>(account.Value.Id, ct) is { IsActive: true } user
            ? TypedResults.Ok(tokens.Issue(user.Id, command.Email, user.Role, account.Value.Stamp, tenant, user.StoreIds))
            : TypedResults.Problem(Problems.AccountOutOfStep(tenant.Slug));
    }

    /// <summary>
    /// The account when the password is right and it is neither locked nor inactive. The row stays locked while the password is checked,
    /// so that guesses at one account come one after the other and each is counted.
    /// </summary>
    public static async Task<(Guid Id, string Role, int Stamp)?> Verify(NpgsqlDataSource service, SignIn command, Tenant? tenant, CancellationToken ct)
    {
        await using var connection = await service.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var find = new NpgsqlBatch(connection, transaction);
        find.BatchCommands.Add(new("select set_config($1, $2, true)")
        {
            Parameters =
            {
                new() { Value = tenant is null ? Databases.PlatformSetting : Databases.TenantSetting },
                new() { Value = tenant is null ? "on" : tenant.Id.ToString() },
            },
        });
        find.BatchCommands.Add(new("""
            select id, password_hash, role, stamp, is_active and coalesce(locked_until < now(), true)
            from shared.tenant_users where email = $1::citext and tenant_id is not distinct from $2 for update
            """)
        {
            Parameters = { new() { Value = Users.Normalize(command.Email) }, new() { Value = (object?)tenant?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid } },
        });
        (Guid Id, string Hash, string Role, int Stamp, bool Open)? account = null;
        await using (var reader = await find.ExecuteReaderAsync(ct))
        {
            await reader.NextResultAsync(ct);
            // a slug that names no tenant finds nothing: it must not reach the platform's accounts
            if (await reader.ReadAsync(ct) && (command.Tenant is null) == (tenant is null))
                account = (reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetBoolean(4));
        }
        var matches = Passwords.Verify(account?.Hash ?? Passwords.Unmatchable, command.Password);
        if (account is not { Open: true }) return null;

        await using var note = new NpgsqlCommand(matches
            ? "update shared.tenant_users set failed_sign_ins = 0, locked_until = null, last_login_at = now() where id = $1"
            : """
              update shared.tenant_users set
                failed_sign_ins = case when failed_sign_ins + 1 >= $2 then 0 else failed_sign_ins + 1 end,
                locked_until = case when failed_sign_ins + 1 >= $2 then now() + $3 else locked_until end
              where id = $1
              """, connection, transaction);
        note.Parameters.Add(new() { Value = account.Value.Id });
        if (!matches)
        {
            note.Parameters.Add(new() { Value = FailuresBeforeLock });
            note.Parameters.Add(new() { Value = LockFor });
        }
        await note.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
        return matches ? (account.Value.Id, account.Value.Role, account.Value.Stamp) : null;
    }
}
