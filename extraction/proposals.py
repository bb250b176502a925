"""Model proposals for a form: starting a run over reports, and keeping what was answered, grounded.

A value is verified when its quote is found in the report's own text and carries the value's own numbers;
otherwise it is kept, shown as unverified, and says why. *Not reported* has no quote and needs none.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from reviews import audit, quotes
from reviews.models import Record, Report, Review, User, Verb
from reviews.models.corpus import sha256_of
from reviews.refusals import Refused
from screening import runs
from screening.models import Resolution, Run, RunItem, Stage
from screening.proposals import end_item, keep_calls

from .models import Form, ProposedValue, State

RULE_VERSION = "quote-carries-the-number-1"


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


def included_records(review: Review) -> list[Record]:
    """Records included at full text whose report's text is at hand."""
    included = Resolution.objects.filter(
        record=OuterRef("pk"), stage=Stage.FULL_TEXT, verdict="include", withdrawn_at__isnull=True
    )
    records = Record.objects.filter(review=review).to_screen().filter(Exists(included))
    records = records.filter(report__retrieval=Report.Retrieval.RETRIEVED).exclude(report__text="")
    return list(records.select_related("report").order_by("number"))


def start_run(*, review: Review, by: User, how: runs.HowToAsk) -> Run | None:
    """Begin asking for the published form's items in every included report not yet asked about this way.

    None when nothing is left to ask.

    Raises:
        Refused: no form is published.
    """
    with transaction.atomic():
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        form = Form.objects.filter(review=review, published_at__isnull=False).order_by("-version").first()
        if form is None:
            raise Refused("No form is published yet.", mend="Publish the form first.")
        items = snapshot(form)
        answered = set(
            ProposedValue.objects.filter(
                run__review=review,
                run__model=how.model,
                run__prompt_sha256=how.prompt_sha256,
                item__form=form,
            ).values_list("report_id", "text_sha256")
        )
        under_way = set(
            RunItem.objects.filter(
                run__review=review,
                run__stage=Stage.EXTRACTION,
                run__model=how.model,
                run__prompt_sha256=how.prompt_sha256,
                run__criteria=items,
                run__cancelled_at__isnull=True,
                done_at__isnull=True,
                failed_at__isnull=True,
            ).values_list("record_id", flat=True)
        )
        records = [
            record
            for record in included_records(review)
            if record.pk not in under_way and (record.report.pk, record.report.text_sha256) not in answered
        ]
        if not records:
            return None
        return runs.begin(
            review=review, stage=Stage.EXTRACTION, by=by, how=how, records=records, criteria=items
        )


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
            actor_label=f"{run.model}, run {run.pk}",
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
    missing = [n for n in numbers_of(said["value"]) if not quotes.carries_number(n, said["quote"])]
    if missing:
        return fields | {"doubt": f"The quote does not carry the number {missing[0]}."}
    return fields | {
        "start": span.start,
        "end": span.end,
        "tier": str(span.tier),
        "page": page_of(span.start, page_map),
    }


def numbers_of(value: Any) -> list[str]:
    """Every number a value states, as text; words and yes/no state none that could be checked by digits."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [repr(value) if value != int(value) else str(int(value))]
    if isinstance(value, dict):
        return [str(part) for part in value.values()]
    return [value] if isinstance(value, str) and any(ch.isdigit() for ch in value) else []


def page_of(start: int, page_map: list[list[int]]) -> int | None:
    """The page on which the code point `start` of a report's text stands; None where there are no pages."""
    return next((page for page, begins, ends in page_map if begins <= start < ends), None)
