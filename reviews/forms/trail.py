"""What a reader of the trail may ask for."""

from typing import Any

from django import forms

from reviews.models import Membership, Review, Verb
from reviews.trail_reading import WORDS, Filters

MACHINES = "machines"


def position(text: str | None) -> int | None:
    """A number of an event from the address line, or None where there is none that makes sense."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None


class TrailForm(forms.Form):
    """Filters of the trail; a GET form, so that a filtered trail has an address."""

    person = forms.ChoiceField(required=False)
    verb = forms.ChoiceField(label="What", required=False)
    record = forms.IntegerField(label="Record number", required=False, min_value=1, max_value=2_000_000_000)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, review: Review, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Membership.objects.filter(review=review).select_related("user").order_by("user__name", "pk")
        self.fields["person"].choices = [  # type: ignore[attr-defined]
            ("", "Everybody"),
            *((str(m.user_id), str(m.user)) for m in people),
            (MACHINES, "Models and rules"),
        ]
        self.fields["verb"].choices = [  # type: ignore[attr-defined]
            ("", "Everything"),
            *((verb.value, WORDS[verb]) for verb in Verb if verb != Verb.PERSON_SIGNED_UP),
        ]

    def filters(self) -> Filters:
        """What was asked for; a field that makes no sense is shown with its error and filters nothing."""
        self.is_valid()
        asked = getattr(self, "cleaned_data", {})
        person = asked.get("person") or ""
        return Filters(
            person=int(person) if person.isdecimal() else None,
            machines=person == MACHINES,
            verb=asked.get("verb") or "",
            number=asked.get("record"),
            since=asked.get("since"),
            until=asked.get("until"),
        )
