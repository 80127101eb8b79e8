using System.Text;
using System.Text.Json.Serialization;
using FluentValidation;
using Fluxion.Host.Database;
using Fluxion.Host.Web;
using Fluxion.Ledger;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Imports;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Projections.Audit;
using Fluxion.Projections.Queries;
using Fluxion.Projections.Replay;
using Fluxion.Projections.Streaming;
using Fluxion.Projections.Writing;
using JasperFx;
using JasperFx.CodeGeneration;
using Marten;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Scalar.AspNetCore;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Http;
using Wolverine.Marten;

namespace Fluxion.Host;

/// <summary>The complete configuration of the host: its services and its request pipeline.</summary>
public static class FluxionHost
{
    /// <summary>The maximum size of a body, 4 MiB; larger ones are answered with 413.</summary>
    public const int MaxBodyBytes = 4 * 1024 * 1024;

    /// <summary>Adds all services except <see cref="DatabaseConnections"/>, which the caller adds.</summary>
    public static void AddFluxion(this WebApplicationBuilder builder, FluxionSettings settings)
    {
        var services = builder.Services;
        services.AddSingleton(settings);
        // all hosts of a ledger use one clock: the database's
        services.TryAddSingleton(new LedgerClock(TimeProvider.System));
        services.AddSingleton<TimeProvider>(p => p.GetRequiredService<LedgerClock>());
        services.AddHostedService<ClockWatch>();
        services.AddSingleton(p => p.GetRequiredService<DatabaseConnections>().Open(p.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(new SchemaScripts(DatabaseInitialization.SchemaFolder));
        services.AddSingleton<SchemaFingerprints>();
        services.AddSingleton<StartChecks>();
        services.AddSingleton<TenantRegistry>();
        services.AddSingleton<TenantSchemas>();
        services.AddSingleton<TenantProvisioning>();
        services.AddSingleton<TenantAdoption>();
        services.AddSingleton<ITenantReadModels, TenantReadModels>();
        services.AddSingleton<TenantReplay>();
        services.AddSingleton<ReplayRuns>();
        services.AddHostedService(p => p.GetRequiredService<ReplayRuns>());
        services.AddSingleton<Retention>();
        services.AddHostedService(p => p.GetRequiredService<Retention>());
        services.AddSingleton<Sealer>();
        services.AddHostedService(p => p.GetRequiredService<Sealer>());
        services.AddSingleton<Verifier>();
        services.AddSingleton<ImportLimiter>();
        services.AddValidators();

        AddLedgerStore(builder);
        AddAccess(services, settings);
        AddHttp(builder);
        services.AddTelemetry(builder.Environment);
        services
            .AddHealthChecks()
            .AddNpgSql(p => p.GetRequiredService<Databases>().Queries, tags: ["ready"])
            .AddCheck<ClockHealth>("clock", tags: ["ready"]);
        // requests in progress have up to 30 seconds to finish before the host stops
        services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    /// <summary>Marten and Wolverine: one document store per tenant; commands and their messages commit in one transaction.</summary>
    private static void AddLedgerStore(WebApplicationBuilder builder)
    {
        builder
            .Services.AddMarten(p =>
            {
                var options = new StoreOptions { DatabaseSchemaName = "shared", AutoCreateSchemaObjects = AutoCreate.None };
                options.Connection(p.GetRequiredService<Databases>().Service);
                options.DisableNpgsqlLogging = true;
                return options;
            })
            .IntegrateWithWolverine(integration =>
            {
                integration.MessageStorageSchemaName = "wolverine";
                integration.AutoCreate = AutoCreate.None;
            });
        // Wolverine opens its sessions through IDocumentStore; this implementation routes them to the tenant's own store
        builder.Services.AddSingleton<TenantDocumentStores>();
        builder.Services.AddSingleton<IDocumentStore>(p => p.GetRequiredService<TenantDocumentStores>());

        builder.Host.UseWolverine(options =>
        {
            options.ApplicationAssembly = typeof(FluxionHost).Assembly;
            options.Discovery.IncludeAssembly(typeof(LedgerModel).Assembly);
            options.Discovery.IncludeAssembly(typeof(TenantReadModels).Assembly);
            options.AutoBuildMessageStorageOnStartup = AutoCreate.None;
            options.Durability.Mode = builder.Environment.IsDevelopment() ? DurabilityMode.Solo : DurabilityMode.Balanced;
            // A message stays in the database until it is handled. After failing for 7 hours it is moved to the dead letters
            // (wolverine_dead_letters). A database outage uses up no retry, because no message is fetched
            options.Policies.UseDurableLocalQueues();
            options
                .Policies.OnAnyException()
                .RetryWithCooldown(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(250))
                .Then.ScheduleRetry(
                    TimeSpan.FromSeconds(5),
                    TimeSpan.FromSeconds(30),
                    TimeSpan.FromMinutes(5),
                    TimeSpan.FromHours(1),
                    TimeSpan.FromHours(6)
                )
                .Then.MoveToErrorQueue();
            // the build generates the handlers' code (HandlerCode.targets); compilation at run time would take seconds
            options.CodeGeneration.TypeLoadMode = TypeLoadMode.Static;
        });
        builder.Services.AddWolverineHttp();
        builder.Services.AddHostedService<OverdueReservations>();
        builder.Services.AddSingleton<IStockPositions, StockPositions>();
        builder.Services.AddSingleton<IRefusalFormat, RefusalProblems>();
        builder.Services.AddSingleton<IStockDocuments, StockDocuments>();
        builder.Services.AddSingleton<IBarcodeIndex, BarcodeIndex>();
        builder.Services.AddSingleton<AlertScans>();
        builder.Services.AddSingleton<AlertNotifications>();
        builder.Services.AddHostedService(p => p.GetRequiredService<AlertNotifications>());
        builder.Services.AddSingleton<AlertFeed>();
        builder.Services.AddHostedService(p => p.GetRequiredService<AlertFeed>());
        builder.Services.AddHostedService(p => p.GetRequiredService<AlertScans>());
    }

    /// <summary>
    /// Tokens, roles, and the limit on sign-in attempts. The mapping of the endpoints requires a token for every endpoint that does not
    /// state otherwise.
    /// </summary>
    private static void AddAccess(IServiceCollection services, FluxionSettings settings)
    {
        services.AddSingleton(p => new Tokens(
            Encoding.UTF8.GetBytes(settings.SigningKey),
            TimeSpan.FromMinutes(settings.TokenMinutes),
            p.GetRequiredService<TimeProvider>()
        ));
        services.AddMemoryCache();
        services.AddSingleton<Accounts>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services
            .AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<Tokens>(
                (options, tokens) =>
                {
                    options.MapInboundClaims = false;
                    options.TokenValidationParameters = tokens.Validation;
                    options.Events = TokenProblems.Events;
                }
            );
        services.AddAuthorization(options =>
        {
            foreach (var role in (string[])[.. Roles.OfTenants, Roles.Platform])
                options.AddPolicy(role, policy => policy.RequireAuthenticatedUser().RequireClaim(Claims.Role, Roles.AtLeast(role)));
        });
        services.AddSingleton<Credentials>();
        services.AddSingleton<PasswordHashing>();
        services.AddAdmission(settings);
    }

    /// <summary>JSON, errors and the OpenAPI document.</summary>
    private static void AddHttp(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.AddServerHeader = false;
        });
        var services = builder.Services;
        services.AddProblemDetails(options => options.CustomizeProblemDetails = FrameworkProblems.NameTheField);
        services.AddSingleton<IProblemDetailsWriter, FrameworkProblems>();
        services.AddExceptionHandler<BadRequests>();
        services.AddExceptionHandler<Failures>();
        services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.AllowDuplicateProperties = false;
            json.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.Converters.Add(new DecimalConverter());
            json.Converters.Add(new ZonedTimestamps());
            json.Converters.Add(new StorableTexts());
        });
        services.AddOpenApi(FluxionOpenApi.Configure);
    }

    /// <summary>The request pipeline, in order.</summary>
    public static void MapFluxion(this WebApplication app)
    {
        app.UseTrustedProxies(app.Services.GetRequiredService<FluxionSettings>().TrustedProxies);
        app.UseMiddleware<FailureLog>();
        app.UseExceptionHandler();
        app.UseStatusCodePages(FrameworkProblems.Explain);
        app.UseSecurityHeaders(SecurityHeaders.Policy);
        app.Use(HeadAsGet);
        app.UseRouting();
        app.UseMiddleware<RequestLimits>();
        app.UseRateLimiter();
        app.Use(Admission.SetPace);
        app.UseAuthentication();
        app.UseMiddleware<TenantResolution>();
        app.UseAuthorization();

        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous().DisableRateLimiting();
        app.MapHealthChecks(
                "/health/ready",
                new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready"), ResponseWriter = HealthReply.Write }
            )
            .AllowAnonymous()
            .DisableRateLimiting();
        app.MapOpenApi().AllowAnonymous().WithMetadata(new DocumentAttribute());
        app.MapScalarApiReference("/docs", options => options.Title = "Fluxion Ledger").AllowAnonymous();
        app.MapWolverineEndpoints(options =>
        {
            options.TenantId.DetectWith<RouteTenantDetection>();
            options.RequireAuthorizeOnAll();
            options.RejectUnparseableQueryValues = true;
            options.AddPolicy<RequestBody>();
            options.AddMiddleware(
                typeof(LedgerSessionMiddleware),
                chain => chain.Method.Method.GetParameters().Any(p => p.ParameterType == typeof(LedgerSession))
            );
        });
    }

    /// <summary>HEAD is GET without the body (RFC 9110, 9.3.2).</summary>
    private static Task HeadAsGet(HttpContext http, RequestDelegate next)
    {
        if (HttpMethods.IsHead(http.Request.Method))
            (http.Request.Method, http.Response.Body) = (HttpMethods.Get, Stream.Null);
        return next(http);
    }

    private static void AddValidators(this IServiceCollection services)
    {
        foreach (
            var type in ((Type[])[typeof(LedgerModel), typeof(TenantReadModels)])
                .SelectMany(t => t.Assembly.GetTypes())
                .Where(t => !t.IsAbstract)
        )
        {
            if (
                type.GetInterfaces().FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IValidator<>)) is
                { } validator
            )
                services.AddSingleton(validator, type);
        }
    }
}
