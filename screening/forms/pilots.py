"""Drawing and closing a pilot round; putting records up for screening again."""

import secrets
from collections.abc import Iterable
from typing import Any

from django import forms

from reviews.models import User
from screening.pilot import LARGEST_SEED, MOST

USUAL_SIZE = 30


class DrawForm(forms.Form):
    """How many, from which seed, and who judges them."""

    size = forms.IntegerField(
        label="Records", min_value=1, max_value=MOST, initial=USUAL_SIZE,
        help_text="Thirty or more, so that there are some to include among them.",
    )  # fmt: skip
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED,
        help_text="Any number. The same seed and the same open records give the same draw, so it can be checked.",
    )  # fmt: skip
    people = forms.MultipleChoiceField(
        label="Who judges every record of it", widget=forms.CheckboxSelectMultiple,
        help_text="A record is settled when all of them have judged it. Others meet it once the round is closed.",
    )  # fmt: skip

    def __init__(self, *args: Any, screeners: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.screeners = {str(person.pk): person for person in screeners}
        people = self.fields["people"]
        assert isinstance(people, forms.MultipleChoiceField)
        people.choices = [(pk, person.name) for pk, person in self.screeners.items()]
        people.initial = list(self.screeners)
        self.fields["seed"].initial = secrets.randbelow(1_000_000)

    def chosen(self) -> list[User]:
        """The people ticked."""
        return [self.screeners[pk] for pk in self.cleaned_data["people"]]


def numbers_in(typed: list[str]) -> list[int]:
    """Record numbers as a form sends them; what is no number is left out."""
    return [int(text) for text in typed if text.isdecimal() and len(text) <= 9]
