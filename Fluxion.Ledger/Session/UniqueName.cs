using Fluxion.Ledger.Decisions;
namespace Fluxion.Ledger.Session;

/// <summary>Something by which a new document is the only one of its kind: an index of the database refuses a second one at the commit.</summary>
/// <param name="Title">Of the 409, and <paramref name="Detail"/> likewise.</param>
/// <param name="FindExisting">The document that has it already; null when there is none, or the caller may not know of it.</param>
public sealed record UniqueName(string Title, string Detail, Func<LedgerSession, CancellationToken, Task<ExistingDocument?>> FindExisting);
