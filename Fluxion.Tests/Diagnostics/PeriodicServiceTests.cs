using Fluxion.Ledger.Diagnostics;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Tests.Diagnostics;

/// <summary>The kind of all background work at an interval, alone and in the real host.</summary>
public sealed class PeriodicServiceTests(LedgerHost host)
{
    private const int Failed = 1001;
    private const int Recovered = 1002;

    /// <summary>A service whose runs do what the test says, in turn. Further runs do nothing.</summary>
    private sealed class Service(ILogger logger, Func<Service, CancellationToken, Task>[] runs)
        : PeriodicService("test", TimeSpan.FromMilliseconds(5), TimeProvider.System, logger)
    {
        private readonly TaskCompletionSource _ended = new();
        private int _run;

        /// <summary>Completed when the run after the last one has started.</summary>
        public Task Ended => _ended.Task;

        public Task<bool> Part(string what, Func<Task> work, CancellationToken ct) => Attempt(what, work, ct);

        protected override Task RunOnce(CancellationToken ct)
        {
            if (_run < runs.Length)
                return runs[_run++](this, ct);
            _ended.TrySetResult();
            return Task.CompletedTask;
        }
    }

    /// <summary>The levels, ids and messages that a service logs in these runs, which must not end it.</summary>
    private static async Task<IReadOnlyList<LogLine>> Log(params Func<Service, CancellationToken, Task>[] runs)
    {
        var ct = TestContext.Current.CancellationToken;
        var log = new RecordedLog();
        using var service = new Service(log.CreateLogger("test"), runs);
        await service.StartAsync(ct);
        await service.Ended.WaitAsync(TimeSpan.FromSeconds(30), ct);
        await service.StopAsync(ct);
        service.ExecuteTask.ShouldNotBeNull().IsCompletedSuccessfully.ShouldBeTrue();
        return log.Lines;
    }

    private static Task Fail(Service service, CancellationToken ct) => throw new InvalidOperationException("as the test wants it");

    private static Task Succeed(Service service, CancellationToken ct) => Task.CompletedTask;

    [Fact]
    public async Task a_failure_is_logged_once_and_so_is_the_recovery()
    {
        var lines = await Log(Fail, Fail, Fail, Succeed, Succeed);
        lines.Select(l => (l.Level, l.Id)).ShouldBe([(LogLevel.Error, Failed), (LogLevel.Information, Recovered)]);
        lines[0].Exception.ShouldBeOfType<InvalidOperationException>();
        lines[1].Message.ShouldBe("test: the run succeeds again, after 3 failures");
    }

    [Fact]
    public async Task a_failure_after_a_recovery_is_logged_again() =>
        (await Log(Fail, Succeed, Fail)).Select(l => l.Id).ShouldBe([Failed, Recovered, Failed, Recovered]);

    [Fact]
    public async Task another_cause_is_logged_too()
    {
        static Func<Service, CancellationToken, Task> FailWith(string sqlState) =>
            (_, _) => throw new PostgresException("as the test wants it", "ERROR", "ERROR", sqlState);
        var lines = await Log(Fail, FailWith("42501"), FailWith("53100"), FailWith("42501"), Fail);
        lines.Select(l => l.Id).ShouldBe([Failed, Failed, Failed, Recovered]);
        lines.Skip(1).Take(2).Select(l => l.Exception.ShouldBeOfType<PostgresException>().SqlState).ShouldBe(["42501", "53100"]);
    }

    [Fact]
    public async Task a_cancellation_that_is_not_the_hosts_is_a_failure_and_does_not_end_the_service()
    {
        var lines = await Log(
            (_, _) => throw new OperationCanceledException("a timeout"),
            (_, _) => throw new TaskCanceledException("a timeout"),
            Succeed
        );
        lines.Select(l => l.Id).ShouldBe([Failed, Failed, Recovered]);
        lines[0].Exception.ShouldBeOfType<OperationCanceledException>();
    }

    [Fact]
    public async Task a_part_that_fails_does_not_stop_the_others()
    {
        var done = 0;
        async Task Run(Service service, CancellationToken ct)
        {
            await service.Part("one", () => Fail(service, ct), ct);
            await service.Part("two", () => Task.FromResult(done++), ct);
        }
        var lines = await Log(Run, Run);
        done.ShouldBe(2);
        lines.Select(l => (l.Id, l.Message.Contains("test: one failed", StringComparison.Ordinal))).ShouldBe([(Failed, true)]);
    }

    [Fact]
    public async Task a_part_that_is_no_longer_there_is_forgotten()
    {
        Task Part(Service service, CancellationToken ct) => service.Part("one", () => Fail(service, ct), ct);
        (await Log(Part, Succeed, Part)).Select(l => l.Id).ShouldBe([Failed, Failed]);
    }

    [Fact]
    public async Task sealing_logs_the_failure_of_a_tenant_once_and_its_recovery()
    {
        var ct = TestContext.Current.CancellationToken;
        var tenant = await TestTenant.Create(host, altered: true);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"revoke insert on {tenant.Schema}.ledger_seals from fluxion_app");
        using var log = RecordedLog.Of(host);
        (await tenant.Admin.Post("stores", new { code = "M1", name = "A store" })).ShouldBe(201);

        List<LogLine> Lines(int id) => [.. log.Lines.Where(l => l.Id == id && l.Message.Contains(tenant.Slug, StringComparison.Ordinal))];
        async Task Await(Func<bool> condition)
        {
            for (var attempt = 0; !condition(); attempt++)
            {
                attempt.ShouldBeLessThan(300);
                await Task.Delay(100, ct);
            }
        }
        await Await(() => Lines(Failed).Count > 0);
        using var failures = new Measurements("fluxion.periodic.failures");
        using var lag = new Measurements("fluxion.seal.lag");
        using var runs = new Measurements("fluxion.periodic.run.duration");
        await Await(() => failures.Count((Instruments.Service, "sealing")) >= 2);
        await Await(() => runs.Values((Instruments.Service, "sealing"), (Instruments.Outcome, "failed")).Count > 0);
        lag.Values().ShouldContain(seconds => seconds > 0 && seconds < 300);
        Lines(Failed).ShouldHaveSingleItem().Exception.ShouldBeOfType<PostgresException>().SqlState.ShouldBe(Sql.Refused);

        await superuser.Execute($"grant insert on {tenant.Schema}.ledger_seals to fluxion_app");
        await Await(() => Lines(Recovered).Count > 0);
        Lines(Failed).Count.ShouldBe(1);
        (await tenant.Admin.Get("audit/seals")).ShouldBe(200).Json["items"]!.AsArray().ShouldNotBeEmpty();
    }
}
