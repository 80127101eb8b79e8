namespace Fluxion.Ledger.Imports;

/// <summary>
/// Limits a host to one import at a time. A file of 50,000 long rows takes 1.2 GB and half a minute, nearly all of it for writing.
/// Other files wait on disk after they were received. A host receives no more of them than may wait.
/// </summary>
public sealed class ImportLimiter() : BusyLimiter("imports", maxConcurrent: 1, maxWaiting: 8, TimeSpan.FromSeconds(30));
