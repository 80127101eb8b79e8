namespace Fluxion.Ledger.Access;

/// <summary>
/// What a user may do in his tenant; each role may do all that the ones before it may.
/// Viewers read; users also move stock in and out; managers also correct stock and keep the catalog; admins also keep stores and users.
/// <see cref="Platform"/> stands apart: it keeps the tenants and sees none of their data.
/// An endpoint's authorization policy is the least role that may call it.
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
    public static IEnumerable<string> AtLeast(string least) =>
        least == Platform ? [Platform] : OfTenants.SkipWhile(role => role != least);
}
