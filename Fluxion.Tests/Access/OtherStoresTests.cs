using System.Text.Json.Nodes;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Access;

/// <summary>
/// A user who is limited to some stores may name a document of another store by its id. The answer is that access is forbidden, or that
/// there is no such document. No answer reveals its number, reference, client or store. Every operation is called with every id of another
/// store.
/// </summary>
public sealed class OtherStoresTests(LedgerHost host)
{
    /// <summary>Part of every text that the other stores record. Ids do not contain it.</summary>
    private const string Secret = "SECRET";

    /// <summary>The documents in stores that the user has no access to, each by the path of its collection.</summary>
    private sealed record OtherStores(
        TestTenant Tenant,
        string Store,
        string Sku,
        IReadOnlyDictionary<string, string> Documents,
        IReadOnlyList<string> Ids
    )
    {
        public static async Task<OtherStores> Create(LedgerHost host)
        {
            var tenant = await TestTenant.Create(host);
            var admin = tenant.Admin;
            async Task<string> Made(string path, object body)
            {
                var made = await admin.Post(path, body);
                made.Status.ShouldBeInRange(200, 201, made.Text);
                return made.Json["id"]!.GetValue<string>();
            }
            (await admin.Post("stores", new { code = "MINE", name = "Mine" })).ShouldBe(201);
            var (store, third) = (
                await Made("stores", new { code = $"{Secret}-2", name = $"{Secret} two" }),
                await Made("stores", new { code = $"{Secret}-3", name = $"{Secret} three" })
            );
            (await admin.Post("suppliers", new { code = "ACME", businessName = "Acme" })).ShouldBe(201);
            (
                await admin.Post(
                    "products",
                    new
                    {
                        sku = "LAC001",
                        name = "Milk",
                        unitType = "unit",
                        costPrice = 2,
                        sellingPrice = 3,
                        reorderPoint = 50,
                        supplier = "ACME",
                    }
                )
            ).ShouldBe(201);
            var lines = new[] { new { sku = "LAC001", quantity = 1 } };
            await Made(
                "stock/receipts",
                new
                {
                    store,
                    reference = $"{Secret}-GRN",
                    notes = Secret,
                    lines = new[] { new { sku = "LAC001", quantity = 20 } },
                }
            );
            var documents = new Dictionary<string, string>
            {
                ["stores"] = store,
                ["sales"] = await Made(
                    "sales",
                    new
                    {
                        store,
                        invoiceNumber = $"{Secret}-F1",
                        clientName = Secret,
                        notes = Secret,
                        posTransactionId = Secret,
                        lines,
                    }
                ),
                ["purchase-orders"] = await Made(
                    "purchase-orders",
                    new
                    {
                        store,
                        supplier = "ACME",
                        orderNumber = $"{Secret}-OC",
                        notes = Secret,
                        lines,
                    }
                ),
                ["stock/transfers"] = await Made(
                    "stock/transfers",
                    new
                    {
                        fromStore = store,
                        toStore = third,
                        reference = $"{Secret}-T",
                        notes = Secret,
                        lines,
                    }
                ),
                ["stock/reservations"] = await Made(
                    "stock/reservations",
                    new
                    {
                        reference = $"{Secret}-R",
                        lines = new[]
                        {
                            new
                            {
                                store,
                                sku = "LAC001",
                                quantity = 1,
                            },
                        },
                    }
                ),
            };
            string? alert = null;
            for (var timeout = 0; alert is null && timeout < 100; timeout++)
            {
                alert = (await admin.Get("alerts?limit=1")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .FirstOrDefault()
                    ?["id"]!.GetValue<string>();
                if (alert is null)
                    await Task.Delay(100);
            }
            documents["alerts"] = alert.ShouldNotBeNull();
            return new OtherStores(tenant, store, "LAC001", documents, [.. documents.Values, third, $"{Guid.CreateVersion7()}"]);
        }
    }

    private async Task<Client> CreateUserOfOneStore(OtherStores others, string role)
    {
        var email = $"{role}@company.test";
        return await others.Tenant.CreateUser(host, email, role, "MINE");
    }

    /// <summary>
    /// The operation's example, with the store and the product of <paramref name="others"/> in every field that names one.
    /// </summary>
    private static IEnumerable<string> Bodies(Operation operation, OtherStores others)
    {
        if (operation.Body?["example"] is not { } example)
            yield break;
        foreach (var status in (string?[])[null, "paid"])
        {
            var body = example.DeepClone().AsObject();
            NameOtherStore(body, others);
            if (body.ContainsKey("paymentStatus"))
                (body["paymentStatus"], body["paymentMethod"]) = (status ?? "pending", "cash");
            yield return body.ToJsonString();
            if (operation.Path == "/api/{tenant}/sales")
            {
                // a sale in the user's own store that uses a reservation of another store
                body["store"] = "MINE";
                body["reservation"] = others.Documents["stock/reservations"];
                yield return body.ToJsonString();
            }
            if (!body.ContainsKey("paymentStatus"))
                yield break;
        }
    }

    private static void NameOtherStore(JsonObject body, OtherStores others)
    {
        foreach (var (name, value) in body.ToList())
        {
            if (name is "store" or "fromStore" or "toStore")
                body[name] = others.Store;
            if (name is "sku" && value is JsonValue)
                body[name] = others.Sku;
            if (value is JsonArray array)
                foreach (var item in array.OfType<JsonObject>())
                    NameOtherStore(item, others);
        }
    }

    [Theory]
    [InlineData("user")]
    [InlineData("manager")]
    [InlineData("admin")]
    public async Task no_answer_reveals_what_another_store_recorded(string role)
    {
        var others = await OtherStores.Create(host);
        var user = await CreateUserOfOneStore(others, role);
        var document = await OpenApi.Of(user);
        var (leaks, sent) = (new List<string>(), 0);
        foreach (
            var operation in document.Operations.Where(o =>
                !o.IsStream && !o.IsOfThePlatform && o.Path.StartsWith("/api/{tenant}/", StringComparison.Ordinal)
            )
        )
        {
            if (IsAllowedForAdmins(operation, role))
                continue;
            var path = operation.Path["/api/{tenant}/".Length..];
            foreach (
                var address in path.Contains('{', StringComparison.Ordinal)
                    ? others.Ids.Select(id => path.Replace("{id}", id, StringComparison.Ordinal))
                    : [path]
            )
            {
                foreach (var query in Queries(operation, others))
                {
                    foreach (var accept in operation.IsCommand ? [null] : (string?[])[null, "text/csv"])
                        await Probe(operation, address + query, null, accept);
                }
                foreach (var body in Bodies(operation, others))
                    await Probe(operation, address, body, null);
                if (operation.CsvExample is { } file)
                    await Probe(
                        operation,
                        address,
                        file.Replace("CCS-01", others.Store, StringComparison.Ordinal)
                            .Replace("VLN-01", others.Store, StringComparison.Ordinal),
                        null,
                        "text/csv"
                    );
            }
        }
        leaks.ShouldBeEmpty();
        sent.ShouldBeGreaterThan(200);

        async Task Probe(Operation operation, string address, string? body, string? accept, string contentType = "application/json")
        {
            var answer = await user.Send(
                HttpMethod.Parse(operation.Method),
                address,
                body,
                Guid.CreateVersion7().ToString(),
                accept,
                contentType
            );
            answer.Status.ShouldBeLessThan(500, answer.Text);
            sent++;
            if (answer.Text.Contains(Secret, StringComparison.OrdinalIgnoreCase))
                leaks.Add($"{operation} {address} {body}: {answer.Status} {answer.Text}");
        }
    }

    /// <summary>
    /// An admin maintains the list of all stores, also when limited to some: the answer to a change of a store has its code.
    /// </summary>
    private static bool IsAllowedForAdmins(Operation operation, string role) =>
        role == "admin" && operation.IsCommand && operation.Path.StartsWith("/api/{tenant}/stores/{id}", StringComparison.Ordinal);

    private static IEnumerable<string> Queries(Operation operation, OtherStores others)
    {
        yield return operation.Query();
        if (operation.IsCommand)
            yield break;
        foreach (var (name, _) in operation.Parameters("query"))
        {
            if (name is "store" or "entityId" or "referenceId" or "reference" or "invoice")
                foreach (var id in others.Ids)
                    yield return operation.Query(name, id);
        }
    }

    [Fact]
    public async Task a_conflict_with_another_store_names_only_the_number_that_is_taken()
    {
        var others = await OtherStores.Create(host);
        var user = await CreateUserOfOneStore(others, "manager");
        var lines = new[] { new { sku = "LAC001", quantity = 1 } };
        // an order number is unique in the tenant, so the answer must say that the number is taken
        var taken = (
            await user.Post(
                "purchase-orders",
                new
                {
                    store = "MINE",
                    supplier = "ACME",
                    orderNumber = $"{Secret}-OC",
                    lines,
                }
            )
        ).ShouldBe(409);
        taken.Detail.ShouldBe($"There is a purchase order '{Secret}-OC' already.");
        // an invoice number is unique in its store, so another store's number may be used again
        (await user.Post("stock/receipts", new { store = "MINE", lines })).ShouldBe(200);
        (
            await user.Post(
                "sales",
                new
                {
                    store = "MINE",
                    invoiceNumber = $"{Secret}-F1",
                    lines,
                }
            )
        ).ShouldBe(201);
    }

    [Fact]
    public async Task a_refusal_names_another_stores_documents_only_as_the_user_named_them()
    {
        var others = await OtherStores.Create(host);
        var user = await CreateUserOfOneStore(others, "manager");
        var lines = new[] { new { sku = "LAC001", quantity = 1 } };
        (
            await user.Post(
                "stock/issues",
                new
                {
                    store = others.Store,
                    reason = "damage",
                    lines,
                }
            )
        ).ShouldBe(403).Detail.ShouldBe($"You may not move stock of the store {others.Store}.");
        (await user.Post($"purchase-orders/{others.Documents["purchase-orders"]}/send", null))
            .ShouldBe(403)
            .Detail.ShouldBe("The purchase order is for a store that is not yours.");
        (
            await user.Post(
                "sales",
                new
                {
                    store = "MINE",
                    invoiceNumber = "F-1",
                    lines,
                    reservation = others.Documents["stock/reservations"],
                }
            )
        ).ShouldBe(403).Detail.ShouldBe("The reservation holds stock of a store that is not yours.");
        (await user.Get($"sales/{others.Documents["sales"]}")).ShouldBe(404);
    }
}
