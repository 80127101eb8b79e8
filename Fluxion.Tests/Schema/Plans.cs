using System.Text.RegularExpressions;

namespace Fluxion.Tests.Schema;

/// <summary>What the plans of EXPLAIN say in either edition of TimescaleDB.</summary>
public static partial class Plans
{
    /// <summary>
    /// The chunks that a plan reads, each once: the community edition has several lines for one that is compressed. With <c>analyze</c>,
    /// those that were left out only when it ran are not among them.
    /// </summary>
    public static IReadOnlyList<string> Chunks(string plan) => [.. plan.Split('\n')
        .Where(line => !line.Contains("never executed", StringComparison.Ordinal))
        .SelectMany(line => Chunk().Matches(line)).Select(match => match.Groups[1].Value).Distinct()];

    [GeneratedRegex(@" on (?:_timescaledb_internal\.)?(_hyper_\d+_\d+_chunk)")]
    private static partial Regex Chunk();
}
