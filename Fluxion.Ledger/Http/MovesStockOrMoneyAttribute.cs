namespace Fluxion.Ledger.Http;

/// <summary>On an endpoint: a request without an Idempotency-Key is refused, for sent twice it would count twice. The OpenAPI document says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MovesStockOrMoneyAttribute : Attribute;
