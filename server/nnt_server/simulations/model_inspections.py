"""Models whose inspection is asked for: the deployer does it."""

import hashlib
import json
from functools import partial
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import transaction

from nnt_server import deployer_client
from nnt_server.accounts.models import User
from nnt_server.simulations.models import ClockTimestamp, ModelInspection

_SALT = "model inspection of user {}"


def look_at(model: dict[str, Any], backend: str) -> ModelInspection:
    """Its inspection, which is asked for at once."""
    with transaction.atomic():
        asked = ask(model, backend)
        transaction.on_commit(partial(deployer_client.ring_for_model, asked.id))
    return ModelInspection.objects.defer("model").get(id=asked.id)


def key_for(user: User, inspection: ModelInspection) -> str:
    """What an address names it by: an inspection has no owner, so each is shown to who has asked for it."""
    return _signer(user).sign(inspection.id)


def find(user: User, key: str) -> ModelInspection | None:
    """The inspection of that key; None where it is another user's key, or nothing is left of it."""
    try:
        inspection_id = _signer(user).unsign(key)
    except BadSignature:
        return None
    return ModelInspection.objects.defer("model").filter(id=inspection_id).first()


def _signer(user: User) -> Signer:
    return Signer(salt=_SALT.format(user.pk))


def ask(model: dict[str, Any], backend: str) -> ModelInspection:
    """The inspection of that model, under that backend, which is done once; what failed is tried again."""
    content = json.dumps([backend, model], sort_keys=True, separators=(",", ":"))
    inspection = ModelInspection(
        id=hashlib.sha256(content.encode()).hexdigest(),
        model=model,
        backend=backend,
        asked_at=ClockTimestamp(),
    )
    # One statement: it is kept from being removed as unused from here to the end of the transaction.
    ModelInspection.objects.bulk_create(
        [inspection], update_conflicts=True, unique_fields=["id"], update_fields=["asked_at"]
    )
    return inspection
