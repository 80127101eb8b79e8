using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Catalog;

/// <summary>A search finds names whatever keyboard or program wrote the name or the query.</summary>
public sealed class SearchTests(LedgerHost host)
{
    private static readonly (string Name, string[] Found, string[] NotFound)[] Cases =
    [
        (
            "Lácteos Santa Bárbara",
            [
                "santa barbara",
                "SANTA BÁRBARA",
                "sánta bàrbara",
                "barbara",
                "a b",
                "lacteos santa",
                "Santa Ba\u0301rbara",
                "ｓａｎｔａ",
                "santa\u00A0\u00A0barbara",
                " santa ",
            ],
            ["santabarbara", "santa%", "s_nta"]
        ),
        ("Azu\u0301car", ["AZUCAR", "azúcar", "azu\u0301car", "ZÚC", "az\u200Bucar"], ["azocar"]),
        ("Piña Ñandú", ["pina nandu", "PIÑA", "pin\u0303a", "NANDÚ"], ["pinia"]),
        ("100 % Cacao_puro \\ fino", ["100 %", "%", "cacao_puro", "_", "\\", "\\ fino"], ["100_", "cacao%puro", "%%", "\\\\"]),
        ("ＣＡＦＥ ﬁno №1", ["cafe", "fino", "no1"], ["cafefino"]),
        ("Smørrebrød Łódź", ["smorrebrod", "lodz", "SMØRREBRØD"], []),
    ];

    [Theory]
    [InlineData("products", "sku", "name")]
    [InlineData("suppliers", "code", "businessName")]
    [InlineData("suppliers", "code", "tradeName")]
    [InlineData("stores", "code", "name")]
    [InlineData("categories", "code", "name")]
    public async Task a_search_ignores_case_accents_and_letter_forms(string resource, string code, string field)
    {
        var admin = (await TestTenant.Create(host)).Admin;
        foreach (var (i, (name, _, _)) in Cases.Index())
        {
            var body = new Dictionary<string, string> { [code] = $"X{i}", [field] = name };
            if (resource == "suppliers")
                body.TryAdd("businessName", "A supplier");
            (await admin.Post(resource, body)).ShouldBe(201);
        }
        async Task<string[]> Search(string text) =>
            [
                .. (await admin.Get($"{resource}?search={Uri.EscapeDataString(text)}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(row => row![field]?.GetValue<string>() ?? ""),
            ];
        foreach (var (name, found, notFound) in Cases)
        {
            foreach (var text in found)
                (await Search(text)).ShouldContain(name, text);
            foreach (var text in notFound)
                (await Search(text)).ShouldNotContain(name, text);
        }
        (await Search("%")).ShouldBe([Cases[3].Name]);
        (await Search("x3")).ShouldBe([Cases[3].Name]);
        (await Search("")).Length.ShouldBe(Cases.Length);
    }

    [Fact]
    public async Task the_search_of_users_and_of_every_other_list_works_likewise()
    {
        var tenant = await TestTenant.Create(host);
        (
            await tenant.Admin.Post(
                "users",
                new
                {
                    email = "luis@company.test",
                    fullName = "Luís Pérez",
                    role = "user",
                    password = TestTenant.Password,
                }
            )
        ).ShouldBe(201);
        foreach (var text in (string[])["luis perez", "PÉREZ", "luis@", "pere\u0301z"])
            (await tenant.Admin.Get($"users?search={Uri.EscapeDataString(text)}")).ShouldBe(200).Json["items"]!
                .AsArray()
                .Count.ShouldBe(1, text);
        var document = await OpenApi.Of(tenant.Admin);
        document
            .Operations.Where(o => o.Parameters("query").Any(p => p.Name == "search"))
            .Select(o => o.Path)
            .Order()
            .ShouldBe([
                "/api/{tenant}/categories",
                "/api/{tenant}/products",
                "/api/{tenant}/stores",
                "/api/{tenant}/suppliers",
                "/api/{tenant}/users",
            ]);
        document
            .Operations.Where(o => o.Parameters("query").Any(p => p.Name == "search"))
            .ShouldAllBe(o => o.Description.Contains("search (a part of"));
    }

    [Fact]
    public async Task a_search_among_many_products_uses_an_index_also_for_the_service()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            set app.current_tenant_id = '{tenant.Id}'; set search_path to {tenant.Schema}, public;
            insert into products (id, sku, name) select gen_random_uuid(), 'P' || i, 'Product ' || md5(i::text)
                from generate_series(1, 20000) i;
            insert into products (id, sku, name) values (gen_random_uuid(), 'X', 'Azúcar');
            insert into product_barcodes (product_id, code, code_key, kind, position) select id, 'B' || sku, 'B' || sku, 'internal', 1
                from products;
            select gin_clean_pending_list('idx_products_search'), gin_clean_pending_list('idx_product_barcodes_search');
            analyze products, product_barcodes;
            """
        );
        await using var service = await Sql.Open(host.Connections.Service);
        // under row level security a trigram index serves LIKE only where the operator is leakproof; on so few rows the planner would
        // choose a sequential scan
        await service.Execute(
            $"""
            set app.current_tenant_id = '{tenant.Id}'; set search_path to {tenant.Schema}, public; set enable_seqscan = off;
            set enable_indexscan = off
            """
        );
        foreach (
            var (table, index) in ((string, string)[])
                [("products", "idx_products_search"), ("product_barcodes", "idx_product_barcodes_search")]
        )
            string.Join(
                    '\n',
                    await service.Column<string>($"explain (costs off) select from {table} where search_key like search_pattern('AZUCAR')")
                )
                .ShouldContain(index);
        (await tenant.Admin.Get("products?search=AZUCAR")).ShouldBe(200).Json["items"]!.AsArray().Single()!["sku"]!
            .GetValue<string>()
            .ShouldBe("X");
        string.Join(
                '\n',
                await service.Column<string>(
                    "explain (costs off) select product_id from product_barcodes where code_key = any(array['BX']) and not is_removed"
                )
            )
            .ShouldContain("idx_product_barcodes_key");
    }
}
