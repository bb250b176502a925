"""What one person may see of a study's data, ready to print: own values and the model's. Reads only.

`visibility` decides; this module fetches what it allows and nothing else, so that pages and API cannot show more by
mistake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reviews.models import Report, Study, User
from screening.retrieval import included_reports

from . import visibility
from .consensus import same_value, values_of
from .models import Form, Item, ProposedValue, Sheet, State, Value

OFFLINE = "offline/"


def in_words(item: Item, state: str, value: Any, *, unit: bool = True) -> str:
    """A value as people write it: "62.9 years", "17 of 18", "yes", or "not reported"."""
    if state == State.NOT_REPORTED:
        return "not reported"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{value['count']} of {value['total']}"
    return f"{value} {item.unit}" if unit and item.unit and item.kind == Item.Kind.NUMBER else str(value)


@dataclass(frozen=True)
class Said:
    """What a model proposed for an item of a report.

    `stale`: it was made on another version of the text. `differs`: one's own value says something else.
    """

    proposal: ProposedValue
    number: int
    words: str
    stale: bool
    differs: bool = False

    @property
    def name(self) -> str:
        """What its quote is called on a page."""
        return f"p{self.proposal.pk}"

    @property
    def model(self) -> str:
        """Who proposed it."""
        return self.proposal.run.model

    @property
    def offline(self) -> bool:
        """Whether that was the rule-based stand-in."""
        return self.model.startswith(OFFLINE)

    @property
    def found(self) -> bool:
        """Whether its quote carries the value and stands in the text as it is now."""
        return bool(self.proposal.tier) and not self.stale


@dataclass(frozen=True)
class Line:
    """One item of the form with one's own value, if any, and the proposals that may be seen."""

    item: Item
    value: Value | None = None
    words: str = ""
    stale: bool = False
    proposals: list[Said] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the own value's quote is called on a page."""
        return f"v{self.value.pk}" if self.value else ""


def reports_of(study: Study) -> list[Report]:
    """The reports of a study that data are taken from, by number: included at full text, and at hand."""
    reports = included_reports(study.review).filter(study=study)
    return list(reports.select_related("record").order_by("record__number"))


def own_sheet(user: User, study: Study, form: Form) -> Sheet | None:
    """This person's sheet for a study, if they began one."""
    return Sheet.objects.filter(study=study, form=form, extractor=user).first()


def lines(
    user: User, study: Study, form: Form, reports: Sequence[Report], items: Iterable[Item] | None = None
) -> list[Line]:
    """The form's items (or those of `items`) as this person's sheet shows them, in order."""
    sheet = own_sheet(user, study, form)
    taken = values_of([sheet]) if sheet else {}
    texts = {report.pk: report.text_sha256 for report in reports}
    said = proposals_seen(user, study, form, reports)
    made = []
    for item in form.items.all() if items is None else items:
        value = taken.get((sheet.pk, item.pk)) if sheet else None
        made.append(
            Line(
                item=item,
                value=value,
                words=in_words(item, value.state, value.value) if value else "",
                stale=value is not None
                and is_stale(value.start, value.text_sha256, texts.get(value.report_id)),
                proposals=[_against(one, value) for one in said.get(item.pk, [])],
            )
        )
    return made


def is_stale(start: int | None, made_on: str, now: str | None) -> bool:
    """Whether a quote's place was taken on another text than the report has now."""
    return start is not None and made_on != now


def proposals_seen(user: User, study: Study, form: Form, reports: Sequence[Report]) -> dict[int, list[Said]]:
    """The newest proposal for each report of the study, by item id, for the items this user may see them of."""
    seen = visibility.sees_proposed_values(user, study, form)
    if not seen:
        return {}
    texts = {report.pk: report.text_sha256 for report in reports}
    numbers = {report.pk: report.record.number for report in reports}
    rows = ProposedValue.objects.filter(item__in=seen, report__in=list(texts)).select_related("run", "item")
    newest = {(row.item_id, row.report_id): row for row in rows.order_by("pk")}
    found: dict[int, list[Said]] = {}
    for row in sorted(newest.values(), key=lambda row: numbers[row.report_id]):
        said = Said(
            proposal=row,
            number=numbers[row.report_id],
            words=in_words(row.item, row.state, row.value),
            stale=row.text_sha256 != texts[row.report_id],
        )
        found.setdefault(row.item_id, []).append(said)
    return found


def _against(said: Said, value: Value | None) -> Said:
    if value is None:
        return said
    proposed = Value(state=said.proposal.state, value=said.proposal.value)
    differs = not same_value(value, proposed)
    return Said(said.proposal, said.number, said.words, said.stale, differs)
