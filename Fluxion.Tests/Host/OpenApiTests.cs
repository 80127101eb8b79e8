using System.Text.Json.Nodes;

namespace Fluxion.Tests.Host;

/// <summary>The OpenAPI document is the contract: it describes everything that a client needs, and its examples work.</summary>
public sealed class OpenApiTests(LedgerHost host)
{
    private Task<OpenApi> Document() => OpenApi.Of(Client.Anonymous(host));

    private async Task<IReadOnlyList<Operation>> Operations()
    {
        var operations = (await Document()).Operations;
        operations.Count.ShouldBeGreaterThan(25);
        return operations;
    }

    [Fact]
    public async Task every_property_and_parameter_has_a_type()
    {
        var document = (await Document()).Json;
        bool HasType(JsonNode? schema) =>
            schema is JsonObject o
            && (
                (o["$ref"] is JsonNode name && document["components"]!["schemas"]![name.GetValue<string>().Split('/')[^1]] is not null)
                || (o["oneOf"] is JsonArray { Count: > 0 } choices && choices.All(HasType))
                || (o["type"] is JsonNode type && (!type.ToJsonString().Contains("array", StringComparison.Ordinal) || HasType(o["items"])))
            );
        var untyped = new List<string>();
        void Walk(JsonNode? node)
        {
            if (node is JsonObject o)
            {
                if (o["properties"] is JsonObject properties && !o.ContainsKey("example"))
                    untyped.AddRange(properties.Where(p => !HasType(p.Value)).Select(p => $"{o.GetPath()}.{p.Key}"));
                if (o["additionalProperties"] is JsonObject values && !HasType(values))
                    untyped.Add($"{o.GetPath()} values");
                if (o["schema"] is JsonObject schema && !HasType(schema))
                    untyped.Add($"{o.GetPath()} schema");
                if (o.ContainsKey("in") && o.ContainsKey("name") && !HasType(o["schema"]))
                    untyped.Add(o.GetPath());
                foreach (var (name, child) in o)
                    if (name != "example")
                        Walk(child);
            }
            if (node is JsonArray a)
                foreach (var item in a)
                    Walk(item);
        }
        Walk(document);
        untyped.ShouldBeEmpty();
    }

    [Fact]
    public async Task every_operation_documents_its_summary_least_role_and_refusals()
    {
        foreach (var operation in await Operations())
        {
            operation.Json["summary"]!.GetValue<string>().ShouldNotBeNullOrEmpty(operation.ToString());
            operation.Description.ShouldMatch("^(Least role: (viewer|user|manager|admin|platform)|For everybody)", operation.ToString());
            operation.Statuses.ShouldContain("429");
            operation.Statuses.ShouldContain("503");
            operation.Json["responses"]!.AsObject().ShouldAllBe(r => r.Value!["content"]!.AsObject().All(c => c.Value!["schema"] != null));
        }
    }

    [Theory]
    [InlineData("post", "/api/{tenant}/stock/receipts", "200 400 401 403 404 409 413 415 422 429 503")]
    [InlineData("put", "/api/{tenant}/products/{id}", "200 400 401 403 404 409 413 415 422 429 503")]
    [InlineData("post", "/api/{tenant}/stores/{id}/deactivate", "200 400 401 403 404 409 413 422 429 503")]
    [InlineData("post", "/api/{tenant}/imports/stock", "200 400 401 403 404 409 413 415 422 429 503")]
    [InlineData("get", "/api/{tenant}/inventory", "200 400 401 403 404 429 503")]
    [InlineData("post", "/api/token", "200 400 401 403 413 415 429 503")]
    [InlineData("post", "/api/tenants", "201 400 401 403 409 413 415 422 429 503")]
    public async Task the_documented_statuses_are_those_that_occur(string method, string path, string statuses) =>
        (await Operations()).Single(o => o.Method == method && o.Path == path).Statuses.ShouldBe(statuses.Split(' '));

    [Theory]
    [InlineData("CreateProduct", "name,sku")]
    [InlineData("ChangeProduct", "name")]
    [InlineData("OpenStore", "code,name")]
    [InlineData("RegisterSupplier", "businessName,code")]
    [InlineData("ReceiveStock", "lines,store")]
    public async Task required_fields_are_marked_as_required(string command, string fields) =>
        (await Document()).Json["components"]!["schemas"]![command]!["required"]!
            .AsArray()
            .Select(f => f!.GetValue<string>())
            .Order()
            .ShouldBe(fields.Split(','));

    [Fact]
    public async Task every_import_has_an_example_that_the_demo_tenant_accepts()
    {
        var admin = await Client.Demo(host, "admin");
        var imports = (await Operations()).Where(o => o.CsvExample is not null).ToList();
        imports.Count.ShouldBe(3);
        foreach (var import in imports)
            (
                await admin.Send(
                    HttpMethod.Post,
                    import.Address,
                    import.CsvExample,
                    Guid.CreateVersion7().ToString(),
                    contentType: "text/csv"
                )
            ).ShouldBe(200);
    }

    [Fact]
    public async Task every_command_has_an_example_that_the_demo_tenant_accepts()
    {
        var (document, admin, platform) = (await Document(), await Client.Demo(host, "admin"), await Client.Platform(host));
        var sent = 0;
        // short paths first: the example of a longer path may name a document that the example of a shorter path created
        foreach (var operation in document.Operations.Where(o => o.Body is not null).OrderBy(o => o.Path.Length))
        {
            var example = operation.Body!["example"].ShouldNotBeNull(operation.ToString());
            var client = operation.IsOfThePlatform ? platform : admin;
            var address = operation.Address.Contains("{id}", StringComparison.Ordinal)
                ? await document.OfANewDocument(admin, operation.Address)
                : operation.Address;
            var answer = await client.Send(HttpMethod.Parse(operation.Method), address, example, Guid.CreateVersion7().ToString());
            operation.Statuses.ShouldContain(answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            answer.Status.ShouldBeInRange(200, 299, $"{operation}: {answer.Text}");
            sent++;
        }
        sent.ShouldBeGreaterThanOrEqualTo(12);
    }
}
