using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Imports;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Reading;
using Fluxion.Projections.Streaming;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Wolverine.Http;

namespace Fluxion.Host.Web;

/// <summary>
/// Completes the OpenAPI document with the token, the Idempotency-Key, examples and refusals, which the endpoints do not declare.
/// </summary>
public static class FluxionOpenApi
{
    private const string Scheme = "bearer";

    /// <summary>RFC 9457 problem details, with the members of this API.</summary>
    private sealed record Problem(
        string Title,
        int Status,
        string? Detail = null,
        IReadOnlyDictionary<string, string[]>? Errors = null,
        IReadOnlyList<Shortage>? Shortages = null,
        IReadOnlyList<BarcodeConflict>? Conflicts = null,
        ExistingDocument? Existing = null,
        string? Type = null,
        string? TraceId = null
    );

    public static void Configure(OpenApiOptions options)
    {
        // the lines of different commands are different types, so the id contains the command's name
        options.CreateSchemaReferenceId = type =>
            OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id
                ? type.Type.DeclaringType is { } outer && outer != typeof(FluxionOpenApi)
                    ? outer.Name + id
                    : id
                : null;
        options.AddSchemaTransformer(
            (schema, context, _) =>
            {
                DescribeConverted(schema, context);
                return Task.CompletedTask;
            }
        );
        options.AddOperationTransformer(
            async (operation, context, cancellation) =>
            {
                var endpoint = new Endpoint(context.Description.ActionDescriptor);
                DescribeRequest(operation, context, endpoint);
                await DescribeAnswers(operation, context, endpoint, options, cancellation);
            }
        );
        options.AddDocumentTransformer(
            async (document, context, cancellation) =>
            {
                document.Info.Title = "Fluxion Ledger";
                document.Info.Description =
                    "An event-sourced inventory ledger for many tenants. Errors are RFC 9457 problem details. "
                    + "Lists accept the parameters limit (at most 1000), after and fields. "
                    + "On request they are text/csv or application/x-ndjson (JSON Lines), with all rows unless limit is given. "
                    + "Single resources have an ETag.";
                document.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellation));
                document.Components!.Schemas!.Remove(nameof(IResult)); // the return type of every endpoint; it carries no information
                document.AddComponent<IOpenApiSecurityScheme>(
                    Scheme,
                    new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.Http,
                        Scheme = Scheme,
                        BearerFormat = "JWT",
                        Description = "From POST /api/token",
                    }
                );
            }
        );
    }

    /// <summary>Describes the types whose JSON form is hidden by their converters.</summary>
    private static void DescribeConverted(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        var declared = context.JsonTypeInfo.Type;
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var nullable = type != declared || context.JsonPropertyInfo is { IsGetNullable: true } ? JsonSchemaType.Null : default;
        if (type == typeof(decimal))
            (schema.Type, schema.Format) = (JsonSchemaType.Number | nullable, null);
        if (type == typeof(DateTimeOffset))
            (schema.Type, schema.Format) = (JsonSchemaType.String | nullable, "date-time");
        if (type == typeof(string))
            schema.Type = JsonSchemaType.String | nullable;
        // for a parameter with a default value, the framework ignores the attributes of its property
        if (Of<DescriptionAttribute>(context.JsonPropertyInfo) is { } described)
            schema.Description ??= described.Description;
        if (Of<TextFormatAttribute>(context.JsonPropertyInfo) is { } text)
            schema.Format = text.Format;
        if (typeof(IProductLine).IsAssignableFrom(type))
            schema.Required?.Remove("sku"); // a barcode may replace it
        if (type == typeof(JsonElement))
            schema.Type = JsonSchemaType.Object | nullable;
        if (context.JsonTypeInfo.ElementType == typeof(string) && context.JsonTypeInfo.Kind == JsonTypeInfoKind.Enumerable)
            schema.Items = new OpenApiSchema { Type = JsonSchemaType.String };
        if (context.JsonTypeInfo.Properties.Any(p => p.IsExtensionData))
            schema.AdditionalPropertiesAllowed = true;
    }

    private static T? Of<T>(JsonPropertyInfo? property)
        where T : Attribute => (T?)property?.AttributeProvider?.GetCustomAttributes(typeof(T), false).FirstOrDefault();

    private static void DescribeRequest(OpenApiOperation operation, OpenApiOperationTransformerContext context, Endpoint endpoint)
    {
        operation.Description = $"{endpoint.WhoMay} {endpoint.Description}".TrimEnd();
        if (!endpoint.IsOpen)
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        if (operation.RequestBody?.Content?.Values.FirstOrDefault() is OpenApiMediaType body && endpoint.BodyExample is { } example)
            body.Example = JsonNode.Parse(example);
        if (endpoint.CsvExample is { } file)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [Import.MediaType] = new()
                    {
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                        Example = file,
                    },
                },
            };
        }
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
            parameter.Example = endpoint.ParameterExample(parameter.Name!);
        if (endpoint.IsStream)
        {
            operation.Parameters.Add(
                new OpenApiParameter
                {
                    Name = AlertStreamEndpoint.LastEventId,
                    In = ParameterLocation.Header,
                    Description = "The id of the last event received: the stream continues after it.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                }
            );
        }
        if (!endpoint.TakesKey)
            return;
        operation.Parameters.Add(
            new OpenApiParameter
            {
                Name = IdempotencyKey.Header,
                In = ParameterLocation.Header,
                Required = endpoint.Method.GetCustomAttribute<MovesStockOrMoneyAttribute>() is not null,
                Description =
                    "Your name for this request, for example a UUID. The ledger applies repeated requests with one key once, "
                    + "and repeats the answer.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = IdempotencyKey.MaxLength },
            }
        );
    }

    /// <summary>
    /// Endpoints return IResult, so attributes declare their responses. Their refusals follow from their parameters and attributes.
    /// </summary>
    private static async Task DescribeAnswers(
        OpenApiOperation operation,
        OpenApiOperationTransformerContext context,
        Endpoint endpoint,
        OpenApiOptions options,
        CancellationToken ct
    )
    {
        var json = context
            .ApplicationServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>()
            .Value.SerializerOptions;
        operation.Responses = [];
        foreach (var answer in endpoint.Method.GetCustomAttributes<ProducesResponseTypeAttribute>())
        {
            await context.GetOrCreateSchemaAsync(answer.Type, null, ct);
            var schema = new OpenApiSchemaReference(options.CreateSchemaReferenceId(json.GetTypeInfo(answer.Type))!, context.Document);
            var content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } };
            if (endpoint.IsStream)
                content = new()
                {
                    [EventStreamAttribute.MediaType] = new()
                    {
                        Schema = new OpenApiSchema
                        {
                            Type = JsonSchemaType.String,
                            Description = $"Events, each with an {answer.Type.Name} as data",
                        },
                    },
                };
            if (answer.Type.IsGenericType && answer.Type.GetGenericTypeDefinition() == typeof(Page<>))
            {
                content[ListFormat.Csv.MediaType] = content[ListFormat.JsonLines.MediaType] = new()
                {
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                };
                operation.Parameters!.Add(
                    new OpenApiParameter
                    {
                        Name = Fields.Parameter,
                        In = ParameterLocation.Query,
                        Description = "Only these fields of each row, separated by commas.",
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    }
                );
                operation.Parameters.Add(
                    new OpenApiParameter
                    {
                        Name = ListFormat.DecimalsParameter,
                        In = ParameterLocation.Query,
                        Description =
                            "The decimal separator of CSV: point or comma. With comma, semicolons separate the fields. "
                            + "An import accepts the same. Default: point.",
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["point", "comma"] },
                    }
                );
            }
            operation.Responses[Key(answer.StatusCode)] = new OpenApiResponse
            {
                Description = answer.StatusCode == 201 ? "Created" : "Done",
                Content = content,
            };
        }
        foreach (var (status, description) in endpoint.Refusals())
        {
            operation.Responses[Key(status)] = new OpenApiResponse
            {
                Description = description,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(Problem), context.Document) },
                },
            };
        }
    }

    private static string Key(int status) => status.ToString(CultureInfo.InvariantCulture);

    /// <summary>An endpoint, as its code and its attributes describe it.</summary>
    private sealed class Endpoint(Microsoft.AspNetCore.Mvc.Abstractions.ActionDescriptor action)
    {
        private readonly HttpChain _chain = ((WolverineActionDescriptor)action).Chain;

        public MethodInfo Method => _chain.Method.Method;
        public bool IsOpen => Has<IAllowAnonymous>();
        public bool IsCommand => !_chain.HttpMethods.Contains("GET");
        public bool HasBody => IsCommand && _chain.HasRequestType;

        public bool IsStream => Method.GetCustomAttribute<EventStreamAttribute>() is not null;

        /// <summary>Whether the endpoint accepts an Idempotency-Key.</summary>
        public bool TakesKey => !IsOpen && (HasBody || Method.GetParameters().Any(p => p.ParameterType == typeof(LedgerSession)));

        public string? Description => Method.GetCustomAttribute<EndpointDescriptionAttribute>()?.Description;

        public string WhoMay =>
            action.EndpointMetadata.OfType<IAuthorizeData>().Select(a => a.Policy).FirstOrDefault(p => p is not null) is { } least
                ? $"Least role: {least}."
                : "For everybody.";

        public string? BodyExample => HasBody ? _chain.RequestType!.GetCustomAttribute<ExampleAttribute>()?.Value : null;

        public string? CsvExample => Method.GetCustomAttribute<CsvExampleAttribute>()?.Value;

        public string? ParameterExample(string name) =>
            name == TenantResolution.RouteValue
                ? Demo.DemoTenant.Slug
                : Method.GetParameters().FirstOrDefault(p => p.Name == name)?.GetCustomAttribute<ExampleAttribute>()?.Value;

        public IEnumerable<(int Status, string Description)> Refusals()
        {
            yield return (400, "The request is not valid: errors names every wrong field");
            yield return (401, IsOpen ? "Not signed in" : "No valid token");
            yield return (403, IsOpen ? "The tenant is suspended" : "Wrong role, store or tenant, or the tenant is suspended");
            if (_chain.RoutePattern!.Parameters.Count > 0)
                yield return (404, "The address or the body names something that does not exist");
            if (TakesKey)
                yield return (
                    409,
                    "The state of the ledger does not allow the request: detail has the reason. "
                        + "shortages lists the available quantities, and existing names the document that already has a number or code"
                );
            if (IsCommand)
                yield return (413, $"The body has more than {RequestLimits.For(action.EndpointMetadata)} bytes");
            if (HasBody)
                yield return (415, "The body is not sent as JSON");
            if (CsvExample is not null)
                yield return (415, "The body is not sent as CSV");
            if (TakesKey)
                yield return (422, "The Idempotency-Key was used before with another request");
            yield return (
                429,
                $"{(Has<EnableRateLimitingAttribute>() ? "Too many requests from this address"
                : IsStream ? "The maximum of open streams is reached"
                : "Too many requests of this kind at once")}: wait as long as Retry-After says"
            );
            yield return (
                503,
                "The database is unavailable, or the load is too high: repeat the request with the same key after Retry-After"
            );
        }

        private bool Has<T>() => action.EndpointMetadata.OfType<T>().Any();
    }
}
