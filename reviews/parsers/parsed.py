"""What every parser gives back: records, rows that could not be used, and the file they came from."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ParsedRecord:
    """One entry of a search result, as the file tells it. Unknown text is "", an unknown year is None.

    A field is filled only from what the entry says about itself: a DOI that belongs to a cited paper
    would later make two different papers look like duplicates, so a doubtful identifier stays empty.
    """

    position: int  # 1-based place among the records of the file
    line: int  # 1-based line of the file where the entry begins
    raw: str  # the entry as found
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    doi: str = ""  # bare and lower-case: 10.1000/xyz
    pmid: str = ""
    registry_ids: tuple[str, ...] = ()  # trial registers: NCT01234567, ISRCTN01234567, ...
    language: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    url: str = ""  # http or https only
    volume: str = ""
    issue: str = ""
    pages: str = ""
    # What the entry says beyond the fields above, in its order: (tag or name of the column, text). It is not
    # stored (raw has it); what other tools write there about judgements is read from it (see carried.py).
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Text of the file that belongs to no record. It is shown to the person, never dropped in silence."""

    line: int  # 1-based
    reason: str
    excerpt: str  # at most EXCERPT_LENGTH characters of the text in question


# A format's NAME, in words.
FORMAT_NAMES = {
    "ris": "RIS",
    "medline": "MEDLINE (PubMed)",
    "pubmed_xml": "PubMed XML",
    "pubmed_text": "PubMed's text",
    "web_of_science": "Web of Science",
    "bibtex": "BibTeX",
    "endnote_xml": "EndNote XML",
    "endnote": "EndNote (%0, %A, ...)",
    "ovid": "Ovid",
    "endnote_library": "an EndNote library",
    "json": "JSON",
    "csv": "CSV",
    "tsv": "TSV (tabs)",
    "xlsx": "an Excel workbook",
    "pasted": "one pasted page",
}


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a person decided about how a file is to be read. What is left empty is found out."""

    encoding: str = ""  # one of decoding.ENCODINGS
    sheet: str = ""  # of a workbook
    separator: str = ""  # , ; | or a tab
    header_line: int | None = None  # the line (row of a workbook) of the column names; 0: there are none
    # Column -> field ("": not used). A column is named, or counted from 1 where names repeat; columns that do not
    # occur here keep the field that was guessed for them.
    mapping: Mapping[int | str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """As JSON: only what was decided. A counted column is "#3"."""
        told: dict[str, Any] = {
            name: value for name in ("encoding", "sheet", "separator") if (value := getattr(self, name))
        }
        if self.header_line is not None:
            told["header_line"] = self.header_line
        if self.mapping is not None:
            told["columns"] = {
                f"#{column}" if isinstance(column, int) else column: named
                for column, named in self.mapping.items()
            }
        return told

    @classmethod
    def from_json(cls, told: object) -> "ReadAs":
        """What as_json gave; None is nothing decided. Raises ValueError with words for a person."""
        if told is None:
            return cls()
        if not isinstance(told, dict):
            raise ValueError("How to read the file must be given as a JSON object.")
        if unknown := [str(name) for name in told if name not in _READ_AS]:
            raise ValueError(
                f"How to read a file is told by {', '.join(_READ_AS)}; “{unknown[0][:60]}” is none of them."
            )
        texts = {name: told.get(name, "") for name in ("encoding", "sheet", "separator")}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise ValueError(f"“{name}” must be a text.")
        line = told.get("header_line")
        if line is not None and (not isinstance(line, int) or isinstance(line, bool) or line < 0):
            raise ValueError(
                "“header_line” must be the number of a line, or 0 where no line names the columns."
            )
        return cls(**texts, header_line=line, mapping=_mapping_from(told.get("columns")))


_READ_AS = ("encoding", "sheet", "separator", "header_line", "columns")


def _mapping_from(told: object) -> dict[int | str, str] | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not all(isinstance(named, str) for named in told.values()):
        raise ValueError('“columns” must name a field for each column: {"Title": "title", "#3": "year"}.')
    return {
        int(column[1:]) if column[:1] == "#" and column[1:].isdecimal() else column: named
        for column, named in told.items()
    }


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, and the field it is read into."""

    number: int  # counted from 1
    name: str  # exactly as in the file; "" where the file has none
    field: str  # one of columns.FIELDS, or "" when it is not used
    guess: str = ""  # the field its name suggests; `field` is that unless a person decided otherwise
    samples: tuple[str, ...] = ()  # what stands in it in the first rows, empty cells left out


@dataclass(frozen=True, slots=True)
class Table:
    """How a table was read, for a person to look at and to correct with a ReadAs."""

    kind: str  # "csv", "tsv", "xlsx"
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]  # the first rows, the text of each cell
    separator: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    header_line: int = 1  # 0: no line names the columns
    by_row: bool = (
        False  # each field stands in a row of its own (an Embase export): column names are row names
    )
    profile: str = ""  # whose export it is, where its columns say so (see columns.PROFILES)
    preamble: tuple[str, ...] = ()  # the lines in front of the column names
    trouble: str = ""  # why nothing can be imported like this, in words; "" when it can

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON, the columns as a list of objects."""
        told = asdict(self)
        return told | {"columns": list(told["columns"]), "rows": [list(row) for row in self.rows]}

    def as_kept(self) -> dict[str, Any]:
        """What is kept of it with the search: how it was read, without what stood in it."""
        told = {name: getattr(self, name) for name in ("separator", "sheet", "header_line", "by_row")}
        return told | {"columns": [{"name": column.name, "field": column.field} for column in self.columns]}

    def as_read(self, encoding: str = "") -> ReadAs:
        """All of how it was read, so that the same file is read the same again."""
        return ReadAs(
            encoding=encoding,
            sheet=self.sheet,
            separator=self.separator,
            header_line=self.header_line,
            mapping={column.number: column.field for column in self.columns},
        )


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: what it was taken for, how its bytes were read, and its records, read as asked for."""

    format: str  # a key of FORMAT_NAMES
    encoding: str  # "utf-8", "cp1252", "utf-16-le", ...; with " (damaged)" when some bytes fit no letter
    records: Iterator[ParsedRecord | Problem]
    table: Table | None = None  # of a table: what was found

    @property
    def guessed(self) -> bool:
        """Whether a person should look at how it is read: a table, or an encoding that is only likely."""
        return self.table is not None or self.encoding.startswith("cp1252") or "damaged" in self.encoding


class UnreadableFile(ValueError):
    """The bytes are nothing we can read. The message says what they are and how to mend it."""


EXCERPT_LENGTH = 200
