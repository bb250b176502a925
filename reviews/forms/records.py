"""Correcting a record, removing it, naming its original, undoing with a reason."""

from typing import Any

from django import forms

from reviews.correcting import LISTS
from reviews.models import Record


class WhyForm(forms.Form):
    """A reason that must be given."""

    reason = forms.CharField(max_length=300, help_text="Goes into the trail.")


class OriginalForm(forms.Form):
    """Of which record this one is a duplicate."""

    original = forms.IntegerField(min_value=1, max_value=2**31 - 1, label="Number of the record that stays")
    reason = forms.CharField(required=False, max_length=300)


class LinesField(forms.CharField):
    """A list of texts, written one a line."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"help_text": "One a line."} | kwargs
        super().__init__(required=False, widget=forms.Textarea({"rows": 4}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Lines as a list."""
        return [line.strip() for line in (value or "").splitlines() if line.strip()]


class CorrectionForm(forms.Form):
    """What a record says, and why it is changed."""

    title = forms.CharField(required=False, widget=forms.Textarea({"rows": 3}))
    abstract = forms.CharField(required=False, widget=forms.Textarea({"rows": 10}))
    authors = LinesField()
    year = forms.IntegerField(required=False, min_value=1400, max_value=2100)
    journal = forms.CharField(required=False, max_length=500)
    volume = forms.CharField(required=False, max_length=60)
    issue = forms.CharField(required=False, max_length=60)
    pages = forms.CharField(required=False, max_length=120)
    doi = forms.CharField(required=False, max_length=300, label="DOI")
    pmid = forms.CharField(required=False, max_length=20, label="PubMed number")
    registry_ids = LinesField(label="Register numbers")
    publication_types = LinesField()
    language = forms.CharField(required=False, max_length=60)
    url = forms.CharField(required=False, max_length=2000, label="Link")
    reason = forms.CharField(
        max_length=300, label="Reason for the correction", help_text="Goes into the trail."
    )

    @classmethod
    def of(cls, record: Record) -> "CorrectionForm":
        """The form with what the record says now."""
        return cls(initial={name: getattr(record, name) for name in cls.base_fields if name != "reason"})

    def changes(self, record: Record) -> dict[str, Any]:
        """What differs from the record. White space at line ends, which a browser rewrites, is no difference."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "reason"}
        return {
            name: value
            for name, value in given.items()
            if (
                value != getattr(record, name)
                if name in LISTS or name == "year"
                else _differs(value, record, name)
            )
        }


def _differs(value: str, record: Record, name: str) -> bool:
    was = getattr(record, name)
    return value.replace("\r\n", "\n").strip() != was.replace("\r\n", "\n").strip()
