"""API tokens: made, recognised, revoked. The secret is shown once; only its hash is kept."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from nnt_server.accounts.models import ApiToken, User

_PREFIX = "nnt_"  # by which people, and programs that look for leaked secrets, recognise one
_USE_NOTED_EVERY = timedelta(minutes=1)


def create_token(user: User, name: str) -> str:
    """The secret, which nobody can be told again."""
    secret = _PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, sha256=_sha256(secret))
    return secret


def user_of_token(secret: str) -> User | None:
    """Whom it stands for; None when it is unknown or revoked, or its user may not log in."""
    # 256 random bits need no salt and no slow hash, and looking for a hash tells nothing by its duration.
    token = ApiToken.objects.select_related("user").filter(sha256=_sha256(secret)).first()
    if token is None or not token.user.is_active:
        return None
    _note_use(token)
    return token.user


def revoke(token: ApiToken) -> None:
    """From now on it opens nothing."""
    ApiToken.objects.filter(id=token.id).delete()


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    noted_long_ago = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at <= now - _USE_NOTED_EVERY:
        ApiToken.objects.filter(noted_long_ago, id=token.id).update(last_used_at=now)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
