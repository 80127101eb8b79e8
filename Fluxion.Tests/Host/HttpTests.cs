using System.Text;
using Fluxion.Host.Demo;

namespace Fluxion.Tests.Host;

/// <summary>Tests of the rules for every address: methods, media types, and the refusals of the router.</summary>
public sealed class HttpTests(LedgerHost host)
{
    [Theory]
    [InlineData("application/json")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("Application/Json; charset=utf-8")]
    [InlineData("application/vnd.fluxion+json")]
    public async Task json_is_accepted_under_every_valid_spelling_of_its_media_type(string contentType) =>
        (await Client.Anonymous(host).Send(HttpMethod.Post, "/api/token", SignIn, null, contentType: contentType)).ShouldBe(200);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    public async Task a_body_that_is_not_json_answers_415_with_or_without_a_token(string contentType)
    {
        (await Client.Anonymous(host).Send(HttpMethod.Post, "/api/token", SignIn, null, contentType: contentType))
            .ShouldBe(415)
            .Detail!.ShouldContain("application/json");
        (await (await Client.Demo(host, "user")).Send(HttpMethod.Post, "stock/receipts", "{}", "k", contentType: contentType))
            .ShouldBe(415)
            .Detail!.ShouldContain("application/json");
    }

    [Theory]
    [InlineData("application/*")]
    [InlineData("*/*;q=0.1")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("text/csv")]
    public async Task a_command_answers_json_for_every_accept_header(string accept) =>
        (await Client.Anonymous(host).Send(HttpMethod.Post, "/api/token", SignIn, null, accept))
            .ShouldBe(200)
            .ContentType!.ShouldStartWith("application/json");

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("text/csv", "text/csv")]
    [InlineData("TEXT/CSV", "text/csv")]
    [InlineData("text/*", "text/csv")]
    [InlineData("*/*", "application/json")]
    [InlineData("application/*", "application/json")]
    [InlineData("text/csv;q=0", "application/json")]
    [InlineData("text/csv;q=0, */*", "application/json")]
    [InlineData("text/csv;q=0.5, application/json", "application/json")]
    [InlineData("text/csv, application/json;q=0.5", "text/csv")]
    [InlineData("application/json;q=0.5, text/csv", "text/csv")]
    [InlineData("text/csv, */*;q=0.1", "text/csv")]
    [InlineData("text/csv, application/json", "application/json")]
    [InlineData("text/html, application/xhtml+xml, */*;q=0.8", "application/json")]
    [InlineData("image/png", "application/json")]
    public async Task a_list_is_csv_when_the_client_prefers_it(string? accept, string type) =>
        (await (await Client.Demo(host, "viewer")).Get("products?limit=1", accept)).ShouldBe(200).ContentType!.ShouldStartWith(type);

    [Theory]
    [InlineData("inventory")]
    [InlineData("products/LAC001")]
    [InlineData("products/NONE")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/health/live")]
    public async Task head_answers_as_get_without_the_body(string path)
    {
        var viewer = await Client.Demo(host, "viewer");
        var (get, head) = (await viewer.Get(path), await viewer.Send(HttpMethod.Head, path, null, null));
        (head.Status, head.ContentType, head.Text).ShouldBe((get.Status, get.ContentType, ""));
    }

    [Theory]
    [InlineData("sales", "pending, partial, paid, refund_due, returned, refunded, cancelled")]
    [InlineData("purchase-orders", "draft, sent, confirmed, partial, received, cancelled")]
    [InlineData("stock/transfers", "in_transit, partial, received")]
    [InlineData("stock/reservations", "open, fulfilled, released, expired")]
    public async Task a_list_filtered_by_an_unknown_status_is_refused_with_the_allowed_ones(string list, string states)
    {
        var viewer = await Client.Demo(host, "viewer");
        foreach (var state in states.Split(", "))
            (await viewer.Get($"{list}?status={state}")).ShouldBe(200);
        var refused = (await viewer.Get($"{list}?status=lost")).ShouldBe(400);
        refused.Fields.ShouldBe(["status"]);
        refused.Text.ShouldContain(states);
    }

    [Theory]
    [InlineData("GET", "/api/nothing/at/all", 404)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("DELETE", "/api/fluxion-demo/inventory", 405)]
    [InlineData("GET", "/api/token", 405)]
    public async Task a_request_that_the_router_refuses_answers_a_problem_with_a_detail(string method, string path, int status)
    {
        foreach (var client in (Client[])[Client.Anonymous(host), await Client.Demo(host, "admin")])
        {
            var answer = (await client.Send(HttpMethod.Parse(method), path, null, null, accept: "text/csv")).ShouldBe(status);
            answer.ContentType.ShouldBe("application/problem+json");
            answer.Detail.ShouldNotBeNullOrEmpty();
        }
    }

    [Fact]
    public async Task no_request_body_causes_a_server_error_or_an_error_log()
    {
        await using var database = await host.NewDatabase();
        await using var served = await HostProcess.Serve(database.Connections);
        using var http = served.NewClient();
        var random = new Random(7);
        var valid = Encoding.UTF8.GetBytes(SignIn);
        for (var i = 0; i < 300; i++)
        {
            var body = valid.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            using var content = new ByteArrayContent(body[..random.Next(1, body.Length + 1)]);
            content.Headers.ContentType = new("application/json");
            ((int)(await http.PostAsync("/api/token", content, TestContext.Current.CancellationToken)).StatusCode).ShouldBeOneOf(
                200,
                400,
                401
            );
        }
        (
            await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/openapi/v1.json"), TestContext.Current.CancellationToken)
        ).Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        served.Output.ShouldNotContain("fail:");
        served.Output.ShouldNotContain("Exception");
    }

    private static string SignIn { get; } =
        $$"""{"tenant":"{{DemoTenant.Slug}}","email":"{{DemoTenant.Email("viewer")}}","password":"{{DemoTenant.Password}}"}""";
}
