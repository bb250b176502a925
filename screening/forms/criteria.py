"""The words of a criterion."""

from django import forms

from screening.criteria import LABEL_LENGTH
from screening.models import Criterion


class WordingForm(forms.Form):
    """Label and full wording."""

    label = forms.CharField(
        max_length=LABEL_LENGTH,
        help_text="A few words. PRISMA prints them as the reason, so say what is wrong with a record that goes.",
    )
    text = forms.CharField(
        label="Full wording", max_length=5000, widget=forms.Textarea({"rows": 4}),
        help_text="What reviewers and models judge by: one thing only, with its limits.",
    )  # fmt: skip


class NewCriterionForm(WordingForm):
    """The same, and which way it works."""

    kind = forms.ChoiceField(
        choices=[("include", "Must be met to be included"), ("exclude", "Excludes when it is met")],
        initial=Criterion.Kind.INCLUDE, label="Kind", widget=forms.RadioSelect,
    )  # fmt: skip

    field_order = ["kind", "label", "text"]


class RewordForm(WordingForm):
    """The same, with why it changed."""

    reason = forms.CharField(max_length=500, label="Reason for the change", help_text="Goes into the trail.")


class RetireForm(forms.Form):
    """Why a criterion goes."""

    reason = forms.CharField(max_length=500, help_text="Goes into the trail.")
