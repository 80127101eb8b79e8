using Fluxion.Ledger.Access;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.IdentityModel.Tokens;

namespace Fluxion.Host.Web;

/// <summary>The responses to a caller without a token, with an invalid or outdated token, or with an insufficient role.</summary>
public static class TokenProblems
{
    private const string HowTo = "Get a token with POST /api/token and send it as 'Authorization: Bearer …'.";

    public static JwtBearerEvents Events =>
        new()
        {
            OnTokenValidated = async context =>
            {
                // anonymous endpoints check no account: for example, the health of a host whose database is not available
                if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
                    return;
                var accounts = context.HttpContext.RequestServices.GetRequiredService<Accounts>();
                if (!await accounts.IsCurrent(context.Principal!, context.HttpContext.RequestAborted))
                    context.Fail(new StaleTokenException());
            },
            OnChallenge = async context =>
            {
                context.HandleResponse();
                context.Response.Headers.WWWAuthenticate = "Bearer";
                var reason = context.AuthenticateFailure switch
                {
                    null => "This needs a token. ",
                    StaleTokenException => "The account has changed since this token was issued. ",
                    SecurityTokenExpiredException => "The token has expired. ",
                    _ => "The token is not valid. ",
                };
                await TypedResults
                    .Problem(statusCode: 401, title: "Not signed in", detail: reason + HowTo)
                    .ExecuteAsync(context.HttpContext);
            },
            OnForbidden = context =>
                TypedResults
                    .Problem(
                        statusCode: 403,
                        title: "Not allowed",
                        detail: context
                            .HttpContext.GetEndpoint()
                            ?.Metadata.GetOrderedMetadata<IAuthorizeData>()
                            .Any(a => a.Policy == Roles.Platform) == true
                            ? "This is for administrators of the platform."
                            : "Your role may not do this. Ask an admin of your tenant."
                    )
                    .ExecuteAsync(context.HttpContext),
        };
}
