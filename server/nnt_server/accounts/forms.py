"""What a person fills in to sign up and to log in."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, UserCreationForm

from nnt_server.accounts.models import User
from nnt_server.form_fields import describe_fields


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = User
        fields = ("username",)
        labels = {"username": "Username"}
        help_texts = {"username": "Letters, digits and @ . + - _"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "password1"
        ].help_text = (
            "At least 8 characters; not only digits, not a common password, not like your username."
        )
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""
        describe_fields(self)


class LogInForm(AuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        describe_fields(self)
