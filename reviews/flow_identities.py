"""The sums that a PRISMA 2020 flow must satisfy, checked on the numbers of one moment.

E: an error in the data when it does not hold. W: may differ for a reason, which the note gives. The boxes are
counted each by its own condition (prisma.BOXES), so that a record that fell between two of them shows here.
"""

from dataclasses import dataclass

from .flow_rules import BOX
from .prisma import ARMS, Flow


@dataclass(frozen=True)
class Identity:
    """One sum: `left` and `right` are its two sides, `says` is the sum in words."""

    code: str
    says: str
    left: int
    right: int
    holds: bool
    note: str = ""


def identities(flow: Flow) -> list[Identity]:
    """Every identity of PRISMA 2020 that a review without an earlier version can be held to.

    E10 to E12 tie in studies of an earlier version of the review and the meta-analysis, which Winnow does not
    count yet.
    """
    return [
        *_of_sources(flow),
        _before_screening(flow),
        *_of_exclusions(flow),
        *_of_reports(flow),
        *_of_what_is_included(flow),
        *_of_the_whole(flow),
    ]


def _equal(code: str, says: str, left: int, right: int, note: str = "") -> Identity:
    return Identity(code, says, left, right, left == right, note)


def _of_sources(flow: Flow) -> list[Identity]:
    made = []
    for kind, words in (("database", "databases"), ("register", "registers")):
        parts = sum(source.n for source in flow.sources if source.kind == kind)
        says = f"records from {words} = the sum over the single {words}"
        made.append(_equal("E1", says, flow.n(f"{kind}_results"), parts))
    return made


def _before_screening(flow: Flow) -> Identity:
    n = flow.n
    return _equal(
        "E2",
        "records screened = identified − duplicates − ineligible by automation − removed for other reasons",
        n("records_screened"),
        n("database_results")
        + n("register_results")
        - n("duplicates")
        - n("excluded_automatic")
        - n("excluded_other"),
    )


def _of_exclusions(flow: Flow) -> list[Identity]:
    n = flow.n
    right_arm = (
        n("website_results")
        + n("organisation_results")
        + n("citations_results")
        - n("other_duplicates")
        - n("other_excluded_automatic")
        - n("other_excluded_other")
        - n("other_records_excluded")
        - n("other_in_screening")
    )
    return [
        _equal(
            "E3",
            "records excluded = excluded by a person + excluded by a person together with a model",
            n("records_excluded"),
            n("records_excluded_by_human") + n("records_excluded_by_ai"),
        ),
        _equal(
            "W4",
            "reports sought = records screened − records excluded − still in screening",
            n("dbr_sought_reports"),
            n("records_screened") - n("records_excluded") - n("dbr_in_screening"),
            _waiting(n("dbr_in_screening"), "record", "in screening"),
        ),
        _equal(
            "W6",
            "reports sought by other methods = identified by other methods − duplicates − removed − excluded at "
            "title and abstract − still in screening",
            n("other_sought_reports"),
            right_arm,
            note_on_other_methods(flow),
        ),
    ]


def _of_reports(flow: Flow) -> list[Identity]:
    made = []
    for code, arm, words in (("E5", "dbr", ""), ("E7", "other", " (other methods)")):
        waiting = flow.n(f"{arm}_awaiting_retrieval")
        made.append(
            _equal(
                code,
                f"reports assessed = reports sought − not retrieved − still awaited{words}",
                flow.n(f"{arm}_assessed"),
                flow.n(f"{arm}_sought_reports") - flow.n(f"{arm}_notretrieved_reports") - waiting,
                _waiting(waiting, "report", "awaited"),
            )
        )
    return made


def _of_what_is_included(flow: Flow) -> list[Identity]:
    n = flow.n
    by_reason = {arm: sum(reason.n for reason in flow.reasons if reason.arm == arm) for arm in ARMS}
    waiting = n("dbr_awaiting_full_text") + n("other_awaiting_full_text")
    left_over = n("dbr_assessed") - by_reason["dbr"] + n("other_assessed") - by_reason["other"] - waiting
    return [
        _equal(
            "E8",
            "reports included = reports assessed − excluded with reasons − waiting for a decision, both arms",
            n("new_reports"),
            left_over,
            _waiting(waiting, "report", "waiting for a full-text decision"),
        ),
        Identity(
            "E9",
            "0 ≤ studies included ≤ reports of included studies",
            n("new_studies"),
            n("new_reports"),
            0 <= n("new_studies") <= n("new_reports"),
            _waiting(n("unlinked_reports"), "included report", "not linked to a study yet"),
        ),
        *(
            _equal(
                "E9",
                f"each excluded report has exactly one reason: excluded = the sum over reasons{words}",
                n(f"{arm}_excluded"),
                by_reason[arm],
            )
            for arm, words in (("dbr", ""), ("other", " (other methods)"))
        ),
    ]


def _of_the_whole(flow: Flow) -> list[Identity]:
    identified = sum(
        flow.n(f"{kind}_results") for kind in ("database", "register", "website", "organisation", "citations")
    )
    ends = 0
    for arm in ARMS:
        plain = "" if arm == "dbr" else "other_"
        ends += sum(
            flow.n(box)
            for box in (
                f"{plain}duplicates",
                f"{plain}excluded_automatic",
                f"{plain}excluded_other",
                f"{plain}records_excluded",
                f"{arm}_in_screening",
                f"{arm}_notretrieved_reports",
                f"{arm}_awaiting_retrieval",
                f"{arm}_excluded",
                f"{arm}_awaiting_full_text",
                f"{arm}_included",
            )
        )
    return [
        _equal("L1", "every record identified stands in exactly one place of the flow", identified, ends),
        _equal(
            "L2",
            "no record is the duplicate of one whose search was withdrawn",
            flow.n("orphaned_duplicates"),
            0,
        ),
        *(
            _equal(
                "L3",
                f"each record marked by automation has one rule: marked = the sum over the rules{words}",
                flow.n(box),
                sum(part.n for part in flow.rules if part.arm == arm),
            )
            for (arm, box), words in zip(BOX.items(), ("", " (other methods)"), strict=True)
        ),
    ]


def note_on_other_methods(flow: Flow) -> str:
    """Why the right arm's first two boxes differ, as W6 asks; empty where they do not."""
    n = flow.n
    parts = [
        (n("other_duplicates"), "were duplicates"),
        (n("other_excluded_automatic") + n("other_excluded_other"), "were removed before screening"),
        (n("other_records_excluded"), "were excluded at title and abstract"),
        (n("other_in_screening"), "are still in screening"),
    ]
    said = [f"{count:,} {words}" for count, words in parts if count]
    if not said:
        return ""
    return (
        "PRISMA has no box between identification by other methods and retrieval; Winnow screens these records "
        f"like all others, and of them {', '.join(said)}."
    )


def _waiting(n: int, noun: str, what: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'} {what}." if n else ""
