"""Judgements come back: an import that was undone is imported again, and its records have their votes again.

Which entry is which: the same raw entry (Record.raw_sha256); or, where the file came in another format, the same
title and abstract letter by letter (signs, case and blanks aside) with no DOI or PubMed number that differs, and an
abstract or a common number to go by. Each entry answers to one record, the i-th of several alike to the i-th.

What comes back, stage by stage and only where nothing was said on the new record yet: live decisions (marked
`came_from`, and where they had been brought along from another tool still so marked), what they add up to (an open
conflict, a settled answer, whoever settled it), and the report with its full text and study. They stay where they
were as well: the undone import is as it was, and restoring it is the other way back. A decision comes back once; what
became of it here is then its story. Removals, corrections and proposals of models do not come back.
"""

import re
import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from reviews import audit
from reviews.audit import Entry
from reviews.duplicate_groups import chunks
from reviews.models import Record, Removal, Report, Search, User, Verb
from reviews.planner import tell_the_planner

from .models import Conflict, Decision, Resolution, Stage
from .models.protocol import SCREENING_STAGES
from .settling import locked_many

BATCH = 500
_SIGNS = re.compile(r"[\W_]+")
_READ = ("pk", "search_id", "raw_sha256", "title", "abstract", "doi", "pmid")


@dataclass(frozen=True)
class Returned:
    """What came back: decisions, and on how many records."""

    decisions: int
    records: int


def return_judgements(*, search: Search, by: User) -> Returned:
    """Give the records of a search that was just imported what had been judged on them before.

    Safe to repeat, and beside people who vote: a stage at which anything was said on the new record is left alone.
    """
    pairs = dict(_pairs(search))
    if not pairs:
        return Returned(0, 0)
    with transaction.atomic():
        records = locked_many([*pairs, *pairs.values()])
        pairs = _still_so(search, pairs)
        coming = [each for stage in SCREENING_STAGES for each in _coming(stage, pairs)]
        if not coming:
            return Returned(0, 0)
        _bring_reports(pairs, {each.record for each in coming})
        _write(coming)
        made = [decision for each in coming for decision in each.decisions]
        audit.log_many(
            review=search.review,
            entries=[*_each(coming, records, by), _summary(search, by, made)],
        )
    tell_the_planner(len(made), Decision, Resolution, Conflict, Report)
    return Returned(len(made), len({decision.record_id for decision in made}))


# ---------------------------------------------------------------- which entry is which


def _pairs(search: Search) -> Iterator[tuple[int, int]]:
    """(new record, the record of an undone import it answers to), both by key, where that one was judged."""
    known = _Known(_judged_before(search))
    if not known:
        return
    for row in search.records.order_by("position").values(*_READ).iterator():
        if (found := known.take(row)) is not None:
            yield row["pk"], found


def _judged_before(search: Search) -> Iterable[dict[str, Any]]:
    """Records of undone imports with a decision that has not come back yet, the newest import first."""
    undone = Search.objects.filter(review=search.review_id, withdrawn_at__isnull=False).exclude(pk=search.pk)
    rows = Record.objects.filter(search__in=undone)
    standing = _standing(OuterRef("pk"))
    return rows.filter(Exists(standing)).order_by("-search_id", "position").values(*_READ)


def _standing(record: Any) -> Any:
    return Decision.objects.filter(record=record, withdrawn_at__isnull=True, came_back_as__isnull=True)


class _Known:
    """The records judged before, to be asked for by content; each is given once."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self.by_raw: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.by_words: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.given: set[int] = set()
        for row in rows:
            self.by_raw[row["raw_sha256"]].append(row)
            if words := _words(row):
                self.by_words[words].append(row)

    def __bool__(self) -> bool:
        return bool(self.by_raw)

    def take(self, row: dict[str, Any]) -> int | None:
        """The key of the record that `row` answers to, or None."""
        alike = [each for each in self.by_words.get(_words(row), ()) if _agree(each, row)]
        for each in (*self.by_raw.get(row["raw_sha256"], ()), *alike):
            if each["pk"] not in self.given:
                self.given.add(each["pk"])
                return each["pk"]
        return None


def _words(row: dict[str, Any]) -> str:
    """Title and abstract as letters and digits; "" where there is too little to go by."""
    title, abstract = _letters(row["title"]), _letters(row["abstract"])
    enough = title and (abstract or row["doi"] or row["pmid"])
    return f"{title}\n{abstract}" if enough else ""


def _letters(text: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether no number of theirs differs, and without an abstract one is common."""
    numbers = [(one[name].casefold(), other[name].casefold()) for name in ("doi", "pmid")]
    common = any(a and a == b for a, b in numbers)
    differ = any(a and b and a != b for a, b in numbers)
    return not differ and (common or bool(one["abstract"]))


# ---------------------------------------------------------------- what comes back


@dataclass(frozen=True)
class _Coming:
    """What comes back to one record at one stage, not saved yet."""

    record: int
    stage: str
    decisions: list[Decision]
    conflict: Conflict | None
    resolution: Resolution | None

    @property
    def outcome(self) -> str:
        """What becomes of the record by it, in a word."""
        if self.resolution:
            return f"settled: {self.resolution.verdict}"
        return "conflict" if self.conflict else "waiting for another vote"


def _still_so(search: Search, pairs: dict[int, int]) -> dict[int, int]:
    """The pairs whose older import is still undone, and whose new record was not removed meanwhile."""
    undone: set[int] = set()
    removed: set[int] = set()
    for chunk in chunks(pairs.values()):
        rows = Record.objects.filter(pk__in=chunk, search__withdrawn_at__isnull=False)
        undone.update(rows.values_list("pk", flat=True))
    for chunk in chunks(pairs):
        out = Removal.objects.filter(record__in=chunk, withdrawn_at__isnull=True)
        removed.update(out.values_list("record_id", flat=True))
    if Search.objects.filter(pk=search.pk, withdrawn_at__isnull=False).exists():
        return {}
    return {new: old for new, old in pairs.items() if old in undone and new not in removed}


def _coming(stage: str, pairs: dict[int, int]) -> Iterator[_Coming]:
    """What comes back at a stage, for each record on which nothing was said there."""
    taken = _said_on(stage, pairs)
    new_of = {old: new for new, old in pairs.items() if new not in taken}
    for chunk in chunks(new_of):
        here: dict[str, Any] = {"record__in": chunk, "stage": stage}
        decisions: dict[int, list[Decision]] = defaultdict(list)
        standing = _standing(F("record")).filter(record__in=chunk, stage=stage)
        for decision in standing.select_related("reviewer", "reason").order_by("made_at", "pk"):
            decisions[decision.record_id].append(decision)
        settled = Resolution.objects.filter(withdrawn_at__isnull=True, **here).select_related("conflict")
        resolutions = {each.record_id: each for each in settled}
        disputed = Conflict.objects.filter(closed_at__isnull=True, **here)
        conflicts = {each.record_id: each for each in disputed}
        for old, votes in decisions.items():
            new, resolution = new_of[old], resolutions.get(old)
            conflict = resolution.conflict if resolution else conflicts.get(old)
            yield _Coming(
                record=new,
                stage=stage,
                decisions=[_copy(vote, record_id=new, came_from=vote, key=uuid.uuid4()) for vote in votes],
                conflict=_copy(conflict, record_id=new) if conflict else None,
                resolution=_copy(resolution, record_id=new) if resolution else None,
            )


def _said_on(stage: str, records: Iterable[int]) -> set[int]:
    """Those of these records on which anybody ever said anything at this stage."""
    said: set[int] = set()
    for chunk in chunks(records):
        for table in (Decision, Resolution, Conflict):
            rows = table.objects.filter(record__in=chunk, stage=stage)
            said.update(rows.values_list("record_id", flat=True))
    return said


def _copy(row: Any, **changed: Any) -> Any:
    """An unsaved row with the same fields, but for those given."""
    same = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not (field.primary_key or field.name in changed or field.attname in changed)
    }
    return type(row)(**same, **changed)


def _write(coming: list[_Coming]) -> None:
    Decision.objects.bulk_create([d for each in coming for d in each.decisions], batch_size=BATCH)
    Conflict.objects.bulk_create([each.conflict for each in coming if each.conflict], batch_size=BATCH)
    for each in coming:
        if each.resolution and each.conflict:
            each.resolution.conflict = each.conflict
    Resolution.objects.bulk_create([each.resolution for each in coming if each.resolution], batch_size=BATCH)


def _bring_reports(pairs: dict[int, int], records: set[int]) -> None:
    """The report of each, with what was retrieved of it, unless the new record has one already."""
    new_of = {old: new for new, old in pairs.items() if new in records}
    for chunk in chunks(new_of):
        reports = Report.objects.filter(record__in=chunk)
        Report.objects.bulk_create(
            [_copy(report, record_id=new_of[report.record_id]) for report in reports],
            batch_size=BATCH,
            ignore_conflicts=True,
        )


# ---------------------------------------------------------------- the trail


def _each(coming: list[_Coming], records: dict[int, Record], by: User) -> Iterator[Entry]:
    """A line for each decision; sealed like any vote, for whoever imported as well."""
    for each in coming:
        for decision in each.decisions:
            yield Entry(
                Verb.DECISION_RETURNED,
                actor=by,
                record=records[each.record],
                stage=each.stage,
                subject={
                    "decision": decision.pk,
                    "came_from": decision.came_from_id,
                    "resolution": each.resolution.pk if each.resolution else None,
                },
                after={
                    "of": decision.reviewer.name,
                    "verdict": decision.verdict,
                    "reason": decision.reason.label if decision.reason else None,
                    "from_record": records[decision.came_from.record_id].number
                    if decision.came_from
                    else None,
                    "outcome": each.outcome,
                },
            )


def _summary(search: Search, by: User, made: list[Decision]) -> Entry:
    stages = {
        str(stage): sum(d.stage == stage for d in made) for stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT)
    }
    return Entry(
        Verb.DECISIONS_RETURNED,
        actor=by,
        subject={"search": search.pk},
        after={"source": search.source, "decisions": stages, "records": len({d.record_id for d in made})},
    )
