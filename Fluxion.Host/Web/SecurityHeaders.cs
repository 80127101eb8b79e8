namespace Fluxion.Host.Web;

/// <summary>
/// The security headers of every response. The reference at /docs is the only page, so the policy permits its scripts and styles.
/// </summary>
public static class SecurityHeaders
{
    public static HeaderPolicyCollection Policy { get; } =
        new HeaderPolicyCollection()
            .AddDefaultSecurityHeaders()
            .AddContentSecurityPolicy(csp =>
            {
                csp.AddDefaultSrc().Self();
                csp.AddScriptSrc().Self().UnsafeInline();
                csp.AddStyleSrc().Self().UnsafeInline();
                csp.AddImgSrc().Self().Data();
                csp.AddFontSrc().Self().Data();
                csp.AddFrameAncestors().None();
            })
            .AddCustomHeader("Cache-Control", "no-store");
}
