namespace Fluxion.Ledger.Http;

/// <summary>Work that a host limits, because each request takes a core, many connections or much memory while it runs.</summary>
public enum HeavyWork
{
    Import,

    /// <summary>A query that aggregates many rows.</summary>
    Report,
    Verification,
    Provisioning,
    Password,
}

/// <summary>On an endpoint that does heavy work: the host limits the number of its concurrent requests.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HeavyWorkAttribute(HeavyWork kind) : Attribute
{
    public HeavyWork Kind => kind;
}
