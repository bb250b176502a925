"""The flow as files: the PRISMA2020 tool's own CSV, JSON with everything, and the SVG that stands alone.

The CSV is that tool's template (prisma2020.csv, MIT licence, see docs/prisma.md) with the column `n` filled in, and
the rules before screening named in the description of the box they fill.
A review without an earlier version writes NA for the boxes about one, and for the whole right arm when it
has no searches by other methods: the tool then leaves these boxes out.
"""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .export import neutralised, rows, search_row
from .flow_diagram import svg
from .flow_identities import identities, note_on_other_methods
from .flow_rules import in_words
from .prisma import ARMS, Flow, Reason, Source

TEMPLATE = Path(__file__).with_name("prisma2020.csv")
TYPES = {"csv": "text/csv", "json": "application/json", "svg": "image/svg+xml"}
# Winnow does not know of an earlier version of the review, nor of a meta-analysis.
UNKNOWN = frozenset(
    ["previous_studies", "previous_reports", "total_studies", "total_reports", "total_studies_ma", "total_reports_ma"]
)  # fmt: skip
RIGHT_ARM = frozenset(
    [
        "website_results",
        "organisation_results",
        "citations_results",
        "other_sought_reports",
        "other_notretrieved_reports",
        "other_assessed",
        "other_excluded",
    ]
)


def written(flow: Flow, form: str) -> str:
    """The flow as `form`: csv, json or svg."""
    match form:
        case "csv":
            return as_csv(flow)
        case "json":
            return json.dumps(as_json(flow), indent=2, ensure_ascii=False) + "\n"
        case "svg":
            return svg(flow, alone=True) + "\n"
    raise KeyError(form)


def as_csv(flow: Flow) -> str:
    """The PRISMA2020 tool's 34 rows with `n` filled in; where something is open, `n` is the present number."""
    with TEMPLATE.open(encoding="utf-8", newline="") as template:
        rows = list(csv.DictReader(template))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"n": _n(flow, row["data"], row["n"])} | _named(flow, row))
    return out.getvalue()


def _n(flow: Flow, data: str, as_it_was: str) -> str:
    """What stands in column n for the row of `data`."""
    if data in UNKNOWN or (data in RIGHT_ARM and not flow.has_other):
        return "NA"
    if data in ("database_specific_results", "register_specific_results"):
        kind = data.partition("_")[0]
        return _listed(source for source in flow.sources if source.kind == kind)
    if data in ("dbr_excluded", "other_excluded"):
        return _listed(reason for reason in flow.reasons if reason.arm == data.partition("_")[0])
    return str(flow.counts[data]) if data in flow.counts else as_it_was


def _named(flow: Flow, row: dict[str, str]) -> dict[str, str]:
    """The rules, in the description of the box they fill; a column the tool does not read."""
    rules = [part for part in flow.rules if part.box.startswith(f"{row['data']}-")]
    if not rules:
        return {}
    return {"description": neutralised(f"{row['description']} ({in_words(rules)})")}


def _listed(parts: Iterable[Source | Reason]) -> str:
    """`Label, n; Label, n` as the tool reads it; a bare 0 where there is nothing to list."""
    said = "; ".join(f"{tool_label(part.label)}, {part.n}" for part in parts)
    return neutralised(said) if said else "0"


def tool_label(label: str) -> str:
    """A label the tool can read: it splits lists at `;` and takes what follows the first `,` for the number.

    >>> tool_label("Wrong design (non-randomised, single arm); pilot")
    'Wrong design (non-randomised – single arm) / pilot'
    """
    tidy = " ".join(label.replace(",", " – ").replace(";", " / ").split())
    return tidy or "Unnamed"


def as_json(flow: Flow) -> dict[str, Any]:
    """Everything the flow knows, with the end of the trail it was true for. Boxes Winnow cannot know are null."""
    right_arm_off = frozenset() if flow.has_other else RIGHT_ARM
    counts: dict[str, int | None] = {
        box: None if box in right_arm_off else n
        for box, n in flow.counts.items()
        if box != "orphaned_duplicates"
    }
    return {
        "review": flow.review.slug,
        "title": flow.review.title,
        "at": flow.at.isoformat(timespec="milliseconds"),
        "events": flow.events,
        "head": flow.head,
        "final": flow.still_open == 0,
        "still_open": flow.still_open,
        "counts": counts | dict.fromkeys(sorted(UNKNOWN)),
        "open": flow.open,
        "reasons": [{"arm": r.arm, "label": r.label, "n": r.n, "box": r.box} for r in flow.reasons],
        "rules": [{"arm": r.arm, "words": r.words, "n": r.n, "box": r.box} for r in flow.rules],
        "sources": [{"kind": s.kind, "label": s.label, "n": s.n, "box": s.box} for s in flow.sources],
        "searches": [search_row(search) for search in rows(flow.review, "searches")],
        "identities": [
            {
                "code": i.code,
                "says": i.says,
                "left": i.left,
                "right": i.right,
                "holds": i.holds,
                "note": i.note,
            }
            for i in identities(flow)
        ],
        "notes": notes(flow),
    }


def notes(flow: Flow) -> list[str]:
    """What a reader of the diagram should be told with it."""
    said = []
    if flow.still_open:
        said.append(f"The flow is not final: {flow.still_open:,} still open.")
    if flow.has_other and (other := note_on_other_methods(flow)):
        said.append(other)
    if flow.rules:
        said.append(f"Marked as ineligible by rules before anybody looked at them: {in_words(flow.rules)}.")
    if sum(flow.n(f"{'' if arm == 'dbr' else 'other_'}records_excluded_by_ai") for arm in ARMS):
        said.append(
            "Records excluded by a person together with a model are counted among the records excluded; "
            "none of them is in the box of automation tools, which is for rules applied before screening."
        )
    return said
