namespace Fluxion.Ledger.Http;

/// <summary>Work of which a host does little at once: it takes a core, many connections or much memory for as long as it lasts.</summary>
public enum HeavyWork
{
    Import,

    /// <summary>A question for which many rows are added up.</summary>
    Report,
    Verification,
    Provisioning,
    Password,
}

/// <summary>On an endpoint that does heavy work: the host lets a few of its requests in at once.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HeavyWorkAttribute(HeavyWork kind) : Attribute
{
    public HeavyWork Kind => kind;
}
