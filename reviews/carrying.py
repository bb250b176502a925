"""Keeping what an entry carries from another tool, beside its record (models/carried.py says what that is)."""

from collections.abc import Iterable
from typing import Any

from .parsers import ParsedRecord
from .parsers.carried import Said, carried_by
from .record_rows import storable

LONGEST_NAME, LONGEST_TEXT, LONGEST_NOTE, MOST = 200, 300, 20_000, 100


def rows_of(parsed: ParsedRecord, *, search_id: int | None) -> list[dict[str, Any]]:
    """The rows of what one entry carries, with its `position` in place of the record's key; often none.

    What is too long for a sane judgement is cut: the raw entry has it.
    """
    found = carried_by(parsed)
    if found is None:
        return []
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for said in found.said or (Said(by=""),):
        name = storable(said.by)[:LONGEST_NAME]
        row = {
            "search_id": search_id,
            "position": parsed.position,
            "tool": found.tool,
            "said_by": name,
            "verdict": said.verdict,
            "stage": said.stage,
            "reasons": _texts(said.reasons),
            "labels": [],
            "note": storable("\n\n".join(said.notes))[:LONGEST_NOTE],
        }
        rows.setdefault((name, said.stage), row)
    made = list(rows.values())
    made[0]["labels"] = _texts(found.labels)
    return made


def _texts(texts: Iterable[str]) -> list[str]:
    return [storable(text)[:LONGEST_TEXT] for text in texts][:MOST]
