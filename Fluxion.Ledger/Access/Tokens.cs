using Fluxion.Ledger.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Fluxion.Ledger.Access;

/// <summary>Issues and validates the ledger's own bearer tokens: JWT, HMAC-SHA256.</summary>
public sealed class Tokens(byte[] signingKey, TimeSpan lifetime, TimeProvider clock)
{
    public const string Issuer = "fluxion-ledger";
    public const int MinKeyBytes = 32;

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SymmetricSecurityKey _key = new(signingKey);

    public TokenValidationParameters Validation =>
        new()
        {
            ValidIssuer = Issuer,
            ValidAudience = Issuer,
            IssuerSigningKey = _key,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            LifetimeValidator = IsValidNow,
            NameClaimType = Claims.Email,
            RoleClaimType = Claims.Role,
        };

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Checks the lifetime by the ledger's clock; the library would use the host's clock.</summary>
    private bool IsValidNow(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        if (expires is null || now > expires + ClockSkew)
            throw new SecurityTokenExpiredException();
        return notBefore is null || now >= notBefore - ClockSkew;
    }

    /// <param name="tenant">The tenant; null for an administrator of the platform.</param>
    /// <param name="stamp">The stamp of the account: see <see cref="Accounts"/>.</param>
    /// <param name="stores">The stores that the user may use; null for every store.</param>
    public TokenReply Issue(Guid userId, string email, string role, int stamp, Tenant? tenant, IReadOnlyList<Guid>? stores)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object>
        {
            [Claims.Subject] = userId.ToString(),
            [Claims.Email] = Users.Normalize(email),
            [Claims.Role] = role,
            [Claims.Stamp] = stamp,
        };
        if (tenant is not null)
        {
            claims[Claims.Tenant] = tenant.Id.ToString();
            claims[Claims.TenantSlug] = tenant.Slug;
        }
        if (stores is null)
            claims[Claims.EveryStore] = "true";
        else
            claims[Claims.Store] = stores.Select(s => s.ToString()).ToArray();
        var token = Handler.CreateToken(
            new SecurityTokenDescriptor
            {
                Issuer = Issuer,
                Audience = Issuer,
                IssuedAt = now,
                NotBefore = now,
                Expires = now + lifetime,
                Claims = claims,
                SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.HmacSha256),
            }
        );
        return new TokenReply(token, "Bearer", (int)lifetime.TotalSeconds);
    }
}
