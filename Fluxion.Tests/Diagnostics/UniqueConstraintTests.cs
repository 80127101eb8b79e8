using System.Diagnostics;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Session;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.Logging;

namespace Fluxion.Tests.Diagnostics;

/// <summary>
/// Each unique constraint means either that something exists already (409), or a fault of the ledger (500 and a log line).
/// </summary>
public sealed class UniqueConstraintTests(LedgerHost host)
{
    [Fact]
    public async Task every_unique_constraint_of_a_tenant_is_listed_with_its_meaning()
    {
        var tenant = await TestTenant.Create(host);
        await using var superuser = await host.OpenSuperuser();
        // primary keys are faults without being listed; Marten's own mt_streams and mt_events are written under locks of the ledger
        var constraints = await superuser.Column<string>(
            $"""
            select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
            where i.indisunique and not i.indisprimary and t.relname not in ('mt_streams', 'mt_events')
              and t.relnamespace = '{tenant.Schema}'::regnamespace
            """
        );
        var shared = await superuser.Column<string>(
            """
            select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indisunique and not i.indisprimary and c.relnamespace = 'shared'::regnamespace
            """
        );
        constraints.Count.ShouldBeGreaterThan(15);
        constraints.Except(UniqueConstraints.AlreadyExists).Except(UniqueConstraints.Internal).ShouldBeEmpty();
        UniqueConstraints.AlreadyExists.Concat(UniqueConstraints.Internal).Except(constraints).Except(shared).ShouldBeEmpty();
        UniqueConstraints.AlreadyExists.Intersect(UniqueConstraints.Internal).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_constraint_that_is_not_listed_is_a_fault_of_the_ledger_and_is_logged()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"create unique index not_listed on {tenant.Schema}.stores (name)");
        (await tenant.Admin.Post("stores", new { code = "M1", name = "A store" })).ShouldBe(201);
        using var log = RecordedLog.Of(host);
        using var spans = new Spans(tenant.Slug);
        using var failures = new Measurements("fluxion.failures");
        var answer = (await tenant.Admin.Post("stores", new { code = "M2", name = "A store" })).ShouldBe(500);

        var line = log.Lines.Where(l => l.Message.Contains("not_listed", StringComparison.Ordinal) && l.Id != 0).ShouldHaveSingleItem();
        (line.Level, line.Id).ShouldBe((LogLevel.Error, 3101));
        line.Message.ShouldContain("unique_violation, SQLSTATE 23505, constraint not_listed");
        line.Message.ShouldContain(answer.Json["traceId"]!.GetValue<string>());
        failures.Count(("cause", "unique_violation"), ("sqlstate", "23505")).ShouldBeGreaterThanOrEqualTo(1);
        var span = spans.Of("Open store").ShouldHaveSingleItem();
        span.GetTagItem(Instruments.Outcome).ShouldBe("failed");
        span.GetTagItem("error.type").ShouldBeOfType<string>().ShouldNotBeEmpty();
        span.Status.ShouldBe(ActivityStatusCode.Error);
    }
}
