using System.Globalization;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Audit;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Npgsql;

namespace Fluxion.Tests.Audit;

/// <summary>Tests that the verification detects a superuser's changes to events and seals, and names the changed event or seal.</summary>
[Collection(AlteredTables.Name)]
public sealed class TamperingTests(LedgerHost host, SealedTenant sealedTenant) : IClassFixture<SealedTenant>
{
    private const string Update = "update {events} set ",
        AtMiddle = " where seq_id = {middle}";

    /// <summary>The change, the kind of finding, and the event (first, middle, last, gap, …) or seal (of middle) that it names.</summary>
    private static readonly Dictionary<string, (string Sql, string Kind, string Named)> Ways = new()
    {
        ["data of the first event"] = (Update + "data = data || '{\"x\": 1}' where seq_id = {first}", DiscrepancyKinds.Changed, "first"),
        ["data of the last event"] = (
            Update + "data = data || '{\"quantity\": 2}' where seq_id = {last}",
            DiscrepancyKinds.Changed,
            "last"
        ),
        ["a quantity, by a thousandth"] = (
            Update + "data = jsonb_set(data, '{quantity}', '1.001')" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["a quantity, written otherwise"] = (
            Update + "data = jsonb_set(data, '{quantity}', '1.0')" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["when it occurred"] = (
            Update + "data = jsonb_set(data, '{document,occurredAt}', '\"2026-01-01T00:00:00+00:00\"')" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["when it was recorded, by a microsecond"] = (
            Update + "timestamp = timestamp + interval '1 microsecond'" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["a header"] = (Update + "headers = '{\"agent\": \"another\"}'" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["headers, null for none"] = (
            Update + "headers = case when headers = 'null' then null else 'null'::jsonb end" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["who did it"] = (Update + "user_name = gen_random_uuid()" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["that somebody did it"] = (Update + "user_name = null" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["what it is called"] = (Update + "type = 'stock_sold'" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["its class"] = (Update + "mt_dotnet_type = mt_dotnet_type || ' '" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["its version"] = (Update + "version = 99" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["its stream"] = (
            Update + "version = 99, stream_id = (select stream_id from {events} where seq_id = {first})" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["its tenant"] = (Update + "tenant_id = 'another'" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["that it is archived"] = (Update + "is_archived = true" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["binary data"] = (Update + "bdata = ''" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["what it correlates with"] = (Update + "correlation_id = 'x'" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["what caused it, empty for none"] = (Update + "causation_id = ''" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["a text moved from one column to the next"] = (
            Update + "correlation_id = user_name, user_name = null" + AtMiddle,
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["its id"] = (Update + "id = gen_random_uuid()" + AtMiddle, DiscrepancyKinds.Changed, "middle"),
        ["another one in its place"] = (
            "delete from {events} where seq_id = {middle}; " + Insert("{middle}"),
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["the first event removed"] = ("delete from {events} where seq_id = {first}", DiscrepancyKinds.Removed, "first"),
        ["one removed"] = ("delete from {events} where seq_id = {middle}", DiscrepancyKinds.Removed, "middle"),
        ["the last one removed"] = ("delete from {events} where seq_id = {last}", DiscrepancyKinds.Removed, "last"),
        ["a whole stream removed"] = ("delete from {events} where stream_id = '{stream}'", DiscrepancyKinds.Removed, "first of stream"),
        ["all removed"] = ("delete from {events}", DiscrepancyKinds.Removed, "first"),
        ["data of two swapped"] = (
            Update
                + "data = o.data from {events} o where mt_events.seq_id in ({middle}, {last}) "
                + "and o.seq_id = {middle} + {last} - mt_events.seq_id",
            DiscrepancyKinds.Changed,
            "middle"
        ),
        ["numbers of two swapped"] = (
            Update
                + "seq_id = 0"
                + AtMiddle
                + "; "
                + Update
                + "seq_id = {middle} where seq_id = {last}; "
                + Update
                + "seq_id = {last} where seq_id = 0",
            DiscrepancyKinds.Reordered,
            "middle"
        ),
        ["one moved to a number that was free"] = (Update + "seq_id = {gap} where seq_id = {last}", DiscrepancyKinds.Reordered, "gap"),
        ["one moved to before all others"] = (Update + "seq_id = -1 where seq_id = {last}", DiscrepancyKinds.Reordered, "-1"),
        ["one inserted with a number that was free"] = (Insert("{gap}"), DiscrepancyKinds.Inserted, "gap"),
        ["one inserted before all others"] = (Insert("0"), DiscrepancyKinds.Inserted, "0"),
        ["one inserted with a number that was never drawn"] = (Insert("{last} + 1000"), DiscrepancyKinds.Inserted, "beyond"),
        ["one inserted with a number that another one has"] = (
            WithoutKey + Insert("{middle}"),
            DiscrepancyKinds.Inserted,
            "middle's number"
        ),
        ["one inserted without a number"] = (
            WithoutKey + "alter table {events} alter seq_id drop not null; " + Insert("null::bigint"),
            DiscrepancyKinds.Inserted,
            "no number"
        ),
        ["one of yesterday added at the end"] = (
            Insert("nextval('{schema}.mt_events_sequence')", "now() - interval '1 day'"),
            DiscrepancyKinds.Backdated,
            "next"
        ),
        ["an entry of a seal, with the event"] = (
            Update
                + "data = '{}'"
                + AtMiddle
                + "; update {seals} set entries = set_byte(entries, 30, (get_byte(entries, 30) + 1) % 256) where number = {seal}",
            DiscrepancyKinds.SealChanged,
            "seal"
        ),
        ["when it was sealed"] = (
            "update {seals} set sealed_at = sealed_at - interval '1 second' where number = {seal}",
            DiscrepancyKinds.SealChanged,
            "seal"
        ),
        ["how far it was sealed"] = (
            "update {seals} set to_sequence = to_sequence + 1 where number = {seal}",
            DiscrepancyKinds.SealChanged,
            "seal"
        ),
        ["the hash of a seal"] = ("update {seals} set hash = sha256(hash) where number = {seal}", DiscrepancyKinds.SealChanged, "seal"),
        ["how many events a seal has"] = (
            "alter table {seals} drop constraint ledger_seals_entries_check; "
                + "update {seals} set event_count = event_count + 1 where number = {seal}",
            DiscrepancyKinds.SealChanged,
            "seal"
        ),
        ["all seals numbered below zero, and an event"] = (
            WithoutCheck + "update {seals} set number = number - 1000000; " + Update + "data = '{}'" + AtMiddle,
            DiscrepancyKinds.SealRemoved,
            "seal 1"
        ),
        ["the last seal kept aside of the chain"] = (
            WithoutCheck + "update {seals} set number = 0 where number = (select max(number) from {seals})",
            DiscrepancyKinds.SealRemoved,
            "seal 1"
        ),
        ["when the last one was sealed, out of range"] = (
            "update {seals} set sealed_at = '-infinity' where number = (select max(number) from {seals})",
            DiscrepancyKinds.SealChanged,
            "none"
        ),
        ["whose a seal is"] = (
            "update {seals} set tenant_id = gen_random_uuid() where number = {seal}",
            DiscrepancyKinds.SealRemoved,
            "seal"
        ),
        ["two seals swapped"] = (
            "update {seals} set number = number + 1000 where number in ({seal}, {seal} + 1); "
                + "update {seals} set number = 2 * {seal} + 1001 - number where number > 1000",
            DiscrepancyKinds.SealChanged,
            "seal"
        ),
        ["a seal removed"] = ("delete from {seals} where number = {seal}", DiscrepancyKinds.SealRemoved, "seal"),
        ["the first seal removed"] = ("delete from {seals} where number = 1", DiscrepancyKinds.SealRemoved, "seal 1"),
        ["the first seal removed and the others numbered anew"] = (
            "delete from {seals} where number = 1; update {seals} set number = number - 1",
            DiscrepancyKinds.SealChanged,
            "seal 1"
        ),
        ["the last seal removed"] = (
            "delete from {seals} where number = (select max(number) from {seals})",
            DiscrepancyKinds.HeadUnknown,
            "none"
        ),
        ["all seals removed"] = ("truncate {seals}", DiscrepancyKinds.HeadUnknown, "none"),
    };

    /// <summary>Drops the primary key of {events}; <see cref="SealedTenant.Restore"/> restores it.</summary>
    private static string WithoutKey => "alter table {events} drop constraint pkey_mt_events_seq_id; ";

    /// <summary>Drops the check on the numbers of {seals}, so that any number can be stored.</summary>
    private const string WithoutCheck = "alter table {seals} drop constraint ledger_seals_number_check; ";

    public static TheoryData<string> Names => [.. Ways.Keys];

    private static string Insert(string sequence, string at = "(select timestamp from {events} where seq_id = {last})") =>
        $$"""
            insert into {events} (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, user_name)
            select {{sequence}}, gen_random_uuid(), stream_id, 1000, data, type, {{at}}, tenant_id, mt_dotnet_type, user_name from events
                where seq_id = {last}
            """;

    /// <summary>An issue in the middle, neither in the first nor in the last seal.</summary>
    private (long Sequence, Guid Id, Guid Stream, long Seal) Middle =>
        sealedTenant.Events.First(e => e.Sequence > sealedTenant.Gap && e.Stream == sealedTenant.Events[^1].Stream);

    private string Fill(string sql) =>
        new Dictionary<string, object>
        {
            ["schema"] = sealedTenant.Tenant.Schema,
            ["events"] = $"{sealedTenant.Tenant.Schema}.mt_events",
            ["seals"] = $"{sealedTenant.Tenant.Schema}.ledger_seals",
            ["first"] = sealedTenant.Events[0].Sequence,
            ["middle"] = Middle.Sequence,
            ["last"] = sealedTenant.Events[^1].Sequence,
            ["gap"] = sealedTenant.Gap,
            ["stream"] = Middle.Stream,
            ["seal"] = Middle.Seal,
        }.Aggregate(
            sql,
            (text, value) =>
                text.Replace($"{{{value.Key}}}", Convert.ToString(value.Value, CultureInfo.InvariantCulture), StringComparison.Ordinal)
        );

    [Theory]
    [MemberData(nameof(Names))]
    public async Task verification_finds_and_names_every_kind_of_tampering(string way)
    {
        var (sql, kind, named) = Ways[way];
        try
        {
            await sealedTenant.Superuser.Execute(Fill(sql));
            var found = (
                await sealedTenant.Verify(kind == DiscrepancyKinds.HeadUnknown ? sealedTenant.Intact.HeadHash : null)
            ).Finding.ShouldNotBeNull();
            found.Kind.ShouldBe(kind, found.Detail);
            switch (named)
            {
                case "none":
                    break;
                case "middle's number":
                    found.Sequence.ShouldBe(Middle.Sequence, found.Detail);
                    found.EventId.ShouldNotBe(Middle.Id, found.Detail);
                    break;
                case "no number":
                    (found.Sequence, found.EventId).ShouldNotBe((null, null), found.Detail);
                    break;
                case "beyond" or "next":
                    found.Sequence.ShouldNotBeNull().ShouldBeGreaterThan(sealedTenant.Events[^1].Sequence);
                    break;
                case "seal" or "seal 1":
                    found.Seal.ShouldBe(named == "seal" ? Middle.Seal : 1, found.Detail);
                    break;
                default:
                    var sequence = named switch
                    {
                        "first" => sealedTenant.Events[0].Sequence,
                        "middle" => Middle.Sequence,
                        "last" => sealedTenant.Events[^1].Sequence,
                        "gap" => sealedTenant.Gap,
                        "first of stream" => sealedTenant.Events.First(e => e.Stream == Middle.Stream).Sequence,
                        _ => long.Parse(named, CultureInfo.InvariantCulture),
                    };
                    found.Sequence.ShouldBe(sequence, found.Detail);
                    var sealedEvent = sealedTenant.Events.Where(e => e.Sequence == sequence).ToList();
                    if (sealedEvent.Count > 0)
                        (found.EventId, found.Seal).ShouldBe((sealedEvent[0].Id, sealedEvent[0].Seal), found.Detail);
                    break;
            }
        }
        finally
        {
            await sealedTenant.Restore();
        }
        (await sealedTenant.Verify(sealedTenant.Intact.HeadHash)).Finding.ShouldBeNull();
    }

    [Fact]
    public async Task the_canonical_form_of_an_event_covers_every_column()
    {
        var columns = await sealedTenant.Superuser.Column<string>(
            Fill("select attname::text from pg_attribute where attrelid = '{events}'::regclass and attnum > 0 and not attisdropped")
        );
        columns.Count.ShouldBeGreaterThan(10);
        foreach (var column in columns)
            CanonicalEvent.Entry.ShouldContain(column);
    }

    [Fact]
    public async Task verification_ignores_functions_that_shadow_built_in_ones()
    {
        await using var lying = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(host.Connections.Service)
            {
                SearchPath = "lying, pg_catalog",
                Pooling = false,
            }.ConnectionString
        );
        using var verifier = new Verifier(new Databases(lying, null));
        Task<Verification> Verify() => verifier.Verify(sealedTenant.Tenant.Registered, null, null, TestContext.Current.CancellationToken);
        try
        {
            await sealedTenant.Superuser.Execute(
                Fill(
                    $"""
                    create schema lying;
                    grant usage on schema lying to public;
                    create function lying.sha256(form bytea) returns bytea language sql as
                        'select case when convert_from(form, ''UTF8'') like ''{Middle.Sequence} %'' then (select substring(entries from
                            position(uuid_send(''{Middle.Id}'') in entries) + 16 for 32) from {sealedTenant.Tenant.Schema}.ledger_seals
                                where number = {Middle.Seal}) else pg_catalog.sha256(form) end';
                    """
                )
            );
            (await Verify()).Finding.ShouldBeNull();
            await sealedTenant.Superuser.Execute(Fill(Update + "user_name = 'x'" + AtMiddle));
            (await Verify()).Finding.ShouldNotBeNull().Sequence.ShouldBe(Middle.Sequence);
        }
        finally
        {
            await sealedTenant.Superuser.Execute("drop schema lying cascade");
            await sealedTenant.Restore();
        }
    }

    [Fact]
    public async Task a_recomputed_seal_of_a_changed_event_breaks_the_link_to_the_next_seal()
    {
        try
        {
            await ChangeMiddleEventAndReseal(all: false);
            var found = (await sealedTenant.Verify()).Finding.ShouldNotBeNull();
            (found.Kind, found.Seal).ShouldBe((DiscrepancyKinds.SealChanged, Middle.Seal), found.Detail);
        }
        finally
        {
            await sealedTenant.Restore();
        }
    }

    [Fact]
    public async Task a_completely_recomputed_chain_is_detected_by_a_published_head()
    {
        try
        {
            await ChangeMiddleEventAndReseal(all: true);
            (await sealedTenant.Verify()).Finding.ShouldBeNull();
            (await sealedTenant.Verify(sealedTenant.Intact.HeadHash)).Finding.ShouldNotBeNull().Kind.ShouldBe(DiscrepancyKinds.HeadUnknown);
        }
        finally
        {
            await sealedTenant.Restore();
        }
    }

    [Fact]
    public async Task an_earlier_published_head_is_found_in_the_chain()
    {
        var first = (await sealedTenant.Tenant.Admin.Get("audit/seals?limit=1000")).ShouldBe(200).Json["items"]!.AsArray()[^1]!;
        first["number"]!.GetValue<long>().ShouldBe(1);
        var answer = (
            await sealedTenant.Tenant.Admin.Get($"audit/verification?expect={first["hash"]!.GetValue<string>().ToUpperInvariant()}")
        )
            .ShouldBe(200)
            .Json;
        answer["intact"]!.GetValue<bool>().ShouldBeTrue();
        answer["expectedSeal"]!.GetValue<long>().ShouldBe(1);
        answer["headHash"]!.GetValue<string>().ShouldBe(sealedTenant.Intact.HeadHash);
    }

    [Fact]
    public async Task the_verify_command_and_the_api_report_the_finding()
    {
        try
        {
            await sealedTenant.Superuser.Execute(Fill("delete from {events} where seq_id = {middle}"));
            var finding = (await sealedTenant.Tenant.Admin.Get("audit/verification")).ShouldBe(200).Json["finding"]!;
            finding["kind"]!.GetValue<string>().ShouldBe(DiscrepancyKinds.Removed);
            finding["eventId"]!.GetValue<Guid>().ShouldBe(Middle.Id);
            var (code, output) = await HostProcess.Run(HostProcess.Development(host.Connections), "verify", sealedTenant.Tenant.Slug);
            code.ShouldBe(1, output);
            output.ShouldContain($"is not intact: removed. The event {Middle.Sequence}, {Middle.Id}");
        }
        finally
        {
            await sealedTenant.Restore();
        }
        var (intact, said) = await HostProcess.Run(
            HostProcess.Development(host.Connections),
            "verify",
            sealedTenant.Tenant.Slug,
            "--expect",
            sealedTenant.Intact.HeadHash!
        );
        intact.ShouldBe(0, said);
        said.ShouldContain($"Head: {sealedTenant.Intact.HeadHash}");
    }

    /// <summary>Changes the middle event and computes its seal again, as an attacker does who knows the algorithm.</summary>
    private async Task ChangeMiddleEventAndReseal(bool all)
    {
        await sealedTenant.Superuser.Execute(
            Fill("set datestyle = iso; update {events} set data = jsonb_set(data, '{quantity}', '3') where seq_id = {middle}")
        );
        var last = (
            Hash: (byte[])(await sealedTenant.Superuser.Rows(Fill("select hash from {seals} where number = {seal} - 1")))[0][0]!,
            Number: Middle.Seal - 1
        );
        foreach (
            var row in await sealedTenant.Superuser.Rows(
                Fill("select number, from_sequence, to_sequence, sealed_at from {seals} where number >= {seal} order by 1")
            )
        )
        {
            var entries = (byte[])
                (
                    await sealedTenant.Superuser.Rows(
                        Fill(
                            $"select string_agg({CanonicalEvent.Entry}, '' order by seq_id) from {{events}} "
                                + $"where seq_id between {row[1]} and {row[2]}"
                        )
                    )
                )[0][0]!;
            var seal = Seal.Create((long)row[0]!, (long)row[1]!, (long)row[2]!, entries, last.Hash, new DateTimeOffset((DateTime)row[3]!));
            await sealedTenant.Superuser.Execute(
                Fill(
                    $$"""
                    update {seals} set entries = '\x{{Convert.ToHexString(seal.Entries)}}', previous_hash = '\x{{Convert.ToHexString(
                        seal.PreviousHash
                    )}}',
                                       hash = '\x{{Convert.ToHexString(seal.Hash)}}' where number = {{seal.Number}}
                    """
                )
            );
            if (!all)
                return;
            last = (seal.Hash, seal.Number);
        }
    }
}
