namespace Fluxion.Ledger.Session;

/// <summary>A value that must be unique among documents of one kind. A database index refuses a duplicate at the commit.</summary>
/// <param name="Taken">The refusal of a value that another document has.</param>
/// <param name="FindExisting">
/// Function that finds the document with this value. It returns null when there is none, or when the caller may not know of it.
/// </param>
public sealed record UniqueName(Refusal Taken, Func<LedgerSession, CancellationToken, Task<ExistingDocument?>> FindExisting);
