using System.Threading.Channels;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Notifies all hosts (NOTIFY) that a tenant's alerts have changed. Any login of the server can fill the notification queue, and no grant
/// prevents that; a transaction that notifies then fails. So notifications are sent after the commit, and nothing depends on them. A
/// failed notification is counted and not repeated; hosts with open streams also poll.
/// </summary>
public sealed class AlertNotifications(Databases databases, ILogger<AlertNotifications> logger) : BackgroundService
{
    /// <summary>The channel. The payload is the name of the tenant's schema, which is not a secret.</summary>
    public const string Channel = "fluxion_alerts";

    /// <summary>The maximum number of queued notifications; further ones are dropped.</summary>
    private const int MaxWaiting = 1000;

    /// <summary>Timeout of a command in seconds; after it the notification counts as failed.</summary>
    private const int TimeoutSeconds = 5;

    private readonly Channel<string> _changed = System.Threading.Channels.Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    /// <summary>Notifies after the session has committed; the caller does not wait for it.</summary>
    public void SendAfterCommit(LedgerSession ledger) => ledger.AfterCommit(() => _changed.Writer.TryWrite(ledger.Tenant.Schema));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isFailing = false;
        try
        {
            while (await _changed.Reader.WaitToReadAsync(stoppingToken))
            {
                var schemas = new HashSet<string>();
                while (_changed.Reader.TryRead(out var schema))
                    schemas.Add(schema);
                try
                {
                    await Send([.. schemas], stoppingToken);
                    isFailing = false;
                }
                catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    Instruments.NotificationFailures.Add(schemas.Count);
                    // log once, not for every alert while the queue is full
                    if (!isFailing)
                        logger.NotificationsFailed(e);
                    isFailing = true;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the host stops
        }
    }

    private async Task Send(string[] schemas, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        async Task Execute(string sql, params object[] parameters)
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = TimeoutSeconds };
            foreach (var parameter in parameters)
                command.Parameters.Add(new() { Value = parameter });
            await command.ExecuteNonQueryAsync(ct);
        }
        Task Notify() => Execute("select pg_notify($1, changed) from unnest($2) changed", Channel, schemas);
        try
        {
            await Notify();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ProgramLimitExceeded)
        {
            // A full queue stays full after all listeners have read it, until pg_notification_queue_usage() is called: it frees the pages
            // already read
            await Execute("select pg_notification_queue_usage()");
            await Notify();
        }
    }
}
