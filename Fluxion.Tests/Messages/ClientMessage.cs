using Fluxion.Tests.Host;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fluxion.Tests.Messages;

/// <summary>A message that clients see, as the source has it. A value stands in braces.</summary>
/// <param name="File">Path of the source file, from the root of the repository.</param>
/// <param name="Title">Title of a refusal; null for a message about a field.</param>
public sealed record ClientMessage(string File, string? Title, string Text)
{
    private static readonly string[] Projects = ["Fluxion.Ledger", "Fluxion.Projections", "Fluxion.Host"];

    /// <summary>All messages in the source, by file and in the order of their text in it.</summary>
    public static IReadOnlyList<ClientMessage> ReadAll() =>
        [
            .. Projects
                .SelectMany(project =>
                    Directory.EnumerateFiles(Path.Combine(Repository.Root, project), "*.cs", SearchOption.AllDirectories)
                )
                .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
                .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .SelectMany(Read),
        ];

    private static IEnumerable<ClientMessage> Read(string file)
    {
        var root = CSharpSyntaxTree.ParseText(System.IO.File.ReadAllText(Path.Combine(Repository.Root, file))).GetRoot();
        return root.DescendantNodes().SelectMany(node => Read(file, node)).Distinct();
    }

    private static IEnumerable<ClientMessage> Read(string file, SyntaxNode node)
    {
        var (name, arguments) = node switch
        {
            InvocationExpressionSyntax call => (NameOf(call.Expression), call.ArgumentList.Arguments),
            BaseObjectCreationExpressionSyntax { ArgumentList.Arguments: [var kind, ..] given }
                when kind.ToString().StartsWith("RefusalKind.", StringComparison.Ordinal) => ("new", given),
            _ => ("", default),
        };
        return (name, arguments.Count) switch
        {
            ("new", 3) => Texts(arguments[2]).Select(text => new ClientMessage(file, Texts(arguments[1]).Single(), text)),
            ("Conflict", 2) when Texts(arguments[0]) is [var title] => Texts(arguments[1])
                .Select(text => new ClientMessage(file, title, text)),
            ("Forbidden", 1) => Texts(arguments[0]).Select(text => new ClientMessage(file, "Not allowed", text)),
            ("NotFound", 1) or ("NotFound", 2) => Texts(arguments[0]).Select(text => new ClientMessage(file, "Not found", text)),
            ("Invalid", 2) => Texts(arguments[1]).Select(text => new ClientMessage(file, null, text)),
            ("WithMessage", 1) => Texts(arguments[0]).Select(text => new ClientMessage(file, null, text)),
            ("AddError", 2) or ("AddFailure", 2) => Texts(arguments[1]).Select(text => new ClientMessage(file, null, text)),
            _ => [],
        };
    }

    private static string NameOf(ExpressionSyntax called) =>
        called switch
        {
            MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
            IdentifierNameSyntax name => name.Identifier.Text,
            _ => "",
        };

    /// <summary>The texts that an argument may have; none when it is no text of this place.</summary>
    private static IReadOnlyList<string> Texts(ArgumentSyntax argument) => Texts(argument.Expression);

    private static IReadOnlyList<string> Texts(ExpressionSyntax expression) =>
        expression switch
        {
            LiteralExpressionSyntax literal when literal.IsKind(SyntaxKind.StringLiteralExpression) => [literal.Token.ValueText],
            InterpolatedStringExpressionSyntax text => [string.Concat(text.Contents.Select(TextOf))],
            BinaryExpressionSyntax sum when sum.IsKind(SyntaxKind.AddExpression) =>
            [
                .. Texts(sum.Left).SelectMany(left => Texts(sum.Right).Select(right => left + right)),
            ],
            ConditionalExpressionSyntax either => [.. Texts(either.WhenTrue), .. Texts(either.WhenFalse)],
            ParenthesizedExpressionSyntax inner => Texts(inner.Expression),
            InvocationExpressionSyntax { ArgumentList.Arguments: [var only] } invariant when NameOf(invariant.Expression) == "Invariant" =>
                Texts(only),
            _ => [],
        };

    private static string TextOf(InterpolatedStringContentSyntax part) =>
        part switch
        {
            InterpolatedStringTextSyntax text => text.TextToken.ValueText,
            InterpolationSyntax value =>
                $"{{{string.Join(' ', value.Expression.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}}}",
            _ => "",
        };
}
