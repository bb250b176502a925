"""Lists kept in one cell of a table: authors and keywords, by the separator in use.

Semicolons, bars and line breaks always part; so does " and " between authors. Commas are harder, because they
also stand between a surname and a first name: they part where the cell itself shows it ("Yang Z., Jiang B." and
"Yang, Z., Jiang, B."), or where the whole column knows no other separator (PubMed, Embase).
"""

import re
from collections.abc import Iterable

_STRONG = (";", "|", "\n")
_AND = re.compile(r"[,;]?\s+(?:and|&)\s+", re.I)
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ]"
_INITIALS = rf"(?:{_CAPITAL}\.?[ -]?){{1,4}}(?:,? ?(?:Jr|Sr|II|III)\.?)?"
_WITH_INITIAL = re.compile(rf"^{_CAPITAL}{{1,3}}\.? +\S|\S +(?:{_CAPITAL}\.?){{1,4}}$")
_ONLY_INITIALS = re.compile(_INITIALS)
_NAME_INITIALS = re.compile(rf"\S.*[^\W\d_]{{2,}}['’.]? +{_INITIALS}")
_LEADING_AND = re.compile(r"and\s+", re.I)
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|PhD|MD)\.?")
_NOBODY = re.compile(r"(?:et al|null|nan|none|\[?anonymous\]?)\.?", re.I)
_COMMA = re.compile(r",(?=\S)")
_NULL_FIRST_NAME = re.compile(r",\s*(?:null|nan)$")
_NUMBER_BEHIND = re.compile(r"\s*\(\d{6,}\)$")  # Scopus: "Wilson, Lauren N. (58975547800)"


def commas_part(cells: Iterable[str], *, persons: bool = False) -> bool:
    """Whether commas part the lists of a column, told from some of its cells."""
    part = join = 0
    for cell in cells:
        text = cell.strip().rstrip(";|")
        if any(sign in text for sign in _STRONG) or (persons and " and " in text):
            return False
        if "," in text:
            part += not persons or _shows_persons(text)
            join += persons and _shows_one_person(text)
    return part > join


def _shows_one_person(text: str) -> bool:
    """Whether the one comma of a cell plainly stands behind a surname: "Smith, John"."""
    parts = [part.strip() for part in text.split(",")]
    return len(parts) == 2 and any(" " not in part for part in parts)


def _shows_persons(text: str) -> bool:
    """Whether the commas of a cell plainly stand between persons, and not behind a surname."""
    parts = [part for part in (part.strip() for part in text.split(",")) if part]
    if _surname_and_initials(parts):
        return False
    if len(parts) > 2:
        return not any(_SUFFIX.fullmatch(part) for part in parts)
    return all(_WITH_INITIAL.search(part) for part in parts)


def items(cell: str, *, commas: bool = False) -> tuple[str, ...]:
    """The items of a list of keywords or types, without repeats."""
    sign = next((sign for sign in _STRONG if sign in cell), "," if commas else "")
    parts = cell.split(sign) if sign else [cell]
    return tuple(dict.fromkeys(text for part in parts if (text := " ".join(part.split()))))


def persons(cell: str, *, commas: bool = False) -> tuple[str, ...]:
    """The authors a cell names, in its order, without repeats."""
    sign = next((sign for sign in _STRONG if sign in cell), "")
    if sign:
        parts = [_without_and(part.strip()) for part in cell.split(sign)]
        parts = _and_of_the_last(parts) if sign == ";" else parts
    else:
        lists = _AND.split(cell)
        # "Jane Doe" as a whole list shows that names are written first name first, so that commas part persons.
        first_name_first = len(lists) > 1 and any("," not in text and " " in text.strip() for text in lists)
        parts = [
            part
            for text in lists
            for part in _at_commas(text, commas=commas or first_name_first, one_of_many=len(lists) > 2)
        ]
    named = (_name(part) for part in parts)
    return tuple(dict.fromkeys(name for name in named if name and not _NOBODY.fullmatch(name)))


def _and_of_the_last(parts: list[str]) -> list[str]:
    """ "Smith, J.; Doe, K. and Roe, B.": the last item may name two."""
    return [*parts[:-1], *_AND.split(parts[-1])] if len(parts) > 1 else parts


def _at_commas(text: str, *, commas: bool, one_of_many: bool) -> list[str]:
    """The persons of a text whose only separator is the comma."""
    parts = [
        part for part in (part.strip() for part in text.split(",")) if part and not _NOBODY.fullmatch(part)
    ]
    if len(parts) < 2:
        return parts
    if paired := _surname_and_initials(parts):
        return paired
    if all(_NAME_INITIALS.fullmatch(part) for part in parts):
        return _without_last_stop(parts)
    if len(parts) == 2 and (one_of_many or not commas or _SUFFIX.fullmatch(parts[1])):
        return [text.strip()]
    if commas or all(" " in part for part in parts):
        return _without_last_stop(parts)
    return [text.strip()]


def _surname_and_initials(parts: list[str]) -> list[str]:
    """ "Smith", "J.", "Doe", "K." as two persons; nothing when the parts do not alternate like this."""
    surnames, firsts = parts[0::2], parts[1::2]
    if len(surnames) != len(firsts):
        return []
    if any(_ONLY_INITIALS.fullmatch(part) for part in surnames):
        return []
    if not all(_ONLY_INITIALS.fullmatch(part) for part in firsts):
        return []
    return [f"{surname}, {first}" for surname, first in zip(surnames, firsts, strict=True)]


def _without_last_stop(parts: list[str]) -> list[str]:
    """PubMed ends its list with a full stop, which is not part of the last name."""
    if parts[-1].endswith(".") and not any("." in part for part in parts[:-1]):
        return [*parts[:-1], parts[-1][:-1]]
    return parts


def _without_and(part: str) -> str:
    return _LEADING_AND.sub("", part, count=1) if part[:3].lower() == "and" and part[3:4].isspace() else part


def _name(part: str) -> str:
    name = " ".join(part.split()).strip(" ,;…")
    if name.endswith((")", "null", "nan")):
        name = _NULL_FIRST_NAME.sub("", _NUMBER_BEHIND.sub("", name))
    return _COMMA.sub(", ", name) if "," in name else name
