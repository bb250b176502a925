"""Bringing a search in, undoing that, and taking it back again.

One search is one transaction: all of its records are stored, or none, and no file is left behind. Everything
that was found is kept as found (`Record.raw`, and the file itself); what does not fit a column is cut there and
said as a problem. Undoing an import withdraws the search: its records stay in the table, with every vote on
them, and count nowhere until the search is restored. Parsing is in parsers/, finding duplicates in dedup.py.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import BinaryIO

from django.core.files import File
from django.db import connection, transaction
from django.db.models import Max

from . import audit
from .duplicate_groups import reelect
from .models import ImportProblem, Record, Review, Search, User, Verb
from .models.corpus import SearchKind, sha256_of
from .parsers import ParsedRecord, Problem, Source, UnreadableFile, open_source
from .refusals import BadInput, Refused

BATCH = 500  # records held in memory at once
MANY = 500  # records from which on PostgreSQL's idea of the table's size matters
YEARS = range(1400, 2101)
REASONS_SHOWN = 5
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_COLUMNS = ("journal", "volume", "issue", "pages", "doi", "pmid", "language")
_LISTS = ("authors", "registry_ids", "keywords", "mesh", "publication_types")
_LENGTHS = {name: getattr(Record._meta.get_field(name), "max_length") for name in _COLUMNS}  # noqa: B009


@dataclass(frozen=True)
class Imported:
    """What an import brought: entries found in the file, records stored, problems noted (see search.problems)."""

    search: Search
    found: int
    stored: int
    problems: int


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
) -> Imported:
    """Store a file or a pasted text (`data`, the bytes as they came) as a Search with its Records.

    A stream must be seekable. `file_name` is "" for a pasted text. `declared_count` is how many records the
    source said it had.

    Raises:
        BadInput: a field of the search is missing or impossible, or the bytes are no format that is read here.
        Refused: this very file is in the review already, or nothing in it is a record.
    """
    about = _checked_search(
        kind=kind, source=source, platform=platform, searched_on=searched_on, declared_count=declared_count
    )
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    sha256 = _sha256(stream)
    opened = _opened(stream)
    search = Search(
        review=review,
        **about,
        strategy=storable(strategy).strip(),
        limits=storable(limits).strip(),
        filters=storable(filters).strip(),
        file_name=storable(file_name)[:255],
        sha256=sha256,
        format=opened.format,
        encoding=opened.encoding[:20],
        imported_by=by,
    )
    try:
        with transaction.atomic():
            return _store(search, opened, stream, by)
    except BaseException as gone_wrong:
        if search.file.name:
            search.file.storage.delete(search.file.name)
        if isinstance(gone_wrong, UnreadableFile):
            raise BadInput(str(gone_wrong), kept="") from gone_wrong
        raise


def _store(search: Search, opened: Source, stream: BinaryIO, by: User) -> Imported:
    """Write the search, its file, its records and its problems; called inside the transaction."""
    review = Review.objects.select_for_update(no_key=True).get(pk=search.review_id)
    _refuse_second_time(search)
    search.imported_at = audit.now()
    stream.seek(0)
    ending = {"ris": "ris", "medline": "nbib"}.get(search.format, "txt")
    search.file.save(f"{search.sha256[:32]}.{ending}", File(stream), save=False)
    search.save(force_insert=True)
    last = review.records.aggregate(last=Max("number"))["last"] or 0
    found = problems = 0
    reasons: list[str] = []
    while batch := list(islice(opened.records, BATCH)):
        records = [row for row in batch if isinstance(row, ParsedRecord)]
        noted = [_problem(search, row) for row in batch if isinstance(row, Problem)]
        rows = []
        for number, parsed in enumerate(records, start=last + found + 1):
            record, notes = record_from(parsed, search, number)
            rows.append(record)
            noted += notes
        Record.objects.bulk_create(rows, batch_size=BATCH)
        ImportProblem.objects.bulk_create(noted, batch_size=BATCH)
        found += len(rows)
        problems += len(noted)
        reasons += [str(problem) for problem in noted[: REASONS_SHOWN - len(reasons)]]
    if not found:
        raise Refused(
            "Nothing in this file is a record. " + " ".join(reasons),
            kept="Nothing was imported.",
            mend="Export it again as RIS, or paste the text of one page.",
        )
    if found >= MANY:
        _tell_the_planner()
    audit.log(
        review=review,
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
            "found": found,
            "problems": problems,
            "numbers": [last + 1, last + found],
        },
    )
    return Imported(search=search, found=found, stored=found, problems=problems)


def _tell_the_planner() -> None:
    """Let PostgreSQL count the rows now.

    Until autovacuum comes by (a minute or more) it believes the tables to be nearly empty, and then the queue's
    first question takes ten seconds at 6,000 records and minutes at 50,000, against 30 ms.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE reviews_record, reviews_search")


def _refuse_second_time(search: Search) -> None:
    earlier = Search.objects.filter(
        review_id=search.review_id, sha256=search.sha256, withdrawn_at__isnull=True
    ).first()
    if earlier:
        raise Refused(
            f"This {'file' if search.file_name else 'text'} is already in the review: it was imported as "
            f"“{earlier}” on {earlier.imported_at:%d %B %Y}.",
            kept="Nothing was imported.",
            mend="If it should be imported anew, undo that import first.",
        )


def _checked_search(
    *, kind: str, source: str, platform: str, searched_on: date, declared_count: int | None
) -> dict[str, object]:
    source, platform = storable(source).strip(), storable(platform).strip()
    if kind not in SearchKind.values:
        raise BadInput(f"“{kind}” is no kind of search.", mend=f"Use one of: {', '.join(SearchKind.values)}.")
    if not source:
        raise BadInput("The search has no source.", mend="Name the database, register or website.")
    if len(source) > 120 or len(platform) > 120:
        raise BadInput(
            "The name of the source or platform is too long.", mend="Use at most 120 characters each."
        )
    if searched_on > (audit.now() + timedelta(days=1)).date():  # a day's grace for time zones
        raise BadInput("The date of the search lies in the future.", mend="Give the day it was run.")
    if declared_count is not None and not 0 <= declared_count < 2**31:
        raise BadInput("The number of records the source named is impossible.", mend="Give a whole number.")
    return {
        "kind": kind,
        "source": source,
        "platform": platform,
        "searched_on": searched_on,
        "declared_count": declared_count,
    }


def _opened(stream: BinaryIO) -> Source:
    try:
        return open_source(stream)
    except UnreadableFile as no:
        raise BadInput(str(no), kept="") from no  # its words say that nothing was imported


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


# ---------------------------------------------------------------- a parsed entry to a row


def record_from(parsed: ParsedRecord, search: Search, number: int) -> tuple[Record, list[ImportProblem]]:
    """The unsaved row of one entry, and what had to be said about it. Never an error: what does not fit is cut."""
    said: list[str] = []
    raw = storable(parsed.raw)
    if raw != parsed.raw:
        said.append("Characters that no database can store were left out.")
    if "\ufffd" in raw:
        said.append("Some letters could not be read; � stands in their place.")
    columns = {name: _cut(getattr(parsed, name), name, said) for name in _COLUMNS}
    year = parsed.year
    if year is not None and year not in YEARS:
        said.append(f"{year} is no year of publication; the year was left empty.")
        year = None
    title = storable(parsed.title).strip()
    if not title:
        said.append("No title was found; the record is kept without one.")
    record = Record(
        review_id=search.review_id,
        search=search,
        position=parsed.position,
        line=parsed.line,
        number=number,
        raw=raw,
        raw_sha256=sha256_of(raw),
        title=title,
        abstract=storable(parsed.abstract).strip(),
        year=year,
        url=storable(parsed.url),
        **columns,
        **{name: [storable(each) for each in getattr(parsed, name)] for name in _LISTS},
    )
    excerpt = title[:200] or raw[:200]
    return record, [
        ImportProblem(search=search, line=parsed.line, reason=reason[:300], excerpt=excerpt)
        for reason in said
    ]


def _cut(value: str, name: str, said: list[str]) -> str:
    """The value, at most as long as its column; identifiers are left out rather than cut into others."""
    value = storable(value).strip()
    longest = _LENGTHS[name]
    if len(value) <= longest:
        return value
    if name in ("doi", "pmid"):
        said.append(
            f"The {name.upper()} is longer than {longest} characters and was left out; the raw entry has it."
        )
        return ""
    said.append(f"The {name} is longer than {longest} characters and was cut; the raw entry has all of it.")
    return value[:longest]


def _problem(search: Search, problem: Problem) -> ImportProblem:
    return ImportProblem(
        search=search,
        line=problem.line,
        reason=storable(problem.reason)[:300],
        excerpt=storable(problem.excerpt),
    )


def storable(text: str) -> str:
    """Without zero characters and lone surrogates, which PostgreSQL refuses."""
    return _UNSTORABLE.sub("", text)


# ---------------------------------------------------------------- undo, and undo of the undo


def withdraw_search(*, search: Search, by: User, reason: str) -> Search:
    """Undo an import: its records stay, with every vote and link, and count nowhere.

    What of duplicates whose original was in this search: the group stays a group, and another member that
    still counts becomes the one that stays (see duplicate_groups.reelect). So the paper remains in the
    review as long as any search that found it does. The event names each change.

    Raises:
        BadInput: no reason.
        Refused: the import was undone already.
    """
    reason = _required(reason, "undoing an import")
    with transaction.atomic():
        search = _locked(search)
        if search.withdrawn_at:
            raise Refused("This import was undone already.")
        search.withdrawn_at = audit.now()
        search.save(update_fields=["withdrawn_at"])
        _log(Verb.SEARCH_WITHDRAWN, search, by, reason)
    return search


def restore_search(*, search: Search, by: User, reason: str = "") -> Search:
    """Take an undone import back: its records count again, with the votes they had.

    Groups that got another original meanwhile choose again: the member with more votes stays, so those of
    the original come back.

    Raises:
        Refused: it was not undone, or the same file was imported again since.
    """
    with transaction.atomic():
        search = _locked(search)
        if not search.withdrawn_at:
            raise Refused("This import was not undone.")
        _refuse_second_time(search)
        search.withdrawn_at = None
        search.save(update_fields=["withdrawn_at"])
        _log(Verb.SEARCH_RESTORED, search, by, reason.strip())
    return search


def _log(verb: Verb, search: Search, by: User, reason: str) -> None:
    """Choose the originals of the groups this search has a part in anew, and write the event."""
    moved = reelect(records=search.records.all())
    audit.log(
        review=search.review,
        verb=verb,
        actor=by,
        subject={"search": search.pk},
        after={
            "source": search.source,
            "records": search.records.count(),
            "originals": [{"was": was, "now": now} for was, now in moved],
        },
        reason=reason,
    )


def _locked(search: Search) -> Search:
    return (
        Search.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=search.pk)
    )


def _required(reason: str, what: str) -> str:
    if not reason.strip():
        raise BadInput(
            f"No reason was given for {what}.", mend="Say in a few words why; it stands in the trail."
        )
    return storable(reason).strip()


def numbers_of(search: Search) -> Iterator[int]:
    """The numbers of a search's records in the review, in order."""
    return search.records.order_by("number").values_list("number", flat=True).iterator()
