"""Signing up: how a person gets an account. What they may do is said by their memberships."""

from collections.abc import Callable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from . import audit
from .models import User, Verb
from .refusals import BadInput, Refused

NAME_LENGTH = 120


def sign_up(*, email: str, name: str, password: str) -> User:
    """A new person. The trail keeps who and when, never the password and not the address.

    Raises:
        BadInput: no name, not an e-mail address, a password that is too weak.
        Refused: the address belongs to somebody already.
    """
    person = User(email=email.strip().lower(), name=" ".join(name.split()))
    _check_person(person, password)
    person.set_password(password)  # slow on purpose, so it happens before any lock is taken
    with transaction.atomic():
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError:
            raise Refused(
                "There is already an account with this e-mail address.",
                mend="Sign in with it, or sign up with another address.",
            ) from None
        audit.log(
            review=None,
            verb=Verb.PERSON_SIGNED_UP,
            actor=person,
            actor_label=person.name,
            subject={"user": person.pk},
            after={"name": person.name},
        )
    return person


def welcome_from_institute(person: User, *, save: Callable[[], None]) -> User:
    """Keep a person whom their institute vouches for. They have no password here; `save` writes them down.

    Raises:
        BadInput: the institute told no e-mail address.
    """
    if not person.email:
        raise BadInput(
            "Your institute did not tell your e-mail address.",
            mend="Ask its help desk to release it, or sign up with a password.",
        )
    person.set_unusable_password()
    with transaction.atomic():
        save()
        audit.log(
            review=None,
            verb=Verb.PERSON_SIGNED_UP,
            actor=person,
            actor_label=person.name,
            subject={"user": person.pk},
            after={"name": person.name, "by": "institute"},
        )
    return person


def _check_person(person: User, password: str) -> None:
    if not person.name or len(person.name) > NAME_LENGTH:
        raise BadInput(
            "A name is needed.", mend=f"Give the name others will see, at most {NAME_LENGTH} characters."
        )
    try:
        User._meta.get_field("email").clean(person.email, person)
    except ValidationError:
        raise BadInput("This is not an e-mail address.", mend="Write it like name@example.org.") from None
    try:
        validate_password(password, user=person)
    except ValidationError as weak:
        raise BadInput(" ".join(weak.messages), mend="Choose a longer password or sentence.") from None
