using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>Drops what is not kept for ever, once a day and a few minutes after the start: <c>shared.apply_retention</c>, on one node at a time.</summary>
public sealed partial class Retention(Databases databases, TimeProvider clock, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan AfterStart = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Between = TimeSpan.FromDays(1);

    /// <summary>Drops the chunks that are old enough now.</summary>
    /// <returns>The number of chunks dropped, of all tenants.</returns>
    /// <exception cref="NpgsqlException">The database is away, or a setting is no interval.</exception>
    public async Task<int> Apply(CancellationToken ct)
    {
        await using var command = databases.RequireOwner().CreateCommand("select schema_name, table_name, chunks from shared.apply_retention()");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var dropped = 0;
        while (await reader.ReadAsync(ct))
        {
            dropped += reader.GetInt32(2);
            Dropped(reader.GetString(0), reader.GetString(1), reader.GetInt32(2));
        }
        return dropped;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (databases.Owner is null)
        {
            NoOwner();
            return;
        }
        for (var wait = AfterStart; !stoppingToken.IsCancellationRequested; wait = Between)
        {
            try
            {
                await Task.Delay(wait, clock, stoppingToken);
                await Apply(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException e)
            {
                Failed(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Retention: dropped {Chunks} old chunks of {Schema}.{Table}")]
    private partial void Dropped(string schema, string table, int chunks);

    [LoggerMessage(LogLevel.Information, "Retention is left to another node: this one has no ConnectionStrings__FluxionOwner")]
    private partial void NoOwner();

    [LoggerMessage(LogLevel.Error, "Retention failed and is tried again tomorrow")]
    private partial void Failed(NpgsqlException exception);
}
