using Fluxion.Projections.Writing;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Replay;

/// <summary>PostgreSQL reads correctly what a replay writes in the binary format of COPY.</summary>
public sealed class BinaryRowsTests(LedgerHost host)
{
    private sealed record Row(
        Guid Id,
        decimal Number,
        decimal? Maybe,
        DateTimeOffset At,
        DateOnly Day,
        string? Text,
        string? Json,
        string? Ids,
        string? Address,
        long Big,
        int Small,
        bool Yes
    );

    public static TheoryData<string> Numbers =>
        [
            "0",
            "0.000",
            "1",
            "-1",
            "9999",
            "10000",
            "10000.0001",
            "0.0001",
            "-0.1",
            "0.12345678",
            "123456789012345.678",
            "-79228162514264337593543950335",
            "7.9228162514264337593543950335",
            "100000000",
            "1.10",
        ];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task a_binary_row_is_read_as_it_was_written(string number)
    {
        var value = decimal.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
        var row = new Row(
            Guid.CreateVersion7(),
            value,
            value == 0 ? null : value,
            new DateTimeOffset(1999, 12, 31, 23, 59, 59, TimeSpan.Zero).AddTicks(1230),
            new DateOnly(1999, 2, 28),
            value < 0 ? null : "año \"x\"\t\n",
            """{"a":[1.50,"ñ"]}""",
            value == 1 ? "{}" : $"{{{Guid.Empty},{Guid.AllBitsSet}}}",
            value == 0 ? "2001:db8::7" : "203.0.113.7",
            long.MinValue,
            -7,
            value > 0
        );
        var table = new Table<Row>("t")
            .Add("id", "uuid", r => r.Id)
            .Add("number", "numeric", r => r.Number)
            .Add("maybe", "numeric", r => r.Maybe)
            .Add("at", "timestamptz", r => r.At)
            .Add("day", "date", r => r.Day)
            .Add("text", "text", r => r.Text)
            .AddText("json", "jsonb", r => r.Json)
            .AddText("ids", "uuid[]", r => r.Ids)
            .AddText("address", "inet", r => r.Address)
            .Add("big", "bigint", r => r.Big)
            .Add("small", "integer", r => r.Small)
            .Add("yes", "boolean", r => r.Yes);
        var binary = new BinaryRows();
        binary.Row(table.Columns.Count);
        foreach (var column in table.Columns)
            column.Copy(row, binary);
        binary.End();

        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"create temp table t ({string.Join(", ", table.Columns.Select(c => $"{c.Name} {c.Type}"))})");
        await using (
            var copy = await superuser.BeginRawBinaryCopyAsync("copy t from stdin (format binary)", TestContext.Current.CancellationToken)
        )
            await copy.WriteAsync(binary.Bytes, TestContext.Current.CancellationToken);

        (
            await superuser.Rows(
                "select id, number::text, maybe::text, at, day, text, json::text, ids::text, host(address), big, small, yes from t"
            )
        )
            .ShouldHaveSingleItem()
            .ShouldBe([
                row.Id,
                number,
                row.Maybe is null ? null : number,
                row.At.UtcDateTime,
                row.Day,
                row.Text,
                """{"a": [1.50, "ñ"]}""",
                row.Ids,
                row.Address,
                row.Big,
                row.Small,
                row.Yes,
            ]);
    }
}
