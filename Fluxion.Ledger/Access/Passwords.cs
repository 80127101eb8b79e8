using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;

namespace Fluxion.Ledger.Access;

/// <summary>Password hashes in the format of ASP.NET Core Identity (PBKDF2, salted).</summary>
public static class Passwords
{
    public const int MinLength = 10;
    public const int MaxLength = 128;

    private static readonly PasswordHasher<object> Hasher = new();
    private static readonly object Nobody = new();

    /// <summary>
    /// The hash of a random password that nobody knows. It is verified when an account does not exist, so that the response takes as long.
    /// It is stored for an account whose password is lost.
    /// </summary>
    public static readonly string DummyHash = Hash(Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));

    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    public static bool Verify(string hash, string password) =>
        Hasher.VerifyHashedPassword(Nobody, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>
    /// A value that replaces the password in the request hash that is stored with the Idempotency-Key. Equal passwords give equal values.
    /// Guessing a password from it is as slow as from <see cref="Hash"/>.
    /// </summary>
    public static string Fingerprint(string password, Guid salt) =>
        Convert.ToHexString(Rfc2898DeriveBytes.Pbkdf2(password, salt.ToByteArray(), 100_000, HashAlgorithmName.SHA512, 32));

    public static IRuleBuilderOptions<T, string> Password<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(p => p is { Length: >= MinLength and <= MaxLength }).WithMessage($"must have {MinLength} to {MaxLength} characters");

    public static IRuleBuilderOptions<T, string> Email<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(IsEmail).WithMessage("must be an e-mail address, for example ana@acme.com");

    /// <summary>The address that a user signs in with. It must be ASCII, so that no address can imitate that of another account.</summary>
    public static IRuleBuilderOptions<T, string> AccountEmail<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(IsAccountEmail).WithMessage("must be an e-mail address of ASCII characters, for example ana@acme.com");

    public static bool IsAccountEmail(string? email) => IsEmail(email) && Ascii.IsValid(email);

    private static bool IsEmail(string? email) =>
        email is { Length: <= 254 }
        && TextRules.IsSingleLine(email)
        && System.Net.Mail.MailAddress.TryCreate(email, out var address)
        && address.Address == email;
}
