"""Whose each name in a file of another tool is, what the file as a whole was, and what its reasons are called here."""

from typing import Any

from django import forms

from reviews.models import Search, User
from screening.carried_plan import TELLS_NOTHING_FROM, Offer, Wish, reasons_in, same_words
from screening.models import Criterion, Stage

LEFT_OUT = ("", "– left out –")
AS_ANY_OTHER = ("", "– as any other reason –")
NO_CRITERION = ("", "– no criterion –")
LISTED = {
    Stage.TITLE_ABSTRACT: [
        ("", "I do not say"),
        ("include", "Included at title and abstract (Covidence: full text review, or any later list)"),
        ("exclude", "Excluded at title and abstract (Covidence: irrelevant)"),
    ],
    Stage.FULL_TEXT: [
        ("", "What its exclusion reasons say"),
        ("include", "Included at full text (Covidence: included, or extraction)"),
        ("exclude", "Excluded at full text"),
    ],
}


class BringForm(forms.Form):
    """One choice for each name, one for the list, one for each reason. `search` carries `offer`."""

    stage = forms.ChoiceField(
        choices=[(stage.value, stage.label) for stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT)],
        widget=forms.HiddenInput,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        search: Search,
        offer: Offer,
        stage: str,
        members: list[User],
        criteria: list[Criterion],
    ) -> None:
        super().__init__(data, initial={"stage": stage})
        self.search, self.offer, self.at = search, offer, stage
        self.members = {str(user.pk): user for user in members}
        self.criteria = {str(criterion.pk): criterion for criterion in criteria}
        self.names = {f"who{n}": name for n, name in enumerate(offer.names)}
        people = [LEFT_OUT, *((key, str(user)) for key, user in self.members.items())]
        for key, each in self.names.items():
            self.fields[key] = forms.ChoiceField(
                required=False, label=each.name or "Nobody is named", choices=people
            )
        if offer.is_list:
            self.fields["listed"] = forms.ChoiceField(
                required=False,
                label="Everything in this file was",
                choices=LISTED[Stage(stage)],
                widget=forms.RadioSelect,
            )
        self.reasons: dict[str, str] = {}
        self.same: dict[str, Criterion] = {}
        if offer.asks_for_reasons and criteria:
            self._ask_reasons()

    def _ask_reasons(self) -> None:
        """A choice for each reason, in a file so large that its reasons tell nothing of a single record."""
        self.same = same_words(self.search, self.criteria.values())
        labels = [(key, criterion.label) for key, criterion in self.criteria.items()]
        if self.offer.records >= TELLS_NOTHING_FROM:
            self.reasons = {f"why{n}": words for n, words in enumerate(reasons_in(self.search))}
        for key, words in self.reasons.items():
            self.fields[key] = forms.ChoiceField(
                required=False,
                label=words,
                choices=[AS_ANY_OTHER, *labels],
                initial=str(self.same[words].pk) if words in self.same else "",
            )
        self.fields["why"] = forms.ChoiceField(
            required=False,
            label="Any other reason, or none given",
            choices=[NO_CRITERION if self.at == Stage.TITLE_ABSTRACT else LEFT_OUT, *labels],
        )

    def who_fields(self) -> list[tuple[Any, Any]]:
        """(what the file holds under a name, its field)."""
        return [(each, self[key]) for key, each in self.names.items()]

    def why_fields(self) -> list[Any]:
        """The fields of the reasons, the rest last."""
        return [self[key] for key in (*self.reasons, *(["why"] if "why" in self.fields else []))]

    def wish(self) -> Wish:
        """What was asked for (after is_valid)."""
        given = self.cleaned_data
        reasons = {words: self.criteria[given[key]] for key, words in self.reasons.items() if given[key]}
        if "why" in self.fields:
            hidden = {words: c for words, c in self.same.items() if words not in self.reasons.values()}
            reasons |= hidden | ({"": self.criteria[given["why"]]} if given["why"] else {})
        return Wish(
            search=self.search,
            stage=self.at,
            people={each.name: self.members[given[key]] for key, each in self.names.items() if given[key]},
            reasons=reasons,
            listed=given.get("listed", ""),
        )
