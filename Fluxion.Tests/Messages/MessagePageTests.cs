using System.Text;
using System.Text.RegularExpressions;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Messages;

/// <summary>All messages to clients together: docs/messages.md lists them, and all have the form of docs/WRITING.md.</summary>
public sealed partial class MessagePageTests
{
    /// <summary>When this variable is true, the test writes the page instead of comparing it.</summary>
    private const string Rewrite = "FLUXION_WRITE_MESSAGES_PAGE";

    private static readonly IReadOnlyList<ClientMessage> Messages = ClientMessage.ReadAll();

    [Fact]
    public async Task the_messages_page_lists_all_messages_of_the_source()
    {
        var (ct, path) = (TestContext.Current.CancellationToken, Path.Combine(Repository.Root, "docs", "messages.md"));
        var page = Write();
        if (Environment.GetEnvironmentVariable(Rewrite) == "true")
            await File.WriteAllTextAsync(path, page, ct);
        (await File.ReadAllTextAsync(path, ct)).ShouldBe(page, $"{path} is out of date: run this test with {Rewrite}=true");
    }

    [Fact]
    public void a_message_about_a_field_has_one_of_the_forms()
    {
        var fields = Messages.Where(message => message.Title is null).ToList();
        fields.Count.ShouldBeGreaterThan(80);
        fields.Where(message => !FieldForm().IsMatch(message.Text)).ShouldBeEmpty();
    }

    [Fact]
    public void a_refusal_has_a_short_title_and_full_sentences()
    {
        var refusals = Messages.Where(message => message.Title is not null).ToList();
        refusals.Count.ShouldBeGreaterThan(60);
        refusals.Where(message => !TitleForm().IsMatch(message.Title!)).ShouldBeEmpty();
        refusals.Where(message => !SentenceForm().IsMatch(message.Text)).ShouldBeEmpty();
    }

    private static string Write()
    {
        var page = new StringBuilder()
            .AppendLine("# Messages to clients")
            .AppendLine()
            .AppendLine($"Generated from the source by `MessagePageTests`; write it with `{Rewrite}=true`. Values are in braces.")
            .AppendLine()
            .AppendLine("## Refusals")
            .AppendLine("The title and the detail of a problem. A refusal about a field is 400; the others are 403, 404, 409 and 503.")
            .AppendLine()
            .AppendLine("| title | detail | source |")
            .AppendLine("|---|---|---|");
        foreach (var message in Messages.Where(message => message.Title is not null))
            page.AppendLine($"| {message.Title} | {Cell(message.Text)} | {Path.GetFileNameWithoutExtension(message.File)} |");
        page.AppendLine()
            .AppendLine("## Messages about a field")
            .AppendLine("The texts in `errors` of a problem, by the name of the field, and of a row in an imported file.")
            .AppendLine()
            .AppendLine("| message | source |")
            .AppendLine("|---|---|");
        foreach (var message in Messages.Where(message => message.Title is null))
            page.AppendLine($"| {Cell(message.Text)} | {Path.GetFileNameWithoutExtension(message.File)} |");
        return page.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@"^(must |is required|unknown field|appears more than once|[A-Z].*\.$)", RegexOptions.Singleline)]
    private static partial Regex FieldForm();

    [GeneratedRegex(@"^[A-Z][^.]{2,40}$")]
    private static partial Regex TitleForm();

    [GeneratedRegex(@"^([A-Z{].*[.}]|\{.*\})$", RegexOptions.Singleline)]
    private static partial Regex SentenceForm();
}
