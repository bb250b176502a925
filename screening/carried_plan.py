"""What bringing another tool's decisions along would do: read, weighed, and nothing written.

The same reading serves the preview and, with the records locked, the verb (moving.py). The rules:

- A vote made here always wins, also one that was taken back since: its maker's vote is not brought along. What is
  settled or in conflict here stays.
- Whose entry is linked as a duplicate votes on the record that stays. Linked entries that contradict each other
  for one member are left out.
- All votes of a record are put together at once and combined as if they had been made here (combining.py), so that
  no third vote is dropped for coming last.
- A reason of the file becomes a criterion where the lead said which (of several the first in declared order);
  otherwise it is kept in the note. An exclusion at full text without a criterion, and a maybe there, is no answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from reviews.duplicate_groups import chunks
from reviews.models import CarriedJudgement, Review, Search, User
from reviews.parsers.carried import COVIDENCE, TOOLS

from .combining import Disagreement, Settled, combine
from .models import Conflict, Criterion, Decision, Protocol, Resolution, SampleRecord, Stage, Verdict
from .pilot_seats import open_pilot
from .queue import up_for_judgement

TELLS_NOTHING_FROM = 20
"""Records from which on the reasons in a file, or why some are left out, tell nothing about any one of them."""

LEFT = {
    "here": "judged, settled or in conflict here already: what was said here stands",
    "pilot": "in the open pilot round, which everybody judges anew",
    "not_up": "not up for judgement at this stage (removed, not included before, or the report is not here)",
    "no_answer": "no answer at full text: maybe, or excluded without a reason from your list",
    "two_answers": "linked entries that contradict each other",
    "other_stage": "said of the other stage",
    "in_all": "left out: judged or settled here already, or no answer at this stage",
}


@dataclass(frozen=True)
class Wish:
    """What a lead asks for: `people` by the names in the file, `reasons` by their words in the file.

    `listed` says what everything in a file of Covidence was at this stage, where its entries do not say so
    themselves. The reason "" stands for exclusions whose own reason is not mapped.
    """

    search: Search
    stage: str
    people: Mapping[str, User]
    reasons: Mapping[str, Criterion] = field(default_factory=dict)
    listed: str = ""


@dataclass(frozen=True)
class Intended:
    """A decision that would be made (not saved), and the row of the file it rests on."""

    decision: Decision
    carried: int
    said_by: str


@dataclass(frozen=True)
class Plan:
    """The decisions that would be made, by the key of their record; what becomes of each; what is left and why."""

    intended: dict[int, list[Intended]]
    outcomes: dict[int, Settled | Disagreement | None]
    left: Counter[str]
    records_in_file: int

    @property
    def decisions(self) -> int:
        """How many decisions would be made."""
        return sum(map(len, self.intended.values()))

    @property
    def settled(self) -> int:
        """Records that would be settled by them."""
        return sum(isinstance(outcome, Settled) for outcome in self.outcomes.values())

    @property
    def conflicts(self) -> int:
        """Records that would be in conflict."""
        return sum(isinstance(outcome, Disagreement) for outcome in self.outcomes.values())

    @property
    def waiting(self) -> int:
        """Records that would wait for another vote."""
        return len(self.outcomes) - self.settled - self.conflicts

    @property
    def left_out(self) -> dict[str, int]:
        """How many decisions are not made, by why; in one sum where the file is so small that it would tell."""
        if self.records_in_file < TELLS_NOTHING_FROM:
            return {"in_all": self.left.total()} if self.left.total() else {}
        return {why: self.left[why] for why in LEFT if self.left[why]}

    def figures(self) -> dict[str, Any]:
        """The counts, for the trail and for programs."""
        return {
            "decisions": self.decisions,
            "records": len(self.intended),
            "settled": self.settled,
            "conflicts": self.conflicts,
            "waiting": self.waiting,
            "left": self.left_out,
        }


def foresee(wish: Wish) -> Plan:
    """What bringing along would do as things stand now. A few queries for each 500 records."""
    left: Counter[str] = Counter()
    answers = _answers(wish, left)
    intended = _that_may_be_made(wish, answers, left)
    return Plan(intended, _outcomes(wish, intended), left, len({record for record, _ in answers}))


# ---------------------------------------------------------------- from rows to answers


@dataclass
class _Answer:
    """What one member answers on one record, put together from the rows of the file."""

    carried: int
    said_by: str
    verdict: str
    reasons: list[str]
    notes: list[str]
    contradicted: bool = False


def _answers(wish: Wish, left: Counter[str]) -> dict[tuple[int, int], _Answer]:
    """(key of the record that stays, of the member) -> the answer, in the order of the file."""
    rows = CarriedJudgement.objects.filter(search=wish.search, said_by__in=list(wish.people)).order_by("pk")
    answers: dict[tuple[int, int], _Answer] = {}
    notes: dict[tuple[int, int], list[str]] = defaultdict(list)
    for row in rows.select_related("record").only(
        *("tool", "said_by", "verdict", "stage", "reasons", "note"),
        *("record__number", "record__duplicate_of"),
    ):
        key = (row.record.duplicate_of_id or row.record_id, wish.people[row.said_by].pk)
        verdict, reasons = _said(row, wish)
        if row.note and row.stage in ("", wish.stage):
            notes[key].append(row.note)
        if not verdict:
            left["other_stage"] += bool(row.verdict)
        elif known := answers.get(key):
            known.contradicted |= known.verdict != verdict
            known.reasons += reasons
        else:
            answers[key] = _Answer(row.pk, row.said_by, verdict, reasons, notes[key])
    return answers


def _said(row: CarriedJudgement, wish: Wish) -> tuple[str, list[str]]:
    """The verdict of a row at this stage ("" if it gives none) and its reasons."""
    if row.stage in ("", wish.stage) and row.verdict:
        return row.verdict, list(row.reasons)
    is_list = row.tool == COVIDENCE and not row.said_by
    return (wish.listed, []) if is_list else ("", [])


# ---------------------------------------------------------------- which of them may be made


def _that_may_be_made(
    wish: Wish, answers: Mapping[tuple[int, int], _Answer], left: Counter[str]
) -> dict[int, list[Intended]]:
    review, users = wish.search.review, {user.pk: user for user in wish.people.values()}
    intended: dict[int, list[Intended]] = defaultdict(list)
    by_record: dict[int, list[tuple[int, _Answer]]] = defaultdict(list)
    for (record, member), answer in answers.items():
        by_record[record].append((member, answer))
    for chunk in chunks(by_record):
        up = set(up_for_judgement(review, wish.stage).filter(pk__in=chunk).values_list("pk", flat=True))
        over, voted = _closed(wish.stage, chunk), _voted(wish.stage, chunk, list(users))
        in_pilot = _in_pilot(review, wish.stage, chunk)
        for record in chunk:
            for member, answer in by_record[record]:
                if answer.contradicted:
                    left["two_answers"] += 1
                elif record in over or (record, member) in voted:
                    left["here"] += 1
                elif record in in_pilot:
                    left["pilot"] += 1
                elif record not in up:
                    left["not_up"] += 1
                elif (decision := _decision(wish, record, users[member], answer)) is None:
                    left["no_answer"] += 1
                else:
                    intended[record].append(Intended(decision, answer.carried, answer.said_by))
    return dict(intended)


def _in_pilot(review: Review, stage: str, records: list[int]) -> set[int]:
    """Those of these records that the open pilot round drew."""
    drawn = SampleRecord.objects.filter(sample=open_pilot(review, stage), record__in=records)
    return set(drawn.values_list("record", flat=True))


def _closed(stage: str, records: list[int]) -> set[int]:
    """Those of these records that are settled or in conflict."""
    here: dict[str, Any] = {"record__in": records, "stage": stage}
    settled = Resolution.objects.filter(withdrawn_at__isnull=True, **here).values_list("record", flat=True)
    disputed = Conflict.objects.filter(closed_at__isnull=True, **here).values_list("record", flat=True)
    return {*settled, *disputed}


def _voted(stage: str, records: list[int], users: list[int]) -> set[tuple[int, int]]:
    """(record, person) of every decision of theirs, but those withdrawn because a bringing along was undone."""
    theirs = Decision.objects.filter(record__in=records, stage=stage, reviewer__in=users)
    undone = theirs.filter(withdrawn_at__isnull=False, brought__undone_at__isnull=False)
    return set(theirs.exclude(pk__in=undone).values_list("record", "reviewer"))


def _decision(wish: Wish, record: int, reviewer: User, answer: _Answer) -> Decision | None:
    """The decision, not saved; None where it would be no answer at this stage."""
    full_text = wish.stage == Stage.FULL_TEXT
    if full_text and answer.verdict == Verdict.MAYBE:
        return None
    reason, notes = None, answer.notes
    if answer.verdict == Verdict.EXCLUDE:
        reasons = list(dict.fromkeys(answer.reasons))
        known = [wish.reasons[words] for words in reasons if words in wish.reasons]
        fallback = [wish.reasons[""]] if "" in wish.reasons else []
        reason = min(known or fallback, key=lambda c: (c.position, c.pk), default=None)
        if full_text and reason is None:
            return None
        notes = [*notes, *(f"Reason given there: {words}" for words in reasons if words not in wish.reasons)]
    return Decision(
        record_id=record,
        stage=wish.stage,
        reviewer=reviewer,
        verdict=answer.verdict,
        reason=reason,
        note="\n\n".join(notes),
    )


def _outcomes(wish: Wish, intended: Mapping[int, list[Intended]]) -> dict[int, Settled | Disagreement | None]:
    """What the votes on each record would add up to, those made here included."""
    protocol = Protocol.of(wish.search.review, wish.stage)
    votes: dict[int, list[Decision]] = defaultdict(list)
    for chunk in chunks(intended):
        live = Decision.objects.filter(record__in=chunk, stage=wish.stage, withdrawn_at__isnull=True)
        for vote in live.select_related("reason"):
            votes[vote.record_id].append(vote)
    return {
        record: combine([*votes[record], *(each.decision for each in made)], protocol)
        for record, made in intended.items()
    }


# ---------------------------------------------------------------- what there is to bring along


@dataclass(frozen=True)
class Name:
    """A name in a file ("" where it names nobody): on how many records it decided, and left a note."""

    name: str
    decided: int
    noted: int


@dataclass(frozen=True)
class Offer:
    """What a search's file carries, in totals."""

    tool: str
    names: list[Name]
    records: int
    is_list: bool
    has_reasons: bool
    has_labels: bool
    has_notes: bool

    @property
    def asks_for_reasons(self) -> bool:
        """Whether reasons may come along. In a small file their mere presence would tell that it excludes."""
        return self.has_reasons or self.records < TELLS_NOTHING_FROM

    @property
    def says_reasons(self) -> bool:
        """Whether it may be said that there are reasons."""
        return self.has_reasons and self.records >= TELLS_NOTHING_FROM

    @property
    def tool_name(self) -> str:
        """The tool as people call it."""
        return TOOLS.get(self.tool, self.tool)

    @property
    def people(self) -> int:
        """How many people are named as having decided."""
        return sum(bool(each.name and each.decided) for each in self.names)


def offer(search: Search) -> Offer | None:
    """What this search's file carries, or None where it carries nothing. Six queries at most."""
    rows = CarriedJudgement.objects.filter(search=search)
    if (first := rows.order_by("pk").first()) is None:
        return None
    decides = ~Q(verdict="") | Q(tool=COVIDENCE, said_by="")
    named = rows.order_by("said_by").values("said_by")
    counted = named.annotate(
        decided=Count("record", distinct=True, filter=decides),
        noted=Count("record", distinct=True, filter=~Q(note="")),
    )
    names = [Name(row["said_by"], row["decided"], row["noted"]) for row in counted]
    return Offer(
        tool=first.tool,
        names=[each for each in names if each.decided or each.noted],
        records=rows.filter(decides).aggregate(n=Count("record", distinct=True))["n"],
        is_list=rows.filter(tool=COVIDENCE).exists(),
        has_reasons=rows.exclude(reasons=[]).exists(),
        has_labels=rows.exclude(labels=[]).exists(),
        has_notes=any(each.noted for each in names),
    )


def reasons_in(search: Search) -> dict[str, None]:
    """Every reason in a search's file as it is written there, in order."""
    rows = CarriedJudgement.objects.filter(search=search).exclude(reasons=[]).order_by("pk")
    found = (words for reasons in rows.values_list("reasons", flat=True).iterator() for words in reasons)
    return dict.fromkeys(sorted(set(found), key=str.casefold))


def same_words(search: Search, criteria: Iterable[Criterion]) -> dict[str, Criterion]:
    """The reasons in a search's file that are called as one of these criteria is, and that criterion."""
    by_label = {criterion.label.casefold(): criterion for criterion in criteria}
    found = ((words, by_label.get(words.casefold())) for words in reasons_in(search))
    return {words: criterion for words, criterion in found if criterion}
