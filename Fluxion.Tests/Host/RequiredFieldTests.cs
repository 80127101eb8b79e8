using System.Text.Json.Nodes;

namespace Fluxion.Tests.Host;

/// <summary>
/// A field that the OpenAPI document marks as required is required: a command without it is refused, and the answer names the field.
/// </summary>
public sealed class RequiredFieldTests(LedgerHost host)
{
    [Fact]
    public async Task a_command_without_a_required_field_is_refused_and_names_the_field()
    {
        var (document, admin, platform) = (
            await OpenApi.Of(Client.Anonymous(host)),
            await Client.Demo(host, "admin"),
            await Client.Platform(host)
        );
        var (faults, sent) = (new List<string>(), 0);
        foreach (var operation in document.Operations.Where(o => o.Body is not null))
        {
            var example = operation.Body!["example"]!.AsObject();
            foreach (var (field, body) in Without(document, operation.Body["schema"]!, example, "", node => node))
            {
                var answer = await (operation.IsOfThePlatform ? platform : admin).Send(
                    HttpMethod.Parse(operation.Method),
                    operation.Address,
                    body.ToJsonString(),
                    Guid.CreateVersion7().ToString()
                );
                sent++;
                if (answer.Status != 400 || !answer.Fields.Contains(field))
                    faults.Add($"{operation} without {field}: {answer.Status} {answer.Text}");
            }
        }
        faults.ShouldBeEmpty();
        sent.ShouldBeGreaterThan(40);
    }

    [Fact]
    public async Task an_empty_body_is_refused_and_names_every_required_field()
    {
        var (document, admin) = (await OpenApi.Of(Client.Anonymous(host)), await Client.Demo(host, "admin"));
        var puts = document.Operations.Where(o => o.Method == "put").ToList();
        puts.Count.ShouldBeGreaterThan(6);
        foreach (var put in puts)
        {
            var required = Required(document.Schema(put.Body!["schema"]!));
            required.ShouldNotBeEmpty($"{put}: were nothing required, {{}} would empty all fields");
            (await admin.Put(put.Address, new { })).ShouldBe(400).Fields.ShouldBe(required, ignoreOrder: true, put.ToString());
        }
    }

    private static string[] Required(JsonNode schema) =>
        [.. (schema["required"]?.AsArray() ?? []).Select(name => name!.GetValue<string>())];

    /// <summary>The example without one of its required fields, at every level, each with the name of that field.</summary>
    private static IEnumerable<(string Field, JsonNode Body)> Without(
        OpenApi document,
        JsonNode schema,
        JsonNode? example,
        string at,
        Func<JsonNode?, JsonNode?> enclose
    )
    {
        schema = document.Schema(schema);
        if (schema["items"] is { } items && example is JsonArray { Count: > 0 } array)
            foreach (var found in Without(document, items, array[0], $"{at}[0]", node => enclose(new JsonArray(node))))
                yield return found;
        if (schema["properties"] is not JsonObject properties || example is not JsonObject fields)
            yield break;
        JsonObject Copy() => fields.DeepClone().AsObject();
        foreach (var name in Required(schema))
        {
            var without = Copy();
            without.Remove(name);
            yield return (Path(at, name), enclose(without)!);
        }
        foreach (var (name, member) in properties.Where(property => fields.ContainsKey(property.Key)))
        {
            JsonNode? With(JsonNode? node)
            {
                var with = Copy();
                with[name] = node?.DeepClone();
                return enclose(with);
            }
            foreach (var found in Without(document, member!, fields[name], Path(at, name), With))
                yield return found;
        }

        static string Path(string at, string name) => at.Length == 0 ? name : $"{at}.{name}";
    }
}
