using Fluxion.Ledger;
using Fluxion.Projections.Writing;
using JasperFx.Events;

namespace Fluxion.Projections.Replay;

/// <summary>Folds events stream by stream, and lets the read models write the rows of many streams in one batch.</summary>
internal sealed class StreamFolding(ReplayedRows rows, StateRows states)
{
    /// <summary>The number of events projected in one batch. A long stream has batches of about four times as many.</summary>
    private const int BatchSize = 2000;

    // The first event of a stream is kept apart from its others. So a read model that writes only the last state also writes the first row,
    // with the values that only the first row sets.
    private readonly List<Change> _first = [];
    private readonly List<Change> _others = [];
    private readonly List<(Guid Id, object State)> _ended = [];
    private Guid _stream;
    private object? _state;

    public void Add(IEvent @event)
    {
        if (@event.StreamId != _stream)
        {
            EndStream();
            if (_first.Count + _others.Count >= BatchSize)
                Write(atEnd: true);
            _stream = @event.StreamId;
        }
        else if (_others.Count >= 4 * BatchSize)
        {
            Write(atEnd: false);
        }
        if (!LedgerModel.Folds.TryGetValue(@event.Data.GetType(), out var fold))
            throw new InvalidOperationException($"No aggregate has the event {@event.EventTypeName}.");
        var after = fold(_stream, _state, @event.Data);
        (_state is null ? _first : _others).Add(new Change(@event, _state, after));
        _state = after;
    }

    public void End()
    {
        EndStream();
        Write(atEnd: true);
    }

    private void EndStream()
    {
        if (_state is not null)
            _ended.Add((_stream, _state));
        _state = null;
    }

    private void Write(bool atEnd)
    {
        foreach (var table in ReadModels.Tables)
        {
            table.Write(_first, rows);
            table.Write(_others, rows);
        }
        states.Write(_ended, rows);
        _first.Clear();
        _others.Clear();
        _ended.Clear();
        if (atEnd)
            rows.Settle();
    }
}
