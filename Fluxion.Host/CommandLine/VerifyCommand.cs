using System.CommandLine;
using Fluxion.Projections.Audit;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class VerifyCommand
{
    public static Command Create()
    {
        var expect = Commands.Option(
            "--expect",
            "The hash of a seal that was published elsewhere; the chain must contain it",
            text => VerificationQuery.Hash(text) is null ? $"--expect {VerificationQuery.HashForm}." : null
        );
        return new Command(
            "verify",
            "Recompute a tenant's seals from its events. "
                + "The exit code is 0 when every event is as sealed. Otherwise it is 1, and the output names the first event that is not"
        )
        {
            Commands.Tenant,
            expect,
        }.Runs(
            (given, services, ct) =>
                Verify(given.GetRequiredValue(Commands.Tenant), VerificationQuery.Hash(given.GetValue(expect)), services, ct)
        );
    }

    private static async Task<int> Verify(string slug, byte[]? expect, IServiceProvider services, CancellationToken ct)
    {
        var tenant = await services.Find(slug, ct);
        var clock = services.GetRequiredService<TimeProvider>();
        var started = clock.GetTimestamp();
        var result = await Output.WithProgress(
            "Events",
            report => services.GetRequiredService<Verifier>().Verify(tenant, expect, (done, total) => report(done, total), ct)
        );
        if (result.Finding is { } finding)
            return Output.Refuse(
                $"{tenant.Slug} is not intact: {finding.Kind}. {finding.Detail} The {result.Events} events before it are as sealed."
            );
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        var unsealed = FormattableString.Invariant(
            $"{result.Unsealed} not sealed yet{result.UnsealedSince:', the first of' yyyy-MM-dd HH:mm:ss'Z'}"
        );
        var speed = FormattableString.Invariant($"{seconds:0.0} s, {result.Events / seconds:0} events/s");
        AnsiConsole.MarkupLineInterpolated(
            $"[bold]{tenant.Slug}[/] is intact: {result.Events} events in {result.Seals} seals, {unsealed} ({speed})"
        );
        if (result.ExpectedSeal is { } expected)
            AnsiConsole.MarkupLineInterpolated($"Seal {expected} has the expected hash.");
        if (result.HeadHash is not null)
            AnsiConsole.MarkupLineInterpolated($"Head: {result.HeadHash}, seal {result.Seals} of {result.SealedAt:yyyy-MM-dd HH:mm:ss'Z'}");
        return 0;
    }
}
