using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using JasperFx.CodeGeneration.Model;
using JasperFx.Core.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Ledger.Http;

/// <summary>
/// Reads the JSON body of every command and runs its validator before the endpoint. It refuses another media type with 415, and wrong
/// fields with 400, each spelled as in the body. It replaces Wolverine's reader, which does not locate an unknown field and does not
/// distinguish malformed JSON from a wrong value. That reader also logs errors of clients as server errors.
/// </summary>
public sealed partial class RequestBody : IHttpPolicy
{
    public void Apply(IReadOnlyList<HttpChain> chains, GenerationRules rules, IServiceContainer container)
    {
        foreach (var chain in chains.Where(c => c.HasRequestType))
        {
            var read = new ReadFrame(chain.RequestType!);
            var argument = Array.FindIndex(chain.Method.Arguments, a => a?.VariableType == chain.RequestType);
            chain.Middleware.Remove(chain.Method.Arguments[argument].Creator!); // Wolverine's reader
            chain.Middleware.Insert(0, read);
            chain.Method.Arguments[argument] = read.Body;
        }
    }

    /// <summary>Reads and validates the body; returns it or the problem with it.</summary>
    public static async Task<(T? Body, IResult? Problem)> Read<T>(HttpContext http)
        where T : class
    {
        if (!http.Request.HasJsonContentType())
            return (null, new RefusedResult(Refusal.NoJson));
        if (http.Request.ContentLength == 0)
            return (null, new RefusedResult(Refusal.Invalid("$", "must be a JSON object, not empty")));
        var json = http.JsonOptions();
        try
        {
            var body = await JsonSerializer.DeserializeAsync<T>(http.Request.Body, json, http.RequestAborted);
            var problem = body is null
                ? Refusal.Invalid("$", "must be a JSON object, not null")
                : Check(http.RequestServices.GetRequiredService<IValidator<T>>().Validate(body).Errors);
            return (body, problem is null ? null : new RefusedResult(problem));
        }
        catch (JsonException e)
        {
            return (null, new RefusedResult(Unreadable(e, typeof(T), json)));
        }
    }

    private static Refusal? Check(List<FluentValidation.Results.ValidationFailure> failures) =>
        failures.Count == 0
            ? null
            : Refusal.Invalid(
                failures
                    .GroupBy(f => JsonPath(f.PropertyName))
                    .ToDictionary(field => field.Key, field => field.Select(f => f.ErrorMessage).Distinct().ToArray())
            );

    /// <summary>Converts Lines[0].UnitCost to lines[0].unitCost.</summary>
    private static string JsonPath(string propertyPath) =>
        PathParts().Replace(propertyPath, part => JsonNamingPolicy.CamelCase.ConvertName(part.Value));

    /// <summary>
    /// Explains why the JSON could not be read. The exception's message names internal types, so only its path is passed on.
    /// </summary>
    private static Refusal Unreadable(JsonException e, Type body, JsonSerializerOptions json)
    {
        var path = Refusal.Shorten(e.Path is ['$', '.', .. var field] ? field : e.Path ?? "$");
        return e switch
        {
            { InnerException: JsonException } => Refusal.Invalid(
                "$",
                $"must be JSON: the first error is at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}"
            ),
            { Message: var m } when m.StartsWith("The JSON property", StringComparison.Ordinal) => Refusal.Invalid(path, "unknown field"),
            { Message: var m } when m.StartsWith("Duplicate propert", StringComparison.Ordinal) => Refusal.Invalid(
                path,
                "appears more than once"
            ),
            _ when path == "$" => Refusal.Invalid(path, "must be a JSON object"),
            _ => Refusal.Invalid(path, Form(TypeAt(path, body, json), json)),
        };
    }

    /// <summary>
    /// The type of the body at a path; null for a path outside of its own fields, such as one within a tenant's settings.
    /// </summary>
    private static Type? TypeAt(string path, Type body, JsonSerializerOptions json)
    {
        var at = body;
        foreach (var part in PathParts().Matches(path).Select(match => match.Value))
        {
            var info = json.GetTypeInfo(at);
            var next =
                info.Kind == JsonTypeInfoKind.Enumerable
                    ? info.ElementType
                    : info.Properties.FirstOrDefault(p => p.Name == part)?.PropertyType;
            if (next is null)
                return null;
            at = Nullable.GetUnderlyingType(next) ?? next;
        }
        return at;
    }

    /// <summary>Describes the JSON form of a type.</summary>
    private static string Form(Type? type, JsonSerializerOptions json) =>
        type switch
        {
            null => "must be a value that can be stored",
            _ when type == typeof(decimal) => "must be a number without quotes, for example 12.5, and no larger than the ledger can hold",
            _ when type == typeof(int) || type == typeof(long) => "must be a whole number without quotes",
            _ when type == typeof(bool) => "must be true or false, without quotes",
            _ when type == typeof(string) => "must be a text in quotes, of characters that can be stored",
            _ when type == typeof(Guid) => "must be an id, a UUID in quotes",
            _ when type == typeof(DateOnly) => "must be a date, for example 2026-11-24",
            _ when type == typeof(DateTimeOffset) => Time.PointsInTime.Form,
            _ when json.GetTypeInfo(type).Kind == JsonTypeInfoKind.Enumerable => "must be a list, in brackets",
            _ => "must be a JSON object, in braces",
        };

    [GeneratedRegex(@"[^.\[\]]+")]
    private static partial Regex PathParts();

    /// <summary>The call of <see cref="Read"/> in an endpoint's generated code.</summary>
    private sealed class ReadFrame(Type type) : AsyncFrame
    {
        public Variable Body => field ??= new Variable(type, "body", this);

        public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
        {
            writer.Write(
                $"var ({Body.Usage}, problem) = await {typeof(RequestBody).FullNameInCode()}"
                    + $".{nameof(Read)}<{type.FullNameInCode()}>(httpContext);"
            );
            writer.Write("BLOCK:if (problem != null)");
            writer.Write("await problem.ExecuteAsync(httpContext);");
            writer.Write("return;");
            writer.FinishBlock();
            Next?.GenerateCode(method, writer);
        }
    }
}
