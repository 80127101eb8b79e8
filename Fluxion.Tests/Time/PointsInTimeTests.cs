using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Time;

/// <summary>A point in time has the format of RFC 3339 with an offset, and no other, in bodies, addresses and files alike.</summary>
public sealed class PointsInTimeTests(LedgerHost host)
{
    /// <summary>Formats that other systems write, and that .NET would parse in its own way.</summary>
    private static readonly string[] NotRfc3339 =
    [
        "05/11/2026 10:00Z",
        "11/05/2026",
        "2026-11-05Z",
        "2026-11-05T10:00:00",
        "2026-11-05T10:00Z",
        "2026-11-05 10:00:00Z",
        "2026-11-05T10:00:00+0400",
        "2026-11-05T10:00:00+04",
        "2026-11-05T10:00:00 +04:00",
        "2026-11-05T25:00:00Z",
        "2026-11-05T10:60:00Z",
        "2026-02-30T10:00:00Z",
        "2026-1-5T10:00:00Z",
        "20261105T100000Z",
        "2026-W45-4T10:00:00Z",
        "Thu, 05 Nov 2026 10:00:00 GMT",
        "5 Nov 2026 10:00:00 GMT",
        "1793872800",
        "now",
        "yesterday",
        "2026-11-05T10:00:00,5Z",
        "2026-11-05T24:00:00Z",
        "+2026-11-05T10:00:00Z",
        "２０２６-11-05T10:00:00Z",
    ];

    public static TheoryData<string> InvalidTimes => [.. NotRfc3339];

    [Theory]
    [InlineData("2026-11-05T10:00:00Z", "2026-11-05T10:00:00.0000000+00:00")]
    [InlineData("2026-11-05t10:00:00z", "2026-11-05T10:00:00.0000000+00:00")]
    [InlineData("2026-11-05T10:00:00.123456789-04:30", "2026-11-05T14:30:00.1234560+00:00")]
    [InlineData("2026-11-05T10:00:00.5+05:45", "2026-11-05T04:15:00.5000000+00:00")]
    [InlineData("2026-11-05T10:00:00+14:00", "2026-11-04T20:00:00.0000000+00:00")]
    [InlineData("2026-11-05T10:00:00-00:00", "2026-11-05T10:00:00.0000000+00:00")]
    public void a_point_in_time_in_rfc_3339_is_read_to_the_microsecond(string text, string utc) =>
        PointsInTime.Parse(text)!.Value.ToString("O").ShouldBe(utc);

    [Theory]
    [MemberData(nameof(InvalidTimes))]
    [InlineData("2026-11-05")]
    public void any_other_form_of_a_point_in_time_is_refused(string text) => PointsInTime.Parse(text).ShouldBeNull();

    [Theory]
    [InlineData("America/Caracas", "2026-11-05", "2026-11-05T04:00:00Z")]
    [InlineData("America/Caracas", "2010-11-05", "2010-11-05T04:30:00Z")]
    [InlineData("Asia/Kathmandu", "2026-11-05", "2026-11-04T18:15:00Z")]
    [InlineData("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z")] // at midnight the clocks went forward to 1:00
    [InlineData("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00:00Z")] // midnight occurred twice
    public void a_day_begins_at_its_first_local_moment(string zone, string day, string at)
    {
        PointsInTime.Parse(day, new Zone(zone)).ShouldBe(PointsInTime.Parse(at));
        new Zone(zone).DateOf(PointsInTime.Parse(at)!.Value).ShouldBe(PointsInTime.ParseDate(day)!.Value);
        new Zone(zone).DateOf(PointsInTime.Parse(at)!.Value.AddTicks(-10)).ShouldBe(PointsInTime.ParseDate(day)!.Value.AddDays(-1));
    }

    [Fact]
    public async Task every_point_in_time_in_a_body_must_be_rfc_3339()
    {
        var admin = await Client.Demo(host, "admin");
        var api = await OpenApi.Of(admin);
        var seen = 0;
        foreach (var command in api.Operations.Where(o => o.Body is not null))
        {
            var properties = api.Schema(command.Body!["schema"]!)["properties"]!.AsObject();
            foreach (var (name, _) in properties.Where(p => api.Schema(p.Value!)["format"]?.GetValue<string>() == "date-time"))
            {
                seen++;
                foreach (var invalid in NotRfc3339.Append("2026-11-05"))
                {
                    var body = command.Body!["example"]!.DeepClone().AsObject();
                    body[name] = invalid;
                    var address = command.Address.Replace("{id}", Guid.Empty.ToString(), StringComparison.Ordinal);
                    (await admin.Send(new HttpMethod(command.Method), address, body.ToJsonString(), "k"))
                        .ShouldBe(400)
                        .Fields.ShouldBe([name], $"{command} {name} {invalid}");
                }
            }
        }
        seen.ShouldBeGreaterThanOrEqualTo(24);
    }

    [Fact]
    public async Task every_point_in_time_in_an_address_must_be_rfc_3339_or_a_date()
    {
        var admin = await Client.Demo(host, "admin");
        var api = await OpenApi.Of(admin);
        string[] moments = ["from", "to", "asOf", "knownAt", "at"];
        var seen = 0;
        foreach (var query in api.Operations.Where(o => o.Method == "get" && !o.IsOfThePlatform))
        {
            foreach (var (name, _) in query.Parameters("query").Where(p => moments.Contains(p.Name)))
            {
                seen++;
                foreach (var invalid in NotRfc3339)
                    (await admin.Get(query.Address + query.Query(name, Uri.EscapeDataString(invalid))))
                        .ShouldBe(400)
                        .Fields.ShouldBe([name], $"{query} {name} {invalid}");
                (await admin.Get(query.Address + query.Query(name, "2026-11-05"))).ShouldBe(200);
            }
        }
        seen.ShouldBeGreaterThanOrEqualTo(13);
    }

    [Fact]
    public async Task every_point_in_time_in_a_file_must_be_rfc_3339_or_a_date_at_its_start_in_the_store()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        (
            await tenant.Admin.Post(
                "stores",
                new
                {
                    code = "M2",
                    name = "Abroad",
                    timezone = "Asia/Kathmandu",
                }
            )
        ).ShouldBe(201);
        (await tenant.Admin.Put("settings", new { overReceiptPercent = 0, timezone = "America/Caracas" })).ShouldBe(200);
        Task<Answer> Import(IEnumerable<string> rows) =>
            tenant.Admin.Send(
                HttpMethod.Post,
                "imports/movements",
                $"store;sku;referenceType;quantity;occurredAt\n{string.Join('\n', rows)}\n",
                Guid.CreateVersion7().ToString(),
                contentType: "text/csv"
            );
        (await Import(NotRfc3339.Select(invalid => $"M1;P1;receipt;1;\"{invalid}\"")))
            .ShouldBe(400)
            .Fields.ShouldBe([.. NotRfc3339.Select((_, i) => $"line {i + 2}: occurredAt")], ignoreOrder: true);
        (await Import(["M1;P1;receipt;1;2026-03-02", "M2;P1;receipt;2;2026-03-02"])).ShouldBe(200);
        (await tenant.Admin.Get("movements?sku=P1")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(m => $"{m!["store"]} {m["occurredAt"]}")
            .ShouldBe(["M1 2026-03-02T04:00:00Z", "M2 2026-03-01T18:15:00Z"]);
    }
}
