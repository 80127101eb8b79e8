using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Session;

namespace Fluxion.Tests.Host;

/// <summary>An answer as a client receives it.</summary>
public sealed record Answer(int Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Detail => Json["detail"]?.GetValue<string>();

    /// <summary>The fields that a problem names.</summary>
    public string[] Fields => Errors is { } errors ? [.. errors.Select(e => e.Key)] : [];

    private JsonObject? Errors => Json["errors"] as JsonObject;

    /// <summary>A message about a field has one of the four forms in docs/WRITING.md, or is a full sentence.</summary>
    /// <remarks>A message may quote what the client sent, line breaks included: hence <c>(?s)</c>.</remarks>
    private const string MessageForm = "(?s)^(must |is required|unknown field|appears more than once|[A-Z].*\\.$)";

    private bool IsProblem => ContentType?.StartsWith("application/problem+json", StringComparison.Ordinal) == true;

    /// <summary>Fails when a message of a problem has another form. The answer to HEAD has no body and passes.</summary>
    internal Answer WithFormOfMessages()
    {
        if (!IsProblem || Text.Length == 0 || Errors is not { } errors)
            return this;
        foreach (var (field, messages) in errors)
        foreach (var message in messages!.AsArray())
            message!.GetValue<string>().ShouldMatch(MessageForm, field);
        return this;
    }

    public Answer ShouldBe(int status)
    {
        Status.ShouldBe(status, Text);
        return this;
    }
}

/// <summary>A client of the HTTP API, signed in with one account.</summary>
public sealed class Client(HttpClient http, string tenant)
{
    public string Tenant => tenant;

    public AuthenticationHeaderValue? Authorization => http.DefaultRequestHeaders.Authorization;

    /// <summary>The HTTP client with the token in its headers.</summary>
    public HttpClient Http => http;

    /// <summary>A client of the demo tenant.</summary>
    public static Task<Client> Demo(LedgerHost host, string role) =>
        SignIn(host.Http.Server.CreateClient(), DemoTenant.Slug, DemoTenant.Email(role), DemoTenant.Password);

    public static Task<Client> Platform(LedgerHost host) =>
        SignIn(host.Http.Server.CreateClient(), null, DemoTenant.PlatformAccount, DemoTenant.Password);

    public static Client Anonymous(LedgerHost host) => new(host.Http.Server.CreateClient(), DemoTenant.Slug);

    public static Client WithToken(LedgerHost host, string tenant, string token)
    {
        var http = host.Http.Server.CreateClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new Client(http, tenant);
    }

    public static async Task<Client> SignIn(HttpClient http, string? tenant, string email, string password)
    {
        var reply = await http.PostAsJsonAsync(
            "/api/token",
            new
            {
                tenant,
                email,
                password,
            }
        );
        var text = await reply.Content.ReadAsStringAsync();
        ((int)reply.StatusCode).ShouldBe(200, text);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer",
            JsonNode.Parse(text)!["access_token"]!.GetValue<string>()
        );
        return new Client(http, tenant ?? "");
    }

    public Task<Answer> Get(string path, string? accept = null) => Send(HttpMethod.Get, path, null, null, accept);

    public Task<Answer> Post(string path, object? body, string? key = "new") =>
        Send(HttpMethod.Post, path, body, key == "new" ? Guid.CreateVersion7().ToString() : key);

    /// <summary>Sends a CSV file to the import of a kind of rows.</summary>
    public Task<Answer> Import(string kind, string csv, string query = "", string? key = "new", string? accept = null) =>
        Send(
            HttpMethod.Post,
            $"imports/{kind}{query}",
            csv,
            key == "new" ? Guid.CreateVersion7().ToString() : key,
            accept,
            contentType: "text/csv"
        );

    public Task<Answer> Put(string path, object? body) => Send(HttpMethod.Put, path, body, null);

    /// <param name="path">A path below /api/{tenant}, or from the root when it begins with a slash.</param>
    /// <param name="body">An object to send as JSON, or a string to send as it is.</param>
    public async Task<Answer> Send(
        HttpMethod method,
        string path,
        object? body,
        string? key,
        string? accept = null,
        string contentType = "application/json"
    )
    {
        using var request = new HttpRequestMessage(method, path.StartsWith('/') ? path : $"/api/{tenant}/{path}");
        if (body is not null)
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), MediaTypeHeaderValue.Parse(contentType));
        if (key is not null)
            request.Headers.TryAddWithoutValidation(IdempotencyKey.Header, key);
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        return await Send(request);
    }

    /// <summary>Sends a request that the test built, with an address from the root.</summary>
    public async Task<Answer> Send(HttpRequestMessage request)
    {
        using var reply = await http.SendAsync(request);
        return new Answer(
            (int)reply.StatusCode,
            await reply.Content.ReadAsStringAsync(),
            reply.Headers,
            reply.Content.Headers.ContentType?.ToString()
        ).WithFormOfMessages();
    }
}
