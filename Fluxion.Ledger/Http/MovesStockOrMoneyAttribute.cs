namespace Fluxion.Ledger.Http;

/// <summary>
/// On an endpoint: a request without an Idempotency-Key is refused, because a duplicate would be applied again.
/// The OpenAPI document requires the header there.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MovesStockOrMoneyAttribute : Attribute;
