using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Tests.Host;
using static Fluxion.Tests.Catalog.Trail;

namespace Fluxion.Tests.Catalog;

public sealed class CategoryTests(LedgerHost host)
{
    private static async Task<string> Add(Client manager, string? parent = null)
    {
        var code = NewCode();
        (
            await manager.Post(
                "categories",
                new
                {
                    code,
                    name = code,
                    parent,
                }
            )
        ).ShouldBe(201);
        return code;
    }

    private static Task<Answer> Move(Client manager, string code, string? parent, long? version = null) =>
        manager.Put(
            $"categories/{code}",
            new
            {
                name = code,
                parent,
                version,
            }
        );

    private static async Task<JsonNode> Read(Client manager, string code) => (await manager.Get($"categories/{code}")).ShouldBe(200).Json;

    private static async Task<string?> ParentOf(Client manager, string code) => (await Read(manager, code))["parent"]?.GetValue<string>();

    [Fact]
    public async Task a_change_of_a_category_updates_all_fields_and_the_audit_trail_names_the_user()
    {
        var manager = await Client.Demo(host, "manager");
        var (above, code) = (await Add(manager), NewCode());
        var id = (
            await manager.Post(
                "categories",
                new
                {
                    code,
                    name = "Before",
                    description = "x",
                    settings = new { shelf = 3 },
                }
            )
        ).ShouldBe(201).Id();
        (
            await manager.Put(
                $"categories/{code}",
                new
                {
                    name = " After ",
                    parent = above,
                    settings = new { shelf = 4 },
                    version = 1,
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);

        var row = await Read(manager, code);
        (
            row["name"]!.GetValue<string>(),
            row["parent"]!.GetValue<string>(),
            row["description"],
            row["settings"]!.ToJsonString(),
            row["version"]!.GetValue<long>()
        ).ShouldBe(("After", above, null, """{"shelf":4}""", 2));
        (await manager.Get($"categories?parent={above}")).Json["items"]!.AsArray().Single()!["code"]!.GetValue<string>().ShouldBe(code);
        var changed = (await manager.Events(id))[^1];
        (
            changed["eventType"]!.GetValue<string>(),
            changed["action"]!.GetValue<string>(),
            changed["userEmail"]!.GetValue<string>()
        ).ShouldBe(("category_changed", "updated", "manager@fluxion.demo"));
        (changed["oldData"]!["name"]!.GetValue<string>(), changed["newData"]!["name"]!.GetValue<string>()).ShouldBe(("Before", "After"));

        (await Move(manager, code, above, version: 1)).ShouldBe(409);
        (
            await manager.Put(
                $"categories/{code}",
                new
                {
                    name = "After",
                    parent = above,
                    settings = new { shelf = 4 },
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await manager.EventTypes(id)).ShouldBe(["category_created", "category_changed"]);
    }

    [Fact]
    public async Task a_category_cannot_be_its_own_ancestor()
    {
        var manager = await Client.Demo(host, "manager");
        var root = await Add(manager);
        var child = await Add(manager, root);
        var grandchild = await Add(manager, child);
        foreach (var below in (string[])[root, child, grandchild])
            (await Move(manager, root, below)).ShouldBe(409).Json["title"]!.GetValue<string>().ShouldBe("Cycle");
        (await ParentOf(manager, root)).ShouldBeNull();
        (await Read(manager, root))["version"]!.GetValue<long>().ShouldBe(1);

        (await Move(manager, grandchild, root)).ShouldBe(200);
        (await Move(manager, child, grandchild)).ShouldBe(200);
        (await ParentOf(manager, child)).ShouldBe(grandchild);
        (await Move(manager, grandchild, null)).ShouldBe(200);
        (await ParentOf(manager, grandchild)).ShouldBeNull();
    }

    [Fact]
    public async Task concurrent_moves_cannot_form_a_cycle()
    {
        var manager = await Client.Demo(host, "manager");
        for (var round = 0; round < 4; round++)
        {
            var ring = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Add(manager)));
            var answers = await Task.WhenAll(ring.Select((code, i) => Move(manager, code, ring[(i + 1) % ring.Length])));
            answers.Count(a => a.Status == 200).ShouldBe(ring.Length - 1);
            answers.Count(a => a.Status == 409).ShouldBe(1);
            foreach (var code in ring)
            {
                var steps = 0;
                for (var above = code; above is not null; above = await ParentOf(manager, above))
                    (++steps).ShouldBeLessThanOrEqualTo(ring.Length);
            }
        }
    }

    [Fact]
    public async Task a_deactivated_category_keeps_its_products_and_accepts_no_new_ones_until_activated()
    {
        var manager = await Client.Demo(host, "manager");
        var code = await Add(manager);
        var (child, other, inside, outside) = (await Add(manager, code), await Add(manager), NewCode(), NewCode());
        (
            await manager.Post(
                "products",
                new
                {
                    sku = inside,
                    name = "x",
                    category = code,
                }
            )
        ).ShouldBe(201);
        (
            await manager.Post(
                "products",
                new
                {
                    sku = outside,
                    name = "x",
                    category = other,
                }
            )
        ).ShouldBe(201);
        var id = (await manager.Post($"categories/{code}/deactivate", null)).ShouldBe(200).Id();
        (await manager.Post($"categories/{code}/deactivate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await Read(manager, code))["isActive"]!.GetValue<bool>().ShouldBeFalse();

        (
            await manager.Post(
                "categories",
                new
                {
                    code = NewCode(),
                    name = "x",
                    parent = code,
                }
            )
        ).ShouldBe(409).Detail!.ShouldContain(code);
        (await Move(manager, other, code)).ShouldBe(409);
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "x",
                    category = code,
                }
            )
        ).ShouldBe(409).Detail!.ShouldContain(code);
        (await manager.Put($"products/{outside}", new { name = "y", category = code })).ShouldBe(409);
        (await manager.Get($"products/{outside}")).Json["name"]!.GetValue<string>().ShouldBe("x");
        (await ParentOf(manager, other)).ShouldBeNull();

        // subcategories and products of a deactivated category can still be changed
        (await manager.Put($"categories/{child}", new { name = "Renamed", parent = code })).ShouldBe(200);
        (await manager.Put($"products/{inside}", new { name = "y", category = code })).ShouldBe(200);

        (await manager.Post($"categories/{code}/activate", null)).ShouldBe(200);
        (await manager.Post($"categories/{code}/activate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(3);
        (await Move(manager, other, code)).ShouldBe(200);
        (await manager.Put($"products/{outside}", new { name = "y", category = code })).ShouldBe(200);
        (await manager.EventTypes(id)).ShouldBe(["category_created", "category_deactivated", "category_activated"]);
    }

    [Fact]
    public async Task the_category_tree_has_a_maximum_depth()
    {
        var manager = await Client.Demo(host, "manager");
        var deepest = await Add(manager);
        for (var above = 0; above < Category.MaxDepth; above++)
            deepest = await Add(manager, deepest);
        var code = NewCode();
        (
            await manager.Post(
                "categories",
                new
                {
                    code,
                    name = "x",
                    parent = deepest,
                }
            )
        ).ShouldBe(409).Json["title"]!.GetValue<string>().ShouldBe("Too deep");
        (await manager.Get($"categories/{code}")).ShouldBe(404);
        (await Move(manager, await Add(manager), deepest)).ShouldBe(409);
    }

    [Fact]
    public async Task an_unknown_category_answers_404_and_a_user_is_forbidden()
    {
        var (manager, user) = (await Client.Demo(host, "manager"), await Client.Demo(host, "user"));
        var code = await Add(manager);
        (await Move(manager, code, "NONE")).ShouldBe(404).Fields.ShouldBe(["parent"]);
        (await Move(manager, "NONE", null)).ShouldBe(404).Fields.ShouldBe(["id"]);
        (await manager.Post("categories/NONE/deactivate", null)).ShouldBe(404);
        (await manager.Post("categories/NONE/activate", null)).ShouldBe(404);
        (await Move(user, code, null)).ShouldBe(403);
        (await user.Post($"categories/{code}/deactivate", null)).ShouldBe(403);
        (await manager.EventTypes((await Read(manager, code))["id"]!.GetValue<string>())).ShouldBe(["category_created"]);
    }
}
