using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class UserDecisionTests
{
    private static readonly User Ana = Registered("ana@acme.com", Roles.Admin);
    private static readonly User Luis = Registered("luis@acme.com", Roles.User, Caracas.Id);

    private static User Registered(string email, string role, params IReadOnlyList<Guid>? stores) =>
        Folded<User>(new UserRegistered(email, "Ana Suárez", role, stores is [] ? null : stores));

    private static ChangeUser As(string role) => new() { FullName = " Ana Suárez ", Role = role };

    [Fact]
    public void a_new_user_has_the_address_in_lower_case() =>
        RegisterUserEndpoint
            .Decide(
                new RegisterUser
                {
                    Email = " Luis@Acme.com ",
                    FullName = " Luis Pérez ",
                    Role = Roles.User,
                },
                Guid.CreateVersion7(),
                [Caracas.Id]
            )
            .ShouldBeAccepted()
            .Event<UserRegistered>()
            .ShouldBeEquivalentTo(new UserRegistered("luis@acme.com", "Luis Pérez", Roles.User, [Caracas.Id]));

    [Fact]
    public void a_change_replaces_role_and_stores() =>
        ChangeUserEndpoint
            .Decide(As(Roles.Manager), [Valencia.Id], Luis, isLastAdmin: false)
            .ShouldBeAccepted()
            .Event<UserChanged>()
            .ShouldBeEquivalentTo(new UserChanged("Ana Suárez", Roles.Manager, [Valencia.Id], null));

    [Fact]
    public void a_change_to_the_same_has_no_events()
    {
        ChangeUserEndpoint.Decide(As(Roles.User), [Caracas.Id], Luis, isLastAdmin: false).ShouldBeAccepted().Events().ShouldBeEmpty();
        ActivateUserEndpoint.Decide(Luis).ShouldBeAccepted().Events().ShouldBeEmpty();
        var inactive = Luis with { IsActive = false };
        DeactivateUserEndpoint.Decide(inactive, isLastAdmin: false).ShouldBeAccepted().Events().ShouldBeEmpty();
        ActivateUserEndpoint.Decide(inactive).ShouldBeAccepted().Event<UserActivated>().ShouldNotBeNull();
    }

    [Fact]
    public void the_last_active_admin_stays_an_active_admin()
    {
        DeactivateUserEndpoint.Decide(Ana, isLastAdmin: true).ShouldBeRefused(RefusalKind.Conflict, "Last admin");
        ChangeUserEndpoint.Decide(As(Roles.User), null, Ana, isLastAdmin: true).ShouldBeRefused(RefusalKind.Conflict, "Last admin");
        var renamed = As(Roles.Admin) with { FullName = "Ana" };
        ChangeUserEndpoint.Decide(renamed, null, Ana, isLastAdmin: true).ShouldBeAccepted().Event<UserChanged>().FullName.ShouldBe("Ana");
        DeactivateUserEndpoint.Decide(Ana, isLastAdmin: false).ShouldBeAccepted().Event<UserDeactivated>().ShouldNotBeNull();
    }

    [Fact]
    public void a_password_is_set_only_if_the_checked_one_is_still_current()
    {
        ChangePasswordEndpoint.Decide(Luis, isCurrent: true).ShouldBeAccepted().Event<UserPasswordChanged>().ShouldNotBeNull();
        ChangePasswordEndpoint.Decide(Luis, isCurrent: false).ShouldBeRefused(RefusalKind.Invalid, field: "currentPassword");
    }
}
