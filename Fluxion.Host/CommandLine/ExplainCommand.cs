using System.Globalization;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Projections.Audit;
using Fluxion.Projections.Reading;
using JasperFx.CommandLine;

namespace Fluxion.Host.CommandLine;

public sealed class ExplainInput : NetCoreInput
{
    [Description("The tenant's slug, for example acme")]
    public string Tenant { get; set; } = "";

    [Description("Code or id of the store")]
    [FlagAlias("store", longAliasOnly: true)]
    public string? StoreFlag { get; set; }

    [Description("Sku or id of the product")]
    [FlagAlias("sku", longAliasOnly: true)]
    public string? SkuFlag { get; set; }

    [Description("What was on hand at this moment, for example 2026-11-24 or 2026-11-24T10:00:00-04:00; now when left out")]
    [FlagAlias("at", longAliasOnly: true)]
    public string? AtFlag { get; set; }
}

[Description("How what is on hand of a product in a store came to be, movement by movement", Name = "explain")]
public sealed class ExplainCommand : LedgerCommand<ExplainInput>
{
    protected override async Task<bool> Run(ExplainInput input)
    {
        using var host = input.BuildHost();
        var databases = host.Services.GetRequiredService<Databases>();
        if (input.StoreFlag is null || input.SkuFlag is null) return Output.Refuse("Say of what: explain acme --store CCS-01 --sku LAC001");
        var moment = input.AtFlag is null ? null : Moment.Parse(input.AtFlag);
        if (input.AtFlag is not null && moment is null) return Output.Refuse($"--at {PointsInTime.FormOrDate}.");
        var tenant = await Find(host.Services, input.Tenant);
        var item = await ExplainedItem.Find(databases, tenant, input.StoreFlag, input.SkuFlag, moment, CancellationToken.None);
        if (item.StoreId is null) return Output.Refuse(NotFound.Message("store", input.StoreFlag));
        if (item.ProductId is null) return Output.Refuse(NotFound.Message("product", input.SkuFlag));

        if (item.Message(moment) is { } message)
        {
            Console.WriteLine(message);
            return true;
        }
        Console.WriteLine($"{item.Sku} {item.Product} in {item.Store}, in {item.UnitType}");
        var lines = new Lines("occurred", "recorded", "document", "reference", "reason", "user", "quantity", "balance", "unit cost", "value");
        await foreach (var m in item.Movements(databases, tenant, moment, CancellationToken.None))
        {
            lines.Add(Time(m.OccurredAt), Time(m.RecordedAt), m.Document, m.Reference, m.Reason, m.User,
                m.Quantity.ToString("+0.###;-0.###;0", CultureInfo.InvariantCulture), Number(m.Balance), Number(m.UnitCost), Number(m.Value));
        }
        lines.WriteRest();
        Console.WriteLine($"On hand {Number(item.OnHand)} at {Number(item.UnitCost)}: {Number(Math.Round(item.OnHand * item.UnitCost, 2, MidpointRounding.AwayFromZero))}");
        return true;
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Number(decimal number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Lines with columns as wide as the first lines need, however many follow: a long history is written while it is read.</summary>
    private sealed class Lines(params string[] titles)
    {
        private const int Measured = 1000;
        private const int Texts = 6; // then numbers, which end where their column ends

        private readonly List<string?[]> _first = [titles];
        private int[] _widths = [];

        public void Add(params string?[] cells)
        {
            if (_widths.Length > 0) Write(cells);
            else _first.Add(cells);
            if (_first.Count > Measured) WriteRest();
        }

        public void WriteRest()
        {
            if (_widths.Length == 0) _widths = [.. titles.Select((_, i) => _first.Max(cells => cells[i]?.Length ?? 0))];
            _first.ForEach(Write);
            _first.Clear();
        }

        private void Write(string?[] cells) =>
            Console.WriteLine(string.Join("  ", cells.Select((cell, i) => i < Texts ? (cell ?? "").PadRight(_widths[i]) : (cell ?? "").PadLeft(_widths[i]))));
    }
}
