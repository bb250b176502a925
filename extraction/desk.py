"""The desk: a report's text cut for marking, beside one person's sheet. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from reviews.models import Report, Study, User
from screening.highlighting import Piece, Span, pieces
from screening.passages import pages

from .models import Form, Item, ProposedValue, Sheet, Value
from .shown import Line, lines, own_sheet, reports_of


@dataclass(frozen=True)
class Paragraph:
    """Pieces to print one after the other; `lines`: the line breaks mean something."""

    pieces: list[Piece]
    lines: bool


@dataclass(frozen=True)
class PageOfText:
    """One page of a report (`number` None where its text has no pages), and what marks stand on it."""

    number: int | None
    start: int
    end: int
    paragraphs: list[Paragraph]
    has_value: bool
    has_model: bool

    @property
    def anchor(self) -> str:
        """The page's id."""
        return f"page-{self.number or 'text'}"


@dataclass(frozen=True)
class Desk:
    """One person's sheet for a study, and the report they are reading (None: none is at hand)."""

    study: Study
    form: Form
    sheet: Sheet | None
    reports: list[Report]
    report: Report | None
    lines: list[Line]

    @property
    def several(self) -> bool:
        """Whether the study has more than one report to read."""
        return len(self.reports) > 1

    @property
    def submitted(self) -> bool:
        """Whether the sheet was handed in."""
        return self.sheet is not None and self.sheet.submitted_at is not None

    @property
    def done(self) -> int:
        """Items taken down."""
        return sum(line.value is not None for line in self.lines)

    @property
    def open_required(self) -> list[Item]:
        """Required items without a value."""
        return [line.item for line in self.lines if line.item.required and line.value is None]


def desk(user: User, study: Study, form: Form, *, number: int | None = None) -> Desk:
    """The sheet of `user`, with the report of that record number (else the first that has a text) to read."""
    reports = reports_of(study)
    chosen = next((report for report in reports if report.record.number == number), None)
    chosen = chosen or next((report for report in reports if report.text), None) or next(iter(reports), None)
    return Desk(
        study=study,
        form=form,
        sheet=own_sheet(user, study, form),
        reports=reports,
        report=chosen,
        lines=lines(user, study, form, reports),
    )


def pages_of(report: Report, shown: Sequence[Line] = ()) -> list[PageOfText]:
    """A report's text page by page, the quotes of the values and proposals of `shown` marked in it."""
    spans = _spans(report, shown)
    laid_out = pages(report.text, report.page_map)
    ranges = [(passage.start, passage.end) for page in laid_out for passage in page.passages]
    cut = iter(pieces(report.text, spans, ranges))
    made = []
    for page in laid_out:
        paragraphs = [Paragraph(next(cut), passage.lines) for passage in page.passages]
        start = page.passages[0].start if page.passages else 0
        end = page.passages[-1].end if page.passages else 0
        names = {name for paragraph in paragraphs for piece in paragraph.pieces for name in piece.names}
        made.append(
            PageOfText(
                number=page.number,
                start=start,
                end=end,
                paragraphs=paragraphs,
                has_value=any(name.startswith("v") for name in names),
                has_model=any(name.startswith("p") for name in names),
            )
        )
    return made


def _spans(report: Report, shown: Sequence[Line]) -> list[Span]:
    """Own quotes are named v<id>, the model's p<id>; those of another report or an older text have no place."""
    spans = []
    for line in shown:
        if line.value is not None and line.value.report_id == report.pk and not line.stale:
            spans += _span(line.name, line.value)
        for said in line.proposals:
            if said.proposal.report_id == report.pk and said.found:
                spans += _span(said.name, said.proposal)
    return spans


def _span(name: str, place: Value | ProposedValue) -> list[Span]:
    if place.start is None or place.end is None:
        return []
    return [Span(name, place.start, place.end)]
