using System.Text.Json.Nodes;

namespace Fluxion.Tests.Host;

/// <summary>One operation of the OpenAPI document.</summary>
public sealed record Operation(string Method, string Path, JsonNode Json)
{
    public bool IsCommand => Method != "get";
    public string Description => Json["description"]!.GetValue<string>();
    public string[] Statuses => [.. Json["responses"]!.AsObject().Select(r => r.Key).Order()];
    public JsonNode? Body => Json["requestBody"]?["content"]?["application/json"];

    /// <summary>Whether the answer is a stream that does not end by itself.</summary>
    public bool IsStream => Json["responses"]!["200"]?["content"]?["text/event-stream"] is not null;

    /// <summary>The example of a CSV file, or null when the operation takes none.</summary>
    public string? CsvExample => Json["requestBody"]?["content"]?["text/csv"]?["example"]?.GetValue<string>();

    public override string ToString() => $"{Method} {Path}";

    /// <summary>Whether only the platform's administrator may call the operation.</summary>
    public bool IsOfThePlatform => Description.StartsWith("Least role: platform", StringComparison.Ordinal);

    /// <summary>The path with the examples of its parameters.</summary>
    public string Address =>
        Parameters("path").Aggregate(Path, (path, p) => path.Replace($"{{{p.Name}}}", p.Example ?? "{id}", StringComparison.Ordinal));

    /// <summary>The query string with the examples of its parameters, one of them with another value; empty when there are none.</summary>
    public string Query(string? name = null, string? value = null)
    {
        var values = Parameters("query")
            .Where(p => p.Example is not null && p.Name != name)
            .Select(p => $"{p.Name}={p.Example}")
            .Concat(name is null ? [] : [$"{name}={value}"])
            .ToList();
        return values.Count == 0 ? "" : $"?{string.Join('&', values)}";
    }

    public IEnumerable<(string Name, string? Example)> Parameters(string place) =>
        (Json["parameters"]?.AsArray() ?? [])
            .Where(p => p!["in"]!.GetValue<string>() == place)
            .Select(p => (p!["name"]!.GetValue<string>(), p["example"]?.GetValue<string>()));
}

/// <summary>The OpenAPI document as a client reads it.</summary>
public sealed record OpenApi(JsonNode Json)
{
    public IReadOnlyList<Operation> Operations { get; } =
    [.. Json["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(o => new Operation(o.Key, path.Key, o.Value!)))];

    public static async Task<OpenApi> Of(Client client) => new((await client.Get("/openapi/v1.json")).ShouldBe(200).Json);

    /// <summary>The resolved schema: the target of a reference, or the choice that is not null.</summary>
    public JsonNode Schema(JsonNode schema) =>
        schema["oneOf"] is JsonArray choices ? Schema(choices.Single(choice => choice!["type"]?.ToJsonString() != "\"null\"")!)
        : schema["$ref"] is { } reference ? Json["components"]!["schemas"]![reference.GetValue<string>().Split('/')[^1]]!
        : schema;

    /// <summary>
    /// Creates a document from the example of its collection and returns the address with its id. A document with a number or code gets a
    /// unique one. A sale is paid only when the address is that of refunds. Commands do not create alerts and the like: there the latest
    /// document is used.
    /// </summary>
    public async Task<string> OfANewDocument(Client client, string address)
    {
        var collection = address[..address.IndexOf("/{id}", StringComparison.Ordinal)];
        // the ledger creates these documents itself
        if (Operations.SingleOrDefault(o => o.Method == "post" && o.Address == collection) is not { } makes)
            return address.Replace(
                "{id}",
                (await client.Get($"{collection}?limit=1")).ShouldBe(200).Json["items"]![0]!["id"]!.GetValue<string>(),
                StringComparison.Ordinal
            );
        var body = makes.Body!["example"]!.DeepClone().AsObject();
        foreach (var number in ((string[])["invoiceNumber", "orderNumber", "sku", "code"]).Where(body.ContainsKey))
            body[number] = $"N-{Guid.CreateVersion7():N}";
        body.Remove("barcodes"); // the product of the example already has these barcodes
        if (body.ContainsKey("paymentStatus") && !address.EndsWith("/refunds", StringComparison.Ordinal))
            body["paymentStatus"] = "pending";
        var made = await client.Post(collection, body.ToJsonString());
        made.Status.ShouldBeInRange(200, 201, made.Text);
        return address.Replace("{id}", made.Json["id"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}
