using System.Security.Cryptography;
using System.Text;

namespace Fluxion.Ledger.Access;

/// <summary>
/// Computes the SCRAM verifier that PostgreSQL stores for a password (RFC 5803). It is computed on the client, as psql's \password does.
/// So the password reaches neither the server nor its log.
/// </summary>
public static class ScramSha256
{
    private const int Iterations = 4096; // PostgreSQL's default
    private const int SaltBytes = 16;

    public static string Verifier(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password.Normalize(NormalizationForm.FormKC),
            salt,
            Iterations,
            HashAlgorithmName.SHA256,
            SHA256.HashSizeInBytes
        );
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}$"
            + $"{Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
