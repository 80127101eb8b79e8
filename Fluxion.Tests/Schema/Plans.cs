using System.Text.RegularExpressions;

namespace Fluxion.Tests.Schema;

/// <summary>Reads the plans of EXPLAIN in either edition of TimescaleDB.</summary>
public static partial class Plans
{
    /// <summary>
    /// The distinct chunks that a plan reads. The community edition prints several lines for a compressed chunk. With <c>analyze</c>,
    /// chunks that were pruned at execution are left out.
    /// </summary>
    public static IReadOnlyList<string> Chunks(string plan) =>
        [
            .. plan.Split('\n')
                .Where(line => !line.Contains("never executed", StringComparison.Ordinal))
                .SelectMany(line => Chunk().Matches(line))
                .Select(match => match.Groups[1].Value)
                .Distinct(),
        ];

    [GeneratedRegex(@" on (?:_timescaledb_internal\.)?(_hyper_\d+_\d+_chunk)")]
    private static partial Regex Chunk();
}
