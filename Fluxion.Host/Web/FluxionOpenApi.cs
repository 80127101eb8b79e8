using System.Globalization;
using System.Reflection;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Wolverine.Http;

namespace Fluxion.Host.Web;

/// <summary>What the OpenAPI document says beyond the endpoints themselves: the token, the Idempotency-Key, the refusals.</summary>
public static class FluxionOpenApi
{
    private const string Scheme = "bearer";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Fluxion Ledger";
            document.Info.Description =
                "An event-sourced inventory ledger for many tenants. Errors are RFC 9457 problem details: 400 names every wrong field, 401 no valid token, " +
                "403 wrong role, store or tenant, 404 unknown, 409 not enough stock or a wrong state, 413 body too large, 422 Idempotency-Key used before " +
                "with another request, 429 too many sign-ins, 503 database away (repeat with the same key). Lists: limit (at most 1000) and after; text/csv on request.";
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Scheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = Scheme,
                    BearerFormat = "JWT",
                    Description = "From POST /api/token",
                },
            };
            return Task.CompletedTask;
        });
        // a line of one command is not a line of another
        options.CreateSchemaReferenceId = type => OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id
            ? type.Type.DeclaringType is { } outer ? outer.Name + id : id
            : null;
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // the converters of these types hide their form
            var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            var nullable = type == context.JsonTypeInfo.Type ? default : JsonSchemaType.Null;
            if (type == typeof(decimal)) (schema.Type, schema.Format) = (JsonSchemaType.Number | nullable, null);
            if (type == typeof(DateTimeOffset)) (schema.Type, schema.Format) = (JsonSchemaType.String | nullable, "date-time");
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancellation) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            // an endpoint returns IResult and says itself what is in it
            operation.Responses ??= [];
            operation.Responses.Remove("200");
            foreach (var answer in ((WolverineActionDescriptor)context.Description.ActionDescriptor).Chain.Method.Method.GetCustomAttributes<ProducesResponseTypeAttribute>())
            {
                operation.Responses[answer.StatusCode.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
                {
                    Description = answer.StatusCode == 201 ? "Created" : "Done",
                    Content = new Dictionary<string, OpenApiMediaType>
                    {
                        ["application/json"] = new() { Schema = await context.GetOrCreateSchemaAsync(answer.Type, null, cancellation) },
                    },
                };
            }
            if (!metadata.OfType<IAllowAnonymous>().Any())
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
                foreach (var (status, description) in Refusals(context.Description.HttpMethod))
                    operation.Responses.TryAdd(status, new OpenApiResponse { Description = description });
            }
            var least = metadata.OfType<IAuthorizeData>().Select(a => a.Policy).FirstOrDefault(p => p is not null);
            if (least is not null) operation.Description = $"Least role: {least}.";
            if (context.Description.HttpMethod is "POST" && context.Description.RelativePath?.Contains($"{{{TenantResolution.RouteValue}}}", StringComparison.Ordinal) == true)
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = IdempotencyKey.Header,
                    In = ParameterLocation.Header,
                    Required = context.Description.RelativePath.Contains("/stock/", StringComparison.Ordinal),
                    Description = "Your own name for this request, for example a UUID: sent again with it, the request is applied once and answered alike.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = IdempotencyKey.MaxLength },
                });
            }
        });
    }

    private static IEnumerable<(string Status, string Description)> Refusals(string? method)
    {
        yield return ("400", "Something in the request is wrong: errors names it");
        yield return ("401", "No valid token");
        yield return ("403", "Wrong role, store or tenant");
        yield return ("404", "Unknown");
        if (method is not ("POST" or "PUT")) yield break;
        yield return ("409", "Not enough stock, a code that is taken, or a stale version");
        yield return ("422", "The Idempotency-Key was used before with another request");
    }
}
