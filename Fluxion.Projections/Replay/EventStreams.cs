using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fluxion.Ledger;
using Fluxion.Ledger.Time;
using JasperFx.Events;
using Marten;
using Marten.Events;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>
/// The end of a replay. It is a point in time or a sequence number, both inclusive, or the beginning of a day in the tenant's time zone.
/// </summary>
public sealed record ReplayEnd(Moment? RecordedBy, long? Sequence)
{
    /// <summary>The error message for an invalid value, without the name of the field.</summary>
    public const string Form = $"{PointsInTime.FormOrDate}, or the sequence number of an event";

    /// <summary>Parses a date, a point in time with its offset, or a sequence number. Returns null for any other text.</summary>
    public static ReplayEnd? Parse(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? new ReplayEnd(null, sequence)
        : Moment.Parse(text) is { } moment ? new ReplayEnd(moment, null)
        : null;

    /// <summary>The condition on mt_events, here e. It is true for all events if there is no end.</summary>
    internal static string Condition(ReplayEnd? end, string schema) =>
        end switch
        {
            { Sequence: { } sequence } => $"e.seq_id <= {sequence}",
            { RecordedBy: { } moment } => moment.By("e.timestamp", $"'{moment}'", LocalTime.OfTenantIn(schema)),
            _ => "true",
        };
}

/// <summary>
/// Reads the events of one tenant from one snapshot of the database, stream by stream, each stream in its order. So a fold holds the state
/// of one stream at a time. The tombstone rows that Marten inserts after failed transactions are skipped.
/// </summary>
internal sealed class EventStreams(DocumentStore store, string schema)
{
    /// <summary>The approximate number of events in one range.</summary>
    private const int BatchSize = 10_000;

    private readonly Dictionary<string, EventMapping> _mappings = LedgerModel
        .Folds.Keys.Select(((EventGraph)store.Options.Events).EventMappingFor)
        .ToDictionary(mapping => mapping.EventTypeName);

    // Events of one request have the same headers, so these are deserialized only once.
    private byte[]? _headerBytes;
    private Dictionary<string, object>? _headers;

    /// <summary>
    /// Conditions on e, an alias of mt_events, that partition all streams into ranges. Each range contains complete streams.
    /// </summary>
    public static async Task<IReadOnlyList<string>> Ranges(NpgsqlConnection snapshot, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select distinct on (range) id
            from (select id, div(sum(greatest(version, 0)) over (order by id), {BatchSize}) as range from {schema}.mt_streams) streams
            order by range, id desc
            """,
            snapshot
        )
        {
            CommandTimeout = 0,
        };
        var ranges = new List<string>();
        var from = "true";
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            ranges.Add($"{from} and e.stream_id <= '{reader.GetGuid(0)}'");
            from = $"e.stream_id > '{reader.GetGuid(0)}'";
        }
        ranges.Add(from);
        return ranges;
    }

    /// <param name="snapshot">A connection in a transaction. It must not be used for anything else meanwhile.</param>
    /// <param name="where">A condition on e, an alias of mt_events.</param>
    public async IAsyncEnumerable<IEvent> Read(NpgsqlConnection snapshot, string where, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select e.stream_id, e.version, e.id, e.type, e.data, e.timestamp, e.user_name, e.correlation_id, e.causation_id, e.headers
            from {schema}.mt_events e
            where e.type <> '{LedgerModel.Tombstone}' and {where}
            order by e.stream_id, e.version
            """,
            snapshot
        )
        {
            CommandTimeout = 0,
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            yield return Event(reader);
    }

    private IEvent Event(NpgsqlDataReader r)
    {
        var type = r.GetString(3);
        var mapping =
            _mappings.GetValueOrDefault(type)
            ?? throw new InvalidOperationException($"There is an event of the type {type}, which this version does not know.");
        var @event = mapping.Wrap(JsonSerializer.Deserialize(r.GetFieldValue<byte[]>(4), mapping.DocumentType, LedgerModel.Json)!);
        @event.StreamId = r.GetGuid(0);
        @event.Version = r.GetInt64(1);
        @event.Id = r.GetGuid(2);
        @event.Timestamp = r.GetFieldValue<DateTimeOffset>(5);
        @event.UserName = r.IsDBNull(6) ? null : r.GetString(6);
        @event.CorrelationId = r.IsDBNull(7) ? null : r.GetString(7);
        @event.CausationId = r.IsDBNull(8) ? null : r.GetString(8);
        @event.Headers = r.IsDBNull(9) ? null : Headers(r.GetFieldValue<byte[]>(9));
        return @event;
    }

    private Dictionary<string, object>? Headers(byte[] json)
    {
        if (_headerBytes is not null && json.AsSpan().SequenceEqual(_headerBytes))
            return _headers;
        _headerBytes = json;
        return _headers = JsonSerializer.Deserialize<Dictionary<string, object>>(json);
    }
}
