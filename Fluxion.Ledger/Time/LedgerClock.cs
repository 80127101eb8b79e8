using Npgsql;

namespace Fluxion.Ledger.Time;

/// <summary>
/// The database's clock, as this host knows it: the host's own clock, corrected by the difference that was measured last. So hosts whose clocks
/// differ agree on tokens, intervals and what lies in the future. A command reads the database itself (<c>LedgerSession.Now</c>).
/// </summary>
/// <param name="host">The clock of this host.</param>
public sealed class LedgerClock(TimeProvider host) : TimeProvider
{
    /// <summary>A host whose clock differs by more than this says so in its log and health.</summary>
    public static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(30);

    /// <summary>The answer that took the shortest time says most about the difference.</summary>
    private const int Samples = 3;

    private long _offset;

    /// <summary>How far the host's clock is ahead of the database's; negative when it is behind. Zero before the first measurement.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offset));

    public bool IsOff => Offset.Duration() > MaxOffset;

    public override DateTimeOffset GetUtcNow() => host.GetUtcNow() - Offset;

    public override long TimestampFrequency => host.TimestampFrequency;

    public override long GetTimestamp() => host.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        host.CreateTimer(callback, state, dueTime, period);

    /// <summary>Measures the difference anew.</summary>
    /// <exception cref="NpgsqlException">The database does not answer; the difference stays what it was.</exception>
    public async Task Measure(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        var (shortest, offset) = (TimeSpan.MaxValue, TimeSpan.Zero);
        for (var i = 0; i < Samples; i++)
        {
            var (asked, started) = (host.GetUtcNow(), host.GetTimestamp());
            var now = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(ct))!);
            var took = host.GetElapsedTime(started);
            if (took < shortest) (shortest, offset) = (took, asked + (took / 2) - now);
        }
        Interlocked.Exchange(ref _offset, offset.Ticks);
    }
}
