using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Imports;

namespace Fluxion.Tests.Host;

[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NotParallel
{
    /// <summary>Tests that measure: no other test runs at the same time.</summary>
    public const string Name = "alone";
}

/// <summary>
/// Under many concurrent requests the host processes a few at a time and refuses the others with Retry-After. A concurrent reader waits
/// less than one second. The host is the tests' own; its clients share the cores with it.
/// </summary>
[Collection(NotParallel.Name)]
public sealed class BoundsTests(LedgerHost ledger) : IAsyncLifetime
{
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadInterval = TimeSpan.FromMilliseconds(20);

    private OwnDatabase _database = null!;
    private HostProcess _host = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await ledger.NewDatabase();
        _host = await HostProcess.Serve(_database.Connections);
        // warm up, so that no measured request is the first of its kind
        var admin = await _host.Demo("admin");
        for (var i = 0; i < 20; i++)
            (await admin.Get("inventory?store=CCS-01&sku=LAC001")).ShouldBe(200);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>The status of an answer, and how long it took.</summary>
    private sealed record TimedAnswer(int Status, TimeSpan Elapsed, TimeSpan? RetryAfter);

    private static async Task<TimedAnswer> Send(HttpClient http, HttpRequestMessage request)
    {
        var watch = Stopwatch.StartNew();
        using var answer = await http.SendAsync(request);
        await answer.Content.CopyToAsync(Stream.Null);
        return new TimedAnswer((int)answer.StatusCode, watch.Elapsed, answer.Headers.RetryAfter?.Delta);
    }

    private async Task<HttpClient> SignedIn(string role)
    {
        var http = _host.NewClient();
        http.Timeout = TimeSpan.FromMinutes(5);
        var answer = await http.PostAsJsonAsync(
            "/api/token",
            new
            {
                tenant = DemoTenant.Slug,
                email = DemoTenant.Email(role),
                password = DemoTenant.Password,
            }
        );
        var token = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>Reads one item repeatedly while a load runs, checks how long the reads took, and returns the answers of the load.</summary>
    private async Task<IReadOnlyList<TimedAnswer>> MeasureReadsDuring(string what, Func<Task<IReadOnlyList<TimedAnswer>>> load)
    {
        using var reader = await SignedIn("viewer");
        var reads = new List<TimedAnswer>();
        var loading = Task.Run(load);
        while (!loading.IsCompleted)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/{DemoTenant.Slug}/inventory?store=CCS-01&sku=LAC001");
            reads.Add(await Send(reader, request));
            await Task.Delay(ReadInterval);
        }
        var answers = await loading;
        var (median, p99, longest) = (Percentile(reads, 0.5), Percentile(reads, 0.99), Percentile(reads, 1));
        var statuses = answers.GroupBy(a => a.Status).OrderBy(g => g.Key).Select(g => $"{g.Count()} × {g.Key}");
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {string.Join(", ", statuses)} in {answers.Max(a => a.Elapsed).TotalSeconds:0.0} s; "
                    + $"{reads.Count} reads: median {median.TotalMilliseconds:0} ms, 99 % {p99.TotalMilliseconds:0} ms, "
                    + $"longest {longest.TotalMilliseconds:0} ms; "
                    + $"host at most {Memory("VmHWM")} MB, now {Memory("VmRSS")} MB"
            )
        );
        reads.ShouldAllBe(read => read.Status == 200);
        p99.ShouldBeLessThan(ReadLimit);
        answers.Where(a => a.Status is 429 or 503).ShouldAllBe(a => a.RetryAfter > TimeSpan.Zero);
        return answers;
    }

    private static TimeSpan Percentile(List<TimedAnswer> reads, double share) =>
        reads.Select(read => read.Elapsed).Order().ElementAt(Math.Min(reads.Count - 1, (int)(reads.Count * share)));

    private long Memory(string which) =>
        long.Parse(
            File.ReadLines($"/proc/{_host.ProcessId}/status")
                .Single(line => line.StartsWith(which, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / 1024;

    private static async Task<IReadOnlyList<TimedAnswer>> SendConcurrently(int times, Func<int, Task<TimedAnswer>> send) =>
        await Task.WhenAll(Enumerable.Range(0, times).Select(send));

    private static HttpRequestMessage Command(string path, object body) =>
        new(HttpMethod.Post, $"/api/{DemoTenant.Slug}/{path}")
        {
            Content = JsonContent.Create(body),
            Headers = { { "Idempotency-Key", Guid.CreateVersion7().ToString() } },
        };

    /// <summary>A file of almost the largest allowed size, with the largest allowed number of rows.</summary>
    private static byte[] LargeFile()
    {
        var file = new StringBuilder("sku,name,description\n");
        var description = new string('x', 560);
        for (var row = 0; row < CsvFile.MaxRows; row++)
            file.Append(CultureInfo.InvariantCulture, $"BIG{row},Product {row},{description}\n");
        return Encoding.UTF8.GetBytes(file.ToString());
    }

    [Fact]
    public async Task twenty_concurrent_imports_of_29_MB_leave_reads_fast_and_memory_bounded()
    {
        var file = LargeFile();
        file.Length.ShouldBeInRange(28_000_000, Import.MaxBytes);
        using var manager = await SignedIn("manager");
        var before = Memory("VmRSS");
        var answers = await MeasureReadsDuring(
            "20 imports of 29 MB",
            () =>
                SendConcurrently(
                    20,
                    async _ =>
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/{DemoTenant.Slug}/imports/products?dryRun=true")
                        {
                            Content = new ByteArrayContent(file) { Headers = { ContentType = new("text/csv") } },
                            Headers = { { "Idempotency-Key", Guid.CreateVersion7().ToString() }, { "Expect", "100-continue" } },
                        };
                        return await Send(manager, request);
                    }
                )
        );
        answers.Count(a => a.Status == 200).ShouldBeGreaterThanOrEqualTo(2);
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 429);
        (Memory("VmHWM") - before).ShouldBeLessThan(2_000); // imports run one at a time: two concurrent ones would exceed this
    }

    [Fact]
    public async Task two_hundred_and_sixty_concurrent_password_changes_leave_reads_fast()
    {
        using var user = await SignedIn("user");
        using var admin = await SignedIn("admin");
        var answers = await MeasureReadsDuring(
            "260 changes of passwords",
            () =>
                SendConcurrently(
                    260,
                    async i =>
                    {
                        using var request =
                            i % 2 == 0
                                ? Command(
                                    $"users/{DemoTenant.Email("user")}/password",
                                    new { newPassword = DemoTenant.Password, currentPassword = DemoTenant.Password }
                                )
                                : Command($"users/{DemoTenant.Email("manager")}/password", new { newPassword = "another password" });
                        return await Send(i % 2 == 0 ? user : admin, request);
                    }
                )
        );
        answers.Count(a => a.Status == 200).ShouldBeGreaterThan(10);
        // some of the user's own changes find that another was faster; later ones have a revoked token
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 400 || a.Status == 401 || a.Status == 429 || a.Status == 503);
        (await _host.Demo("user")).ShouldNotBeNull();
    }

    [Fact]
    public async Task two_hundred_and_sixty_concurrent_sign_ins_leave_reads_fast()
    {
        using var http = _host.NewClient();
        var answers = await MeasureReadsDuring(
            "260 sign-ins",
            () =>
                SendConcurrently(
                    260,
                    async _ =>
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/token")
                        {
                            Content = JsonContent.Create(
                                new
                                {
                                    tenant = DemoTenant.Slug,
                                    email = DemoTenant.Email("user"),
                                    password = DemoTenant.Password,
                                }
                            ),
                        };
                        return await Send(http, request);
                    }
                )
        );
        answers.Count(a => a.Status == 200).ShouldBeGreaterThan(150);
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 503);
    }

    [Fact]
    public async Task a_hundred_concurrent_complete_lists_and_pages_leave_reads_fast()
    {
        using var manager = await SignedIn("manager");
        var answers = await MeasureReadsDuring(
            "100 whole lists and 100 pages",
            () =>
                SendConcurrently(
                    200,
                    async i =>
                    {
                        using var request = new HttpRequestMessage(
                            HttpMethod.Get,
                            $"/api/{DemoTenant.Slug}/{(i % 4 < 2 ? "movements" : "events")}{(i % 2 == 0 ? "" : "?limit=1000")}"
                        );
                        if (i % 2 == 0)
                            request.Headers.Accept.ParseAdd("text/csv");
                        return await Send(manager, request);
                    }
                )
        );
        answers.Count(a => a.Status == 200).ShouldBeGreaterThan(50);
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 429);
    }

    [Fact]
    public async Task forty_concurrent_verifications_leave_reads_fast()
    {
        using var manager = await SignedIn("manager");
        var answers = await MeasureReadsDuring(
            "40 verifications",
            () =>
                SendConcurrently(
                    40,
                    async _ =>
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/{DemoTenant.Slug}/audit/verification");
                        return await Send(manager, request);
                    }
                )
        );
        answers.Count(a => a.Status == 200).ShouldBeGreaterThanOrEqualTo(2);
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 429);
    }
}
