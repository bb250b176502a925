"""Model proposals for a form: starting a run over reports, and keeping what was answered, grounded.

A value is verified when its quote is found in the report's own text and carries the value's own numbers;
otherwise it is kept, shown as unverified, and says why. *Not reported* has no quote and needs none.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from reviews import audit, quotes
from reviews.models import Review, User, Verb
from reviews.models.corpus import sha256_of
from reviews.refusals import Refused
from screening import runs
from screening.models import Run, RunItem, Stage
from screening.proposals import end_item, keep_calls
from screening.retrieval import included_reports

from .design import published_form
from .models import Form, ProposedValue, State

RULE_VERSION = "quote-carries-the-number-1"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def snapshot(form: Form) -> list[dict[str, Any]]:
    """The items of a form as a run keeps them, in order."""
    return [
        {
            "id": item.pk,
            "key": item.key,
            "label": item.label,
            "kind": item.kind,
            "help": item.help,
            "unit": item.unit,
            "options": item.options,
        }
        for item in form.items.order_by("position", "pk")
    ]


def start_run(*, review: Review, by: User, how: runs.HowToAsk) -> Run | None:
    """Begin asking for the published form's items in every included report not yet asked about this way.

    None when nothing is left to ask.

    Raises:
        Refused: no form is published.
    """
    with transaction.atomic():
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        form = published_form(review)
        if form is None:
            raise Refused("No form is published yet.", mend="Publish the form first.")
        records = left_to_ask(review, how)
        if not records:
            return None
        items = snapshot(form)
        return runs.begin(
            review=review, stage=Stage.EXTRACTION, by=by, how=how, records=records, criteria=items
        )


def left_to_ask(review: Review, how: runs.HowToAsk) -> list[int]:
    """Ids of the records whose reports were not yet asked about this way, by number; what a run would ask.

    "This way" is the same model, prompt, form and text. None of them while no form is published. Texts are
    loaded only where a report was replaced after it was answered.
    """
    form = published_form(review)
    if form is None:
        return []
    same = Q(run__review=review, run__model=how.model, run__prompt_sha256=how.prompt_sha256)
    under_way = RunItem.objects.filter(
        same,
        runs.OPEN,
        record=OuterRef("record"),
        run__stage=Stage.EXTRACTION,
        run__criteria=snapshot(form),
        run__cancelled_at__isnull=True,
    )
    answered = ProposedValue.objects.filter(same, item__form=form, report=OuterRef("pk"))
    left = included_reports(review).exclude(text="").exclude(Exists(under_way))
    fresh = list(left.exclude(Exists(answered)).values_list("record__number", "record_id"))
    replaced = left.filter(Exists(answered.filter(run__started_at__lte=OuterRef("settled_at"))))
    changed = [
        (report.record.number, report.record_id)
        for report in replaced.select_related("record").iterator(chunk_size=100)
        if not ProposedValue.objects.filter(
            same, item__form=form, report=report, text_sha256=report.text_sha256
        ).exists()
    ]
    return [pk for _number, pk in sorted(fresh + changed)]


def keep_answer(
    *, item: RunItem, values: Sequence[dict[str, Any]], text: str, calls: Sequence[dict[str, Any]]
) -> list[ProposedValue]:
    """Ground a model's values in `text`, the report's text it was sent, and keep them.

    Safe to repeat: a second answer for the same report in a run is logged as a call and otherwise dropped.
    """
    run, report = item.run, item.record.report
    ids = {asked["key"]: asked["id"] for asked in run.criteria}
    with transaction.atomic():
        kept = keep_calls(item, calls, text)
        if not end_item(item):
            return []
        made = [
            ProposedValue(
                run=run,
                report=report,
                item_id=ids[said["item"]],
                reasoning=said["reasoning"],
                text_sha256=sha256_of(text),
                call=kept[-1],
                made_at=audit.now(),
                **grounded(said, text, report.page_map),
            )
            for said in values
        ]
        ProposedValue.objects.bulk_create(made)
        audit.log(
            review=run.review,
            verb=Verb.PROPOSAL_MADE,
            actor_label=f"{run.said_by}, run {run.pk}",
            record=item.record,
            stage=run.stage,
            subject={"run": run.pk, "report": report.pk},
            after={"values": {said["item"]: said["value"] for said in values}},
        )
        return made


def grounded(said: dict[str, Any], text: str, page_map: list[list[int]]) -> dict[str, Any]:
    """state, value, quote, start, end, tier, page and doubt of one answered item."""
    if said["state"] == State.NOT_REPORTED:
        return {"state": State.NOT_REPORTED, "value": None, "quote": ""}
    fields: dict[str, Any] = {"state": State.GIVEN, "value": said["value"], "quote": said["quote"]}
    span = quotes.locate(said["quote"], text)
    if span is None:
        return fields | {"doubt": "The quote was not found in the report's text."}
    if missing := not_carried(said["value"], said["quote"]):
        return fields | {"doubt": f"The quote does not carry the number {missing[:80]}."}
    return fields | {
        "start": span.start,
        "end": span.end,
        "tier": str(span.tier),
        "page": page_of(span.start, page_map),
    }


def not_carried(value: Any, quote: str) -> str:
    """What a value states in figures and its quote does not, as text; "" when the quote carries all of it.

    Words without figures and yes/no state nothing that could be checked by digits. The month of a date may stand
    in words. A count and its total are sought together: "all 5" carries one 5, not 5 of 5.
    """
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        wanted = format(Decimal(repr(value)).normalize(), "f")
        return "" if quotes.carries_number(wanted, quote) else wanted
    if isinstance(value, dict):
        wanted = f"{value['count']} of {value['total']}"
        return "" if quotes.carries_number(wanted, quote) else wanted
    if not any(character.isdigit() for character in value) or quotes.carries_number(value, quote):
        return ""
    return "" if _carries_date(value, quote) else value


def _carries_date(value: str, quote: str) -> bool:
    """Whether a quote states the year, month and day of an ISO date, the month by its English name."""
    parts = value.split("-")
    if (
        not all(part.isascii() and part.isdecimal() for part in parts)
        or not 2 <= len(parts) <= 3
        or len(parts[0]) != 4
    ):
        return False
    year, month, day = (*parts, "")[:3]
    names = MONTHS[int(month) - 1 : int(month)]
    named = any(re.search(rf"\b{name[:3]}(?:{name[3:]})?\b", quote, re.IGNORECASE) for name in names)
    return named and quotes.carries_number(f"{year}; {int(day)}" if day else year, quote)


def page_of(start: int, page_map: list[list[int]]) -> int | None:
    """The page on which the code point `start` of a report's text stands; None where there are no pages."""
    return next((page for page, begins, ends in page_map if begins <= start < ends), None)
