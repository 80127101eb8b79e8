namespace Fluxion.Projections.Replay;

/// <summary>
/// The rows of a table as sums of their digests, by buckets of their keys. Equal sums mean equal rows; a bucket with different sums
/// contains the differing rows. Memory use does not depend on the number of rows.
/// </summary>
internal sealed class BucketSums
{
    private const int Buckets = 4096;

    private readonly (long Rows, Int128 Sum)[] _buckets = new (long, Int128)[Buckets];

    public long Rows => _buckets.Sum(bucket => bucket.Rows);

    /// <summary>A SQL expression for the bucket of a row.</summary>
    /// <param name="key">The uuid that identifies the row.</param>
    public static string Sql(string key) => $"uuid_hash({key}) & {Buckets - 1}";

    public static int BucketOf(ReadOnlySpan<byte> key) => (int)(PostgresHash.Bytes(key) & (Buckets - 1));

    public void Add(int bucket, long rows, Int128 sum)
    {
        _buckets[bucket].Rows += rows;
        _buckets[bucket].Sum += sum;
    }

    public void Add(BucketSums other)
    {
        for (var bucket = 0; bucket < Buckets; bucket++)
            Add(bucket, other._buckets[bucket].Rows, other._buckets[bucket].Sum);
    }

    /// <summary>The buckets with different sums.</summary>
    public IEnumerable<int> Differing(BucketSums other) =>
        Enumerable.Range(0, Buckets).Where(bucket => _buckets[bucket] != other._buckets[bucket]);
}
