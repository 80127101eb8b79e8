using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fluxion.Host;
using Fluxion.Ledger;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Projections.Writing;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fluxion.Tests.Diagnostics;

/// <summary>docs/diagnostics.md lists exactly the log messages, tags, instruments and periodic services that the code has.</summary>
public sealed partial class DiagnosticsPageTests(LedgerHost host)
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "diagnostics.md"));

    /// <summary>The projects, each with the first of its thousand event ids.</summary>
    private static readonly (Assembly Assembly, int First)[] Projects =
    [
        (typeof(LedgerModel).Assembly, 1000),
        (typeof(ReadModels).Assembly, 2000),
        (typeof(FluxionHost).Assembly, 3000),
    ];

    /// <summary>The cells of the table below a heading, without its head.</summary>
    private static List<string[]> Table(string heading) =>
        [
            .. Page.Split("\n## ")
                .Single(part => part.StartsWith(heading + "\n", StringComparison.Ordinal))
                .Split('\n')
                .Where(line => line.StartsWith('|'))
                .Skip(2)
                .Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray()),
        ];

    private static IEnumerable<LoggerMessageAttribute> Messages(Assembly assembly) =>
        assembly
            .GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(m => m.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>();

    [Fact]
    public void every_log_message_is_on_the_page_with_its_level_and_no_other()
    {
        var messages = Projects.SelectMany(p => Messages(p.Assembly)).OrderBy(m => m.EventId).ToList();
        messages.Count.ShouldBeGreaterThan(20);
        Table("Log messages")
            .Select(row => $"{row[0]} {row[1]} {row[2]}")
            .ShouldBe(messages.Select(m => $"{m.EventId} {m.Level} {m.Message}"));
        Table("Log messages").ShouldAllBe(row => row[3].Length > 0);
    }

    [Fact]
    public void event_ids_are_unique_and_in_the_range_of_their_project()
    {
        Projects.SelectMany(p => Messages(p.Assembly)).Select(m => m.EventId).ShouldBeUnique();
        foreach (var (assembly, first) in Projects)
            Messages(assembly).ShouldAllBe(m => m.EventId > first && m.EventId < first + 1000);
    }

    [Fact]
    public void every_instrument_is_on_the_page_with_its_kind_and_unit_and_no_other()
    {
        RuntimeHelpers.RunClassConstructor(typeof(Instruments).TypeHandle);
        var instruments = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == Instruments.Name)
                    instruments.Add($"`{instrument.Name}` {instrument.GetType().Name.Split('`')[0]} {instrument.Unit}");
            },
        };
        listener.Start();
        Table("Metrics").Select(row => string.Join(' ', row[..3])).ShouldBe(instruments, ignoreOrder: true);
    }

    [Fact]
    public void the_tags_of_spans_and_their_values_are_on_the_page()
    {
        static string[] Names<T>()
            where T : struct, Enum => [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
        var tags = Table("Spans")
            .ToDictionary(row => row[0].Trim('`'), row => Code().Matches(row[1]).Select(m => m.Groups[1].Value).ToList());
        tags[Instruments.Outcome].ShouldBe(Names<CommandOutcome>(), ignoreOrder: true);
        tags[Instruments.RefusalKind].Except(["refused"]).ShouldBe(Names<RefusalKind>(), ignoreOrder: true);
        tags.Keys.ShouldBe(
            [
                Instruments.Tenant,
                Instruments.Command,
                Instruments.Outcome,
                Instruments.RefusalKind,
                Instruments.IsReplayed,
                Instruments.LockWaitSeconds,
                "error.type",
            ],
            ignoreOrder: true
        );
    }

    [Fact]
    public void every_periodic_service_is_on_the_page() =>
        Table("Periodic services")
            .Select(row => row[0])
            .ShouldBe(host.Services.GetServices<IHostedService>().OfType<PeriodicService>().Select(s => s.Name), ignoreOrder: true);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
