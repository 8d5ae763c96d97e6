"""The people who use the platform, and the tokens with which their programs do."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractUser):
    """A person with a name and a password; administrators are those with is_staff."""

    # Since when the account is being deleted: its row goes with its last simulation (delete_leaving_user.sql).
    leaving_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "users"


class ApiToken(models.Model):
    """What a program shows instead of a password. Only a hash of it is kept; revoking removes the row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_tokens"
