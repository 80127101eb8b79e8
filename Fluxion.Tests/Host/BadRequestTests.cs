using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Tests.Projections;
using Npgsql;

namespace Fluxion.Tests.Host;

/// <summary>
/// A host of the test's own. No other test writes in its demo tenant, and the products of the examples never run out of stock.
/// </summary>
public sealed class BadRequestHost(LedgerHost ledger) : IAsyncLifetime
{
    /// <summary>A store in which no example moves goods, so that it can be deactivated while the examples run.</summary>
    public const string UnusedStore = "QUIET";

    private OwnDatabase _database = null!;
    private readonly List<HttpClient> _clients = [];

    public HostProcess Process { get; private set; } = null!;
    public Client Admin { get; private set; } = null!;
    public Client Platform { get; private set; } = null!;
    public OpenApi Document { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await ledger.NewDatabase();
        Process = await HostProcess.Serve(_database.Connections);
        Admin = await Client.SignIn(NewClient(), DemoTenant.Slug, DemoTenant.Email("admin"), DemoTenant.Password);
        Platform = await Client.SignIn(NewClient(), null, DemoTenant.PlatformAccount, DemoTenant.Password);
        Document = await OpenApi.Of(Admin);
        (
            await Admin.Post(
                "stores",
                new
                {
                    code = UnusedStore,
                    name = UnusedStore,
                    type = "warehouse",
                }
            )
        ).ShouldBe(201);
        foreach (var (sku, unitType) in ((string, string)[])[("LAC001", "unit"), ("HAR001", "unit"), ("QUE001", "kg")])
            (
                await Admin.Put(
                    $"products/{sku}",
                    new
                    {
                        name = sku,
                        unitType,
                        costPrice = 2,
                        sellingPrice = 3,
                        taxRate = 16,
                        settings = new { allowBackorder = true },
                    }
                )
            ).ShouldBe(200);
    }

    /// <summary>A client that also sends header values that are not valid.</summary>
    private HttpClient NewClient()
    {
        var client = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 })
        {
            BaseAddress = Process.Address,
        };
        _clients.Add(client);
        return client;
    }

    public Task<NpgsqlConnection> OpenSuperuser() => _database.OpenSuperuser();

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await Process.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>
/// Sends bad input for every field of every command and every other part of a request, as the OpenAPI document lists them. No answer is a
/// server error, every refusal is a problem that names the error, and a refused request writes nothing.
/// </summary>
public sealed partial class BadRequestTests(BadRequestHost own) : IClassFixture<BadRequestHost>
{
    private const int Concurrency = 8;

    // JSON values that replace a field's value; some are valid for some fields

    private static readonly string[] AnyValues =
    [
        "null",
        "true",
        "7",
        "-1",
        "1e400",
        "[]",
        "[null]",
        "[[]]",
        "{}",
        """{"a":1}""",
        """{"a":1,"a":2}""",
        """{"\u0000":1}""",
        """{"\ud800":1}""",
        "",
        "NaN",
        Nested("[", "]", 10_000),
        Nested("{\"a\":", "1}", 60),
        .. Quoted("", @"\u0000", @"\ud800", "a\u0001b"),
    ];

    private static readonly string[] Numbers =
    [
        "0",
        "-0.001",
        "0.0001",
        "0.1234567890123456789012345678901234567890",
        "1000000000",
        "9223372036854775808",
        "1e200",
        "79228162514264337593543950335",
        "79228162514264337593543950336",
        "1e-400",
        "1e-20000",
        new('9', 1000),
        .. Quoted("7", "NaN", "-Infinity"),
    ];

    private static readonly string[] Texts = Quoted(
        "   ",
        @"\t\r\n",
        @"a\u0000b",
        @"\udc00\ud800",
        @"a\u0007\u001b[31m",
        @"\u202Egnp.exe",
        @"\u2028",
        "=1+1 مرحبا 👩‍👩‍👧 🏳️‍🌈 ñ '; -- %s%n{0}$1",
        "00000000-0000-0000-0000-000000000000",
        new('ñ', 300),
        new('x', 100_000)
    );

    private static readonly string[] Dates = Quoted(
        "0001-01-01",
        "9999-12-31",
        "99999-01-01",
        "99999",
        "2026-02-30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-01-01T00:00:00+15:00",
        "2026-01-01T00:00:00+99:99",
        "2026-01-01T00:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z"
    );

    /// <summary>Kestrel refuses a path with this before our code sees the request: 400 without a body.</summary>
    private const string RefusedByTheServer = "%00";

    /// <summary>Values that replace a part of an address.</summary>
    private static readonly string[] AddressParts =
    [
        "%20",
        "-1",
        "0",
        "1e400",
        "NaN",
        "99999999999999999999",
        "%00",
        "%ED%A0%80",
        "%FF",
        "%0D%0A",
        "%1B%5B31m",
        "%E2%80%AE",
        "%F0%9F%8F%B3",
        "..%2F..",
        "%2e%2e",
        "%27%3B--",
        "%25",
        "%7B0%7D",
        "%",
        "*",
        "00000000-0000-0000-0000-000000000000",
        "0001-01-01",
        "9999-12-31",
        "99999",
        "0001-01-01T00:00:00%2B14:00",
        "9999-12-31T23:59:59.9999999-14:00",
        new('x', 2000),
        .. (
            (string[])
                [
                    "{}",
                    "[null]",
                    "[[]]",
                    "[\"a\"]",
                    """["\ud800"]""",
                    """["\u0000"]""",
                    """["9999-12-31T23:59:59.9999999-14:00","00000000-0000-0000-0000-000000000000"]""",
                    """["0001-01-01T00:00:00.0000000Z","00000000-0000-0000-0000-000000000000"]""",
                ]
        ).Select(cursor => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(cursor))),
    ];

    private static readonly (string Name, string[] Values)[] RequestHeaders =
    [
        (IdempotencyKey.Header, ["", "two words", "ñ", "🏳", new('k', IdempotencyKey.MaxLength + 1), new('k', 10_000)]),
        (
            "Authorization",
            [
                "",
                "Bearer",
                "Bearer x",
                "Bearer a.b.c",
                "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
                "Basic eDp5",
                "Bearer ñ",
                $"Bearer {new string('x', 8000)}",
            ]
        ),
        ("Accept", ["text", "text/csv;q=a", "*/*;q=2", "ñ/ñ", new('a', 5000)]),
        ("User-Agent", [$"{new string('x', 499)}🏳", "\"", new('x', 10_000)]),
        ("traceparent", ["00-0-0-0", "ñ"]),
    ];

    private static readonly string[] MediaTypes =
    [
        "text/plain",
        "application/json;charset=utf-16",
        "application/json;charset=none",
        "multipart/form-data;boundary=a",
    ];
    private static readonly byte[][] InvalidBodies =
    [
        [],
        [0x7B, 0xFF, 0x7D],
        Encoding.Unicode.GetBytes("{}"),
        [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
        new byte[64],
    ];

    private readonly ConcurrentBag<string> _faults = [];
    private readonly ConcurrentDictionary<string, int> _answers = new();

    private static string[] Quoted(params string[] texts) => [.. texts.Select(text => $"\"{text}\"")];

    private static string Nested(string open, string close, int levels) =>
        string.Concat([.. Enumerable.Repeat(open, levels), .. Enumerable.Repeat(close, levels)]);

    [Fact]
    public async Task bad_values_in_any_field_of_any_command_are_refused_without_a_server_error()
    {
        var commands = own.Document.Operations.Where(o => o.Body is not null).ToList();
        await ForEachConcurrently(
            commands,
            async command =>
            {
                var address = await Address(command);
                foreach (
                    var (field, body) in Bodies(command.Body!["schema"]!, Example(command), "", node => node?.ToJsonString() ?? "null")
                )
                {
                    using var request = Request(command, address, body);
                    if (await Send(command, request, field, body) < 300)
                        address = await Address(command);
                }
            }
        );
        await ShouldHaveNoFaults(commands.Count);
    }

    [Fact]
    public async Task bad_values_in_any_other_part_of_a_request_are_refused_without_a_server_error()
    {
        await ForEachConcurrently(
            own.Document.Operations.Where(o => !o.IsStream),
            async operation =>
            {
                var (address, example) = (await Address(operation), operation.Body is null ? null : Example(operation).ToJsonString());
                foreach (
                    var (name, part) in operation
                        .Parameters("path")
                        .SelectMany(p => AddressParts.Where(part => part != RefusedByTheServer).Select(part => (p.Name, part)))
                )
                {
                    // one endpoint is enough: all of them read the tenant in the same place
                    if (name == "tenant" && operation.Path != "/api/{tenant}/inventory")
                        continue;
                    using var request = Request(
                        operation,
                        operation
                            .Path.Replace($"{{{name}}}", part, StringComparison.Ordinal)
                            .Replace("{tenant}", DemoTenant.Slug, StringComparison.Ordinal),
                        example
                    );
                    await Send(operation, request);
                }
                foreach (var (name, part) in operation.Parameters("query").SelectMany(p => AddressParts.Select(part => (p.Name, part))))
                {
                    using var request = Request(operation, address + operation.Query(name, part), null);
                    await Send(operation, request, name);
                }
                foreach (var (name, value) in RequestHeaders.SelectMany(h => h.Values.Select(value => (h.Name, value))))
                {
                    using var request = Request(operation, address + operation.Query(), example);
                    request.Headers.Remove(name);
                    request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
                    await Send(operation, request, name);
                }
                if (example is null)
                    return;
                foreach (var type in MediaTypes)
                {
                    using var request = Request(operation, address, example);
                    request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
                    await Send(operation, request);
                }
                foreach (var body in InvalidBodies)
                {
                    using var request = Request(operation, address, "");
                    request.Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
                    await Send(operation, request);
                }
            }
        );
        await ShouldHaveNoFaults(own.Document.Operations.Count);
    }

    private static Task ForEachConcurrently(IEnumerable<Operation> operations, Func<Operation, Task> send) =>
        Parallel.ForEachAsync(
            operations,
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency },
            async (operation, _) => await send(operation)
        );

    /// <summary>
    /// The example of a command, with {new} in every field that must be unique. The tenant is the exception, because a new schema takes
    /// long to create.
    /// </summary>
    private static JsonObject Example(Operation command)
    {
        var example = command.Body!["example"]!.DeepClone().AsObject();
        if (command.Path == "/api/{tenant}/users")
            example["email"] = "{new}@fluxion.demo";
        foreach (var name in ((string[])["code", "sku", "invoiceNumber", "orderNumber"]).Where(example.ContainsKey))
            example[name] = "N-{new}";
        foreach (var (i, barcode) in (example["barcodes"]?.AsArray() ?? []).Index())
            barcode!["code"] = $"{i}-{{new}}";
        return example;
    }

    private async Task<string> Address(Operation operation) =>
        operation.IsOfThePlatform ? operation.Address.Replace("{id}", "nobody", StringComparison.Ordinal)
        : operation.Path == "/api/{tenant}/stores/{id}/deactivate"
            ? operation
                .Path.Replace("{tenant}", DemoTenant.Slug, StringComparison.Ordinal)
                .Replace("{id}", BadRequestHost.UnusedStore, StringComparison.Ordinal)
        : operation.IsCommand && operation.Address.Contains("{id}", StringComparison.Ordinal)
            ? await own.Document.OfANewDocument(own.Admin, operation.Address)
        : operation.Address;

    private HttpRequestMessage Request(Operation operation, string address, string? body)
    {
        var name = $"bad-{Guid.CreateVersion7():N}";
        return new HttpRequestMessage(
            HttpMethod.Parse(operation.Method),
            new Uri($"{own.Process.Address}{address[1..]}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })
        )
        {
            Content = body is null
                ? null
                : new StringContent(
                    body.Replace("{new}", name[^32..], StringComparison.Ordinal),
                    MediaTypeHeaderValue.Parse("application/json")
                ),
            Headers = { { IdempotencyKey.Header, name }, { "User-Agent", name } },
        };
    }

    /// <param name="field">The part of the request that is invalid; null when a problem need not name it.</param>
    private async Task<int> Send(Operation operation, HttpRequestMessage request, string? field = null, string? body = null)
    {
        var answer = await (operation.IsOfThePlatform ? own.Platform : own.Admin).Send(request);
        _answers[request.Headers.TryGetValues("User-Agent", out var agent) ? agent.First() : ""] = answer.Status;
        if (Fault(answer, field, body) is { } fault)
            _faults.Add(
                $"{fault}: {operation} {field}: {answer.Status} {answer.ContentType} {answer.Text} {request.RequestUri} "
                    + $"{Refusal.Shorten(body ?? "")}"
            );
        return answer.Status;
    }

    private static string? Fault(Answer answer, string? field, string? body) =>
        answer.Status switch
        {
            < 400 => null,
            >= 500 => "an error of ours",
            _ when answer.ContentType != "application/problem+json" => "no problem",
            _ when Leak().IsMatch(answer.Text) => "a name of ours",
            _ when answer.Json["status"]!.GetValue<int>() != answer.Status
                    || string.IsNullOrEmpty(answer.Json["title"]?.GetValue<string>())
                    || string.IsNullOrEmpty(answer.Detail) => "says nothing",
            // together with stock that another operation received
            400 when answer.Text.Contains("total more than the ledger can hold", StringComparison.Ordinal) => null,
            400 when field is null || answer.Detail == "The address contains the character NUL (%00)." => null,
            400 when answer.Fields is ["$"] => field.Length > 0 && IsJson(body ?? "") ? "is JSON" : null,
            400
                when !answer.Fields.Any(f => field.StartsWith(f, StringComparison.Ordinal) || f.StartsWith(field, StringComparison.Ordinal))
                    && !answer.Text.Contains(field, StringComparison.Ordinal) => "does not name it",
            _ => null,
        };

    private static bool IsJson(string body)
    {
        try
        {
            using var _ = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private async Task ShouldHaveNoFaults(int operations)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{operations} operations, {_answers.Count} requests: "
                + string.Join(", ", _answers.Values.GroupBy(status => status).OrderBy(s => s.Key).Select(s => $"{s.Count()} × {s.Key}"))
        );
        _faults.ShouldBeEmpty();
        own.Process.Output.ShouldNotContain("fail: "); // no client input is logged as a server error
        await using var superuser = await own.OpenSuperuser();
        var written = await superuser.Column<string>(
            """
            select headers ->> 'agent' from tenant_fluxion_demo.mt_events where headers ->> 'agent' like 'bad-%'
            union select key from tenant_fluxion_demo.idempotency_keys where key like 'bad-%'
            union select key from shared.idempotency_keys where key like 'bad-%'
            """
        );
        written.Count.ShouldBeGreaterThan(100); // from accepted requests
        written.Where(name => _answers.GetValueOrDefault(name) >= 400).ShouldBeEmpty(); // the other test of this host uses names of its own
        (await superuser.Violations()).ShouldBeEmpty();
    }

    /// <summary>Bodies in which one field differs from the example, each with the name of that field.</summary>
    /// <param name="enclose">A function that returns the full body with a node in place of this field.</param>
    private IEnumerable<(string Field, string Body)> Bodies(
        JsonNode schema,
        JsonNode? example,
        string field,
        Func<JsonNode?, string> enclose
    )
    {
        schema = own.Document.Schema(schema);
        var (template, types) = (enclose("@@"), schema["type"]!.ToJsonString());
        string Put(string json) => template.Replace("\"@@\"", json, StringComparison.Ordinal);
        bool Is(string type) => types.Contains(type, StringComparison.Ordinal);
        foreach (
            var value in AnyValues
                .Concat(Is("number") || Is("integer") ? Numbers : [])
                .Concat(Is("string") ? Texts : [])
                .Concat(schema["format"] is null ? [] : Dates)
        )
            yield return (field, Put(value));
        if (Is("array"))
        {
            yield return (field, Put($"[{string.Join(',', Enumerable.Repeat(example?[0]?.ToJsonString() ?? "{}", 10_001))}]"));
            foreach (var body in Bodies(schema["items"]!, example?[0], $"{field}[0]", node => enclose(new JsonArray(node))))
                yield return body;
        }
        if (!Is("object"))
            yield break;
        var members = schema["properties"]?.AsObject().ToDictionary() ?? [];
        if (schema["additionalProperties"]?.ToJsonString() != "false")
            members["own"] = JsonNode.Parse("""{"type":"string or number"}""");
        foreach (var (name, member) in members)
        {
            JsonObject Copy() => example?.DeepClone().AsObject() ?? [];
            string With(JsonNode? node)
            {
                var copy = Copy();
                copy[name] = node;
                return enclose(copy);
            }
            var path = field.Length == 0 ? name : $"{field}.{name}";
            var (value, place) = (example?[name]?.ToJsonString() ?? "null", With("@@"));
            string Beside(string more) => place.Replace("\"@@\"", $"{value},\"{more}\":{value}", StringComparison.Ordinal);
            var without = Copy();
            without.Remove(name);
            yield return (path, enclose(without));
            yield return (path, Beside(name));
            yield return (path, Beside($"{name}X"));
            foreach (var body in Bodies(member!, example?[name], path, With))
                yield return body;
        }
        if (field.Length > 0)
            yield break;
        foreach (var number in Numbers)
            yield return (field, Number().Replace(example!.ToJsonString(), number));
    }

    [GeneratedRegex(@"(?<="":)-?[0-9.]+")]
    private static partial Regex Number();

    [GeneratedRegex(
        @"Fluxion\.[A-Z]|System\.|Microsoft\.|Npgsql|Marten|Wolverine|JasperFx|Exception|Int32|Nullable"
            + @"|\bat [A-Z]\w+\.|pg_|mt_|tenant_fluxion"
    )]
    private static partial Regex Leak();
}
