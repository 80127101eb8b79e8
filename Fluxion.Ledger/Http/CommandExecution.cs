using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Ledger.Http;

/// <summary>Runs a command of an HTTP request in the transaction of its session, and converts the reply to the HTTP answer.</summary>
public static class CommandExecution
{
    /// <summary>
    /// Runs <paramref name="handle"/>. With an Idempotency-Key the command is applied once, and every retry gets the same answer.
    /// </summary>
    public static async Task<IResult> Run<TCommand>(
        this LedgerSession ledger,
        HttpContext http,
        TCommand command,
        Func<CancellationToken, Task<Reply>> handle
    )
    {
        var span = CommandSpan.Start(NameOf(http), ledger.Tenant.Slug);
        try
        {
            var result = await Execute(ledger, http, command, handle);
            if (result is RefusedResult && ledger.Outcome != CommandOutcome.Conflict)
                ledger.Outcome = CommandOutcome.Refused;
            span.End(ledger.Outcome, (result as RefusedResult)?.Kind, ledger.LockWait);
            return result;
        }
        catch (Exception e)
        {
            span.Fail(e, ledger.LockWait);
            throw;
        }
    }

    /// <summary>Runs a command after looking up the barcodes of its lines.</summary>
    public static Task<IResult> Run<TCommand, TLine>(
        this LedgerSession ledger,
        HttpContext http,
        IProductLines<TCommand, TLine> command,
        Func<TCommand, CancellationToken, Task<Reply>> handle
    )
        where TCommand : IProductLines<TCommand, TLine>
        where TLine : class, IProductLine<TLine> =>
        ledger.Run(
            http,
            (TCommand)command,
            async ct =>
            {
                var barcodes = http.RequestServices.GetRequiredService<IBarcodeIndex>();
                var (lines, problem) = await ProductLines.InUnits(ledger, barcodes, command.Lines, ct);
                return problem is not null ? problem : await handle(command.With(lines), ct);
            }
        );

    /// <summary>The command of a request: the name of its endpoint, such as "Record sale".</summary>
    public static string NameOf(HttpContext http) => http.GetEndpoint()?.DisplayName ?? "unnamed";

    private static async Task<IResult> Execute<TCommand>(
        LedgerSession ledger,
        HttpContext http,
        TCommand command,
        Func<CancellationToken, Task<Reply>> handle
    )
    {
        var (json, ct) = (http.JsonOptions(), http.RequestAborted);
        var required = http.GetEndpoint()?.Metadata.GetMetadata<MovesStockOrMoneyAttribute>() is not null;
        var (key, problem) = IdempotencyKey.Read(http, ledger.Tenant.Schema, ledger.Caller.UserId, command, json, required);
        if (problem is not null)
            return new RefusedResult(problem);
        if (await ledger.Begin(key, ct) is { } answer)
        {
            ledger.Outcome = CommandOutcome.Replayed;
            return key!.Replay(answer, http);
        }
        if (command is IOccurrence { SentAt: { } sentAt })
            ledger.CorrectClockSkew(sentAt, RequestArrival.Elapsed(http));

        IReadOnlyList<UniqueName>? unique = null;
        try
        {
            switch (await handle(ct))
            {
                case Reply.Refused refused:
                    ledger.EnsureNothingAppended();
                    return new RefusedResult(refused.Refusal);
                case Reply.DryRun tried:
                    await ledger.CommitAndRollBack(ct);
                    ledger.Outcome = CommandOutcome.DryRun;
                    return Json(JsonSerializer.SerializeToUtf8Bytes(tried.Body, json), StatusCodes.Status200OK);
                case Reply.Accepted accepted:
                    unique = accepted.Unique;
                    var body = JsonSerializer.SerializeToUtf8Bytes(accepted.Body, json);
                    if (key is not null)
                    {
                        var (sql, parameters) = key.StoreAnswer(accepted, body);
                        ledger.Enqueue(sql, parameters);
                    }
                    await ledger.Commit(CancellationToken.None); // a client that disconnects does not cancel the commit
                    ledger.Outcome = CommandOutcome.Accepted;
                    if (accepted.Location is not null)
                        http.Response.Headers.Location = accepted.Location;
                    return Json(body, accepted.Status);
                default:
                    throw new InvalidOperationException("A command ends accepted, refused or tried.");
            }
        }
        catch (Exception e) when (FindPostgresException(e, PostgresErrorCodes.NumericValueOutOfRange) is not null)
        {
            return new RefusedResult(Refusal.TooLarge(command));
        }
        catch (Exception e)
            when (FindPostgresException(e, PostgresErrorCodes.UniqueViolation) is { } violation
                && UniqueConstraints.MeansAlreadyExists(violation.ConstraintName)
            )
        {
            ledger.Outcome = CommandOutcome.Conflict;
            Instruments.Conflicts.Add(1, new KeyValuePair<string, object?>(Instruments.Constraint, violation.ConstraintName));
            return new RefusedResult(await ledger.DescribeConflict(unique ?? [], violation.ConstraintName, ct));
        }
    }

    private static Utf8ContentHttpResult Json(byte[] body, int status) =>
        TypedResults.Text(body, "application/json; charset=utf-8", status);

    private static PostgresException? FindPostgresException(Exception e, string sqlState)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
            if (inner is PostgresException refusal && refusal.SqlState == sqlState)
                return refusal;
        return null;
    }
}
