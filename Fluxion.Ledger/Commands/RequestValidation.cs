using System.Text.Json;
using System.Text.RegularExpressions;
using FluentValidation;
using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using Microsoft.AspNetCore.Http;
using Wolverine.Http;
using Wolverine.Http.CodeGen;

namespace Fluxion.Ledger.Commands;

/// <summary>Runs the validator of every request body before its endpoint: 400 with every wrong field, spelled as in the body.</summary>
public sealed class RequestValidation : IHttpPolicy
{
    public void Apply(IReadOnlyList<HttpChain> chains, GenerationRules rules, IServiceContainer container)
    {
        foreach (var chain in chains.Where(c => c.HasRequestType))
        {
            chain.Metadata.ProducesValidationProblem();
            var check = new MethodCall(typeof(RequestValidation), typeof(RequestValidation).GetMethod(nameof(Check))!.MakeGenericMethod(chain.RequestType!));
            chain.Middleware.InsertRange(0, [check, new MaybeEndWithResultFrame(check.ReturnVariable!)]);
        }
    }

    public static IResult Check<T>(T? body, IValidator<T> validator)
    {
        if (body is null) return TypedResults.Problem(Problems.Invalid("$", "The body is empty: send a JSON object."));
        var failures = validator.Validate(body).Errors;
        if (failures.Count == 0) return WolverineContinue.Result();
        return TypedResults.Problem(Problems.Invalid(failures
            .GroupBy(f => JsonPath(f.PropertyName))
            .ToDictionary(field => field.Key, field => field.Select(f => f.ErrorMessage).Distinct().ToArray())));
    }

    /// <summary>Lines[0].UnitCost as lines[0].unitCost.</summary>
    public static string JsonPath(string propertyPath) => Regex.Replace(propertyPath, @"[^.\[\]]+", part => JsonNamingPolicy.CamelCase.ConvertName(part.Value));
}
