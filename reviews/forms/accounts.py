"""Signing in and signing up."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from reviews.models import User


class SignInForm(LoginForm):
    """E-mail address and password. Capitals in the address do not count, for the lock after ten tries neither."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["login"].widget = forms.EmailInput({"autocomplete": "username"})
        self.fields["password"].widget = forms.PasswordInput({"autocomplete": "current-password"})
        self.fields["password"].help_text = ""


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
