using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fluxion.Host.Web;

/// <summary>Measures the offset of this host's clock from the database's every minute, and logs a warning when it is too large.</summary>
public sealed class ClockWatch(Databases databases, LedgerClock clock, ILogger<ClockWatch> logger)
    : PeriodicService("clock watch", TimeSpan.FromMinutes(1), clock, logger)
{
    private readonly LedgerClock _clock = clock;
    private bool _wasOff;

    protected override TimeSpan FirstAfter => TimeSpan.Zero;

    protected override async Task RunOnce(CancellationToken ct)
    {
        await _clock.Measure(databases.Service, ct);
        if (_clock.IsOff == _wasOff)
            return;
        _wasOff = _clock.IsOff;
        if (_wasOff)
            Logger.ClockOff(ClockHealth.Describe(_clock));
        else
            Logger.ClockRight();
    }
}

/// <summary>Degraded while this host's clock differs from the database's by more than <see cref="LedgerClock.MaxOffset"/>.</summary>
public sealed class ClockHealth(LedgerClock clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(clock.IsOff ? HealthCheckResult.Degraded(Describe(clock)) : HealthCheckResult.Healthy());

    public static string Describe(LedgerClock clock) =>
        FormattableString.Invariant($"The clock of this host is {clock.Offset.Duration().TotalSeconds:0} s ")
        + $"{(clock.Offset > TimeSpan.Zero ? "ahead of" : "behind")} the database's. "
        + "The ledger uses the database's clock. Correct the clock of this host.";
}
