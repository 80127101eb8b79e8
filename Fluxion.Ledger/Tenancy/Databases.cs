using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// The connection pools of the one database, by role and by use. A command that waits for a lock holds its connection. If readers shared
/// that pool, a hundred waiting commands would block them too.
/// </summary>
/// <param name="Service">Role fluxion_app, for commands and the host's own work. It runs no DDL and cannot alter an event.</param>
/// <param name="Owner">
/// Role fluxion_owner, for migrations, provisioning, analysts, retention and replays. Null when this host may not provision.
/// </param>
public sealed record Databases(NpgsqlDataSource Service, NpgsqlDataSource? Owner) : IAsyncDisposable
{
    public const string TenantSetting = "app.current_tenant_id";
    public const string PlatformSetting = "app.platform";

    /// <summary>Role fluxion_app, for reads of requests and for checks that tokens and tenants are current.</summary>
    public NpgsqlDataSource Queries { get; init; } = Service;

    /// <exception cref="NoOwnerException"/>
    public NpgsqlDataSource RequireOwner() => Owner ?? throw new NoOwnerException();

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Queries.DisposeAsync();
        if (Owner is not null)
            await Owner.DisposeAsync();
    }
}

/// <summary>This host was started without ConnectionStrings__FluxionOwner, so it neither migrates nor provisions.</summary>
public sealed class NoOwnerException()
    : InvalidOperationException("This needs the owner's connection: set ConnectionStrings__FluxionOwner (role fluxion_owner).");
