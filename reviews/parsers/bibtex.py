"""BibTeX and BibLaTeX, by bibtexparser, one entry at a time.

bibtexparser reads a whole text and keeps a second entry of the same key apart as failed. Here it is given the
text from one "@" at the beginning of a line to the next, so memory is that of one entry, entries of the same
key are two records, and a broken entry spoils no other:

- Every block but @string, @preamble and @comment is a record, also one whose fields are named twice, and one
  of a type nobody knows. @string and the names of months are put in where a field refers to them.
- An entry that is broken only by its missing last brace, or by a comma missing at the end of a line, is
  mended; any other broken entry is a Problem, and so is text outside every entry, unless it begins with %.
- LaTeX becomes plain text (latex.py). Names become "Doe, Jane" by BibTeX's own rules.

Each field stands for the RIS tag in the table; what those mean is in ris_fields.py. Other fields keep their
name, in lower case, as extra.
"""

import logging
import re
from collections.abc import Iterator

import bibtexparser
from bibtexparser.middlewares.names import parse_single_name_into_parts
from bibtexparser.model import (
    Block,
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    ImplicitComment,
    ParsingFailedBlock,
    String,
)
from bibtexparser.model import Entry as BibEntry

from reviews.parsers.decoding import Text
from reviews.parsers.latex import plain, verbatim
from reviews.parsers.parsed import EXCERPT_LENGTH, ParsedRecord, Problem
from reviews.parsers.ris_fields import Field, record_from

NAME = "bibtex"

LONGEST = 4_000_000  # signs of one entry
_TAGS = {
    "abstract": "AB",
    "address": "CY",
    "article-number": "C7",
    "articleno": "C7",
    "author": "AU",
    "author_keywords": "KW",
    "booktitle": "T2",
    "comment": "N1",
    "date": "PY",
    "doi": "DO",
    "editor": "A2",
    "eid": "C7",
    "isbn": "SN",
    "issn": "SN",
    "issue": "IS",
    "journal": "JF",
    "journaltitle": "JF",
    "keyword": "KW",
    "keywords": "KW",
    "langid": "LA",
    "language": "LA",
    "location": "CY",
    "note": "N1",
    "number": "IS",
    "pages": "SP",
    "pmid": "PM",
    "publisher": "PB",
    "series": "T3",
    "shortjournal": "JA",
    "title": "TI",
    "type": "M3",
    "url": "UR",
    "volume": "VL",
    "year": "PY",
}
_NAMES = frozenset({"author", "editor"})
_LISTS = frozenset({"keyword", "keywords", "author_keywords"})
_VERBATIM = frozenset({"doi", "url", "file", "eprint", "pmid", "pmcid", "isbn", "issn"})
_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = {name.lower(): name for name in _MONTH_NAMES.split(" ")}

_BLOCK = re.compile(r"\ufeff*[ \t]*@[ \t]*\w+[ \t]*[{(]")
_RECOGNISED = re.compile(
    r"^\ufeff*[ \t]*@[ \t]*(?:[A-Za-z]+[ \t]*[{(][^\n\r{}=,]{0,200},|"
    r"(?:article|book|booklet|inbook|incollection|inproceedings|conference|manual|mastersthesis|phdthesis|thesis|"
    r"misc|online|proceedings|techreport|report|unpublished|string)[ \t]*[{(])",
    re.M | re.I,
)
_OUTSIDE = "This text stands outside every entry and was not imported."
_BROKEN = "This entry is broken and was not imported: {} Put it right and import the file again."
_TOO_LONG = "This entry is too long to be a reference and was not imported."
_LONGEST_WRAPPED = 120  # signs of a line; longer ones were not broken to fit a page
# Fields run together, where a comma or a brace is missing.
_FIELD_BEHIND = re.compile(r"\A(?:\{[^{}]*\}|\"[^\"{}]*\"|[\w-]+)[ \t]*\n[ \t]*[\w-]+[ \t]*=")
_FIELD_INSIDE = re.compile(r",\s*[\w-]+\s*=\s*[{\"\d]")
_COMMA_MISSING = re.compile(r"([}\"\w])([ \t]*\n[ \t]*[\w-]+[ \t]*=[ \t]*[{\"\w])")

# What it would tell the standard error stream, a Problem tells the person.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)


def recognises(head: str) -> bool:
    """Whether a line begins an entry: an "@", a type, and a key with its comma."""
    return _RECOGNISED.search(head) is not None


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for each broken entry and for text outside the entries."""
    position = 0
    strings = dict(_MONTHS)
    for line, raw in _pieces(text.lines()):
        for row in _rows(raw, line, strings):
            if isinstance(row, Problem):
                yield row
            else:
                position += 1
                begins, found, fields = row
                yield record_from(fields, position=position, line=begins, raw=found)


def _pieces(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The text from one "@" at the beginning of a line to the next, with the number of its first line."""
    begun, piece, length = 1, list[str](), 0
    for number, line in enumerate(lines, start=1):
        if piece and (_BLOCK.match(line) or length > LONGEST):
            yield begun, "".join(piece)
            begun, piece, length = number, [], 0
        piece.append(line)
        length += len(line)
    if piece:
        yield begun, "".join(piece)


def _rows(raw: str, line: int, strings: dict[str, str]) -> Iterator[Problem | tuple[int, str, list[Field]]]:
    """What a piece holds: entries as (line, text as found, fields), and problems. Its @strings go into `strings`."""
    if not _BLOCK.match(raw) or len(raw) > LONGEST:
        yield from _outside(raw, line, _TOO_LONG if len(raw) > LONGEST else _OUTSIDE)
        return
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    blocks = _mended(text, _blocks(text))
    entries = [_entry(block) for block in blocks]
    alone = sum(entry is not None for entry in entries) == 1
    for block, entry in zip(blocks, entries, strict=True):
        begins = line + (block.start_line or 0)
        if entry is not None:
            others = "".join(each.raw or "" for each in blocks if each is not block)
            found = raw.lstrip("\ufeff").rstrip() if alone and not others else block.raw or ""
            yield begins, found, _fields(entry, strings)
        elif isinstance(block, String):
            strings[block.key.lower()] = _resolved(str(block.value), strings)
        elif isinstance(block, ParsingFailedBlock):
            reason = getattr(block.error, "abort_reason", "") or "it cannot be told where it ends."
            yield Problem(begins, _BROKEN.format(reason)[:300], (block.raw or "").strip()[:EXCERPT_LENGTH])
        elif isinstance(block, ImplicitComment):
            yield from _outside(block.raw or "", begins, _OUTSIDE)


def _mended(text: str, blocks: list[Block]) -> list[Block]:
    """The blocks, or those of the same text with its last brace or a comma added, where these were missing."""
    if not any(isinstance(block, ParsingFailedBlock) or _any_value(block, _FIELD_BEHIND) for block in blocks):
        return blocks
    for mended in (text.rstrip() + "\n}", _COMMA_MISSING.sub(r"\1,\2", text)):
        again = _blocks(mended)
        whole = len(again) == 1 and (entry := _entry(again[0])) is not None and bool(entry.fields)
        if whole and not any(_any_value(again[0], sign) for sign in (_FIELD_BEHIND, _FIELD_INSIDE)):
            return again
    return blocks


def _any_value(block: Block, sign: re.Pattern[str]) -> bool:
    """Whether a sign that fields were run together stands in a value of the entry."""
    entry = _entry(block)
    return entry is not None and any(sign.search(str(field.value)) for field in entry.fields)


def _blocks(text: str) -> list[Block]:
    """What bibtexparser makes of it; an error of its own counts as a broken entry."""
    try:
        return list(bibtexparser.parse_string(text, parse_stack=[]).blocks)
    except Exception as error:  # it raises whatever it stumbles over; here nothing may stop the file
        return [ParsingFailedBlock(error=error, start_line=0, raw=text)]


def _entry(block: Block) -> BibEntry | None:
    """The entry of a block, also one whose key or field was there before."""
    if isinstance(block, DuplicateFieldKeyBlock | DuplicateBlockKeyBlock):
        inner = block.ignore_error_block
        return inner if isinstance(inner, BibEntry) else None
    return block if isinstance(block, BibEntry) else None


def _outside(text: str, line: int, reason: str) -> Iterator[Problem]:
    """A Problem for text between the entries; a line that begins with % is a comment."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    said = [
        (at, words)
        for at, each in enumerate(lines)
        if (words := each.strip("\ufeff \t")) and not words.startswith("%")
    ]
    if said:
        excerpt = "\n".join(words for _, words in said)[:EXCERPT_LENGTH]
        yield Problem(line + said[0][0], reason, excerpt)


def _fields(entry: BibEntry, strings: dict[str, str]) -> list[Field]:
    fields: list[Field] = [("TY", [entry.entry_type])]
    told = {field.key.lower() for field in entry.fields}
    for field in entry.fields:
        name = field.key.lower()
        value = _resolved(str(field.value), strings)
        tag = _TAGS.get(name, name)
        if name in _NAMES:
            fields += [(tag, [person]) for person in _persons(value)]
        elif name in _LISTS:
            items = plain(value)
            separator = ";" if ";" in items else "," if "," in items else "\n"
            fields.append((tag, [item.strip() for item in items.split(separator)]))
        elif name == "subtitle" and "title" in told:
            continue
        else:
            text = verbatim(value) if name in _VERBATIM else plain(value)
            if name == "title" and (
                more := next((f for f in entry.fields if f.key.lower() == "subtitle"), None)
            ):
                text = f"{text}: {plain(_resolved(str(more.value), strings))}"
            if name == "pages":
                text = re.sub(r"\s*[–—]\s*", "-", text)
            fields.append((tag, (_unwrapped(text) if name == "abstract" else text).split("\n")))
    return fields


def _unwrapped(text: str) -> str:
    """Paragraphs as they are, the lines of a text that was broken to fit a page joined again."""
    paragraphs = [[line.strip() for line in part.split("\n")] for part in re.split(r"\n\s*\n", text.strip())]
    wrapped = all(len(line) <= _LONGEST_WRAPPED for lines in paragraphs for line in lines)
    return "\n\n".join((" " if wrapped else "\n").join(lines) for lines in paragraphs)


def _persons(value: str) -> list[str]:
    """The persons a field of names names, as "Doe, Jane"; groups in braces as they are."""
    persons = []
    for name in _parted(" ".join(value.split())):
        if name.startswith("{") and name.endswith("}"):
            persons.append(plain(name))
        elif name and name.lower() != "others":
            persons.append(plain(parse_single_name_into_parts(name, strict=False).merge_last_name_first))
    return persons


def _parted(names: str) -> list[str]:
    """Apart at every " and " that stands in no braces."""
    parts, depth, begun = [], 0, 0
    for token in re.finditer(r"\\.|[{}]| and (?=)", names, re.I):
        if token[0] in "{}":
            depth = max(0, depth + (1 if token[0] == "{" else -1))
        elif depth == 0 and token[0].lower() == " and ":
            parts.append(names[begun : token.start()].strip())
            begun = token.end()
    return [*parts, names[begun:].strip()]


def _resolved(value: str, strings: dict[str, str]) -> str:
    """The value of a field without what encloses it: parts joined by #, names of strings put in."""
    parts, depth, quoted, begun = [], 0, False, 0
    for token in re.finditer(r"\\.|[{}\"#]", value, re.S):
        sign = token[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth = max(0, depth - 1)
        elif sign == '"' and depth == 0:
            quoted = not quoted
        elif sign == "#" and depth == 0 and not quoted:
            parts.append(value[begun : token.start()])
            begun = token.end()
    parts.append(value[begun:])
    return "".join(_bare(part.strip(), strings) for part in parts)


def _bare(part: str, strings: dict[str, str]) -> str:
    if len(part) > 1 and ((part[0] == "{" and part[-1] == "}") or (part[0] == '"' and part[-1] == '"')):
        return part[1:-1]
    return strings.get(part.lower(), part)
