"""API tokens: shown once, kept as a hash, noted when used, revoked."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from nnt_server.accounts import tokens
from nnt_server.accounts.models import ApiToken
from tests.server.conftest import a_simulation, unknown

pytestmark = pytest.mark.usefixtures("site")


def test_a_token_stands_for_its_user(alice, bob):
    assert tokens.user_of_token(tokens.create_token(alice.user, "laptop")) == alice.user
    assert tokens.user_of_token(tokens.create_token(bob.user, "laptop")) == bob.user


@pytest.mark.parametrize(
    "secret", ["", "nnt_", "nnt_" + "x" * 43, "\0", "\udc80", "ü", "x" * 10**6]
)
def test_what_is_no_token_stands_for_nobody(alice, secret):
    tokens.create_token(alice.user, "laptop")
    assert tokens.user_of_token(secret) is None


def test_only_a_hash_is_kept(alice):
    secret = tokens.create_token(alice.user, "laptop")
    kept = ApiToken.objects.values().get()
    assert secret not in str(kept)
    assert kept["sha256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert tokens.user_of_token(kept["sha256"]) is None


def test_a_token_of_a_disabled_user_opens_nothing(alice):
    secret = tokens.create_token(alice.user, "laptop")
    alice.user.is_active = False
    alice.user.save()
    assert tokens.user_of_token(secret) is None


def test_its_use_is_noted_at_most_once_a_minute(alice):
    secret = tokens.create_token(alice.user, "laptop")
    assert ApiToken.objects.get().last_used_at is None
    tokens.user_of_token(secret)
    first = ApiToken.objects.get().last_used_at
    tokens.user_of_token(secret)
    assert ApiToken.objects.get().last_used_at == first
    long_ago = timezone.now() - timedelta(minutes=2)
    ApiToken.objects.update(last_used_at=long_ago)
    tokens.user_of_token(secret)
    again = ApiToken.objects.get().last_used_at
    assert again is not None and again > long_ago


def test_the_page_shows_a_new_token_once(alice):
    answer = alice.post(reverse("create_token"), {"token-name": "laptop"})
    assert answer.status_code == 201
    (secret,) = re.findall(r"nnt_[\w-]{43}", answer.content.decode())
    assert tokens.user_of_token(secret) == alice.user
    assert "no-store" in answer.headers["Cache-Control"]
    later = alice.get(reverse("account")).content.decode()
    assert "laptop" in later and secret not in later


def test_a_token_needs_a_name(alice):
    for name in ("", " ", "x" * 101, "a\0b"):
        answer = alice.post(reverse("create_token"), {"token-name": name})
        assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_the_page_lists_ones_own_tokens_with_their_last_use(alice, bob):
    assert "You have none yet." in alice.get(reverse("account")).content.decode()
    secret = tokens.create_token(alice.user, "cluster")
    assert "never" in alice.get(reverse("account")).content.decode()
    tokens.user_of_token(secret)
    page = alice.get(reverse("account")).content.decode()
    assert "never" not in page and "now" in page
    assert "cluster" in page
    assert "cluster" not in bob.get(reverse("account")).content.decode()


def test_revoking_asks_first(alice):
    secret = tokens.create_token(alice.user, "laptop")
    address = reverse("revoke_token", args=[ApiToken.objects.get().id])
    assert "Revoke “laptop”?" in alice.get(address).content.decode()
    assert tokens.user_of_token(secret) == alice.user
    assert alice.post(address).url == reverse("account")
    assert tokens.user_of_token(secret) is None
    assert alice.post(address).status_code == 404


def test_tokens_of_others_are_not_there(alice, bob, administrator):
    secret = tokens.create_token(alice.user, "laptop")
    address = reverse("revoke_token", args=[ApiToken.objects.get().id])
    for visitor in (bob, administrator):
        assert visitor.post(address).status_code == 404
        assert visitor.get(reverse("revoke_token", args=[unknown()])).status_code == 404
    assert tokens.user_of_token(secret) == alice.user


def test_a_token_is_no_key_to_the_pages(alice, anonymous):
    """A browser sends cookies by itself and no token, so that what a token opens needs no protection from forgery."""
    simulation = a_simulation(alice.user)
    secret = tokens.create_token(alice.user, "laptop")
    answer = anonymous.get(
        reverse("simulation", args=[simulation.id]), headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 302
