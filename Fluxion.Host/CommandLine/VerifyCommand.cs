using Fluxion.Projections.Audit;
using JasperFx.CommandLine;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public sealed class VerifyInput : NetCoreInput
{
    [Description("The tenant's slug, for example acme")]
    public string Tenant { get; set; } = "";

    [Description("The hash of a seal that was published elsewhere: the chain has to contain it")]
    [FlagAlias("expect", longAliasOnly: true)]
    public string? ExpectFlag { get; set; }
}

[Description("Recompute a tenant's seals from its events: exit code 0 when all is as it was sealed, 1 with the first event that is not", Name = "verify")]
public sealed class VerifyCommand : LedgerCommand<VerifyInput>
{
    protected override async Task<bool> Run(VerifyInput input)
    {
        Output.WrapForPeopleAlone();
        using var host = input.BuildHost();
        var expect = VerificationQuery.Hash(input.ExpectFlag);
        if (input.ExpectFlag is not null && expect is null) return Output.Refuse($"--expect {VerificationQuery.HashForm}.");
        var tenant = await Find(host.Services, input.Tenant);

        var clock = host.Services.GetRequiredService<TimeProvider>();
        var started = clock.GetTimestamp();
        var result = await Output.WithProgress("Events", step => host.Services.GetRequiredService<Verifier>().Verify(tenant, expect, step, CancellationToken.None));
        if (result.Finding is { } finding)
            return Output.Refuse($"{tenant.Slug} is not intact: {finding.Kind}. {finding.Detail} {result.Events} events before that are as they were sealed.");
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        AnsiConsole.MarkupLineInterpolated(
            $"[bold]{tenant.Slug}[/] is intact: {result.Events} events in {result.Seals} seals, {result.Unsealed} not sealed yet{result.UnsealedSince:', the first of' yyyy-MM-dd HH:mm:ss'Z'} ({seconds:0.0} s, {result.Events / seconds:0} events/s)");
        if (result.ExpectedSeal is { } expected) AnsiConsole.MarkupLineInterpolated($"The hash that was expected is that of seal {expected}.");
        if (result.HeadHash is not null) AnsiConsole.MarkupLineInterpolated($"Head: {result.HeadHash}, seal {result.Seals} of {result.SealedAt:yyyy-MM-dd HH:mm:ss'Z'}");
        return true;
    }
}
