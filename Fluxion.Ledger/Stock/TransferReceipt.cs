namespace Fluxion.Ledger.Stock;

/// <param name="Status">The status: in_transit, partial, received or cancelled.</param>
/// <param name="Stock">The stock items that this command moved, after the command.</param>
/// <param name="OccurredAt">Time when the goods left, arrived or came back, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
public sealed record TransferReceipt(
    Guid Id,
    string Status,
    IReadOnlyList<TransferReceipt.Line> Lines,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount
)
{
    /// <param name="InTransit">Quantity still in transit.</param>
    /// <param name="Returned">Quantity that came back to the sending store when the transfer was cancelled.</param>
    public sealed record Line(
        string Sku,
        decimal Quantity,
        decimal Received,
        decimal Lost,
        decimal Damaged,
        decimal InTransit,
        decimal Returned
    );

    public static TransferReceipt From(Transfer transfer, StockDecision stock, DateTimeOffset at) =>
        new(
            transfer.Id,
            transfer.Status,
            [.. transfer.Lines.Select(l => new Line(l.Sku, l.Quantity, l.Received, l.Lost, l.Damaged, l.InTransit, l.Returned))],
            stock.Levels,
            at,
            stock.CorrectedByCount
        );
}
