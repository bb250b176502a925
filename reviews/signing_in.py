"""Signing in: what django-allauth asks us about people, and whom django-axes counts wrong passwords for."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest

from .models import User
from .refusals import Refused
from .signing_up import welcome_from_institute


def who_is_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The address somebody tries to sign in with, in one spelling: ten wrong passwords lock it, not a browser."""
    sent = getattr(request, "data", request.POST)
    given = credentials or {}
    tried = given.get("email") or given.get("username") or sent.get("login") or sent.get("email") or ""
    return str(tried).strip().lower()


def second_step_holds(person: User, code: str) -> bool:
    """Whether `code` is this person's second step (a code of the app, or an unused recovery code).

    True for who has none. A recovery code is used up by being right.
    """
    if not get_mfa_adapter().is_mfa_enabled(person):
        return True
    return bool(code) and any(
        each.wrap().validate_code(code) for each in Authenticator.objects.filter(user=person)
    )


class SecondStepAdapter(DefaultMFAAdapter):
    """The secrets of people's second steps lie encrypted in the database, under the installation's key."""

    def encrypt(self, text: str) -> str:
        """For the database."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """From the database.

        Raises:
            Refused: the installation's key is another than when it was written.
        """
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise Refused(
                "Second steps cannot be checked: the server's secret key was changed.",
                mend="Whoever runs the server can put the old key back, or switch your second step off.",
            ) from None


def _box() -> Fernet:
    return Fernet(
        base64.urlsafe_b64encode(hashlib.sha256(f"second step {settings.SECRET_KEY}".encode()).digest())
    )


class AccountAdapter(DefaultAccountAdapter):
    """Our words and rules where allauth asks."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "The e-mail address or the password is wrong. Nothing was changed; try again."
        ),
        "account_inactive": "This account is closed. Ask whoever runs this server.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never here: people sign up on our own page."""
        return False

    def can_send_mail(self) -> bool:
        """Whether this installation sends mail at all."""
        return bool(settings.SENDS_MAIL)


class InstituteAdapter(DefaultSocialAccountAdapter):
    """People who come by their institute's sign-in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whoever the institute vouches for may have an account; what they may do, their memberships say."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """Name and address, as the institute tells them."""
        person: User = sociallogin.user
        person.email = str(data.get("email") or "").strip().lower()
        told = data.get("name") or " ".join(filter(None, (data.get("first_name"), data.get("last_name"))))
        person.name = " ".join(str(told or person.email.partition("@")[0]).split())[:120]
        return person

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Keep a new person, with the event in the installation's trail."""
        person: User = sociallogin.user
        if form is not None:
            person.email = str(form.cleaned_data.get("email") or person.email).strip().lower()
        welcome_from_institute(person, save=lambda: sociallogin.save(request))
        return person
