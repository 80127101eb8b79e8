using System.Collections.Concurrent;
using System.Text;
using Fluxion.Ledger.Access;
using Fluxion.Tests.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fluxion.Tests.Diagnostics;

/// <summary>The host exports its spans and meters to the OTLP endpoint that the standard variables name.</summary>
public sealed class TelemetryExportTests(LedgerHost ledger)
{
    [Fact]
    public async Task the_span_and_the_count_of_a_command_reach_the_otlp_endpoint()
    {
        var ct = TestContext.Current.CancellationToken;
        var exported = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost(
            "/v1/{signal}",
            async (string signal, HttpRequest request) =>
            {
                using var body = new StreamReader(request.Body, Encoding.Latin1);
                var text = await body.ReadToEndAsync(ct);
                exported.AddOrUpdate(signal, text, (_, earlier) => earlier + text);
            }
        );
        await collector.StartAsync(ct);

        await using var database = await ledger.NewDatabase();
        var environment = HostProcess.Development(database.Connections);
        environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.Single();
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        environment["OTEL_BSP_SCHEDULE_DELAY"] = "200";
        environment["OTEL_METRIC_EXPORT_INTERVAL"] = "500";
        await using var host = await HostProcess.Serve(environment);
        var admin = await host.Demo(Roles.Admin);
        (await admin.Post("stores", new { code = "OTLP-1", name = "A store" })).ShouldBe(201);

        // the names in the protobuf messages are UTF-8 text
        string[] spans = ["fluxion-ledger", "Open store", "fluxion.outcome", "accepted", "POST /api/{tenant}/stores", "postgresql"];
        string[] meters = ["fluxion-ledger", "fluxion.commands", "fluxion.command.lock_wait", "http.server.request.duration", "dotnet.gc"];
        bool Has(string signal, string[] names) =>
            exported.TryGetValue(signal, out var text) && names.All(name => text.Contains(name, StringComparison.Ordinal));
        await Wait.Until(() => Task.FromResult(Has("traces", spans) && Has("metrics", meters)), "spans and meters of the command", host);
    }
}
