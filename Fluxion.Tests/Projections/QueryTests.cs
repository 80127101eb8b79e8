using System.Text.Json.Nodes;
using Fluxion.Tests.Host;
using Fluxion.Tests.Reports;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Projections;

public sealed class QueryTests(LedgerHost host)
{
    private const string JsonLines = "application/x-ndjson";

    private static readonly object[] ManyMovements =
    [
        .. Enumerable
            .Range(1, 1203)
            .Select(i =>
                (object)
                    new
                    {
                        type = "receipt",
                        store = "M1",
                        sku = "P1",
                        quantity = i,
                        unitCost = 2m,
                    }
            ),
    ];

    /// <summary>A tenant with more movements than fit in a page or in one write of a stream.</summary>
    private async Task<Client> CreateTenantWithManyMovements()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        (await tenant.Admin.Post("stock/movements", new { lines = ManyMovements })).ShouldBe(200);
        return tenant.Admin;
    }

    [Fact]
    public async Task a_list_as_csv_or_json_lines_is_complete_unless_limited()
    {
        var admin = await CreateTenantWithManyMovements();
        var csv = (await admin.Get("movements", accept: "text/csv")).ShouldBe(200);
        csv.ContentType.ShouldBe("text/csv; charset=utf-8");
        var lines = csv.Text.TrimEnd().Split("\r\n");
        lines[0].ShouldStartWith("id,store,sku,");
        lines.Skip(1).Select(line => line.Split(',')[0]).Distinct().Count().ShouldBe(ManyMovements.Length);

        var json = (await admin.Get("movements", accept: JsonLines)).ShouldBe(200);
        json.ContentType.ShouldBe("application/x-ndjson; charset=utf-8");
        var rows = json.Text.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!).ToList();
        rows.Sum(row => row["quantity"]!.GetValue<decimal>()).ShouldBe(ManyMovements.Length * (ManyMovements.Length + 1) / 2);
        // the stream returns the same rows as the pages
        rows.Take(1000)
            .Select(row => row.ToJsonString())
            .ShouldBe((await admin.Get("movements?limit=1000")).Json["items"]!.AsArray().Select(row => row!.ToJsonString()));

        var page = (await admin.Get("movements?limit=2&fields=sku,quantity", accept: JsonLines)).ShouldBe(200);
        page.Text.TrimEnd().Split('\n').Length.ShouldBe(2);
        page.Headers.GetValues("Link").Single().ShouldContain("rel=\"next\"");
        (await admin.Get("movements?store=nowhere", accept: "text/csv")).ShouldBe(200).Text.TrimEnd().ShouldBe(lines[0]);
        (await admin.Get("movements?store=nowhere", accept: JsonLines)).ShouldBe(200).Text.ShouldBe("");
        (await admin.Get("movements?from=yesterday", accept: JsonLines)).ShouldBe(400).Fields.ShouldBe(["from"]);
    }

    [Fact]
    public async Task a_list_returns_only_the_requested_fields()
    {
        var viewer = await Client.Demo(host, "viewer");
        (await viewer.Get("inventory?store=CCS-01&sku=LAC001&fields=sku,onHand, store")).ShouldBe(200).Json["items"]![0]!
            .AsObject()
            .Select(f => f.Key)
            .ShouldBe(["sku", "onHand", "store"]);
        (await viewer.Get("products?fields=sku&limit=1", accept: "text/csv")).ShouldBe(200).Text.Split("\r\n")[0].ShouldBe("sku");
        (await viewer.Get("products?fields=sku&limit=1", accept: JsonLines)).ShouldBe(200).Text.ShouldMatch("""^\{"sku":"[^"]+"\}\n$""");
        var wrong = (await viewer.Get("products?fields=sku,secret")).ShouldBe(400);
        wrong.Fields.ShouldBe(["fields"]);
        wrong.Text.ShouldContain("sellingPrice");
    }

    [Fact]
    public async Task a_resource_with_the_clients_etag_is_not_sent_again()
    {
        var shop = await TestStore.Create(host);
        var http = host.Http.Server.CreateClient();
        var token = (
            await http.PostAsync(
                "/api/token",
                new StringContent(
                    """{"tenant":"fluxion-demo","email":"admin@fluxion.demo","password":"fluxion-demo"}""",
                    null,
                    "application/json"
                ),
                TestContext.Current.CancellationToken
            )
        );
        http.DefaultRequestHeaders.Authorization = new(
            "Bearer",
            JsonNode.Parse(await token.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))![
                "access_token"
            ]!.GetValue<string>()
        );
        async Task<HttpResponseMessage> Get(string? tag)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/fluxion-demo/products/{shop.Sku}");
            if (tag is not null)
                request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            return await http.SendAsync(request, TestContext.Current.CancellationToken);
        }
        var tag = (await Get(null)).Headers.ETag!.ToString();
        var again = await Get(tag);
        ((int)again.StatusCode, await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe((304, ""));
        (await shop.Manager.Put($"products/{shop.Sku}", new { name = "Another name", unitType = "unit" })).ShouldBe(200);
        var changed = await Get(tag);
        ((int)changed.StatusCode, changed.Headers.ETag!.ToString() == tag).ShouldBe((200, false));
    }

    [Fact]
    public async Task inventory_can_be_read_as_of_one_moment_and_known_at_another()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        var admin = ledger.Tenant.Admin;
        await ledger.Receive("P1", 10, 2m, "2026-03-02T10:00:00-04:00");
        await ledger.Receive("P2", 1, 2m, "2026-03-02T10:00:00-04:00", store: "M2");
        var before = Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"));
        await ledger.Issue("P1", 4, "2026-03-03T10:00:00-04:00"); // a late movement

        async Task<string> Stock(string query) =>
            string.Join(
                "; ",
                (await admin.Get($"inventory?{query}&fields=store,sku,onHand,reserved,value")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(row => string.Join(' ', row!.AsObject().Select(f => f.Value?.ToString() ?? "-")))
            );
        (await Stock("asOf=2026-03-02")).ShouldBe("");
        (await Stock("asOf=2026-03-03")).ShouldBe("M1 P1 10 - 20; M2 P2 1 - 2");
        (await Stock("asOf=2026-03-04")).ShouldBe("M1 P1 6 - 12; M2 P2 1 - 2");
        (await Stock($"asOf=2026-03-04&knownAt={before}&store=m1")).ShouldBe("M1 P1 10 - 20");
        (await Stock($"knownAt={before}&sku=p1")).ShouldBe("M1 P1 10 - 20");
        (await Stock("asOf=2026-03-04&limit=1")).ShouldBe("M1 P1 6 - 12");
        (await admin.Get("inventory?asOf=2026-03-04&knownAt=2026-03-03")).ShouldBe(400).Fields.ShouldBe(["knownAt"]);
        (await admin.Get("inventory?asOf=soon")).ShouldBe(400).Fields.ShouldBe(["asOf"]);
        (await admin.Get("inventory?asOf=2026-03-04&low=true")).ShouldBe(400).Fields.ShouldBe(["low"]);
    }
}
