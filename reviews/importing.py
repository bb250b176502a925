"""Bringing a search in. (Undoing that, and taking it back again, are in undoing.py; its verbs are also found here.)

A search comes in whole or not at all: its records in many short transactions that nobody sees, then one that
makes all of them count (arriving.py). Everything that was found is kept as found (`Record.raw`, and the file
itself); what does not fit a column is cut there and said as a problem (record_rows.py). Parsing is in parsers/,
finding duplicates in dedup.py.
"""

import hashlib
import io
import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, BinaryIO

from django.core.files import File
from django.db import DatabaseError, transaction

from . import arriving, audit, carrying, jobs
from .describing import described
from .jobs import Report, quietly
from .models import Job, Record, Review, Search, User, Verb
from .parsers import ParsedRecord, Problem, ReadAs, Source, UnreadableFile, open_source
from .planner import tell_the_planner
from .record_rows import YEARS, problem_row, problems_of, record_from, row_from, storable
from .refusals import BadInput, Refused
from .undoing import restore_search, withdraw_search

__all__ = ["YEARS", "Imported", "import_search", "numbers_of", "record_from", "restore_search",
           "start_import", "storable", "withdraw_search"]  # fmt: skip

logger = logging.getLogger(__name__)

BATCH = 500  # records held in memory, and stored in one transaction
READING = "Reading and storing records"
REASONS_SHOWN = 5
ENDINGS = {"ris": "ris", "medline": "nbib", "csv": "csv", "tsv": "tsv", "xlsx": "xlsx", "json": "json",
           "endnote_library": "enl", "endnote_xml": "xml", "pubmed_xml": "xml", "bibtex": "bib",
           "endnote": "enw"}  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What an import brought: entries found in the file, records stored, problems noted (see search.problems)."""

    search: Search
    found: int
    stored: int
    problems: int


def start_import(
    *,
    review: Review,
    by: User,
    file: File,
    source: str,
    kind: str,
    searched_on: date,
    file_name: str = "",
    read_as: ReadAs | None = None,
    hold: bool = False,
    hold_if_guessed: bool = False,
    anew: bool = False,
    **about: Any,
) -> Job:
    """Look at a file and, if it can be imported, start the job that does (`import_search` with these arguments).

    `about` is the rest of what `import_search` takes. The file is moved to the uploads. With `hold` the job
    waits until somebody has looked at how the file is read (checking.py); with `hold_if_guessed` only where
    that had to be guessed. Queueing the job is the door's, unless it is held.

    Raises:
        BadInput: as `import_search`, as far as that can be told without reading it all.
        UndoneBefore: this very file was imported before and that was undone, unless it is to be imported `anew`.
        Refused: this very file is in the review already, or on its way into it.
    """
    stream: BinaryIO = file.file  # type: ignore[assignment]
    search = _search(
        review, by, kind=kind, source=source, searched_on=searched_on, file_name=file_name, **about
    )
    opened = _describe(search, stream, read_as)
    hold = hold or (hold_if_guessed and opened.guessed)
    if opened.table and opened.table.trouble and not hold:
        raise BadInput(opened.table.trouble, kept="Nothing was imported.")
    refuse_second_time(search)
    if not anew:
        arriving.refuse_undone(search)
    arguments = {
        "source": source,
        "kind": kind,
        "searched_on": searched_on.isoformat(),
        **about,
        "sha256": search.sha256,
        "format": opened.format,
        "read_as": read_as.as_json() if read_as else None,
    }
    stream.seek(0)
    return jobs.start(
        review=review,
        kind=Job.Kind.IMPORT,
        by=by,
        arguments=arguments,
        file=file,
        stored_as=_stored_as(search),
        file_name=search.file_name,
        hold=hold,
    )


def refuse_second_time(search: Search) -> None:
    """Raise Refused if the review has this very file already, or it is on its way into it."""
    arriving.refuse_second_time(search)
    waiting = Job.objects.filter(review=search.review_id).under_way()
    if waiting.filter(kind=Job.Kind.IMPORT, arguments__sha256=search.sha256, search__isnull=True).exists():
        raise Refused(
            f"This {'file' if search.file_name else 'text'} is waiting to be imported already.",
            kept="Nothing was imported.",
            mend="See the imports under way on the page of the searches.",
        )


def import_search(
    *,
    review: Review,
    by: User,
    data: bytes | BinaryIO,
    source: str,
    kind: str,
    searched_on: date,
    file_name: str = "",
    platform: str = "",
    strategy: str = "",
    declared_count: int | None = None,
    limits: str = "",
    filters: str = "",
    read_as: ReadAs | None = None,
    anew: bool = True,
    report: Report = quietly,
    job: Job | None = None,
) -> Imported:
    """Store a file or a pasted text (`data`, the bytes as they came) as a Search with its Records.

    A stream must be seekable. `file_name` is "" for a pasted text. `declared_count` is how many records the
    source said it had. `read_as` is what a person decided about how to read it. Not `anew`: the file of an import
    that was undone is refused, since restoring it is the better way.
    `job`: the job this is done for; its file, which `data` then is, becomes the search's.

    Raises:
        BadInput: a field of the search is missing or impossible, or the bytes are no format that is read here.
        UndoneBefore: see `anew`.
        Refused: this very file is in the review already, or nothing in it is a record.
        Cancelled: by `report`. As after every other error, nothing is left of the import.
    """
    search = _search(
        review, by, kind=kind, source=source, searched_on=searched_on, file_name=file_name, platform=platform,
        strategy=strategy, declared_count=declared_count, limits=limits, filters=filters,
    )  # fmt: skip
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    report("Looking at the file", 0)
    opened = _describe(search, stream, read_as)
    if not anew:
        arriving.refuse_undone(search)
    if job:
        search.file.name = job.file.name
    try:
        first = arriving.begin(search, job=job, report=report)
        if not job:
            _keep_file(search, stream)
        came = _bring_in(search, opened, stream, first, report)
        tell_the_planner(came.found, Record, Search)
        return _let_in(search, came, by)
    except BaseException as gone_wrong:
        if isinstance(opened.records, Generator):
            opened.records.close()  # a parser stopped half way ends before its stream is closed
        _leave_nothing(search)
        if isinstance(gone_wrong, UnreadableFile):
            raise BadInput(str(gone_wrong), kept="") from gone_wrong
        raise


@dataclass
class _Came:
    """What has come in so far."""

    first: int
    read: int = 0
    found: int = 0
    problems: int = 0
    reasons: list[str] = field(default_factory=list)


def _bring_in(search: Search, opened: Source, stream: BinaryIO, first: int, report: Report) -> _Came:
    """Store all records, batch by batch."""
    came = _Came(first)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    while came.read % BATCH == 0:
        before, noted, carried = came.read, list[dict[str, Any]](), list[dict[str, Any]]()
        batch = _rows(search, islice(opened.records, BATCH), came, noted, carried)
        arriving.keep(search, batch, noted, carried)
        if came.read == before:
            break
        came.problems += len(noted)
        room = REASONS_SHOWN - len(came.reasons)
        came.reasons += [f"line {each['line']}: {each['reason']}" for each in noted[:room]]
        streams = search.format != "xlsx"  # a workbook's bytes are not read from the first to the last
        report(READING, came.found, _estimate(came.found, stream, size) if streams else None)
    if not came.found:
        raise Refused(
            "Nothing in this file is a record. " + " ".join(came.reasons),
            kept="Nothing was imported.",
            mend="Export it again as RIS, or paste the text of one page.",
        )
    return came


def _rows(
    search: Search,
    entries: Iterable[ParsedRecord | Problem],
    came: _Came,
    noted: list[dict[str, Any]],
    carried: list[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """The rows of a batch, read as they are asked for; meanwhile problems, and what entries carry, fill the lists."""
    for entry in entries:
        came.read += 1
        if isinstance(entry, Problem):
            noted.append(problem_row(entry, search))
            continue
        number = came.first + came.found
        row, said = row_from(entry, review_id=search.review_id, search_id=search.pk, number=number)
        came.found += 1
        if said:
            noted += problems_of(row, said)
        if entry.extra:
            carried += carrying.rows_of(entry, search_id=search.pk)
        yield row


def _estimate(found: int, stream: BinaryIO, size: int) -> int | None:
    """About how many records the file has, from how far it is read; None where that cannot be told."""
    read = 0 if stream.closed else stream.tell()
    return max(found, round(found * size / read)) if 0 < read <= size else None


def _let_in(search: Search, came: _Came, by: User) -> Imported:
    with transaction.atomic():
        arriving.let_in(search)
        audit.log(
            review=search.review,
            verb=Verb.SEARCH_IMPORTED,
            actor=by,
            subject={"search": search.pk},
            after={
                "source": search.source,
                "kind": search.kind,
                "searched_on": search.searched_on,
                "file_name": search.file_name,
                "sha256": search.sha256,
                "declared": search.declared_count,
                "found": came.found,
                "problems": came.problems,
                "read_as": search.read_as.get("decided"),
                "numbers": [came.first, came.first + came.found - 1],
            },
        )
    return Imported(search=search, found=came.found, stored=came.found, problems=came.problems)


def _leave_nothing(search: Search) -> None:
    """Clear away what came in; where even that fails, the sweeper will, once the search is stale."""
    if search.pk is None:
        return
    try:
        arriving.clear_away(search)
    except DatabaseError:
        logger.exception("search %s could not be cleared away; the sweeper will", search.pk)


def _keep_file(search: Search, stream: BinaryIO) -> None:
    stream.seek(0)
    search.file.save(_stored_as(search), File(stream), save=False)
    Search.with_arriving.filter(pk=search.pk).update(file=search.file.name)


def _stored_as(search: Search) -> str:
    return f"{search.sha256[:32]}.{ENDINGS.get(search.format, 'txt')}"


def _search(review: Review, by: User, *, file_name: str = "", **about: Any) -> Search:
    """The unsaved Search, what is said of it checked."""
    return Search(review=review, **described(**about), file_name=storable(file_name)[:255], imported_by=by)


def _describe(search: Search, stream: BinaryIO, read_as: ReadAs | None) -> Source:
    """Note in the Search what its file is; the opened file."""
    search.sha256 = _sha256(stream)
    opened = _opened(stream, read_as)
    search.format, search.encoding = opened.format, opened.encoding[:20]
    search.read_as = opened.table.as_kept() if opened.table else {}
    if read_as and (decided := read_as.as_json()):
        search.read_as["decided"] = decided
    return opened


def _opened(stream: BinaryIO, read_as: ReadAs | None) -> Source:
    try:
        return open_source(stream, read_as=read_as)
    except UnreadableFile as no:
        raise BadInput(str(no), kept="") from no  # its words say that nothing was imported


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def numbers_of(search: Search) -> Iterator[int]:
    """The numbers of a search's records in the review, in order."""
    return search.records.order_by("number").values_list("number", flat=True).iterator()
