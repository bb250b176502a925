"""What a person decides about how a file is read: its encoding, where its columns are, and what they mean."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms

from reviews.checking import Looked
from reviews.models import Job
from reviews.models.corpus import SearchKind
from reviews.parsers import ENCODINGS, Column, ReadAs
from reviews.parsers.columns import FIELDS, trouble_with
from reviews.parsers.tables import SEPARATORS

_SIGNS = {name: sign for sign, name in SEPARATORS.items()}
_MOVES_COLUMNS = ("separator", "sheet", "header_line")


class ReadingForm(forms.Form):
    """The reading of one held file, as it stands; `read_as` is what it becomes."""

    seen = forms.CharField(widget=forms.HiddenInput)
    encoding = forms.ChoiceField(
        required=False, help_text="Odd letters in names and titles come from a wrong encoding."
    )
    sheet = forms.ChoiceField()
    separator = forms.ChoiceField(label="Cells are parted by a")
    header_line = forms.IntegerField(
        min_value=0,
        max_value=9999,
        label="Line of the column names",
        help_text="0: no line names them.",
    )
    kind = forms.ChoiceField(choices=SearchKind.choices, label="Kind of source")

    def __init__(self, data: Any, *, job: Job, looked: Looked) -> None:
        """`data` is what was sent, or None."""
        self.looked = looked
        self.decided = ReadAs.from_json(job.argument("read_as"))
        table = looked.table
        super().__init__(
            data,
            initial={
                "seen": _fingerprint(self.decided),
                "encoding": self.decided.encoding,
                "sheet": table.sheet if table else "",
                "separator": SEPARATORS.get(table.separator, "") if table else "",
                "header_line": table.header_line if table else None,
                "kind": job.argument("kind"),
            },
        )
        self._ask_only_what_matters()
        for column in table.columns if table else ():
            self.fields[_field(column)] = forms.ChoiceField(
                required=False,
                choices=[("", "not used"), *FIELDS.items()],
                initial=column.field,
                label=column.name or f"Column {column.number}",
            )

    def _ask_only_what_matters(self) -> None:
        table = self.looked.table
        if self.looked.format == "xlsx":
            del self.fields["encoding"], self.fields["separator"]
            self._choices("sheet", [(name, name) for name in (table.sheets if table else ())])
            self.fields["header_line"].label = "Row of the column names"
        else:
            del self.fields["sheet"]
            found = "found by itself" if self.decided.encoding else f"as found: {self.looked.encoding}"
            self._choices(
                "encoding", [("", found), *((name, f"{told}: {name}") for name, told in ENCODINGS.items())]
            )
            self._choices("separator", [(name, name) for name in SEPARATORS.values()])
        if table is None or table.by_row:
            for name in ("separator", "header_line"):
                self.fields.pop(name, None)
        if not self.looked.is_register:
            del self.fields["kind"]

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        """The columns make sense together."""
        told = super().clean() or {}
        table = self.looked.table
        if table and not self.moves_columns:
            full = {column.number: field for column in table.columns if (field := told.get(_field(column)))}
            if trouble := trouble_with([column.name for column in table.columns], full):
                raise forms.ValidationError(trouble)
        return told

    @property
    def is_stale(self) -> bool:
        """Whether what was sent is about another reading than the one that stands."""
        return self.data.get("seen") != _fingerprint(self.decided)

    @property
    def moves_columns(self) -> bool:
        """Whether other columns are there once it is read like this, so that what was said of these is void."""
        return any(name in self.changed_data for name in _MOVES_COLUMNS)

    @property
    def shows_something_new(self) -> bool:
        """Whether the records that were shown are not those that would come: they must be looked at again."""
        return self.moves_columns or "encoding" in self.changed_data

    def read_as(self) -> ReadAs:
        """What is decided now: what was before, and what this form changes."""
        told, changed = self.cleaned_data, self.changed_data
        decided = self.decided
        if "encoding" in changed:
            decided = replace(decided, encoding=told["encoding"])
        if self.moves_columns:
            decided = replace(decided, mapping=None, header_line=None)
        elif self.looked.table:
            decided = replace(decided, mapping=self._mapping() or None)
        if "separator" in changed:
            decided = replace(decided, separator=_SIGNS[told["separator"]])
        if "sheet" in changed:
            decided = replace(decided, sheet=told["sheet"])
        if "header_line" in changed:
            decided = replace(decided, header_line=told["header_line"])
        return decided

    def _mapping(self) -> dict[int | str, str]:
        """The columns that are to be read otherwise than their names suggest."""
        columns = self.looked.table.columns if self.looked.table else ()
        return {
            column.number: said
            for column in columns
            if (said := self.cleaned_data[_field(column)]) != column.guess
        }

    def columns(self, *, used: bool) -> list[tuple[Column, forms.BoundField]]:
        """The columns that are read into a field, or the others, each with its field of the form."""
        columns = self.looked.table.columns if self.looked.table else ()
        return [(column, self[_field(column)]) for column in columns if bool(column.field) == used]

    def used(self) -> list[tuple[Column, forms.BoundField]]:
        """For the page."""
        return self.columns(used=True)

    def unused(self) -> list[tuple[Column, forms.BoundField]]:
        """For the page."""
        return self.columns(used=False)


def _field(column: Column) -> str:
    return f"column-{column.number}"


def _fingerprint(decided: ReadAs) -> str:
    return hashlib.sha256(json.dumps(decided.as_json(), sort_keys=True).encode()).hexdigest()[:16]
