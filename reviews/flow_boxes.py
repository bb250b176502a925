"""What the boxes of the PRISMA 2020 flow diagram say, in words and numbers; flow_diagram.py draws them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .prisma import Flow

SIDE, END = "flow-box flow-box--side", "flow-box flow-box--end"


@dataclass(frozen=True)
class Entry:
    """One number of a box: its words, its number, the box it counts, and what is still open in it."""

    words: str
    n: int
    box: str
    large: bool = False
    indent: int = 0
    open_words: str = ""


@dataclass
class Box:
    """One box of the diagram; `heading` stands above its entries."""

    heading: str
    entries: list[Entry]
    css: str = "flow-box"
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = field(default=0)


def rows_of(flow: "Flow") -> list[list[Box | None]]:
    """Five rows of four places: main and side of the left arm, main and side of the right arm."""
    rows: list[list[Box | None]] = [
        [_identified(flow), _removed(flow), None, None],
        [_screened(flow), _excluded(flow), None, None],
        [_sought(flow, "dbr"), _not_retrieved(flow, "dbr"), None, None],
        [_assessed(flow, "dbr"), _reports_excluded(flow, "dbr"), None, None],
        [_included(flow), None, None, None],
    ]
    if flow.has_other:
        rows[0][2] = _identified_otherwise(flow)
        rows[2][2:] = [_sought(flow, "other"), _not_retrieved(flow, "other")]
        rows[3][2:] = [_assessed(flow, "other"), _reports_excluded(flow, "other")]
    return rows


def _identified(flow: "Flow") -> Box:
    entries = []
    for kind, words in (("database", "Databases"), ("register", "Registers")):
        entries.append(Entry(words, flow.n(f"{kind}_results"), f"{kind}_results"))
        entries += [Entry(s.label, s.n, s.box, indent=12) for s in flow.sources if s.kind == kind]
    return Box("Records identified from:", entries)


def _identified_otherwise(flow: "Flow") -> Box:
    entries = []
    for kind, box, words in (
        ("website", "website_results", "Websites"),
        ("organisation", "organisation_results", "Organisations"),
        ("citation", "citations_results", "Citation searching"),
    ):
        entries.append(Entry(words, flow.n(box), box))
        entries += [Entry(s.label, s.n, s.box, indent=12) for s in flow.sources if s.kind == kind]
    return Box("Records identified from:", entries)


def _removed(flow: "Flow") -> Box:
    return Box(
        "Records removed before screening:",
        [
            Entry("Duplicate records", flow.n("duplicates"), "duplicates"),
            Entry(
                "Marked as ineligible by automation tools", flow.n("excluded_automatic"), "excluded_automatic"
            ),
            *(Entry(part.label, part.n, part.box, indent=12) for part in flow.rules if part.arm == "dbr"),
            Entry("Removed for other reasons", flow.n("excluded_other"), "excluded_other"),
        ],
        SIDE,
    )


def _screened(flow: "Flow") -> Box:
    return Box(
        "",
        [
            _large(flow, "Records screened", "records_screened"),
            *_open(flow, "dbr_in_screening", "in screening"),
        ],
    )


def _excluded(flow: "Flow") -> Box:
    entries = [_large(flow, "Records excluded", "records_excluded")]
    if flow.n("records_excluded_by_ai"):
        entries += [
            Entry("by a person", flow.n("records_excluded_by_human"), "records_excluded_by_human", indent=12),
            Entry(
                "by a person with a model",
                flow.n("records_excluded_by_ai"),
                "records_excluded_by_ai",
                indent=12,
            ),
        ]
    return Box("", entries, SIDE)


def _sought(flow: "Flow", arm: str) -> Box:
    entries = [_large(flow, "Reports sought for retrieval", f"{arm}_sought_reports")]
    if arm == "other":
        entries += _open(flow, "other_in_screening", "in screening")
    return Box("", [*entries, *_open(flow, f"{arm}_awaiting_retrieval", "not here yet")])


def _not_retrieved(flow: "Flow", arm: str) -> Box:
    box = f"{arm}_notretrieved_reports"
    return Box("", [_large(flow, "Reports not retrieved", box)], SIDE)


def _assessed(flow: "Flow", arm: str) -> Box:
    entry = _large(flow, "Reports assessed for eligibility", f"{arm}_assessed")
    return Box("", [entry, *_open(flow, f"{arm}_awaiting_full_text", "without a decision")])


def _reports_excluded(flow: "Flow", arm: str) -> Box:
    entries = [_large(flow, "Reports excluded", f"{arm}_excluded")]
    entries += [Entry(r.label, r.n, r.box, indent=12) for r in flow.reasons if r.arm == arm]
    return Box("", entries, SIDE)


def _included(flow: "Flow") -> Box:
    return Box(
        "",
        [
            _large(flow, "New studies included in review", "new_studies"),
            Entry("Reports of new included studies", flow.n("new_reports"), "new_reports"),
            *_open(flow, "unlinked_reports", "not linked to a study"),
        ],
        END,
    )


def _large(flow: "Flow", words: str, box: str) -> Entry:
    return Entry(words, flow.n(box), box, large=True)


def _open(flow: "Flow", box: str, what: str) -> list[Entry]:
    n = flow.n(box)
    return [Entry("", n, box, open_words=f"still open: {n:,} {what}")] if n else []
