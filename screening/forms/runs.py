"""Cancelling a run."""

from django import forms


class CancelForm(forms.Form):
    """Why a run is stopped, if one wants to say."""

    reason = forms.CharField(
        required=False, max_length=500, label="Why", help_text="Goes into the trail. What was answered stays."
    )
