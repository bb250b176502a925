"""One record as a person reads it: its text cut for marking, where it leads. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from reviews.best_fields import Best
from reviews.merged import Merged, merged
from reviews.models import Record, Report

from .highlighting import Piece, Span, pieces
from .models import Proposal, Stage
from .passages import Page, Passage, abstract_passages, pages

REGISTRIES = {  # the beginning of a number -> the page of that trial
    "NCT": "https://clinicaltrials.gov/study/{}",
    "ISRCTN": "https://www.isrctn.com/{}",
    "ACTRN": "https://www.anzctr.org.au/{}.aspx",
    "DRKS": "https://drks.de/search/en/trial/{}",
}


@dataclass(frozen=True)
class Paragraph:
    """Pieces to print one after the other; `label` pieces name the section of a structured abstract."""

    label: list[Piece]
    pieces: list[Piece]
    lines: bool


@dataclass(frozen=True)
class Sheet:
    """One page of a report (`number` None where there are no pages) or the whole abstract."""

    number: int | None
    paragraphs: list[Paragraph]


@dataclass(frozen=True)
class Reading:
    """A record's text at a stage, ready to print; `sha256` says which version of the text it is."""

    title: list[Piece]
    sheets: list[Sheet]
    sha256: str


def reading(
    record: Record, stage: str, proposal: Proposal | None = None, *, whole: Merged | None = None
) -> Reading:
    """The text of `record` at `stage`: title and abstract, or its report page by page.

    `whole` is the record with its duplicates, where the caller has it already.

    The quotes of `proposal` are marked where it was made on this very text; on another version of it nothing
    is marked, because the offsets would point at other words.
    """
    whole = whole or merged(record)
    text, sha256 = judged_text(record, stage, whole=whole)
    spans = quote_spans(proposal) if proposal is not None and proposal.text_sha256 == sha256 else []
    if stage == Stage.FULL_TEXT:
        report = report_of(record)
        laid_out = pages(text, report.page_map if report else [])
        return Reading([Piece(whole.heading)], _sheets(text, laid_out, spans, None)[1], sha256)
    title_length = len(whole.best.title)
    offset = title_length + 2 if title_length else 0
    body = Page(None, tuple(abstract_passages(text, offset, len(text))))
    title, sheets = _sheets(text, [body], spans, (0, title_length))
    return Reading(title or [Piece(whole.heading)], sheets, sha256)


def judged_text(record: Record, stage: str, *, whole: Merged | None = None) -> tuple[str, str]:
    """(the text read at this stage, its sha256): what people see, models are sent and quotes point into.

    At title and abstract that of the record and its duplicates (reviews/merged.py); later its report's, empty
    where that has none or there is no report.
    """
    if stage == Stage.TITLE_ABSTRACT:
        whole = whole or merged(record)
        return whole.text, whole.text_sha256
    report = report_of(record)
    return (report.text, report.text_sha256) if report else ("", "")


def report_of(record: Record) -> Report | None:
    """The record's report, if one was opened."""
    return getattr(record, "report", None)


def prefix(proposal: Proposal) -> str:
    """What the names of this proposal's quotes begin with on a page."""
    return f"p{proposal.pk}-"


def quote_spans(proposal: Proposal) -> list[Span]:
    """The verified quotes of a proposal, named by their place in its list of judgements, from 1."""
    return [
        Span(f"{prefix(proposal)}{n}", judgement["start"], judgement["end"])
        for n, judgement in enumerate(proposal.judgements, 1)
        if judgement.get("start") is not None and judgement.get("end") is not None
    ]


def _sheets(
    text: str, laid_out: Sequence[Page], spans: Sequence[Span], title: tuple[int, int] | None
) -> tuple[list[Piece], list[Sheet]]:
    """The pieces of the title and of every paragraph, cut in one go so that each quote begins once."""
    ranges = [title or (0, 0)]
    for page in laid_out:
        for passage in page.passages:
            ranges += [(passage.start, passage.start + passage.label), _body(passage)]
    cut = iter(pieces(text, spans, ranges))
    return next(cut), [
        Sheet(page.number, [Paragraph(next(cut), next(cut), passage.lines) for passage in page.passages])
        for page in laid_out
    ]


def _body(passage: Passage) -> tuple[int, int]:
    return passage.start + passage.label, passage.end


# ---------------------------------------------------------------- where it leads, who wrote it


@dataclass(frozen=True)
class Link:
    """An identifier of a record; `href` is empty where no page is known for it."""

    text: str
    href: str = ""


def links(record: Best) -> list[Link]:
    """DOI, PubMed, trial registers and the address the source gave, as far as they are known."""
    made = []
    if record.doi:
        made.append(Link(f"DOI {record.doi}", f"https://doi.org/{quote(record.doi, safe='/:;()._-')}"))
    if record.pmid:
        made.append(Link(f"PMID {record.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{quote(record.pmid)}/"))
    made += [Link(str(number), _register_page(str(number))) for number in record.registry_ids]
    if record.url.lower().startswith(("https://", "http://")):
        made.append(Link("Source page", record.url))
    return made


def _register_page(number: str) -> str:
    for beginning, page in REGISTRIES.items():
        if number.upper().startswith(beginning):
            return page.format(quote(number.strip(), safe=""))
    return ""


def authors_line(record: Best, most: int = 6) -> str:
    """The authors' names in a line, the rest counted."""
    names = [str(author) for author in record.authors if author]
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
