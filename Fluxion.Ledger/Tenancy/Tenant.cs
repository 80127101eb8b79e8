using System.Text.RegularExpressions;

namespace Fluxion.Ledger.Tenancy;

/// <summary>A company whose ledger is stored in a PostgreSQL schema of its own.</summary>
/// <param name="Id">The tenant id in Marten, Wolverine and every row.</param>
/// <param name="Slug">The name in routes and on the command line: 2 to 40 lower-case characters.</param>
/// <param name="Status">active | inactive | suspended</param>
/// <param name="MigrationFailure">The reason why its schema could not be migrated for this build; null when it is up to date.</param>
/// <param name="SchemaFault">
/// The mismatch after only the schema or only the registry was restored from a backup; null when there is none.
/// </param>
public sealed partial record Tenant(
    Guid Id,
    string Slug,
    string Name,
    string Status,
    DateTimeOffset CreatedAt,
    string? MigrationFailure = null,
    string? SchemaFault = null
)
{
    public const string Active = "active";
    public const string Suspended = "suspended";

    /// <summary>Reserved words: they are routes of the API or could be mistaken for one.</summary>
    private static readonly HashSet<string> Reserved =
    [
        "tenants",
        "token",
        "docs",
        "openapi",
        "health",
        "api",
        "admin",
        "platform",
        "shared",
        "template",
        "wolverine",
    ];

    /// <summary>The PostgreSQL schema. A slug has no underscore, so two slugs never share a schema.</summary>
    public string Schema => SchemaOf(Slug);

    public static string SlugOf(string schema) => schema["tenant_".Length..].Replace('_', '-');

    public static string SchemaOf(string slug) => "tenant_" + slug.Replace('-', '_');

    /// <summary>The reason why <paramref name="slug"/> is not valid for a tenant; null when it is valid.</summary>
    public static string? ValidationError(string? slug) =>
        slug switch
        {
            null or "" => "A slug is required, for example 'acme'.",
            _ when !SlugPattern().IsMatch(slug) || slug.Length > 40 =>
                "A slug has 2 to 40 lower-case letters, digits and single hyphens, and begins with a letter, for example 'acme-foods'.",
            _ when Reserved.Contains(slug) => $"The slug '{slug}' is a reserved word.",
            _ when slug.EndsWith("-replay", StringComparison.Ordinal) =>
                "A slug does not end in '-replay': a replay of another tenant makes and drops a schema of that name.",
            _ => null,
        };

    [GeneratedRegex(@"^[a-z][a-z0-9]*(-[a-z0-9]+)*(?<=..)\z")]
    private static partial Regex SlugPattern();
}
