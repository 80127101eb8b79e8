using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Fluxion.Ledger.Diagnostics;

namespace Fluxion.Tests.Diagnostics;

/// <summary>
/// Keeps the measurements of an instrument of the ledger. Other tests run in the same process, so a test tells its own ones by tags, or by
/// the span in which they were taken.
/// </summary>
public sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(double Value, Dictionary<string, object?> Tags, Activity? Span)> _taken = new();

    public Measurements(string instrument)
    {
        _listener.InstrumentPublished = (published, listener) =>
        {
            if (published.Meter.Name == Instruments.Name && published.Name == instrument)
                listener.EnableMeasurementEvents(published);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Take(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Take(value, tags));
        _listener.Start();

        void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = new Dictionary<string, object?>();
            foreach (var (name, of) in tags)
                all[name] = of;
            _taken.Enqueue((value, all, Activity.Current));
        }
    }

    /// <summary>All values with these tags.</summary>
    public IReadOnlyList<double> Values(params (string Name, object? Value)[] tags) =>
        [.. _taken.Where(m => tags.All(tag => Equals(m.Tags.GetValueOrDefault(tag.Name), tag.Value))).Select(m => m.Value)];

    /// <summary>The sum of the values with these tags.</summary>
    public double Count(params (string Name, object? Value)[] tags) => Values(tags).Sum();

    /// <summary>The values that were measured in the spans of one tenant, with their tags.</summary>
    public IReadOnlyList<(double Value, IReadOnlyDictionary<string, object?> Tags)> Of(string tenant) =>
        [
            .. _taken
                .Where(m => m.Span?.GetTagItem(Instruments.Tenant) as string == tenant)
                .Select(m => (m.Value, (IReadOnlyDictionary<string, object?>)m.Tags)),
        ];

    public void Dispose() => _listener.Dispose();
}
