"""What the formats with a tag at the left and indented continuation lines share: MEDLINE, Web of Science."""

from reviews.parsers.identifiers import year_in
from reviews.parsers.parsed import EXCERPT_LENGTH, Problem
from reviews.parsers.ris_fields import Field

_ENDS = "\r\n"


class Entry:
    """The entry being read: its lines as found and its fields so far."""

    __slots__ = ("fields", "line", "lines", "tags")

    def __init__(self, line: int) -> None:
        self.line = line  # 1-based
        self.lines: list[str] = []
        self.fields: list[Field] = []
        self.tags: dict[str, list[list[str]]] = {}  # the same by tag: the lines of each field

    def add(self, line: str, tag: tuple[str, str] | None) -> None:
        """Take a line: the beginning of a field, or without a tag more of the field above it."""
        if tag:
            self.begin(line, *tag)
        else:
            self.lines.append(line)
            if line.strip():
                self.fields[-1][1].append(line.strip(_ENDS))

    def begin(self, line: str, tag: str, value: str) -> None:
        """Take the first line of a field."""
        self.lines.append(line)
        lines = [value.strip(_ENDS)]
        self.fields.append((tag, lines))
        if tag in self.tags:
            self.tags[tag].append(lines)
        else:
            self.tags[tag] = [lines]

    def raw(self) -> str:
        """The entry as found, without the blank lines that part it from the next."""
        lines = list(self.lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return "".join(lines).rstrip(_ENDS)

    def texts(self, *tags: str) -> list[str]:
        """Each field of these tags on one line, in the order of the tags; empty ones are left out."""
        found: list[str] = []
        for tag in tags:
            if tag in self.tags:
                found += [text for lines in self.tags[tag] if (text := one_line(lines))]
        return found

    def first(self, *tags: str) -> str:
        """The first field of these tags that says something, on one line."""
        return next(iter(self.texts(*tags)), "")

    def items(self, *tags: str) -> tuple[str, ...]:
        """A list kept one per line of a field."""
        lines = [line for tag in tags for field in self.tags.get(tag, ()) for line in field]
        return tuple(text for line in lines if (text := " ".join(line.split())))

    def listed(self, *tags: str) -> tuple[str, ...]:
        """A list kept behind semicolons, wrapped anywhere, without repeats."""
        parts = [part.strip() for text in self.texts(*tags) for part in text.split(";")]
        return tuple(dict.fromkeys(part for part in parts if part))

    def year(self, *tags: str) -> int | None:
        """The first year these tags tell."""
        return next((year for text in self.texts(*tags) if (year := year_in(text))), None)


def one_line(lines: list[str]) -> str:
    """The lines of a field as one, every run of blanks a single one."""
    text = lines[0].strip() if len(lines) == 1 else " ".join(lines).strip()
    if text.isascii() and "  " not in text and "\t" not in text:  # the usual case: nothing to take apart
        return text
    return " ".join(text.split())


class Outside:
    """Lines outside every entry, gathered until something else begins."""

    def __init__(self) -> None:
        self._line = 0
        self._lines: list[str] = []

    def add(self, number: int, line: str) -> None:
        self._line = self._line if self._lines else number
        self._lines.append(line)

    def problems(self, reason: str) -> list[Problem]:
        """What was gathered, as at most one Problem; the gathering begins anew."""
        text = "".join(self._lines).strip()[:EXCERPT_LENGTH]
        self._lines = []
        return [Problem(line=self._line, reason=reason, excerpt=text)] if text else []
