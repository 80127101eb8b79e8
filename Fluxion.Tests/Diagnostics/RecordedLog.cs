using System.Collections.Concurrent;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fluxion.Tests.Diagnostics;

/// <summary>A line of a log.</summary>
public sealed record LogLine(string Category, LogLevel Level, int Id, string Message, Exception? Exception);

/// <summary>Keeps the lines that a host logs, from the time at which it is added to the host's loggers.</summary>
public sealed class RecordedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private volatile bool _isOver;

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    /// <summary>Begins to record the log of a host.</summary>
    public static RecordedLog Of(LedgerHost host)
    {
        var log = new RecordedLog();
        host.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        return log;
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    /// <summary>Ends the record; the host keeps the provider until it stops.</summary>
    public void Dispose() => _isOver = true;

    private sealed class Category(RecordedLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => !log._isOver;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
                log._lines.Enqueue(new LogLine(name, logLevel, eventId.Id, formatter(state, exception), exception));
        }
    }
}
