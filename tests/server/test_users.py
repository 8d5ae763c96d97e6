"""What administrators do with the accounts of others."""

import pytest
from django.urls import reverse

from nnt_server.accounts import services, tokens
from nnt_server.accounts.models import User
from nnt_server.errors import Refused
from nnt_server.simulations.models import Simulation
from tests.server.conftest import Visitor, a_simulation, disappears, unknown
from tests.server.test_accounts import is_in

CHANGES = ("enable", "disable", "make-administrator", "unmake-administrator")


def change(visitor, user, what):
    return visitor.post(reverse("change_user", args=[user.id, what]), follow=True)


def test_the_list_shows_everybody_with_what_they_have(administrator, alice):
    User.objects.filter(username="alice").update(email="alice@example.org")
    for _ in range(2):
        a_simulation(alice.user)
    page = administrator.get(reverse("users")).content.decode()
    assert "alice@example.org" in page
    row = page.partition(">alice")[2].partition("</tr>")[0]
    assert '<td data-label="Simulations" class="number">2</td>' in row and "active" in row
    assert "administrator, and you" in page


def test_a_disabled_user_is_out_at_once_and_simulations_go_on(administrator, alice):
    a_simulation(alice.user)
    secret = tokens.create_token(alice.user, "laptop")
    assert "is shut out" in change(administrator, alice.user, "disable").content.decode()
    assert not is_in(alice) and tokens.user_of_token(secret) is None
    assert Simulation.objects.get().wanted == "running"
    assert "disabled" in administrator.get(reverse("users")).content.decode()
    change(administrator, alice.user, "enable")
    assert is_in(alice) and tokens.user_of_token(secret) == alice.user


def test_somebody_is_made_an_administrator_and_unmade(administrator, alice):
    change(administrator, alice.user, "make-administrator")
    assert alice.get(reverse("users")).status_code == 200
    change(administrator, alice.user, "unmake-administrator")
    assert alice.get(reverse("users")).status_code == 404


@pytest.mark.parametrize("what", ["disable", "unmake-administrator"])
def test_nobody_shuts_out_themselves(administrator, what):
    Visitor("second", is_staff=True)
    page = change(administrator, administrator.user, what).content.decode()
    assert "Another administrator has to do that" in page
    assert administrator.get(reverse("users")).status_code == 200


@pytest.mark.parametrize(
    "act", [services.disable, services.unmake_administrator, services.delete, services.leave]
)
def test_the_last_administrator_stays(administrator, alice, act):
    """Whoever asks: two that shut out each other at the same moment come one after the other."""
    with pytest.raises(Refused, match="the only administrator"):
        act(administrator.user, alice.user)
    assert User.objects.get(username="root").is_staff


def test_deleting_somebody_asks_first(administrator, alice):
    simulation = a_simulation(alice.user)
    address = reverse("delete_user", args=[alice.user.id])
    assert "1 simulation, of which 1 has not ended" in administrator.get(address).content.decode()
    assert is_in(alice)
    assert "is being deleted" in administrator.post(address, follow=True).content.decode()
    assert not is_in(alice)
    assert Simulation.objects.get().events.get().actor == "root"
    assert "being deleted" in administrator.get(reverse("users")).content.decode()
    disappears(simulation)
    assert not User.objects.filter(username="alice").exists()


def test_who_is_being_deleted_is_not_enabled_again(administrator, alice):
    a_simulation(alice.user)
    services.leave(alice.user, alice.user)
    assert "is being deleted" in change(administrator, alice.user, "enable").content.decode()
    assert not User.objects.get(username="alice").is_active


@pytest.mark.parametrize("what", CHANGES)
def test_only_administrators_change_anybody(alice, bob, anonymous, what):
    for visitor, status in ((bob, 404), (anonymous, 302)):
        answer = visitor.post(reverse("change_user", args=[alice.user.id, what]))
        assert answer.status_code == status
    alice.user.refresh_from_db()
    assert alice.user.is_active and not alice.user.is_staff


def test_what_does_not_exist_is_not_there(administrator, alice):
    assert change(administrator, alice.user, "promote").status_code == 404
    for name, more in (("change_user", ["disable"]), ("delete_user", [])):
        answer = administrator.post(reverse(name, args=[unknown().int % 10**9, *more]))
        assert answer.status_code == 404
        assert administrator.post(reverse(name, args=[10**30, *more])).status_code == 404


def test_the_list_has_pages(administrator):
    User.objects.bulk_create(User(username=f"user {number}") for number in range(60))
    page = administrator.get(reverse("users")).content.decode()
    assert "Page 1 of 2" in page
    assert "user 59" in administrator.get(reverse("users") + "?page=2").content.decode()
