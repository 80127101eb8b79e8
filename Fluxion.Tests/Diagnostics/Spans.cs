using System.Collections.Concurrent;
using System.Diagnostics;
using Fluxion.Ledger.Diagnostics;

namespace Fluxion.Tests.Diagnostics;

/// <summary>Keeps the ended spans of one tenant.</summary>
public sealed class Spans : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _ended = new();

    public Spans(string tenant)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Instruments.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.GetTagItem(Instruments.Tenant) as string == tenant)
                    _ended.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>The spans of a command, in the order in which they ended.</summary>
    public IReadOnlyList<Activity> Of(string command) => [.. _ended.Where(span => span.OperationName == command)];

    public void Dispose() => _listener.Dispose();
}
