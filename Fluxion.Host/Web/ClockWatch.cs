using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Fluxion.Host.Web;

/// <summary>Measures the offset of this host's clock from the database's every minute, and logs a warning when it is too large.</summary>
public sealed partial class ClockWatch(Databases databases, LedgerClock clock, ILogger<ClockWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var wasOff = false;
        do
        {
            try
            {
                await clock.Measure(databases.Service, stoppingToken);
            }
            catch (NpgsqlException)
            {
                continue; // the health check of the database reports it
            }
            if (clock.IsOff == wasOff)
                continue;
            wasOff = clock.IsOff;
            if (wasOff)
                Off(ClockHealth.Describe(clock));
            else
                Right();
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Warning, "{Difference}")]
    private partial void Off(string difference);

    [LoggerMessage(LogLevel.Information, "The clock of this host shows the same time as the database's again")]
    private partial void Right();
}

/// <summary>Degraded while this host's clock differs from the database's by more than <see cref="LedgerClock.MaxOffset"/>.</summary>
public sealed class ClockHealth(LedgerClock clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(clock.IsOff ? HealthCheckResult.Degraded(Describe(clock)) : HealthCheckResult.Healthy());

    public static string Describe(LedgerClock clock) =>
        FormattableString.Invariant(
            $"The clock of this host is {clock.Offset.Duration().TotalSeconds:0} s {(clock.Offset > TimeSpan.Zero ? "ahead of" : "behind")} the database's. The ledger goes by the database's; set this one right."
        );
}
