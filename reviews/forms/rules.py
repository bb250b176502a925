"""The settings of a rule before screening, to tick where the records say what there is."""

from typing import Any

from django import forms
from django.conf import settings

from reviews.models import AutomationRule, NoticeList, Review
from reviews.rule_kinds import NOT, ONLY
from reviews.rule_values import Values, languages_found, types_found, years_found

from .records import LinesField

MOST_TO_TICK = 200


class RuleForm(forms.Form):
    """What every kind has in common: made for a review, filled from a rule that is to be replaced."""

    kind: str = ""

    def __init__(self, *args: Any, review: Review, rule: AutomationRule | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = self.as_initial(rule) if rule else {}
        super().__init__(*args, **kwargs)
        self.review = review

    def as_initial(self, rule: AutomationRule) -> dict[str, Any]:
        """The fields as this rule has them."""
        return dict(rule.settings)

    def settings_given(self) -> dict[str, Any]:
        """The settings of the rule, for rules.add_rule to check."""
        return dict(self.cleaned_data)

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields, those left out in which there is nothing to choose."""
        return [field for field in self if getattr(field.field, "choices", True)]

    @property
    def found(self) -> str:
        """What the records say beside the values to tick, in a sentence; "" for nothing to say."""
        return ""


def _to_tick(form: RuleForm, name: str, values: Values) -> None:
    """Give a field of check boxes the values that records say, with how many.

    Of a rule that is replaced, the values that no record says go to the field for others.
    """
    field, there = form.fields[name], values.found[:MOST_TO_TICK]
    assert isinstance(field, forms.MultipleChoiceField)
    field.choices = [(value, f"{value} · {n:,}") for value, n in there]
    wanted, found = form.initial.get(name, []), {value for value, _n in there}
    form.initial["more"] = [value for value in wanted if value not in found]
    form.initial[name] = [value for value in wanted if value in found]


def _told(values: Values, what: str) -> str:
    said = [f"{values.unstated:,} records say no {what}: they stay."]
    if values.unread:
        words = ", ".join(f"“{word}” ({n:,})" for word, n in values.unread[:5])
        said.append(f"So do those that say what is no {what} known here: {words}.")
    return " ".join(said)


class LanguageForm(RuleForm):
    """Only these languages, or not these."""

    kind = AutomationRule.Kind.LANGUAGE.value
    mode = forms.ChoiceField(
        label="Rule",
        choices=[
            (ONLY, "Keep only records in these languages"),
            (NOT, "Take out records in these languages"),
        ],
        widget=forms.RadioSelect,
        initial=ONLY,
    )
    languages = forms.MultipleChoiceField(
        label="Languages the records say", required=False, widget=forms.CheckboxSelectMultiple
    )
    more = LinesField(label="Other languages", help_text="One a line, as a name or a code.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = languages_found(self.review)
        _to_tick(self, "languages", self.values)

    def settings_given(self) -> dict[str, Any]:
        """See RuleForm."""
        return {
            "mode": self.cleaned_data["mode"],
            "languages": [*self.cleaned_data["languages"], *self.cleaned_data["more"]],
        }

    @property
    def found(self) -> str:
        """See RuleForm."""
        return _told(self.values, "language")


class PublicationTypeForm(RuleForm):
    """Not these publication types, unless the record is also one of those."""

    kind = AutomationRule.Kind.PUBLICATION_TYPE.value
    types = forms.MultipleChoiceField(
        label="Take out", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="What the records say, the most frequent first.",
    )  # fmt: skip
    more = LinesField(label="Other types to take out", help_text="One a line.")
    unless = LinesField(
        label="Keep a record if it is also",
        help_text="One a line: such as Randomized Controlled Trial, so that a letter that reports one stays.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = types_found(self.review)
        _to_tick(self, "types", self.values)

    def settings_given(self) -> dict[str, Any]:
        """See RuleForm."""
        return {
            "types": [*self.cleaned_data["types"], *self.cleaned_data["more"]],
            "unless": self.cleaned_data["unless"],
        }

    @property
    def found(self) -> str:
        """See RuleForm."""
        return _told(self.values, "publication type")


class YearForm(RuleForm):
    """From a year, to a year; both are kept."""

    kind = AutomationRule.Kind.YEAR.value
    first = forms.IntegerField(
        required=False, min_value=1400, max_value=2100, label="Keep from the year", help_text="Included."
    )
    last = forms.IntegerField(
        required=False, min_value=1400, max_value=2100, label="Keep up to the year", help_text="Included."
    )

    def as_initial(self, rule: AutomationRule) -> dict[str, Any]:
        """See RuleForm."""
        return {"first": rule.settings["from"], "last": rule.settings["to"]}

    def settings_given(self) -> dict[str, Any]:
        """See RuleForm."""
        return {"from": self.cleaned_data["first"], "to": self.cleaned_data["last"]}

    @property
    def found(self) -> str:
        """See RuleForm."""
        years = years_found(self.review)
        there = f"The records are from {years.first} to {years.last}. " if years.first else ""
        return f"{there}{years.unstated:,} records say no year: they stay."


class RetractionForm(RuleForm):
    """Retracted papers, notices of retraction, or both; with a list or without."""

    kind = AutomationRule.Kind.RETRACTION.value
    papers = forms.BooleanField(required=False, label="Retracted papers", initial=True)
    notices = forms.BooleanField(required=False, label="Notices of retraction", initial=True)
    notice_list = forms.ModelChoiceField(
        queryset=NoticeList.objects.none(), required=False, empty_label="None", label="List already here"
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="Or a new list",
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
        help_text="The CSV of Retraction Watch, a table with a column DOI or PMID, or one number a line.",
    )
    text = forms.CharField(
        required=False,
        label="Or paste DOIs and PubMed numbers",
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text="One a line. They count as retracted papers.",
    )
    list_name = forms.CharField(
        required=False,
        max_length=120,
        label="Name of the new list",
        help_text="Such as Retraction Watch, 3 May 2026. The rule names it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = NoticeList.objects.filter(review=self.review).defer("papers", "notices").order_by("-pk")
        chosen = self.fields["notice_list"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = lists
        if not lists:
            del self.fields["notice_list"]

    def as_initial(self, rule: AutomationRule) -> dict[str, Any]:
        """See RuleForm."""
        return rule.settings | {"notice_list": rule.notice_list_id}

    def settings_given(self) -> dict[str, Any]:
        """See RuleForm."""
        return {"papers": self.cleaned_data["papers"], "notices": self.cleaned_data["notices"]}

    def clean(self) -> dict[str, Any]:
        """One list at most, and a new one has a name."""
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), (cleaned.get("text") or "").strip()
        new = [each for each in (file, text) if each]
        if len(new) + bool(cleaned.get("notice_list")) > 1:
            self.add_error(
                "notice_list" if "notice_list" in self.fields else "file",
                "Give one list: the one here, a file, or a pasted text.",
            )
        if file and file.size > settings.MAX_UPLOAD_MB << 20:
            self.add_error("file", f"The file is larger than {settings.MAX_UPLOAD_MB} MB.")
        if new and not (cleaned.get("list_name") or "").strip():
            self.add_error("list_name", "Say where the list is from.")
        return cleaned


class TitleForm(RuleForm):
    """Words in the title."""

    kind = AutomationRule.Kind.TITLE.value
    phrases = LinesField(
        label="Words or phrases",
        help_text="One a line. They are found as whole words, in any case: protocol does not find protocols.",
    )


FORMS: dict[str, type[RuleForm]] = {
    form.kind: form for form in (LanguageForm, PublicationTypeForm, YearForm, RetractionForm, TitleForm)
}


class UndoForm(forms.Form):
    """Why what rules did is undone, and what of it."""

    reason = forms.CharField(max_length=300, help_text="Goes into the trail.")
    application = forms.IntegerField(required=False, widget=forms.HiddenInput)
    rule = forms.IntegerField(required=False, widget=forms.HiddenInput)
