using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using Fluxion.Host;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Projections.Writing;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Fluxion.Tests.Decisions;

/// <summary>What each project, and each part of Fluxion.Ledger, may know.</summary>
public sealed class ArchitectureTests
{
    private static readonly Architecture Architecture = new ArchLoader()
        .LoadAssemblies(typeof(LedgerSession).Assembly, typeof(ReadModels).Assembly, typeof(FluxionHost).Assembly)
        .Build();

    private static readonly IObjectProvider<IType> Http = Types(true)
        .That()
        .ResideInNamespaceMatching(@"^(Microsoft\.AspNetCore|Wolverine\.Http)(\.|$)")
        .As("HTTP");

    private static readonly IObjectProvider<IType> Storage = Types(true)
        .That()
        .ResideInNamespaceMatching(@"^(Marten|Npgsql|Weasel|Wolverine)(\.|$)")
        .Or()
        .Are(typeof(LedgerSession))
        .As("the database");

    private static void Hold(IArchRule rule)
    {
        var violations = rule.Evaluate(Architecture).Where(result => !result.Passed).Select(result => result.Description).ToList();
        violations.ShouldBeEmpty(rule.Description);
    }

    [Fact]
    public void decisions_know_neither_http_nor_the_database()
    {
        var decisions = MethodMembers().That().HaveNameStartingWith("Decide(");
        decisions.GetObjects(Architecture).Count().ShouldBeGreaterThan(30);
        Hold(decisions.Should().NotDependOnAny(Http));
        Hold(decisions.Should().NotDependOnAny(Storage));
    }

    /// <summary>The rules below can fail: an endpoint knows HTTP and its session.</summary>
    [Fact]
    public void endpoints_know_http_and_the_session()
    {
        var endpoints = MethodMembers().That().HaveNameStartingWith("Post(");
        endpoints.Should().NotDependOnAny(Http).HasNoViolations(Architecture).ShouldBeFalse();
        endpoints.Should().NotDependOnAny(Storage).HasNoViolations(Architecture).ShouldBeFalse();
    }

    [Fact]
    public void folds_know_neither_http_nor_the_database()
    {
        var folds = MethodMembers().That().HaveNameStartingWith("Fold(");
        folds.GetObjects(Architecture).Count().ShouldBeGreaterThan(8);
        Hold(folds.Should().NotDependOnAny(Http));
        Hold(folds.Should().NotDependOnAny(Storage));
    }

    [Fact]
    public void outside_its_endpoints_the_ledger_knows_no_http()
    {
        var types = Types()
            .That()
            .ResideInNamespaceMatching(@"^Fluxion\.Ledger\.(Alerts|Catalog|Decisions|Purchasing|Sales|Session|Stock|Time|Validation)$")
            .And()
            .DoNotHaveFullNameContaining("Endpoint");
        types.GetObjects(Architecture).Count().ShouldBeGreaterThan(150);
        Hold(types.Should().NotDependOnAny(Http));
    }

    [Fact]
    public void refusals_are_named_outside_of_http() =>
        Hold(Types().That().Are(typeof(Refusal), typeof(Decision), typeof(DocumentEvents)).Should().NotDependOnAny(Http));

    [Fact]
    public void the_ledger_knows_no_read_model_and_nothing_knows_the_host()
    {
        IObjectProvider<IType> Project(string name) =>
            Types().That().ResideInNamespaceMatching($@"^Fluxion\.{name}(\.|$)").As($"Fluxion.{name}");
        Hold(Types().That().Are(Project("Ledger")).Should().NotDependOnAny(Project("Projections")));
        Hold(Types().That().Are(Project("Ledger")).Should().NotDependOnAny(Project("Host")));
        Hold(Types().That().Are(Project("Projections")).Should().NotDependOnAny(Project("Host")));
    }
}
