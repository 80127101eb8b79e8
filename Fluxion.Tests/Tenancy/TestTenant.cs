using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Projections;
using Fluxion.Tests.Stock;

namespace Fluxion.Tests.Tenancy;

/// <summary>A tenant of the test's own, created through the API like any other, and its first admin.</summary>
public sealed record TestTenant(Guid Id, string Slug, Client Admin)
{
    public const string AdminEmail = "ana@company.test";
    public const string Password = "long enough";

    /// <summary>The tenant as the services of the ledger take it.</summary>
    public Tenant Registered => new(Id, Slug, "", Tenant.Active, default);

    public string Schema => Tenant.SchemaOf(Slug);
    public string Analyst => $"{Schema}_analyst";

    public static string NewSlug(string prefix = "co") => $"{prefix}-{Guid.CreateVersion7().ToString("N")[^12..]}";

    public static object Request(string slug, string name = "A company") =>
        new
        {
            slug,
            name,
            adminEmail = AdminEmail,
            adminFullName = "Ana",
            adminPassword = Password,
        };

    /// <param name="altered">Whether a test alters the tables directly, so that the invariants need not hold any more.</param>
    public static async Task<TestTenant> Create(LedgerHost host, bool altered = false)
    {
        var slug = NewSlug();
        if (altered)
            Invariants.Altered.Add(Tenant.SchemaOf(slug));
        var created = (await (await Client.Platform(host)).Post("/api/tenants", Request(slug))).ShouldBe(201).Json;
        return new TestTenant(created["id"]!.GetValue<Guid>(), slug, await SignIn(host, slug));
    }

    public static Task<Client> SignIn(LedgerHost host, string slug) =>
        Client.SignIn(host.Http.Server.CreateClient(), slug, AdminEmail, Password);

    /// <summary>Creates a user and signs in.</summary>
    /// <param name="stores">The codes of the stores that the user has access to; all stores when none is named.</param>
    public async Task<Client> CreateUser(LedgerHost host, string email, string role, params string[] stores)
    {
        (
            await Admin.Post(
                "users",
                new
                {
                    email,
                    fullName = email.Split('@')[0],
                    role,
                    password = Password,
                    stores = stores.Length == 0 ? null : stores,
                }
            )
        ).ShouldBe(201);
        return await Client.SignIn(host.Http.Server.CreateClient(), Slug, email, Password);
    }

    /// <summary>Creates a store and a product, with stock on request.</summary>
    public async Task<TestStore> CreateStore(string store, string sku, decimal stock = 0, decimal unitCost = 2.50m)
    {
        (await Admin.Post("stores", new { code = store, name = "A store" })).ShouldBe(201);
        (
            await Admin.Post(
                "products",
                new
                {
                    sku,
                    name = "A product",
                    unitType = "unit",
                    costPrice = unitCost,
                }
            )
        ).ShouldBe(201);
        var shop = new TestStore(Admin, store, sku);
        if (stock > 0)
            (await shop.Receive(stock, unitCost)).ShouldBe(200);
        return shop;
    }
}
