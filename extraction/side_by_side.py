"""What the extractors took down, item by item, beside the model and what is agreed. Reads only.

Asks `visibility` first: `board` gives None to whoever may not see the sheets yet.
"""

from dataclasses import dataclass, field

from reviews.models import Study, User

from . import visibility
from .consensus import live, same_value, values_of
from .models import ConsensusValue, Form, Item, Sheet, Value
from .shown import Said, in_words, proposals_seen, reports_of
from .standing import all_in, standing_sheets, wanted_in


@dataclass(frozen=True)
class Cell:
    """What one extractor took down for an item; `value` None: nothing."""

    sheet: Sheet
    value: Value | None
    words: str


@dataclass(frozen=True)
class Row:
    """One item: what each took down, what the model proposed, what is agreed."""

    item: Item
    cells: list[Cell]
    proposals: list[Said] = field(default_factory=list)
    agreed: ConsensusValue | None = None
    agreed_words: str = ""

    @property
    def taken(self) -> list[Value]:
        """The values that were taken down."""
        return [cell.value for cell in self.cells if cell.value is not None]

    @property
    def differs(self) -> bool:
        """Whether not everybody took down the same."""
        values = self.taken
        gaps = bool(values) and len(values) < len(self.cells)
        return gaps or any(not same_value(values[0], other) for other in values[1:])

    @property
    def open(self) -> bool:
        """Whether a person must settle it: somebody took it down, and nothing is agreed."""
        return self.agreed is None and bool(self.taken)


@dataclass(frozen=True)
class Board:
    """A study's sheets side by side. `complete`: every sheet wanted is in, so that differences may be settled."""

    sheets: list[Sheet]
    complete: bool
    rows: list[Row]

    @property
    def to_settle(self) -> list[Row]:
        """Rows a person must settle."""
        return [row for row in self.rows if row.open]

    @property
    def settled(self) -> list[Row]:
        """Rows that differed, or were reopened, and were settled by a person."""
        return [row for row in self.rows if row.agreed is not None and row.agreed.reason]

    @property
    def equal(self) -> list[Row]:
        """Rows that were agreed by themselves."""
        return [row for row in self.rows if row.agreed is not None and not row.agreed.reason]

    @property
    def empty(self) -> list[Row]:
        """Rows nobody took down."""
        return [row for row in self.rows if row.agreed is None and not row.taken]


def board(user: User, study: Study, form: Form) -> Board | None:
    """The sheets of a study side by side, or None where this user may not see them yet."""
    if not visibility.sees_sheets(user, study, form):
        return None
    sheets = standing_sheets(form, [study.pk])[study.pk]
    taken = values_of(sheets)
    agreed = {c.item_id: c for c in live(study, form).select_related("by")}
    said = proposals_seen(user, study, form, reports_of(study))
    rows = []
    for item in form.items.all():
        cells = [_cell(sheet, item, taken.get((sheet.pk, item.pk))) for sheet in sheets]
        settled = agreed.get(item.pk)
        rows.append(
            Row(
                item=item,
                cells=cells,
                proposals=said.get(item.pk, []),
                agreed=settled,
                agreed_words=in_words(item, settled.state, settled.value) if settled else "",
            )
        )
    return Board(sheets, all_in(sheets, wanted_in(study.review)), rows)


def _cell(sheet: Sheet, item: Item, value: Value | None) -> Cell:
    return Cell(sheet, value, in_words(item, value.state, value.value) if value else "")
