"""Signing in and signing up."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from reviews.models import User


class SignInForm(AuthenticationForm):
    """E-mail address and password. Capitals in the address do not count, for the lock after ten tries neither."""

    error_messages = {
        "invalid_login": "The e-mail address or the password is wrong. Nothing was changed; try again.",
        "inactive": "This account is closed. Ask whoever runs this server.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["username"]
        field.label = "E-mail address"
        field.widget.input_type = "email"

    def clean_username(self) -> str:
        """The address as it is stored."""
        return self.cleaned_data["username"].strip().lower()


class SignUpForm(forms.Form):
    """Who somebody is. The password is asked twice, for there is no way to read it again later."""

    name = forms.CharField(
        max_length=120, help_text="As others in your reviews will see it.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        help_text="At least 10 characters; a few words in a row are good.", strip=False, max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label="The same password again", strip=False, max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Say at the field what is wrong with the password; the verb checks the same again."""
        data = super().clean() or {}
        password = data.get("password")
        if password:
            try:
                validate_password(password, user=User(email=data.get("email", "")))
            except ValidationError as weak:
                self.add_error("password", weak)
        if password and data.get("again") not in (None, password):
            self.add_error("again", "This is not the same as the password above.")
        return data
