namespace Fluxion.Ledger.Access;

/// <summary>
/// The roles of users in their tenant, in ascending order; each role includes the rights of the roles before it. Viewers read. Users also
/// move stock in and out. Managers also correct stock and maintain the catalog. Admins also maintain stores and users.
/// <see cref="Platform"/> is separate: it manages the tenants and sees none of their data. The authorization policy of an endpoint is
/// the lowest role that may call it.
/// </summary>
public static class Roles
{
    public const string Viewer = "viewer";
    public const string User = "user";
    public const string Manager = "manager";
    public const string Admin = "admin";
    public const string Platform = "platform";

    public static readonly string[] OfTenants = [Viewer, User, Manager, Admin];

    /// <summary>The roles that satisfy the policy <paramref name="least"/>.</summary>
    public static IEnumerable<string> AtLeast(string least) => least == Platform ? [Platform] : OfTenants.SkipWhile(role => role != least);
}
