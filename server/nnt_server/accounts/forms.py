"""What a person fills in to sign up, to log in, and to change their account."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm, UsernameField
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from nnt_server.accounts.authentication import authenticate
from nnt_server.accounts.models import User
from nnt_server.errors import TooManyAttempts
from nnt_server.form_fields import describe_fields

_USERNAME_HELP = "Letters, digits and @ . + - _"
_PASSWORD_HELP = (
    "At least 8 characters; not only digits, not a common password, not like your username."
)
_TOO_MANY_ATTEMPTS = "too_many_attempts"


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = User
        fields = ("username", "email")
        labels = {"username": "Username", "email": "E-mail (optional)"}
        help_texts = {"username": _USERNAME_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _PASSWORD_HELP
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        describe_fields(self)


class LogInForm(AuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.retry_after_s: int | None = None
        describe_fields(self)

    def clean(self) -> dict[str, Any]:
        if self.request is None or not {"username", "password"} <= self.cleaned_data.keys():
            return self.cleaned_data
        username, password = self.cleaned_data["username"], self.cleaned_data["password"]
        try:
            self.user_cache = authenticate(self.request, username, password)
        except TooManyAttempts as error:
            self.retry_after_s = error.wait_s
            raise ValidationError(str(error), _TOO_MANY_ATTEMPTS) from error
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        return self.cleaned_data


class AskingForPassword(forms.Form):
    """Whoever finds a browser that somebody left open does not know the password."""

    current_password = forms.CharField(
        strip=False,
        label="Your password now",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self._user = user
        describe_fields(self)

    def clean_current_password(self) -> str:
        password: str = self.cleaned_data["current_password"]
        try:
            user = authenticate(self._request, self._user.username, password)
        except TooManyAttempts as error:
            raise ValidationError(str(error), _TOO_MANY_ATTEMPTS) from error
        if user is None:
            raise ValidationError("That is not your password.", "wrong_password")
        return password


class DetailsForm(AskingForPassword):
    prefix = "details"
    field_order = ["username", "email"]

    username = UsernameField(
        max_length=150, validators=[UnicodeUsernameValidator()], help_text=_USERNAME_HELP
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="E-mail (optional)",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exclude(id=self._user.id).exists():
            raise ValidationError("A user with that username already exists.", "unique")
        return username


class PasswordForm(AskingForPassword):
    prefix = "password"

    new_password = forms.CharField(
        strip=False,
        label="New password",
        help_text=_PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    new_password_again = forms.CharField(
        strip=False,
        label="New password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        validate_password(password, self._user)
        return password

    def clean_new_password_again(self) -> str:
        again: str = self.cleaned_data["new_password_again"]
        if again != self.data.get(self.add_prefix("new_password")):
            raise ValidationError("The two are not the same.", "mismatch")
        return again


class TokenForm(forms.Form):
    prefix = "token"

    name = forms.CharField(
        max_length=100, label="What it is for", help_text="Say “notebook on my laptop”."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        describe_fields(self)


class LeaveForm(AskingForPassword):
    prefix = "leave"
