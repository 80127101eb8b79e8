using System.Collections.Concurrent;
using Fluxion.Projections.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Runs replays in the background of a host, up to two concurrently. A host that stops cancels them, and they are marked as failed.
/// </summary>
public sealed class ReplayRuns(TenantReplay replay, Databases databases, ILogger<ReplayRuns> logger) : IHostedService, IDisposable
{
    /// <summary>The limit is low because each replay has up to 8 workers.</summary>
    private const int MaxConcurrent = 2;

    private readonly SemaphoreSlim _places = new(MaxConcurrent);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Guid, Task> _running = new();

    /// <summary>
    /// Reserves capacity for a replay; false if there is none. <see cref="Start"/> releases it when the replay ends, or
    /// <see cref="Release"/> does.
    /// </summary>
    public bool TryTakePlace() => _places.Wait(0);

    public void Release() => _places.Release();

    /// <summary>Starts a replay whose row exists. <see cref="TryTakePlace"/> has reserved capacity for it.</summary>
    public void Start(Tenant tenant, Guid id, ReplayRequest request) =>
        _running[id] = Task.Run(async () =>
        {
            try
            {
                ReplayResult result;
                try
                {
                    result = await replay.Run(tenant, request, null, _stopping.Token);
                }
                catch (Exception e)
                {
                    var isStopped = e is OperationCanceledException && _stopping.IsCancellationRequested;
                    if (e is not ReplayRefusedException && !isStopped)
                        logger.ReplayFailed(e, tenant.Slug);
                    await ReplaysTable.Fail(
                        databases,
                        tenant,
                        id,
                        e is ReplayRefusedException ? e.Message
                            : isStopped ? "The host was stopped; nothing was changed."
                            : "The replay failed and changed nothing; the log of the host has the cause.",
                        CancellationToken.None
                    );
                    return;
                }
                await ReplaysTable.Finish(databases, tenant, id, result, CancellationToken.None);
            }
            catch (Exception e)
            {
                logger.ReplayNotStored(e, id, tenant.Slug); // such a replay counts as abandoned
            }
            finally
            {
                Release();
                _running.TryRemove(id, out _);
            }
        });

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _places.Dispose();
    }
}
