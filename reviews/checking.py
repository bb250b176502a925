"""Looking at how a file is read before anything of it is imported, and deciding otherwise.

What the columns of a table mean, and the encoding of a text that is not Unicode, are guesses. An import that rests
on one waits, held, with its file (jobs.py); `look` reads the beginning of the file as it stands, `decide` keeps what
a person decided about it, `let_it_in` hands the import to the workers. Only who sent the file may look: tables of
other tools hold what people there decided.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.db import transaction

from . import jobs
from .importing import refuse_second_time
from .models import ImportProblem, Job, Record, Search, User
from .models.corpus import SearchKind
from .parsers import ParsedRecord, Problem, ReadAs, Source, Table, UnreadableFile, open_source
from .parsers.columns import REGISTERS
from .parsers.parsed import FORMAT_NAMES
from .record_rows import problem_row, record_from
from .refusals import BadInput, Refused

SHOWN = 5  # records and problems
COUNTED_UP_TO = 4 << 20  # bytes; a larger file is counted only when it is imported
COUNTED_UP_TO_IN_WORKBOOKS = 1 << 20  # they are packed, and slower


@dataclass(frozen=True)
class Looked:
    """A file as it would be read: what it was taken for, and its first records as they would be stored."""

    format: str = ""
    encoding: str = ""
    table: Table | None = None
    records: tuple[Record, ...] = ()  # unsaved
    problems: tuple[ImportProblem, ...] = ()  # unsaved
    found: int | None = None  # records in the whole file; None where that would take long to count
    noted: int | None = None
    trouble: str = ""  # why nothing can be imported like this, in words

    @property
    def format_name(self) -> str:
        """What it was taken for, in words."""
        return FORMAT_NAMES.get(self.format, self.format)

    @property
    def is_register(self) -> bool:
        """Whether it is plainly the export of a trial register."""
        return bool(self.table and self.table.profile in REGISTERS)


def look(job: Job) -> Looked:
    """Read the beginning of a held import's file. Never fails for what is in the file: `trouble` says it."""
    with job.file.open("rb") as kept:
        stream = kept.file
        try:
            source = open_source(stream, read_as=ReadAs.from_json(job.argument("read_as")))
        except UnreadableFile as no:
            return Looked(trouble=str(no), format=job.argument("format", ""))
        if source.table and source.table.trouble:
            return Looked(source.format, source.encoding, source.table, trouble=source.table.trouble)
        most = COUNTED_UP_TO_IN_WORKBOOKS if source.format == "xlsx" else COUNTED_UP_TO
        try:
            return _first_of(source, job, whole=job.file.size <= most)
        except UnreadableFile as no:
            return Looked(source.format, source.encoding, source.table, trouble=str(no))
        finally:
            if isinstance(source.records, Generator):
                source.records.close()


def _first_of(source: Source, job: Job, *, whole: bool) -> Looked:
    """The first records; with `whole` all of them are counted."""
    search = Search(review=job.review)
    records: list[Record] = []
    problems: list[ImportProblem] = []
    found = noted = 0
    for row in source.records if whole else islice(source.records, SHOWN):
        said: list[ImportProblem] = []
        if isinstance(row, Problem):
            said = [ImportProblem(**problem_row(row, search))]
        elif isinstance(row, ParsedRecord):
            found += 1
            record, said = record_from(row, search, found)
            records += [record] if found <= SHOWN else []
        noted += len(said)
        problems += said[: SHOWN - len(problems)]
    return Looked(
        source.format,
        source.encoding,
        source.table,
        tuple(records),
        tuple(problems),
        found if whole else None,
        noted if whole else None,
        "Nothing in this file is a record." if whole and not found else "",
    )


def refuse_others(job: Job, by: User) -> None:
    """Raise Refused unless it is this person's to look at: a held import that they sent."""
    if job.kind != Job.Kind.IMPORT or job.state != "held":
        raise Refused("There is nothing to look at: this is not waiting for anybody.")
    if job.started_by_id != by.pk:
        raise Refused(
            f"Only {job.started_by.name}, who sent this file, looks at how it is read.",
            mend="A table may hold what people decided elsewhere.",
        )


def decide(*, job: Job, by: User, read_as: ReadAs, kind: str = "") -> Job:
    """Keep what a person decided about how the file is read, and the kind of source it is (if given).

    Raises:
        BadInput: no such kind.
        Refused: it is not theirs to look at, or not waiting any more.
    """
    refuse_others(job, by)
    if kind and kind not in SearchKind.values:
        raise BadInput(f"“{kind}” is no kind of search.", mend=f"Use one of: {', '.join(SearchKind.values)}.")
    arguments = job.arguments | {"read_as": read_as.as_json()} | ({"kind": kind} if kind else {})
    return jobs.change(job=job, arguments=arguments)


def let_it_in(*, job: Job, by: User) -> Job:
    """Hand the import to the workers as it was decided; queueing is the door's.

    Raises:
        BadInput: it cannot be imported like this.
        Refused: it is not theirs, not waiting any more, or the review got this very file meanwhile.
    """
    refuse_others(job, by)
    looked = look(job)
    if looked.trouble:
        raise BadInput(looked.trouble, kept="Nothing was imported; the file is kept.")
    with transaction.atomic():
        refuse_second_time(_search_of(job))
        return jobs.submit(job=job, arguments=job.arguments | {"format": looked.format})


def _search_of(job: Job) -> Search:
    return Search(
        review=job.review,
        source=job.argument("source", ""),
        searched_on=date.fromisoformat(job.argument("searched_on")),
        sha256=job.argument("sha256", ""),
        file_name=job.file_name,
    )
