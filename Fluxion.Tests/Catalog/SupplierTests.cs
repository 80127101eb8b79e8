using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Tests.Host;
using static Fluxion.Tests.Catalog.Trail;

namespace Fluxion.Tests.Catalog;

public sealed class SupplierTests(LedgerHost host)
{
    [Theory]
    [InlineData("G-20000303-0")] // SENIAT, the tax authority: the sum is divisible by 11
    [InlineData("G-20009997-6")] // Banco de Venezuela
    [InlineData("J-00006372-9")] // Cervecería Polar
    [InlineData("V-11470283-4")]
    [InlineData("C-30000000-1")]
    [InlineData("P-12345678-0")] // remainder 1: the check digit would be 10, which has two digits
    public void only_one_check_digit_makes_a_rif_valid(string rif)
    {
        Rif.Normalize(rif).ShouldBe(rif);
        Rif.Normalize($" {rif.Replace("-", "").ToLowerInvariant()} ").ShouldBe(rif);
        foreach (var digit in Enumerable.Range(0, 10).Where(d => d != rif[^1] - '0'))
            Rif.Normalize($"{rif[..^1]}{digit}").ShouldBeNull();
    }

    [Theory]
    [InlineData("J-12345678")]
    [InlineData("X-00006372-9")]
    [InlineData("J-0000637-29")]
    [InlineData("J--00006372-9")]
    [InlineData("J-٠0006372-9")] // digits of another script
    [InlineData("")]
    public void a_tax_id_of_another_form_is_not_a_rif(string taxId) => Rif.Normalize(taxId).ShouldBeNull();

    [Theory]
    [InlineData("j000063729", "VE", "J-00006372-9")]
    [InlineData("J00006372-9", null, "J-00006372-9")]
    [InlineData("J-00006372-8", "VE", null)]
    [InlineData("J-00006372-8", "Venezuela", null)]
    [InlineData("J-00006372-8", null, null)]
    [InlineData("J-00006372-8", " ", null)]
    [InlineData("J-1", "VE", null)]
    [InlineData("J-1", null, "J-1")]
    [InlineData("J-00006372-8", "CO", "J-00006372-8")]
    [InlineData("900.123.456-7", "CO", "900.123.456-7")]
    public async Task a_venezuelan_tax_id_is_checked_and_others_are_stored_as_given(string taxId, string? country, string? kept)
    {
        var manager = await Client.Demo(host, "manager");
        var code = NewCode();
        var answer = await manager.Post(
            "suppliers",
            new
            {
                code,
                businessName = "x",
                taxId,
                address = country is null ? null : new { country },
            }
        );
        if (kept is null)
        {
            answer.ShouldBe(400).Fields.ShouldBe(["taxId"]);
            (await manager.Get($"suppliers/{code}")).ShouldBe(404);
        }
        else
        {
            answer.ShouldBe(201);
            (await manager.Get($"suppliers/{code}")).ShouldBe(200).Json["taxId"]!.GetValue<string>().ShouldBe(kept);
        }
    }

    [Fact]
    public async Task the_tax_ids_of_the_demo_tenant_are_valid()
    {
        var suppliers = (await (await Client.Demo(host, "viewer")).Get("suppliers?limit=1000")).ShouldBe(200).Json["items"]!.AsArray();
        foreach (var code in (string[])["POLAR", "MONACA", "NESTLE", "SANTABARBARA", "COLGATE", "AGROARAGUA"])
        {
            var taxId = suppliers.Single(s => s!["code"]!.GetValue<string>() == code)!["taxId"]!.GetValue<string>();
            Rif.Normalize(taxId).ShouldBe(taxId, code);
        }
    }

    [Fact]
    public async Task a_change_of_a_supplier_updates_all_fields_as_sent()
    {
        var manager = await Client.Demo(host, "manager");
        var code = NewCode();
        var id = (
            await manager.Post(
                "suppliers",
                new
                {
                    code,
                    businessName = "Before",
                    phone = "1",
                }
            )
        ).ShouldBe(201).Id();
        const string Fields = """
            "businessName":"After, C.A.","tradeName":"After","taxId":"J-00006372-9","contactPerson":"Ana","phone":"+58","email":"a@b.test",
            "address":{"street":"s","city":"c","state":"t","postalCode":"1060","country":"VE"},
            "paymentTerms":"30 días","creditLimit":1000.5,"settings":{"a":{"B":1}}
            """;
        (await manager.Put($"suppliers/{code}", $$"""{{{Fields}},"version":1}""")).ShouldBe(200).Json["version"]!
            .GetValue<long>()
            .ShouldBe(2);
        var row = (await manager.Get($"suppliers/{code}")).ShouldBe(200).Json;
        foreach (var (field, value) in JsonNode.Parse($$"""{{{Fields}}}""")!.AsObject())
            JsonNode.DeepEquals(row[field], value).ShouldBeTrue($"{field}: {row[field]}");
        (await manager.Put($"suppliers/{code}", $$"""{{{Fields}}}""")).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);

        (await manager.Put($"suppliers/{code}", new { businessName = "Stale", version = 1 })).ShouldBe(409);
        (await manager.Put($"suppliers/{code}", new { businessName = "x", taxId = "J-00006372-8" }))
            .ShouldBe(400)
            .Fields.ShouldBe(["taxId"]);
        (await manager.Put("suppliers/NONE", new { businessName = "x" })).ShouldBe(404);
        (await (await Client.Demo(host, "user")).Put($"suppliers/{code}", new { businessName = "x" })).ShouldBe(403);
        var events = await manager.Events(id);
        events.Select(e => e["eventType"]!.GetValue<string>()).ShouldBe(["supplier_registered", "supplier_changed"]);
        events[1]["newData"]!["details"]!["tax_id"]!.GetValue<string>().ShouldBe("J-00006372-9");
    }

    [Fact]
    public async Task a_deactivated_supplier_keeps_its_products_and_accepts_no_new_ones_until_activated()
    {
        var manager = await Client.Demo(host, "manager");
        var (code, sku) = (NewCode(), NewCode());
        var id = (await manager.Post("suppliers", new { code, businessName = "x" })).ShouldBe(201).Id();
        (
            await manager.Post(
                "products",
                new
                {
                    sku,
                    name = "x",
                    supplier = code,
                }
            )
        ).ShouldBe(201);
        (await manager.Post($"suppliers/{code}/deactivate", null)).ShouldBe(200);
        (await manager.Post($"suppliers/{code}/deactivate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await manager.Get($"suppliers/{code}")).Json["isActive"]!.GetValue<bool>().ShouldBeFalse();
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "x",
                    supplier = code,
                }
            )
        ).ShouldBe(409).Detail!.ShouldContain(code);
        (await manager.Put($"products/{sku}", new { name = "y", supplier = code })).ShouldBe(200);
        (await manager.Post($"suppliers/{code}/activate", null)).ShouldBe(200);
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "x",
                    supplier = code,
                }
            )
        ).ShouldBe(201);
        (await manager.EventTypes(id)).ShouldBe(["supplier_registered", "supplier_deactivated", "supplier_activated"]);
        foreach (var verb in (string[])["activate", "deactivate"])
        {
            (await manager.Post($"suppliers/NONE/{verb}", null)).ShouldBe(404);
            (await (await Client.Demo(host, "user")).Post($"suppliers/{code}/{verb}", null)).ShouldBe(403);
        }
    }
}
