"""From two sheets to one table: what both took down alike is agreed by itself, the rest is settled by a person."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from reviews import audit, quotes
from reviews.models import Report, Study, User, Verb
from reviews.refusals import BadInput, Refused
from screening.models import Stage

from .models import ConsensusValue, Form, Item, Sheet, State, Value
from .prompting import what_is_wrong
from .proposals import page_of
from .standing import all_in, standing_sheets, wanted_in


def same_value(a: Value, b: Value) -> bool:
    """Whether two people took down the same: equal numbers, or equal words but for case and spaces."""
    return a.state == b.state and _normal(a.value) == _normal(b.value)


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split()).casefold().rstrip(".")
    return value


def settle_what_agrees(*, study: Study, form: Form, by: User) -> int:
    """Write the consensus for every item on which all sheets agree; how many were written.

    Part of submitting a sheet (extraction.filling), inside its transaction and under its event. Nothing happens
    until every sheet the protocol wants is in.
    """
    sheets = standing_sheets(form, [study.pk])[study.pk]
    if not all_in(sheets, wanted_in(study.review)):
        return 0
    how = ConsensusValue.How.SINGLE if len(sheets) == 1 else ConsensusValue.How.AGREEMENT
    settled = set(live(study, form).values_list("item_id", flat=True))
    taken = values_of(sheets)
    made = []
    for item in form.items.all():
        values = [v for sheet in sheets if (v := taken.get((sheet.pk, item.pk))) is not None]
        complete = len(values) == len(sheets) and all(same_value(values[0], other) for other in values[1:])
        if item.pk in settled or not complete:
            continue
        first, second = values[0], values[1] if len(values) > 1 else None
        made.append(_consensus(study, item, first, by, how=how, value_a=first, value_b=second))
    ConsensusValue.objects.bulk_create(made)
    return len(made)


def values_of(sheets: Iterable[Sheet]) -> dict[tuple[int, int], Value]:
    """The values that stand on these sheets, by (sheet id, item id). One query."""
    values = Value.objects.filter(sheet__in=list(sheets), withdrawn_at__isnull=True)
    values = values.select_related("report__record", "sheet__extractor").defer(
        "report__text", "report__page_map"
    )
    return {(value.sheet_id, value.item_id): value for value in values}


def choose(*, study: Study, item: Item, by: User, value: Value, reason: str) -> ConsensusValue:
    """Settle a difference by one of the values taken down, with a reason.

    Raises:
        BadInput: no reason, or a value of another study or item, or one taken back.
        Refused: settled already, or the sheets are not all in.
    """
    if value.item_id != item.pk or value.sheet.study_id != study.pk or value.withdrawn_at is not None:
        raise BadInput("That value is not one of those taken down for this item.", mend="Reload the page.")
    return _settle(study, item, by, value, reason, ConsensusValue.How.CHOSEN)


def write(
    *, study: Study, item: Item, by: User, state: str, value: Any, reason: str, quote: str = ""
) -> ConsensusValue:
    """Settle a difference by a third value, with a reason.

    Raises:
        BadInput: no reason, or a value of the wrong kind.
        Refused: settled already, or the sheets are not all in.
    """
    if state == State.GIVEN:
        asked = {"key": item.key, "label": item.label, "kind": item.kind, "options": item.options}
        if wrong := what_is_wrong(asked, value):
            raise BadInput(f"{item.label}: {wrong}.", mend="Correct the value.")
    elif state != State.NOT_REPORTED or value is not None or quote:
        raise BadInput(
            '"Not reported" has no value and no quote.', mend="Leave both empty, or give the value."
        )
    third = Value(state=state, value=value, quote=quote.strip(), page=_page(study, quote.strip()))
    return _settle(study, item, by, third, reason, ConsensusValue.How.WRITTEN)


def reopen(*, consensus: ConsensusValue, by: User, reason: str) -> ConsensusValue:
    """Withdraw an agreed value, so that the item is open again. It stays in the table.

    Raises:
        BadInput: no reason given.
        Refused: withdrawn already.
    """
    if not reason.strip():
        raise BadInput("An agreed value is reopened with a reason.", mend="Say in a sentence why.")
    with transaction.atomic():
        study = _locked(consensus.study)
        consensus = ConsensusValue.objects.select_related("item").get(pk=consensus.pk)
        if consensus.withdrawn_at is not None:
            raise Refused("This value was reopened already.")
        consensus.withdrawn_at = audit.now()
        consensus.save(update_fields=["withdrawn_at"])
        _log(Verb.CONSENSUS_REOPENED, study, consensus, by, reason.strip(), before={"value": consensus.value})
        return consensus


def live(study: Study, form: Form) -> QuerySet[ConsensusValue]:
    """The agreed values that stand for a study under a form."""
    return ConsensusValue.objects.filter(study=study, item__form=form, withdrawn_at__isnull=True)


def drop_what_came_from(*, study: Study, form: Form) -> int:
    """Withdraw values agreed by themselves, because a sheet is being reopened; how many.

    Part of reopening a sheet (extraction.filling), under its event.

    Raises:
        Refused: a person settled a difference since; their work is not undone by somebody else's sheet.
    """
    standing = live(study, form)
    if standing.filter(how__in=[ConsensusValue.How.CHOSEN, ConsensusValue.How.WRITTEN]).exists():
        raise Refused("A difference was settled by a person since.", mend="Reopen that agreed value first.")
    moment = audit.now()
    dropped = 0
    for consensus in standing:
        consensus.withdrawn_at = moment
        consensus.save(update_fields=["withdrawn_at"])
        dropped += 1
    return dropped


def _settle(study: Study, item: Item, by: User, value: Value, reason: str, how: str) -> ConsensusValue:
    if not reason.strip():
        raise BadInput("A settled difference needs a reason.", mend="Say in a sentence why.")
    with transaction.atomic():
        study = _locked(study)
        sheets = standing_sheets(item.form, [study.pk])[study.pk]
        if not all_in(sheets, wanted_in(study.review)):
            raise Refused(
                "Not every sheet of this study is submitted yet.", mend="Wait until the extractors are done."
            )
        if live(study, item.form).filter(item=item).exists():
            raise Refused("This item was settled meanwhile.", kept="What was settled stays.")
        taken = values_of(sheets)
        if value.pk is not None and value.pk not in {v.pk for v in taken.values()}:
            raise BadInput("That value was taken back meanwhile.", mend="Reload the page.")
        both = [taken.get((sheet.pk, item.pk)) for sheet in sheets[:2]] + [None, None]
        consensus = _consensus(
            study, item, value, by, how=how, value_a=both[0], value_b=both[1], reason=reason.strip()
        )
        consensus.save(force_insert=True)
        before = {"values": [v.value if v else None for v in both[:2]]}
        _log(Verb.CONSENSUS_REACHED, study, consensus, by, reason.strip(), before=before)
        return consensus


def _consensus(study: Study, item: Item, value: Value, by: User, **fields: Any) -> ConsensusValue:
    return ConsensusValue(
        study=study,
        item=item,
        state=value.state,
        value=value.value,
        quote=value.quote,
        page=value.page,
        by=by,
        made_at=audit.now(),
        **fields,
    )


def _page(study: Study, quote: str) -> int | None:
    """The page of a report of this study on which the words stand, if any."""
    for report in Report.objects.filter(study=study).order_by("pk") if quote else ():
        if (span := quotes.locate(quote, report.text)) is not None:
            return page_of(span.start, report.page_map)
    return None


def _locked(study: Study) -> Study:
    return (
        Study.objects.select_for_update(of=("self",), no_key=True).select_related("review").get(pk=study.pk)
    )


def _log(
    verb: Verb, study: Study, consensus: ConsensusValue, by: User, reason: str, *, before: dict[str, Any]
) -> None:
    audit.log(
        review=study.review,
        verb=verb,
        actor=by,
        stage=Stage.EXTRACTION,
        subject={"consensus": consensus.pk, "study": study.pk, "item": consensus.item.key},
        before=before,
        after={"state": consensus.state, "value": consensus.value, "how": consensus.how},
        reason=reason,
    )
