namespace Fluxion.Tests.Host;

/// <summary>Waits for what another process or a background task does.</summary>
public static class Wait
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Checks a condition until it holds.</summary>
    /// <param name="what">What is awaited, for the message of the exception.</param>
    /// <param name="process">A process whose output the message contains.</param>
    /// <exception cref="TimeoutException">The condition does not hold within 60 s.</exception>
    public static async Task Until(Func<Task<bool>> condition, string what, HostProcess? process = null)
    {
        var end = TimeProvider.System.GetUtcNow() + Timeout;
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() > end)
                throw new TimeoutException($"{what}: not within {Timeout.TotalSeconds} s.\n{process?.Output}");
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}
