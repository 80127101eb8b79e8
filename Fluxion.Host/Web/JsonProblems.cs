using System.Text.RegularExpressions;

namespace Fluxion.Host.Web;

/// <summary>What the reader of a JSON body says of it, in the words of the field that is wrong.</summary>
public static partial class JsonProblems
{
    private const string TimeForm = "is a point in time with its offset from UTC, for example 2026-11-24T10:00:00-04:00";

    public static void NameTheField(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem is not { Status: 400, Title: "Invalid JSON format", Detail: { } detail }) return;
        problem.Title = "The request is not valid";
        problem.Type = null;
        problem.Instance = null;
        problem.Extensions.Remove("lineNumber");
        problem.Extensions.Remove("bytePositionInLine");
        if (UnknownMember().Match(detail) is { Success: true } unknown)
        {
            problem.Detail = "Correct the fields named in errors and send the request again.";
            problem.Extensions["errors"] = new Dictionary<string, string[]> { [unknown.Groups[1].Value] = ["is no field of this request"] };
        }
        else if (Path().Match(detail) is { Success: true, Groups: [_, { Value: not "" } path] })
        {
            problem.Detail = "Correct the fields named in errors and send the request again.";
            problem.Extensions["errors"] = new Dictionary<string, string[]>
            {
                [path.Value] = [path.Value.EndsWith("At", StringComparison.Ordinal) ? TimeForm : "is of the wrong type, out of range, or holds a character that cannot be kept"],
            };
        }
        else
        {
            problem.Detail = "The body is not JSON: " + detail;
        }
    }

    [GeneratedRegex(@"^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownMember();

    [GeneratedRegex(@"Path: \$\.?([^ |]*)")]
    private static partial Regex Path();
}
