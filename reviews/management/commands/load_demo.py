"""`manage.py load_demo`: the demo review, once. Everything through the verbs, so that its trail is whole."""

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from extraction import design
from reviews import demo, importing, members
from reviews.models import Review, User
from reviews.signing_up import sign_up
from screening import criteria, protocol
from screening.models import Stage


def password_file() -> Path:
    """Where the demo people's password is kept: made at random for this installation, readable by its owner."""
    return settings.WINNOW_DATA / "demo_password"


class Command(BaseCommand):
    """Loads the demo review if it is not there."""

    help = "Load the demo review (five records, three people) unless it is there already."

    def handle(self, *args: Any, **options: Any) -> None:
        """Safe to repeat; all or nothing."""
        if Review.objects.filter(slug=demo.SLUG).exists():
            self._say(options, "The demo review is there already.")
            return
        with transaction.atomic():
            load(_password())
        self._say(options, f'The demo review is loaded: "{demo.TITLE}".')

    def _say(self, options: dict[str, Any], text: str) -> None:
        if options["verbosity"]:
            self.stdout.write(text)


def load(password: str) -> Review:
    """Make the demo's people, review, criteria, form and records. Inside one transaction of the caller's."""
    people = [_person(email, name, password) for email, name, _role in demo.PEOPLE]
    lead = people[0]
    review = members.create_review(by=lead, title=demo.TITLE, question=demo.QUESTION, slug=demo.SLUG)
    for person, (_email, name, role) in zip(people[1:], demo.PEOPLE[1:], strict=True):
        _invitation, secret = members.invite(review=review, by=lead, role=role, meant_for=name)
        members.join(secret=secret, user=person)
    for kind, label, text in demo.CRITERIA:
        criteria.add_criterion(
            review=review, stage=Stage.TITLE_ABSTRACT, by=lead, kind=kind, label=label, text=text
        )
    criteria.copy_criteria_to_full_text(review=review, by=lead)
    protocol.change_protocol(
        review=review,
        stage=Stage.EXTRACTION,
        by=lead,
        reason="Extractors check what the model took down, value by value.",
        model_role="before",
    )
    form = design.draft_form(review=review, by=lead, name=demo.FORM_NAME)
    for item in demo.ITEMS:
        design.add_item(form=form, by=lead, **item)
    design.publish_form(form=form, by=lead)
    for file, source, platform, strategy in demo.SEARCHES:
        importing.import_search(
            review=review,
            by=lead,
            data=(demo.TEXTS / file).read_bytes(),
            source=source,
            platform=platform,
            kind="database",
            searched_on=demo.SEARCHED_ON,
            strategy=strategy,
            declared_count=1,
            file_name=file,
        )
    return review


def _person(email: str, name: str, password: str) -> User:
    """The demo person, or whoever has this address already."""
    return User.objects.filter(email=email).first() or sign_up(email=email, name=name, password=password)


def _password() -> str:
    path = password_file()
    try:
        with path.open("x", encoding="utf-8") as made:
            path.chmod(0o600)
            made.write(f"winnow-{secrets.token_hex(4)}")
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8").strip()
