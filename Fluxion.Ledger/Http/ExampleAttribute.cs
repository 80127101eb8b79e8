namespace Fluxion.Ledger.Http;

/// <summary>
/// On a command: JSON that the demo tenant accepts. On a parameter: a value in the demo tenant. The OpenAPI document shows it, and a test
/// sends it.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Parameter)]
public sealed class ExampleAttribute(string value) : Attribute
{
    public string Value => value;
}
