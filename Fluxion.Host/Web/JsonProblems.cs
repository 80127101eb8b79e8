using System.Text.RegularExpressions;

namespace Fluxion.Host.Web;

/// <summary>What the reader of a JSON body says of it, in the words of the field that is wrong.</summary>
public static partial class JsonProblems
{
    public static void NameTheField(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem is not { Status: 400, Title: "Invalid JSON format", Detail: { } detail }) return;
        problem.Title = "The request is not valid";
        problem.Type = null;
        problem.Instance = null;
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
                [path.Value] = [detail.Contains("could not be converted", StringComparison.Ordinal) ? "is of the wrong type or out of range" : detail[..detail.IndexOf(" Path:", StringComparison.Ordinal)]],
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
