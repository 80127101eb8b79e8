using System.Security.Cryptography;
using System.Text;
using FluentValidation;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Identity;

namespace Fluxion.Ledger.Access;

/// <summary>Password hashes as ASP.NET Core Identity makes them (PBKDF2, salted).</summary>
public static class Passwords
{
    public const int MinLength = 10;
    public const int MaxLength = 128;

    private static readonly PasswordHasher<object> Hasher = new();
    private static readonly object Nobody = new();

    /// <summary>
    /// The hash of no password. It is verified in place of an account that does not exist, so that the answer takes as long, and kept for
    /// an account whose password is lost.
    /// </summary>
    public static readonly string DummyHash = Hash(Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));

    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    public static bool Verify(string hash, string password) =>
        Hasher.VerifyHashedPassword(Nobody, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>
    /// Stands for a password in the hash of a request that is kept under its Idempotency-Key: the same for the same password, and as slow
    /// to guess from as <see cref="Hash"/> is.
    /// </summary>
    public static string Fingerprint(string password, Guid salt) =>
        Convert.ToHexString(Rfc2898DeriveBytes.Pbkdf2(password, salt.ToByteArray(), 100_000, HashAlgorithmName.SHA512, 32));

    public static IRuleBuilderOptions<T, string> Password<T>(this IRuleBuilder<T, string> rule) => rule
        .Must(p => p is { Length: >= MinLength and <= MaxLength }).WithMessage($"must have {MinLength} to {MaxLength} characters");

    public static IRuleBuilderOptions<T, string> Email<T>(this IRuleBuilder<T, string> rule) => rule
        .Must(IsEmail)
        .WithMessage("must be an e-mail address, for example ana@acme.com");

    /// <summary>The address that somebody signs in with: of ASCII, so that no other account's can look like it.</summary>
    public static IRuleBuilderOptions<T, string> AccountEmail<T>(this IRuleBuilder<T, string> rule) => rule
        .Must(IsAccountEmail).WithMessage("must be an e-mail address of ASCII characters, for example ana@acme.com");

    public static bool IsAccountEmail(string? email) => IsEmail(email) && Ascii.IsValid(email);

    private static bool IsEmail(string? email) => email is { Length: <= 254 } && TextRules.IsSingleLine(email)
        && System.Net.Mail.MailAddress.TryCreate(email, out var address) && address.Address == email;
}
