using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// The two roles under which the ledger talks to its one database.
/// </summary>
/// <param name="Service">Role fluxion_app: reads and writes rows, runs no DDL, cannot alter an event.</param>
/// <param name="Owner">Role fluxion_owner: migrations and provisioning alone. Null when this host may not provision.</param>
public sealed record Databases(NpgsqlDataSource Service, NpgsqlDataSource? Owner) : IAsyncDisposable
{
    public const string TenantSetting = "app.current_tenant_id";
    public const string PlatformSetting = "app.platform";

    /// <exception cref="NoOwnerException"/>
    public NpgsqlDataSource RequireOwner() => Owner ?? throw new NoOwnerException();

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        if (Owner is not null) await Owner.DisposeAsync();
    }
}

/// <summary>This host was started without ConnectionStrings__FluxionOwner: it neither migrates nor provisions.</summary>
public sealed class NoOwnerException()
    : InvalidOperationException("This needs the owner's connection: set ConnectionStrings__FluxionOwner (role fluxion_owner).");
