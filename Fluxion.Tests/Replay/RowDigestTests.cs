using System.Buffers.Binary;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using Fluxion.Projections.Replay;
using Fluxion.Projections.Writing;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Replay;

/// <summary>A replay computes the same digest of a row as PostgreSQL does.</summary>
public sealed class RowDigestTests(LedgerHost host)
{
    private sealed record Row(
        Guid Id,
        decimal? Number,
        DateTimeOffset? At,
        DateOnly? Day,
        string? Text,
        string? Json,
        string? Ids,
        string? Address,
        long Big,
        int? Small,
        bool Yes
    );

    private static readonly Table<Row> Table = new Table<Row>("digested", "id")
        .Add("id", "uuid", r => r.Id)
        .Add("number", "numeric", r => r.Number)
        .Add("at", "timestamptz", r => r.At)
        .Add("day", "date", r => r.Day)
        .Add("text", "text", r => r.Text)
        .AddText("json", "jsonb", r => r.Json)
        .AddText("ids", "uuid[]", r => r.Ids)
        .AddText("address", "inet", r => r.Address)
        .Add("big", "bigint", r => r.Big)
        .Add("small", "integer", r => r.Small)
        .Add("yes", "boolean", r => r.Yes);

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Gen<string> Names = Gen.OneOf(
        Gen.String[Gen.Char["abcz_/'<Z0 "], 0, 14],
        Gen.String[Gen.Char['\u00a1', '\u2fff'], 0, 6],
        Consts("", "😀", "é", "on_hand")
    );

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char['\u0001', '\u007f'], 0, 40],
        Names,
        Consts("\\", "\\u0041", "\"é\" 😀\t\n\b\f\r\u0001\u007f", "null")
    );

    private static readonly Gen<decimal> Numbers = Gen.OneOf(
        Gen.Decimal,
        Gen.Int[-100_000, 100_000].Select(i => i / 100m),
        Consts("0", "0.00", "-0.00", "12.50", "10000", "-1", "79228162514264337593543950335", "0.0000001")
            .Select(text => decimal.Parse(text, CultureInfo.InvariantCulture))
    );

    private static Gen<string> Consts(params string[] texts) => Gen.OneOf([.. texts.Select(Gen.Const)]);

    private static Gen<object?> Values(int depth)
    {
        var plain = Gen.OneOf(
            Texts.Select(t => (object?)t),
            Numbers.Select(n => (object?)n),
            Gen.Bool.Select(b => (object?)b),
            Gen.OneOf(Gen.Const((object?)null), Gen.Const((object?)7), Gen.Const((object?)-7L))
        );
        return depth == 0
            ? plain
            : Gen.OneOf(
                plain,
                Values(depth - 1).Array[0, 4].Select(a => (object?)a),
                Gen.Dictionary(Names, Values(depth - 1))[0, 8].Select(d => (object?)d)
            );
    }

    private static readonly Gen<Row> Rows = Gen.Select(
            Gen.Guid,
            Numbers,
            Gen.Long[-3_000_000_000_000_000, 3_000_000_000_000_000],
            Texts,
            Values(3),
            Gen.Guid.Array[0, 3],
            Consts("203.0.113.7", "2001:db8::7"),
            Gen.Long
        )
        .Select(
            (id, number, at, text, json, ids, address, big) =>
                new Row(
                    id,
                    big % 4 == 0 ? null : number,
                    big % 5 == 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(at * TimeSpan.TicksPerMicrosecond),
                    big % 5 == 1 ? null : DateOnly.FromDayNumber((int)(Math.Abs(at) % 1_000_000)),
                    big % 6 == 0 ? null : text,
                    big % 7 == 0 ? null : JsonSerializer.Serialize(json, big % 2 == 0 ? Relaxed : null),
                    big % 8 == 0 ? null : $"{{{string.Join(',', ids)}}}",
                    big % 9 == 0 ? null : address,
                    big % 3 == 0 ? big % 100 : big,
                    big % 11 == 0 ? null : (int)big,
                    big > 0
                )
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task the_digest_of_a_row_equals_that_of_the_database(bool isState)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"create temp table digested ({string.Join(", ", Table.Columns.Select(c => $"{c.Name} {c.Type}"))}, primary key (id))"
        );
        var live = await LiveTable.Read(
            superuser,
            "pg_temp",
            new TableShape("digested", [.. Table.Columns.Select(c => c.Name)], OnlyGrows: false, isState),
            null,
            ct
        );
        await Rows.Array[1, 20]
            .SampleAsync(
                async rows =>
                {
                    var binary = new BinaryRows();
                    foreach (var row in rows)
                    {
                        binary.Row(Table.Columns.Count);
                        foreach (var column in Table.Columns)
                            column.Copy(row, binary);
                    }
                    binary.End();
                    await superuser.Execute("truncate digested");
                    await using (var copy = await superuser.BeginRawBinaryCopyAsync("copy digested from stdin (format binary)", ct))
                        await copy.WriteAsync(binary.Bytes, ct);
                    Sums(live, rows).Differing(await live.Sums(superuser, "true", ct)).ShouldBeEmpty();
                },
                iter: 200,
                threads: 1
            );
    }

    [Fact]
    public void a_number_or_a_time_with_two_bits_changed_has_another_digest()
    {
        var digest = new RowDigest(["timestamp with time zone", "bigint"], isState: false);
        ulong Of(long at, long number)
        {
            var row = new byte[24];
            foreach (var (place, value) in ((int, long)[])[(0, at), (12, number)])
            {
                BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(place), sizeof(long));
                BinaryPrimitives.WriteInt64BigEndian(row.AsSpan(place + sizeof(int)), value);
            }
            return digest.Compute(row, new byte[16]);
        }
        for (var one = 0; one < 64; one++)
        {
            for (var other = one + 1; other < 64; other++)
            {
                var changed = 812_345_678_901_234 ^ (1L << one) ^ (1L << other);
                Of(changed, 7).ShouldNotBe(Of(812_345_678_901_234, 7), $"bits {one} and {other}");
                Of(7, changed).ShouldNotBe(Of(7, 812_345_678_901_234), $"bits {one} and {other}");
            }
        }
    }

    [Fact]
    public async Task values_exchanged_between_two_rows_change_the_sum_of_digests()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute("create temp table digested (id uuid primary key, number numeric, other integer default 7)");
        var table = new Table<(Guid Id, decimal Number)>("digested", "id")
            .Add("id", "uuid", r => r.Id)
            .Add("number", "numeric", r => r.Number);
        var live = await LiveTable.Read(
            superuser,
            "pg_temp",
            new TableShape("digested", ["id", "number"], OnlyGrows: false, IsState: false),
            null,
            ct
        );
        // two ids in one bucket
        var one = Guid.CreateVersion7();
        var other = Guid.CreateVersion7();
        while (BucketSums.BucketOf(other.ToByteArray(bigEndian: true)) != BucketSums.BucketOf(one.ToByteArray(bigEndian: true)))
            other = Guid.CreateVersion7();
        async Task<int> Differing(params (Guid, decimal)[] rows)
        {
            var digested = new DigestedRows(new Dictionary<string, LiveTable> { ["digested"] = live });
            digested.Write(table, rows);
            digested.Settle();
            return DigestedRows.Sums([digested], "digested").Differing(await live.Sums(superuser, "true", ct)).Count();
        }

        await superuser.Execute($"insert into digested values ('{one}', 1), ('{other}', 2)");
        (await Differing((one, 1), (other, 2))).ShouldBe(0);
        (await Differing((one, 2), (other, 1))).ShouldBe(1, "exchanged");
        (await Differing((one, -1), (other, 2))).ShouldBe(1, "another sign");
        (await Differing((one, 1))).ShouldBe(1, "one row more");
        await superuser.Execute("update digested set other = null where number = 1");
        (await Differing((one, 1), (other, 2))).ShouldBe(1, "a column that only its default writes");
    }

    private static BucketSums Sums(LiveTable live, IReadOnlyList<Row> rows)
    {
        var digested = new DigestedRows(new Dictionary<string, LiveTable> { [Table.Name] = live });
        digested.Write(Table, rows);
        digested.Settle();
        return DigestedRows.Sums([digested], Table.Name);
    }
}
