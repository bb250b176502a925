"""The settings of one stage, each with its rule in words."""

from typing import Any

from django import forms

from screening.models import ModelRole, Protocol
from screening.protocol import SETTINGS

# name -> (label, what each value means, in sentences a reviewer can act on)
WORDS: dict[str, tuple[str, dict[Any, str]]] = {
    "reviewers_wanted": (
        "How many people",
        {
            1: "One person. What they say settles it.",
            2: "Two people, neither seeing the other's answer. Where they agree it is settled; where they "
            "differ it goes to the conflicts.",
        },
    ),
    "model_role": (
        "What a model may show",
        {
            ModelRole.OFF: "Nothing. Proposals are kept and stay hidden at this stage.",
            ModelRole.AFTER: "Its proposal, once a person has answered themselves.",
            ModelRole.BEFORE: "Its proposal at once. Quicker, and people lean towards what they are shown.",
        },
    ),
    "order": (
        "Which comes first",
        {
            Protocol.Order.SECOND_VOTE_FIRST: "Records that wait for a second answer, then by number.",
            Protocol.Order.NUMBER: "By number, as they were found.",
            Protocol.Order.RANDOM: "At random, each person in an order of their own.",
        },
    ),
    "maybe_means": (
        "What maybe means",
        {
            Protocol.Maybe.INCLUDE: "The same as include: the full text will tell.",
            Protocol.Maybe.CONFLICT: "A conflict, whatever the other person says.",
        },
    ),
    "adjudicator": (
        "Who settles a conflict",
        {
            Protocol.Adjudicator.ANYONE: "Any lead or reviewer: those who disagreed, or a third person.",
            Protocol.Adjudicator.THIRD: "A third person who has not answered on that record.",
            Protocol.Adjudicator.LEAD: "A lead.",
        },
    ),
    "different_reasons": (
        "Two people exclude for different reasons",
        {
            Protocol.Reasons.FIRST_IN_ORDER: "The reason that comes first in the order of the criteria stands.",
            Protocol.Reasons.CONFLICT: "It is a conflict.",
        },
    ),
}
IN_EXTRACTION: dict[str, dict[Any, str]] = {
    "reviewers_wanted": {
        1: "One person fills the form. What they give is the data.",
        2: "Two people fill the form, neither seeing the other's; then they agree on each item.",
    },
    "model_role": {
        ModelRole.OFF: "Nothing. Proposed values are kept and stay hidden.",
        ModelRole.AFTER: "Its values, once a person has given their own.",
        ModelRole.BEFORE: "Its values at once, each with its quote. Quicker, and its omissions are easily shared.",
    },
}


def words(stage: str, name: str) -> dict[Any, str]:
    """What each value of the setting `name` means at `stage`."""
    return IN_EXTRACTION[name] if stage == "extraction" else WORDS[name][1]


def in_words(protocol: Protocol) -> list[tuple[str, str]]:
    """The settings in force at a stage: (what it is about, what holds)."""
    names = SETTINGS[protocol.stage]
    return [(WORDS[name][0], words(protocol.stage, name)[getattr(protocol, name)]) for name in names]


class ProtocolForm(forms.Form):
    """Every setting of one stage, and the reason for changing it."""

    def __init__(self, data: Any = None, *, stage: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=f"{stage}-%s", initial=initial)
        for name in SETTINGS[stage]:
            self.fields[name] = forms.TypedChoiceField(
                label=WORDS[name][0],
                choices=list(words(stage, name).items()),
                coerce=int if name == "reviewers_wanted" else str,
                widget=forms.RadioSelect,
            )
        self.fields["reason"] = forms.CharField(
            max_length=500, label="Reason for the change", help_text="Goes into the trail."
        )
