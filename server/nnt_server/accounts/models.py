"""The people who use the platform."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person with a name and a password; administrators are those with is_staff."""

    class Meta:
        db_table = "users"
