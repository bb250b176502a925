"""Taking data down: an extractor's own sheet for a study, value by value, each with the words it came from."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from reviews import audit, quotes
from reviews.models import Record, Report, Study, User, Verb
from reviews.refusals import BadInput, Refused
from screening.models import Stage

from . import visibility
from .consensus import drop_what_came_from, settle_what_agrees
from .design import published_form
from .models import Form, Item, ProposedValue, Sheet, State, Value
from .prompting import what_is_wrong
from .proposals import page_of
from .standing import standing_sheets, wanted_in

NOTE_MOST = 5_000
QUOTE_MOST = 5_000
"""Characters of a note or a quote that are kept."""


@dataclass(frozen=True)
class Answer:
    """What an extractor says of one item: a value with its quote, or that the report does not say.

    `from_proposal` is the model's value this one was accepted from, unchanged.
    """

    state: str
    value: Any = None
    quote: str = ""
    note: str = ""
    from_proposal: ProposedValue | None = None


def give_value(*, study: Study, item: Item, extractor: User, report: Report, answer: Answer) -> Value:
    """Take down an item for a study. A value given before is withdrawn and stays in the table.

    A quote is looked up in the report's text and kept with its place; one that is not found (a figure, a table
    in an image) is kept as typed and shown as such.

    Raises:
        BadInput: a value of the wrong kind, a value where none is reported, or one said to be the model's that is not.
        Refused: the sheet is submitted, the form is not in force, the report is of another study, or as many people
            as the protocol wants are extracting this study already.
    """
    with transaction.atomic():
        report = _locked_report(report)
        study = _locked(study)
        _check_form(study, item)
        if report.study_id != study.pk:
            raise Refused("That report belongs to another study.", mend="Reload the page.")
        fields = _fields(item, report, answer)
        if answer.from_proposal is not None:
            _check_accepted(answer, item, report, extractor, study)
        sheet = _open_sheet(study, item, extractor)
        seen = visibility.had_seen(extractor, item, study)
        moment = audit.now()
        before = Value.objects.filter(
            sheet=sheet, item=item, arm="", outcome="", withdrawn_at__isnull=True
        ).first()
        if before is not None:
            before.withdrawn_at = moment
            before.save(update_fields=["withdrawn_at"])
        value = Value.objects.create(
            sheet=sheet, item=item, report=report, seen_proposal=seen, made_at=moment, **fields
        )
        audit.log(
            review=study.review,
            verb=Verb.VALUE_GIVEN,
            actor=extractor,
            record=report.record,
            stage=Stage.EXTRACTION,
            subject={"value": value.pk, "study": study.pk, "item": item.key},
            before={"state": before.state, "value": before.value} if before else None,
            after={"state": value.state, "value": value.value, "quote": value.quote, "seen_proposal": seen},
        )
        return value


def withdraw_value(*, value: Value, by: User) -> Value:
    """Take one's own value back, so that the item is open again.

    Raises:
        Refused: somebody else's, taken back already, or on a submitted sheet.
    """
    with transaction.atomic():
        study = _locked(value.sheet.study)
        value = Value.objects.select_related("sheet", "item", "report__record").get(pk=value.pk)
        if value.sheet.extractor_id != by.pk:
            raise Refused("That is somebody else's value.", mend="Only they can take it back.")
        if value.withdrawn_at is not None:
            raise Refused("This value was taken back already.")
        if value.sheet.submitted_at is not None:
            raise Refused("You have submitted this sheet.", mend="Reopen it first, with a reason.")
        value.withdrawn_at = audit.now()
        value.save(update_fields=["withdrawn_at"])
        audit.log(
            review=study.review,
            verb=Verb.VALUE_WITHDRAWN,
            actor=by,
            record=value.report.record,
            stage=Stage.EXTRACTION,
            subject={"value": value.pk, "study": study.pk, "item": value.item.key},
            before={"state": value.state, "value": value.value},
        )
        return value


def submit_sheet(*, sheet: Sheet, by: User) -> Sheet:
    """Say that one's sheet is complete. The last sheet wanted settles what all agree on.

    Raises:
        Refused: somebody else's sheet, or submitted already.
        BadInput: a required item is open, or nothing was taken down.
    """
    with transaction.atomic():
        study = _locked(sheet.study)
        sheet = _own(sheet, by)
        if sheet.submitted_at is not None:
            raise Refused("You have submitted this sheet already.")
        given = set(sheet.values.filter(withdrawn_at__isnull=True).values_list("item_id", flat=True))
        if not given:
            raise BadInput("Nothing was taken down yet.", mend="Fill in the items, then submit.")
        missing = [item.label for item in sheet.form.items.filter(required=True) if item.pk not in given]
        if missing:
            raise BadInput(
                f"Still open: {', '.join(missing)}.",
                kept="What you took down is kept.",
                mend='Fill them in, or answer "not reported".',
            )
        sheet.submitted_at = audit.now()
        sheet.save(update_fields=["submitted_at"])
        agreed = settle_what_agrees(study=study, form=sheet.form, by=by)
        _log_sheet(Verb.SHEET_SUBMITTED, sheet, by, after={"values": len(given), "agreed": agreed})
        return sheet


def reopen_sheet(*, sheet: Sheet, by: User, reason: str) -> Sheet:
    """Open one's submitted sheet again. Values all agreed on are withdrawn with it; choices made by people stop it.

    Raises:
        BadInput: no reason given.
        Refused: somebody else's, not submitted, or a difference was settled by a person since.
    """
    if not reason.strip():
        raise BadInput("A submitted sheet is reopened with a reason.", mend="Say in a sentence why.")
    with transaction.atomic():
        study = _locked(sheet.study)
        sheet = _own(sheet, by)
        if sheet.submitted_at is None:
            raise Refused("This sheet is open.")
        dropped = drop_what_came_from(study=study, form=sheet.form)
        sheet.submitted_at = None
        sheet.save(update_fields=["submitted_at"])
        _log_sheet(
            Verb.SHEET_REOPENED, sheet, by, after={"agreed_values_withdrawn": dropped}, reason=reason.strip()
        )
        return sheet


def _fields(item: Item, report: Report, answer: Answer) -> dict[str, Any]:
    """state, value, quote and its place, checked."""
    note, quote = answer.note.strip(), answer.quote.strip()
    if len(note) > NOTE_MOST or len(quote) > QUOTE_MOST:
        raise BadInput(
            f"A quote or note holds at most {QUOTE_MOST} characters.",
            mend="Quote the passage that states the value.",
        )
    if answer.state == State.NOT_REPORTED:
        if answer.value is not None or quote:
            raise BadInput(
                '"Not reported" has no value and no quote.', mend="Leave both empty, or give the value."
            )
        return {"state": State.NOT_REPORTED, "note": note, "from_proposal": answer.from_proposal}
    if answer.state != State.GIVEN:
        raise BadInput(f'"{answer.state}" is not an answer.', mend='Answer "given" or "not reported".')
    asked = {"key": item.key, "label": item.label, "kind": item.kind, "options": item.options}
    if wrong := what_is_wrong(asked, answer.value):
        raise BadInput(f"{item.label}: {wrong}.", mend="Correct the value.")
    span = quotes.locate(quote, report.text) if quote else None
    place: dict[str, Any] = {}
    if span is not None:
        place = {"start": span.start, "end": span.end, "page": page_of(span.start, report.page_map)}
        place["text_sha256"] = report.text_sha256
    return {
        "state": State.GIVEN,
        "value": answer.value,
        "quote": quote,
        "note": note,
        "from_proposal": answer.from_proposal,
        **place,
    }


def _check_form(study: Study, item: Item) -> None:
    in_force = published_form(study.review)
    if in_force is None or item.form_id != in_force.pk:
        if Form.objects.filter(pk=item.form_id, published_at__isnull=True).exists():
            raise Refused("This form is a draft.", mend="Publish it first.")
        raise Refused(
            "This is not the form in force.",
            kept="What was taken down under it is kept; this value was not.",
            mend="Reload the page: it shows the form in force.",
        )


def _check_accepted(answer: Answer, item: Item, report: Report, extractor: User, study: Study) -> None:
    """An accepted value is the model's own, of this item and report, and one the extractor may see."""
    said = answer.from_proposal
    if said is None or said.item_id != item.pk or said.report_id != report.pk:
        raise BadInput("That proposal is of another item or report.", mend="Reload the page.")
    if item.pk not in visibility.sees_proposed_values(extractor, study, item.form):
        raise Refused(
            "You may not see a proposal for this item yet.", mend="Take the item down yourself first."
        )
    if (said.state, said.value) != (answer.state, answer.value):
        raise BadInput("That is not what was proposed.", mend="Save it as your own value instead.")


def _open_sheet(study: Study, item: Item, extractor: User) -> Sheet:
    """One's own open sheet, made where there is none yet and a place is free."""
    standing = standing_sheets(item.form, [study.pk])[study.pk]
    mine = [sheet for sheet in standing if sheet.extractor_id == extractor.pk]
    wanted = wanted_in(study.review)
    if not mine and len(standing) >= wanted:
        people = "One person extracts" if wanted == 1 else f"{wanted} people extract"
        raise Refused(
            f"{people} this study already.", mend="Take another study, or help to settle what they differ on."
        )
    sheet, _made = Sheet.objects.get_or_create(
        study=study, form=item.form, extractor=extractor, defaults={"opened_at": audit.now()}
    )
    if sheet.submitted_at is not None:
        raise Refused("You have submitted this sheet.", mend="Reopen it first, with a reason.")
    return sheet


def _locked_report(report: Report) -> Report:
    """The report as it is now; its record's row is locked first, as by whoever replaces its text or its study."""
    Record.objects.select_for_update(no_key=True).get(pk=report.record_id)
    return Report.objects.select_related("record").get(pk=report.pk)


def _own(sheet: Sheet, by: User) -> Sheet:
    sheet = Sheet.objects.select_related("form", "study__review", "extractor").get(pk=sheet.pk)
    if sheet.extractor_id != by.pk:
        raise Refused("That is somebody else's sheet.", mend="Only they can submit or reopen it.")
    return sheet


def _locked(study: Study) -> Study:
    return (
        Study.objects.select_for_update(of=("self",), no_key=True).select_related("review").get(pk=study.pk)
    )


def _log_sheet(verb: Verb, sheet: Sheet, by: User, *, after: dict[str, Any], reason: str = "") -> None:
    audit.log(
        review=sheet.study.review,
        verb=verb,
        actor=by,
        stage=Stage.EXTRACTION,
        subject={"sheet": sheet.pk, "study": sheet.study_id, "form": sheet.form_id},
        after=after,
        reason=reason,
    )
