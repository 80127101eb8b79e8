using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Notifies all hosts (NOTIFY) that a tenant's alerts have changed. Any login of the server can fill the queue of notifications, and no
/// grant prevents that; a transaction that notifies then fails. So notifications are sent after the commit, and nothing depends on them.
/// One that fails is counted and not sent again; hosts with open streams also poll.
/// </summary>
public sealed class AlertNotifications(Databases databases, ILogger<AlertNotifications> logger) : BackgroundService
{
    /// <summary>The channel; the payload is the tenant's schema, whose name is no secret.</summary>
    public const string Channel = "fluxion_alerts";

    /// <summary>The name under which telemetry finds the counter.</summary>
    public const string MeterName = "Fluxion.Alerts";

    /// <summary>Tenants that wait for their notification; more are not notified.</summary>
    private const int MaxWaiting = 1000;

    /// <summary>Seconds after which a notification counts as failed.</summary>
    private const int TimeoutSeconds = 5;

    private static readonly Counter<long> Failures = new Meter(MeterName).CreateCounter<long>(
        "fluxion.alerts.notifications.failed", description: "Notifications that alerts have changed which PostgreSQL did not take");

    private readonly Channel<string> _changed = System.Threading.Channels.Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Notifies once the session has committed, without keeping anybody waiting.</summary>
    public void SendAfterCommit(LedgerSession ledger) => ledger.AfterCommit(() => _changed.Writer.TryWrite(ledger.Tenant.Schema));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isFailing = false;
        try
        {
            while (await _changed.Reader.WaitToReadAsync(stoppingToken))
            {
                var schemas = new HashSet<string>();
                while (_changed.Reader.TryRead(out var schema)) schemas.Add(schema);
                try
                {
                    await Send([.. schemas], stoppingToken);
                    isFailing = false;
                }
                catch (NpgsqlException e)
                {
                    Failures.Add(schemas.Count);
                    // once, not for every alert for as long as the queue is full
                    if (!isFailing)
                        logger.LogWarning(e, "Hosts are not notified that alerts have changed; their streams find out by polling");
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
            foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
            await command.ExecuteNonQueryAsync(ct);
        }
        Task Notify() => Execute("select pg_notify($1, changed) from unnest($2) changed", Channel, schemas);
        try
        {
            await Notify();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ProgramLimitExceeded)
        {
            // a full queue stays full when all have read it, until somebody asks how full it is: that gives the read part free
            await Execute("select pg_notification_queue_usage()");
            await Notify();
        }
    }
}
