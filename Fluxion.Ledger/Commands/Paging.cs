using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Commands;

/// <summary>The size of a page of any list.</summary>
public static class Paging
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    public static ProblemDetails Problem => Problems.Invalid("limit", $"is a whole number from 1 to {MaxLimit}");
}
