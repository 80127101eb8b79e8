using System.CommandLine;
using System.Globalization;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Projections.Audit;
using Fluxion.Projections.Reading;

namespace Fluxion.Host.CommandLine;

internal static class ExplainCommand
{
    public static Command Create()
    {
        var store = Commands.Option("--store", "Code or id of the store; required");
        var sku = Commands.Option("--sku", "Sku or id of the product; required");
        var at = Commands.Option(
            "--at",
            "The moment of the quantity on hand, for example 2026-11-24 or 2026-11-24T10:00:00-04:00; now by default",
            Moment.Parse,
            PointsInTime.FormOrDate
        );
        var explain = new Command("explain", "List the movements that led to a product's quantity on hand in a store")
        {
            Commands.Tenant,
            store,
            sku,
            at,
        };
        explain.Validators.Add(given =>
        {
            if (given.GetValue(store) is null || given.GetValue(sku) is null)
                given.AddError("Name the store and the product: explain acme --store CCS-01 --sku LAC001");
        });
        return explain.Runs(
            (given, services, ct) =>
                Explain(
                    given.GetRequiredValue(Commands.Tenant),
                    given.GetRequiredValue(store),
                    given.GetRequiredValue(sku),
                    given.GetValue(at),
                    services,
                    ct
                )
        );
    }

    private static async Task<int> Explain(
        string slug,
        string store,
        string sku,
        Moment? moment,
        IServiceProvider services,
        CancellationToken ct
    )
    {
        var databases = services.GetRequiredService<Databases>();
        var tenant = await services.Find(slug, ct);
        var item = await ExplainedItem.Find(databases, tenant, store, sku, moment, ct);
        if (item.StoreId is null)
            return Output.Refuse(Refusal.NotFoundMessage("store", store));
        if (item.ProductId is null)
            return Output.Refuse(Refusal.NotFoundMessage("product", sku));

        if (item.Message(moment) is { } message)
        {
            Console.WriteLine(message);
            return 0;
        }
        Console.WriteLine($"{item.Sku} {item.Product} in {item.Store}, in {item.UnitType}");
        var lines = new Lines(
            "occurred",
            "recorded",
            "document",
            "reference",
            "reason",
            "user",
            "quantity",
            "balance",
            "unit cost",
            "value"
        );
        await foreach (var m in item.Movements(databases, tenant, moment, ct))
        {
            lines.Add(
                Time(m.OccurredAt),
                Time(m.RecordedAt),
                m.Document,
                m.Reference,
                m.Reason,
                m.User,
                m.Quantity.ToString("+0.###;-0.###;0", CultureInfo.InvariantCulture),
                Number(m.Balance),
                Number(m.UnitCost),
                Number(m.Value)
            );
        }
        lines.WriteRest();
        var value = Math.Round(item.OnHand * item.UnitCost, 2, MidpointRounding.AwayFromZero);
        Console.WriteLine($"On hand {Number(item.OnHand)} at {Number(item.UnitCost)}: {Number(value)}");
        return 0;
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Number(decimal number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>
    /// Lines in columns, whose widths are those of the first 1,000 lines. So a long history is printed while it is read.
    /// </summary>
    private sealed class Lines(params string[] titles)
    {
        private const int Measured = 1000;
        private const int Texts = 6; // the other columns are numbers, aligned to the right

        private readonly List<string?[]> _first = [titles];
        private int[] _widths = [];

        public void Add(params string?[] cells)
        {
            if (_widths.Length > 0)
                Write(cells);
            else
                _first.Add(cells);
            if (_first.Count > Measured)
                WriteRest();
        }

        public void WriteRest()
        {
            if (_widths.Length == 0)
                _widths = [.. titles.Select((_, i) => _first.Max(cells => cells[i]?.Length ?? 0))];
            _first.ForEach(Write);
            _first.Clear();
        }

        private void Write(string?[] cells) =>
            Console.WriteLine(
                string.Join(
                    "  ",
                    cells.Select((cell, i) => i < Texts ? (cell ?? "").PadRight(_widths[i]) : (cell ?? "").PadLeft(_widths[i]))
                )
            );
    }
}
