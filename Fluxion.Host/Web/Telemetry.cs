using Fluxion.Ledger.Diagnostics;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Fluxion.Host.Web;

/// <summary>
/// Traces and metrics of ASP.NET Core, Npgsql, Marten, Wolverine and the ledger, and metrics of the .NET runtime. They are exported by
/// OTLP when the standard variable OTEL_EXPORTER_OTLP_ENDPOINT is set. OTEL_SDK_DISABLED, OTEL_SERVICE_NAME and the others work as
/// specified.
/// </summary>
public static class Telemetry
{
    public static void AddTelemetry(this IServiceCollection services, IHostEnvironment environment)
    {
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is not { Length: > 0 })
            return;
        services
            .AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource
                    .AddService("fluxion-ledger", serviceVersion: HostVersion.Text, serviceInstanceId: Environment.MachineName)
                    .AddAttributes([new("deployment.environment", environment.EnvironmentName)])
                    .AddEnvironmentVariableDetector()
            )
            .WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddNpgsql().AddSource(Instruments.Name, "Marten", "Wolverine"))
            .WithMetrics(metrics =>
                metrics
                    .AddAspNetCoreInstrumentation()
                    .AddRuntimeInstrumentation()
                    .AddMeter(Instruments.Name, "Npgsql", "Marten", "Wolverine*")
            )
            .UseOtlpExporter();
    }
}
