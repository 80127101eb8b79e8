using System.Reflection;

namespace Fluxion.Host;

/// <summary>The version of this build, which MinVer derives from the latest tag.</summary>
internal static class HostVersion
{
    /// <summary>
    /// The version without the commit's hash: for example <c>1.0.0</c>, or <c>1.0.0-alpha.0.12</c> twelve commits after the start.
    /// </summary>
    public static readonly string Text = typeof(HostVersion)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
        .InformationalVersion.Split('+')[0];
}
