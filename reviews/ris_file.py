"""Records as RIS, as other tools read it and as parsers/ris.py reads it back to the letter.

One field a line, CRLF, UTF-8 without a mark. Paragraphs of an abstract stand on lines of their own below AB; a
paragraph that would itself be taken for a tag is put behind the one above. The record's number and what is
settled about it are told in a note (N1) that begins with "Winnow:".
"""

from collections.abc import Mapping
from typing import Any

from reviews.parsers.ris import continues

END = "\r\n"
_LISTS = (("AU", "authors"), ("KW", "keywords"), ("MH", "mesh"), ("M3", "publication_types"))
_TEXTS = (
    ("PY", "year"),
    ("T2", "journal"),
    ("VL", "volume"),
    ("IS", "issue"),
    ("DO", "doi"),
    ("PM", "pmid"),
    ("LA", "language"),
    ("UR", "url"),
    ("DB", "source"),
)
# ID would be the place of the number, but with MEDLINE as source some read that as the PubMed number.
_TOLD = (
    "number", "found_by", "duplicate_of", "duplicates", "fields_from", "removed", "removed_because", "title_abstract",
    "title_abstract_reason", "retrieval", "not_retrieved_because", "full_text", "full_text_reason", "study",
)  # fmt: skip


def entry(row: Mapping[str, Any]) -> str:
    """One record, given as a row of the export (export.py), as the lines of one RIS entry and a blank line."""
    lines = [f"TY  - {'JOUR' if row['journal'] else 'GEN'}"]
    lines += [f"TI  - {_one_line(row['title'])}"] if row["title"] else []
    for tag, name in _LISTS:
        lines += [f"{tag}  - {said}" for item in row[name] if (said := _one_line(item))]
    lines += [f"{tag}  - {said}" for tag, name in _TEXTS if (said := _one_line(row[name]))]
    lines += _pages(_one_line(row["pages"]))
    lines += [f"C1  - {_one_line('; '.join(row['registry_ids']))}"] if row["registry_ids"] else []
    if row["abstract"]:
        lines += _paragraphs(row["abstract"])
    left_out = {"found_by"} if len(row["found_by"] or ()) < 2 else set()  # DB says it already
    told = "; ".join(
        f"{name}={_told(row[name])}"
        for name in _TOLD
        if row[name] not in (None, [], {}) and name not in left_out
    )
    lines.append(f"N1  - Winnow: {told}")
    return END.join([*lines, "ER  - ", "", ""])


def _one_line(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split("\n")).replace("\r", " ").strip()


def _told(value: Any) -> str:
    """A value of the note: lists as `a, b`, mappings as `name from 2, 3`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} from {' and '.join(map(str, numbers))}" for name, numbers in value.items())
    return _one_line(", ".join(map(str, value)) if isinstance(value, list) else value)


def _pages(pages: str) -> list[str]:
    """First and last page in fields of their own, where there are two."""
    first, dash, last = pages.partition("-")
    if dash and first.isalnum() and last.isalnum() and first != last:
        return [f"SP  - {first}", f"EP  - {last}"]
    return [f"SP  - {pages}"] if pages else []


def _paragraphs(text: str) -> list[str]:
    first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    lines = [f"AB  - {first}"]
    for line in rest:
        if continues(line):
            lines.append(line)
            continue
        while not lines[-1].strip():
            lines.pop()
        lines[-1] += f" {line}"
    return lines
