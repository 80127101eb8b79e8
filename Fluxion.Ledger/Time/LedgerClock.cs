using Npgsql;

namespace Fluxion.Ledger.Time;

/// <summary>
/// The database's clock as this host estimates it: the host's own clock less the offset that was measured last. So hosts with different
/// clocks agree on tokens, intervals and times in the future. A command reads the database's clock itself (<c>LedgerSession.Now</c>).
/// </summary>
/// <param name="host">The clock of this host.</param>
public sealed class LedgerClock(TimeProvider host) : TimeProvider
{
    /// <summary>A host whose offset is larger reports it in its log and in its health check.</summary>
    public static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(30);

    /// <summary>Number of samples in a measurement. The sample with the shortest round trip is the most accurate one.</summary>
    private const int Samples = 3;

    private long _offset;

    /// <summary>The host's clock less the database's; negative when the host is behind. Zero before the first measurement.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offset));

    public bool IsOff => Offset.Duration() > MaxOffset;

    public override DateTimeOffset GetUtcNow() => host.GetUtcNow() - Offset;

    public override long TimestampFrequency => host.TimestampFrequency;

    public override long GetTimestamp() => host.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        host.CreateTimer(callback, state, dueTime, period);

    /// <summary>Measures the offset again.</summary>
    /// <exception cref="NpgsqlException">The database does not answer. The offset keeps its value.</exception>
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
            if (took < shortest)
                (shortest, offset) = (took, asked + (took / 2) - now);
        }
        Interlocked.Exchange(ref _offset, offset.Ticks);
    }
}
