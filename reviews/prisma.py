"""The PRISMA 2020 flow, computed: every number is the count of a list of records, by the same condition.

A door that only reads. Nothing here is stored or cached: each box of the diagram is one condition (`BOXES`)
on what is known of a record from live rows, so that the number and the list behind it cannot part. The two
arms are PRISMA's: databases and registers (`dbr`), and other methods (`other`: websites, organisations,
citation searching). docs/prisma.md says what each box means and which identities tie them together.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, FilteredRelation, Min, OuterRef, Q, QuerySet, Value, When

from reviews import flow_rules
from reviews.audit import GENESIS, now
from reviews.models import Membership, Record, Removal, Report, Review, Search, TrailHead
from reviews.models.corpus import SearchKind
from reviews.permissions import allows
from screening.models import Criterion, Decision, Resolution, Stage

ARMS = {
    "dbr": [SearchKind.DATABASE, SearchKind.REGISTER],
    "other": [SearchKind.WEBSITE, SearchKind.ORGANISATION, SearchKind.CITATION],
}
IDENTIFIED = {
    SearchKind.DATABASE: "database_results",
    SearchKind.REGISTER: "register_results",
    SearchKind.WEBSITE: "website_results",
    SearchKind.ORGANISATION: "organisation_results",
    SearchKind.CITATION: "citations_results",
}
TRIES = 3  # how often a count is begun anew when somebody changes the review in the middle of it

# ---------------------------------------------------------------- what is known of a record, as conditions
# Over the names that `_facts` gives: a box is filtered by them in SQL (its list) and in Python (its number).
_FOUND = Q(withdrawn=False)
_UNIQUE = _FOUND & Q(duplicate=False)
_MARKED = _UNIQUE & Q(removed=Removal.Kind.AUTOMATION)
_TO_SCREEN = _UNIQUE & Q(removed__isnull=True)
_EXCLUDED = _TO_SCREEN & Q(ta_verdict="exclude")
_IN_SCREENING = _TO_SCREEN & Q(ta_verdict__isnull=True)
_SOUGHT = _TO_SCREEN & Q(ta_verdict="include", retrieval__isnull=False)
_ASSESSED = _SOUGHT & Q(retrieval=Report.Retrieval.RETRIEVED)
_INCLUDED = _ASSESSED & Q(ft_verdict="include")


def _of_one_arm(arm: str) -> dict[str, Q]:
    """The boxes of one arm; PRISMA's tool writes the first few of the left arm without a prefix."""
    here, plain = Q(kind__in=ARMS[arm]), "" if arm == "dbr" else "other_"
    return {
        f"{plain}duplicates": here & _FOUND & Q(duplicate=True),
        f"{plain}excluded_automatic": here & _MARKED,
        f"{plain}excluded_other": here & _UNIQUE & Q(removed=Removal.Kind.OTHER),
        f"{plain}records_screened": here & _TO_SCREEN,
        f"{plain}records_excluded": here & _EXCLUDED,
        f"{plain}records_excluded_by_human": here & _EXCLUDED & Q(with_model=False),
        f"{plain}records_excluded_by_ai": here & _EXCLUDED & Q(with_model=True),
        f"{arm}_sought_reports": here & _SOUGHT,
        f"{arm}_notretrieved_reports": here & _SOUGHT & Q(retrieval=Report.Retrieval.NOT_RETRIEVED),
        f"{arm}_assessed": here & _ASSESSED,
        f"{arm}_excluded": here & _ASSESSED & Q(ft_verdict="exclude"),
        f"{arm}_included": here & _INCLUDED,
        f"{arm}_in_screening": here & _IN_SCREENING,
        f"{arm}_not_screened": here & _IN_SCREENING & Q(disputed=False, voted=False),
        f"{arm}_one_vote_in": here & _IN_SCREENING & Q(disputed=False, voted=True),
        f"{arm}_in_conflict": here & _IN_SCREENING & Q(disputed=True),
        f"{arm}_awaiting_retrieval": here & _SOUGHT & Q(retrieval=Report.Retrieval.SOUGHT),
        f"{arm}_awaiting_full_text": here & _ASSESSED & Q(ft_verdict__isnull=True),
    }


BOXES: dict[str, Q] = {
    **{box: _FOUND & Q(kind=kind) for kind, box in IDENTIFIED.items()},
    **_of_one_arm("dbr"),
    **_of_one_arm("other"),
    "new_reports": _INCLUDED,
    "unlinked_reports": _INCLUDED & Q(linked=False),
    # Not a box: says that something is wrong. A duplicate whose original was withdrawn would count nowhere.
    "orphaned_duplicates": _FOUND & Q(orphaned=True),
}
FACTS = (
    "kind", "withdrawn", "duplicate", "orphaned", "removed", "ta_verdict", "with_model", "disputed", "voted",
    "retrieval", "ft_verdict", "linked",
)  # fmt: skip
OPEN = [
    f"{arm}_{what}"
    for arm in ARMS
    for what in (
        "in_screening",
        "not_screened",
        "one_vote_in",
        "in_conflict",
        "awaiting_retrieval",
        "awaiting_full_text",
    )
] + ["unlinked_reports"]
# How far the others are on records still being judged: never listed, and not even counted for who judges.
SPLIT = frozenset(box for box in OPEN if box.endswith(("_not_screened", "_one_vote_in", "_in_conflict")))

TITLES: dict[str, str] = {
    "database_results": "Records identified from databases",
    "register_results": "Records identified from registers",
    "website_results": "Records identified from websites",
    "organisation_results": "Records identified from organisations",
    "citations_results": "Records identified by citation searching",
    "duplicates": "Duplicate records removed before screening",
    "excluded_automatic": "Records marked as ineligible by automation tools",
    "excluded_other": "Records removed for other reasons",
    "records_screened": "Records screened",
    "records_excluded": "Records excluded",
    "records_excluded_by_human": "Records excluded by a person",
    "records_excluded_by_ai": "Records excluded by a person together with a model",
    "sought_reports": "Reports sought for retrieval",
    "notretrieved_reports": "Reports not retrieved",
    "assessed": "Reports assessed for eligibility",
    "excluded": "Reports excluded",
    "included": "Reports included",
    "in_screening": "Records in screening, not settled yet",
    "not_screened": "Records nobody has voted on yet",
    "one_vote_in": "Records with a vote, waiting for another",
    "in_conflict": "Records in conflict",
    "awaiting_retrieval": "Reports sought and not here yet",
    "awaiting_full_text": "Reports waiting for a full-text decision",
    "new_studies": "New studies included in the review",
    "new_reports": "Reports of new included studies",
    "unlinked_reports": "Included reports not linked to a study yet",
    "orphaned_duplicates": "Duplicates whose original was withdrawn",
}


def title(box: str) -> str:
    """What a box counts, in words; the right arm says that it is the right arm."""
    name = box.partition("-")[0]
    words = TITLES.get(name) or TITLES[name.removeprefix("dbr_").removeprefix("other_")]
    return f"{words} (other methods)" if name.startswith("other_") else words


@dataclass(frozen=True)
class Source:
    """One source of records by its name; searches of the same source are added up."""

    kind: str
    label: str
    n: int
    box: str


@dataclass(frozen=True)
class Reason:
    """One reason of exclusion at full text, by the label of its criterion."""

    arm: str
    label: str
    n: int
    box: str


@dataclass(frozen=True)
class Flow:
    """The numbers of a review at one moment. `events` and `head` name the end of the trail they are true for."""

    review: Review
    at: datetime
    events: int
    head: str
    counts: dict[str, int]
    open: dict[str, int]
    sources: tuple[Source, ...]
    reasons: tuple[Reason, ...]
    rules: tuple[flow_rules.Ruled, ...]

    def n(self, box: str) -> int:
        """The number of a box, open ones included."""
        return self.open[box] if box in self.open else self.counts[box]

    @property
    def has_other(self) -> bool:
        """Whether the review has searches by other methods: the diagram's right arm."""
        return any(source.kind in ARMS["other"] for source in self.sources)

    @property
    def still_open(self) -> int:
        """How many records still wait for something before the flow is final."""
        waiting = ("in_screening", "awaiting_retrieval", "awaiting_full_text")
        return sum(self.open[f"{arm}_{what}"] for arm in ARMS for what in waiting) + self.n(
            "unlinked_reports"
        )

    def seen_by(self, membership: Membership) -> "Flow":
        """The same flow as this person may see it: who screens is not told how far others are on open records."""
        if not allows(membership, "screen"):
            return self
        return replace(self, open={box: n for box, n in self.open.items() if box not in SPLIT})


# ---------------------------------------------------------------- counting
def counts(review: Review) -> Flow:
    """Compute the whole flow of a review as it stands now: one query for all boxes, and a few small ones.

    Sources, reasons and boxes come from different queries; every change of a review adds to its trail, so when
    the trail's head has moved in between, the count is begun anew (at most `TRIES` times).
    """
    for _ in range(TRIES):
        events, head = _trail_head(review)
        flow = _counted(review, events, head)
        if _trail_head(review) == (events, head):
            break
    return flow


def _trail_head(review: Review) -> tuple[int, str]:
    row = TrailHead.objects.filter(review=review).values_list("length", "hash").first()
    return row or (0, GENESIS)


def _counted(review: Review, events: int, head: str) -> Flow:
    known = _facts(review).annotate(**{name: F(name) for name in FACTS})
    states = list(known.values(*FACTS).annotate(n=Count("pk")).order_by())
    found = {
        box: sum(state["n"] for state in states if _holds(condition, state))
        for box, condition in BOXES.items()
    }
    studies = _facts(review).filter(_INCLUDED).aggregate(n=Count("report__study", distinct=True))
    return Flow(
        review=review,
        at=now(),
        events=events,
        head=head,
        counts={box: n for box, n in found.items() if box not in OPEN} | {"new_studies": studies["n"]},
        open={box: found[box] for box in OPEN},
        sources=_sources(review),
        reasons=_reasons(review),
        rules=flow_rules.by_rule(_facts(review).filter(_MARKED), ARMS),
    )


def _facts(review: Review) -> QuerySet[Any]:
    """The records of a review with what the boxes ask of each, under the names in FACTS."""
    voted = Decision.objects.filter(
        record=OuterRef("pk"), stage=Stage.TITLE_ABSTRACT, withdrawn_at__isnull=True
    )
    return (
        Record.objects.filter(review=review)
        .alias(
            removal=FilteredRelation("removals", condition=Q(removals__withdrawn_at__isnull=True)),
            ta=FilteredRelation("resolutions", condition=_live(Stage.TITLE_ABSTRACT)),
            ft=FilteredRelation("resolutions", condition=_live(Stage.FULL_TEXT)),
            dispute=FilteredRelation(
                "conflicts",
                condition=Q(conflicts__stage=Stage.TITLE_ABSTRACT, conflicts__closed_at__isnull=True),
            ),
        )
        .alias(
            kind=F("search__kind"),
            withdrawn=_whether(search__withdrawn_at__isnull=False),
            duplicate=_whether(duplicate_of__isnull=False),
            orphaned=_whether(duplicate_of__search__withdrawn_at__isnull=False),
            removed=F("removal__kind"),
            ta_verdict=F("ta__verdict"),
            with_model=_whether(ta__how=Resolution.How.WITH_MODEL),
            disputed=_whether(dispute__pk__isnull=False),
            # Asked only where it matters: on 50,000 settled records it would cost more than all the rest.
            voted=Case(When(Q(ta__pk__isnull=True) & Exists(voted), then=Value(True)), default=Value(False)),
            retrieval=F("report__retrieval"),
            ft_verdict=F("ft__verdict"),
            linked=_whether(report__study__isnull=False),
        )
    )


def _whether(**condition: object) -> Case:
    """A condition as a column that is true or false, never null."""
    return Case(When(Q(**condition), then=Value(True)), default=Value(False))


def _holds(condition: Any, state: dict[str, Any]) -> bool:
    """Whether a condition of BOXES is true of a state: what SQL answers for the lists, for the few lookups used."""
    if isinstance(condition, Q):
        if condition.connector != Q.AND or condition.negated:
            raise NotImplementedError(f"conditions of boxes are joined by AND: {condition}")
        return all(_holds(part, state) for part in condition.children)
    name, _, lookup = condition[0].partition("__")
    match lookup:
        case "":
            return bool(state[name] == condition[1])
        case "in":
            return state[name] in condition[1]
        case "isnull":
            return (state[name] is None) is condition[1]
    raise NotImplementedError(f"no such lookup in the conditions of boxes: {condition[0]}")


def _live(stage: str) -> Q:
    return Q(resolutions__stage=stage, resolutions__withdrawn_at__isnull=True)


def _sources(review: Review) -> tuple[Source, ...]:
    rows = (
        Search.objects.filter(review=review, withdrawn_at__isnull=True)
        .values_list("kind", "source")
        .annotate(first=Min("pk"), n=Count("records"))
        .order_by("first")
    )
    made = [Source(kind, label, n, f"source-{first}") for kind, label, first, n in rows]
    return tuple(sorted(made, key=lambda source: list(IDENTIFIED).index(SearchKind(source.kind))))


def _reasons(review: Review) -> tuple[Reason, ...]:
    """Reasons of exclusion in the declared order; retired criteria stand after those in force."""
    place: dict[str, tuple[bool, int, int]] = {}
    declared = Criterion.objects.filter(review=review, stage=Stage.FULL_TEXT)
    for label, retired_at, position, pk in declared.values_list("label", "retired_at", "position", "pk"):
        mine = (retired_at is not None, position, pk)
        place[label] = min(place.get(label, mine), mine)
    made = []
    for arm in ARMS:
        rows = (
            _facts(review)
            .filter(BOXES[f"{arm}_excluded"])
            .values_list("ft__reason__label")
            .annotate(first=Min("ft__reason_id"), n=Count("pk"))
        )
        made += [Reason(arm, label, n, f"{arm}_excluded-{first}") for label, first, n in rows]
    last = (True, 0, 0)
    return tuple(sorted(made, key=lambda r: (list(ARMS).index(r.arm), place.get(r.label, last), r.label)))


# ---------------------------------------------------------------- the lists behind the numbers
def records_behind(review: Review, box: str) -> QuerySet[Record]:
    """The records a number counts, by record number.

    `source-7`, `dbr_excluded-12` and `excluded_automatic-3` name parts of a box: of a source, a reason, a rule.

    For `new_studies` the list has one record for each study: the first of its included reports.

    Raises:
        KeyError: there is no such box in this review.
    """
    name, _, key = box.partition("-")
    if key and not re.fullmatch(r"[0-9]{1,18}", key):
        raise KeyError(box)
    if not key:
        condition = _first_of_each_study(review) if name == "new_studies" else BOXES[name]
    elif name == "source":
        search = Search.objects.filter(review=review, pk=key).first()
        if search is None:
            raise KeyError(box)
        condition = _FOUND & Q(kind=search.kind, search__source=search.source)
    elif name in ("dbr_excluded", "other_excluded"):
        criterion = Criterion.objects.filter(review=review, pk=key).first()
        if criterion is None:
            raise KeyError(box)
        condition = BOXES[name] & Q(ft__reason__label=criterion.label)
    elif name in flow_rules.BOX.values():
        ruled = flow_rules.condition_of(review, key)
        if ruled is None:
            raise KeyError(box)
        condition = BOXES[name] & ruled
    else:
        raise KeyError(box)
    return _facts(review).filter(condition).order_by("number")


def may_list(box: str) -> bool:
    """Whether the records behind a number may be listed to people.

    `SPLIT` boxes never are: a list of "one vote in" or "in conflict" would tell somebody who has not voted yet
    that a colleague has. They stand together in the list of records in screening.
    """
    return box not in SPLIT


def _first_of_each_study(review: Review) -> Q:
    first = (
        _facts(review)
        .filter(_INCLUDED, linked=True)
        .values("report__study")
        .annotate(first=Min("pk"))
        .values("first")
    )
    return Q(pk__in=first)
