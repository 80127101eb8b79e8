namespace Fluxion.Ledger.Http;

/// <summary>The page size of every list, in rows.</summary>
public static class Paging
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    public static Refusal Problem => Refusal.Invalid("limit", $"must be a whole number from 1 to {MaxLimit}");
}
