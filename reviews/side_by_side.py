"""Two records beside each other, field by field, with the words marked in which they differ. For showing only."""

from dataclasses import dataclass
from typing import Any

from .differences import Piece, marked
from .models import Record

SHOWN = {
    "title": "Title",
    "authors": "Authors",
    "year": "Year",
    "journal": "Journal",
    "volume": "Volume",
    "issue": "Issue",
    "pages": "Pages",
    "doi": "DOI",
    "pmid": "PMID",
    "registry_ids": "Register",
    "publication_types": "Type",
    "language": "Language",
    "abstract": "Abstract",
}


@dataclass(frozen=True)
class Row:
    """One field of both records. `equal`: both have it, and no word differs."""

    name: str
    label: str
    left: list[Piece]
    right: list[Piece]

    @property
    def equal(self) -> bool:
        """Whether both say the same."""
        return bool(self.left and self.right) and not any(
            piece.differs for piece in (*self.left, *self.right)
        )


def side_by_side(a: Record, b: Record) -> list[Row]:
    """The fields that at least one of them has."""
    rows = []
    for name, label in SHOWN.items():
        left, right = marked(_as_text(getattr(a, name)), _as_text(getattr(b, name)))
        if left or right:
            rows.append(Row(name, label, left, right))
    return rows


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
