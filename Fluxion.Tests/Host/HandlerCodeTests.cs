using Fluxion.Host;

namespace Fluxion.Tests.Host;

public sealed class HandlerCodeTests(LedgerHost ledger)
{
    [Fact]
    public async Task production_does_not_start_in_a_build_without_the_handlers_code_and_says_how_to_write_it()
    {
        Assert.SkipWhen(typeof(FluxionHost).Assembly.GetType("Internal.Generated.WolverineHandlers.GeneratedHandlerRegistry") is not null,
            "`codegen write` was run here: this build has the code.");
        var (exitCode, output) = await HostProcess.Run(HostProcess.Production(ledger.Connections));
        exitCode.ShouldBe(1, output);
        output.ShouldStartWith("error: ");
        output.ShouldContain("codegen write");
        output.ShouldNotContain("   at ");
    }
}
