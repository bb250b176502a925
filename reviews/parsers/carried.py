"""What an entry brings from another screening tool: who judged it and how, with which reasons, labels and notes.

Pure. Read from `ParsedRecord.extra`, which has every tag or column beyond our own fields; each tool is known by
marks that no ordinary note or abstract has, and a value that is not exactly one of the tool's own is no judgement:

| tool | known by | whose judgements |
|---|---|---|
| Rayyan | `RAYYAN-INCLUSION: {"Ann"=>"Included"}` and the like, in a note or a column | one a person |
| Covidence | a column "Covidence #", or a note that begins "Exclusion reason: " | the whole list's (see below) |
| ASReview | a note "ASReview_relevant", or a column `asreview_label` or the like of 1, 0, -1 | one, unnamed |
| Abstrackr | columns "(internal) id" and "(source) id", and a column for each screener | one a person, and all |
| EPPI-Reviewer | a column "Included" or "I/E/D/U flag" of I, E, D, U beside "ShortTitle" | one, unnamed |

A file of Covidence is one list (included, excluded, irrelevant) and its entries do not say which: only the reason of
an exclusion, which Covidence has at full text alone, tells a verdict.

docs/moving-house.md says how each tool is brought to write such a file.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reviews.parsers.parsed import ParsedRecord

RAYYAN, COVIDENCE, ASREVIEW, ABSTRACKR, EPPI = "rayyan", "covidence", "asreview", "abstrackr", "eppi"
TOOLS = {
    RAYYAN: "Rayyan",
    COVIDENCE: "Covidence",
    ASREVIEW: "ASReview",
    ABSTRACKR: "Abstrackr",
    EPPI: "EPPI-Reviewer",
}
INCLUDE, EXCLUDE, MAYBE = "include", "exclude", "maybe"
TITLE_ABSTRACT, FULL_TEXT = "title_abstract", "full_text"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said of the entry; `by` is the name the tool writes, "" where it names nobody.

    `verdict` is include, exclude, maybe, or "" (only notes, or the file as a whole says it: Covidence).
    `stage` is title_abstract or full_text where the tool says so, else "".
    """

    by: str
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    stage: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What an entry carries from `tool`, one of TOOLS. At most one `Said` for a name at a stage."""

    tool: str
    said: tuple[Said, ...] = ()
    labels: tuple[str, ...] = ()


def carried_by(parsed: ParsedRecord) -> Carried | None:
    """What this entry carries; None where it carries nothing. Never raises."""
    if not parsed.extra:
        return None
    for read in (_rayyan, _covidence, _abstrackr, _eppi, _asreview):
        if found := read(parsed.extra):
            return found
    return None


# ---------------------------------------------------------------- Rayyan

_SECTION = re.compile(
    r"(?:^|[|\n])[ \t]*(RAYYAN-INCLUSION|RAYYAN-LABELS|RAYYAN-EXCLUSION-REASONS|USER-NOTES):[ \t]*"
)
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_ONE = re.compile(rf"\s*{_TEXT}\s*=>\s*{_TEXT}\s*,?", re.S)
_MANY = re.compile(rf"\s*{_TEXT}\s*=>\s*\[((?:\s*{_TEXT}\s*(?:,|(?=\])))*)\s*\]\s*,?", re.S)
_EACH = re.compile(_TEXT, re.S)
_RAYYANS = {"included": INCLUDE, "excluded": EXCLUDE, "maybe": MAYBE}


def _rayyan(extra: Pairs) -> Carried | None:
    """`RAYYAN-INCLUSION: {"Ann"=>"Included"} | RAYYAN-LABELS: a,b | ... | USER-NOTES: {"Ann"=>["..."]}`.

    Reasons are the record's, not a person's: they belong to everybody who excluded.
    """
    verdicts: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    labels: list[str] = []
    reasons: list[str] = []
    for _, text in extra:
        if "RAYYAN-" not in text:
            continue
        for section, content in _sections(_unescaped(text)):
            if section == "RAYYAN-INCLUSION":
                for name, value in _hash_of(content, _ONE):
                    if verdict := _RAYYANS.get(value.strip().lower()):
                        verdicts[name] = verdict
            elif section == "USER-NOTES":
                for name, values in _hash_of(content, _MANY):
                    notes.setdefault(name, []).extend(_plain(each) for each in _EACH.findall(values))
            elif section == "RAYYAN-LABELS":
                labels += _listed(content, ",")
            else:
                reasons += _listed(content, ",")
    names = dict.fromkeys([*verdicts, *notes])
    said = tuple(
        Said(
            by=name,
            verdict=verdicts.get(name, ""),
            reasons=_once(reasons) if verdicts.get(name) == EXCLUDE else (),
            notes=_once(notes.get(name, ())),
        )
        for name in names
        if name in verdicts or any(notes[name])
    )
    return Carried(RAYYAN, said, _once(labels)) if said or labels else None


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Each section's name and what stands behind it. What is quoted inside a `{...}` begins no section."""
    at = 0
    while found := _SECTION.search(text, at):
        begin = end = found.end()
        if text.startswith("{", begin):
            one = _MANY if found[1] == "USER-NOTES" else _ONE
            end = begin + 1
            while pair := one.match(text, end):
                end = pair.end()
        behind = _SECTION.search(text, end)
        yield found[1], text[begin : behind.start() if behind else len(text)].strip()
        at = end


def _hash_of(content: str, one: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """The pairs of a Ruby hash as Rayyan prints it: name and value, or name and the list's inside."""
    at = 1
    while content.startswith("{") and (pair := one.match(content, at)):
        if name := _plain(pair[1]):
            yield name, pair[2]
        at = pair.end()


def _unescaped(text: str) -> str:
    """Without what HTML and BibTeX put in front of `=>`, braces and quotes."""
    if "&" in text:
        text = html.unescape(html.unescape(text))
    return re.sub(r"\\([{}>=_&%#$])", r"\1", text) if "\\" in text else text


def _plain(quoted: str) -> str:
    return " ".join(re.sub(r"\\(.)", lambda m: " " if m[1] in "nrt" else m[1], quoted, flags=re.S).split())


# ---------------------------------------------------------------- Covidence

_REASON = re.compile(r"\s*Exclusion reason:\s*(.*?)\s*(?:;(?=\s)|;?\s*$)", re.S)
_SIGNED = re.compile(r"([^;()\n][^;()]{0,120}?) \(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\)\(([^()]{1,40})\): ")
_COVIDENCE_STAGES = {"screen": TITLE_ABSTRACT, "select": FULL_TEXT}


def _covidence(extra: Pairs) -> Carried | None:
    """`Exclusion reason: Wrong drug; Ann Bee (2020-12-19 04:58:50)(Select): a note; ` and tags parted by `;`.

    Covidence gives reasons at full text only; whose votes a list rests on it does not say.
    """
    columns = {name.strip().casefold(): text for name, text in extra}
    listed = "covidence #" in columns
    notes = [
        text for name, text in extra if name in ("N1", "note") or (listed and name.casefold() == "notes")
    ]
    found = [text for text in notes if listed or _REASON.match(text)]
    if not listed and not found:
        return None
    reasons: list[str] = []
    by_name: dict[tuple[str, str], list[str]] = {}
    for text in found:
        if reason := _REASON.match(text):
            reasons += [" ".join(reason[1].split())] if reason[1] else []
            text = text[reason.end() :]
        for name, stage, note in _signed(text):
            by_name.setdefault((name, stage), []).append(note)
    excluded = any(_REASON.match(text) for text in found)
    stage = FULL_TEXT if excluded else ""
    list_says = Said(
        by="",
        verdict=EXCLUDE if excluded else "",
        reasons=_once(reasons),
        stage=stage,
        notes=_once(by_name.pop(("", ""), [])),
    )
    rest = [Said(by=name, stage=at, notes=_once(all_)) for (name, at), all_ in by_name.items()]
    return Carried(
        COVIDENCE, (list_says, *rest), _once(_listed(columns.get("tags", "") if listed else "", ";"))
    )


def _signed(text: str) -> Iterator[tuple[str, str, str]]:
    """(name, stage, note) of each signed note; what nobody signed has neither name nor stage."""
    found = list(_SIGNED.finditer(text))
    ends = [this.start() for this in found] + [len(text)]
    if unsigned := _note(text[: ends[0]]):
        yield "", "", unsigned
    for this, end in zip(found, ends[1:], strict=True):
        if note := _note(text[this.end() : end]):
            yield this[1].strip(), _COVIDENCE_STAGES.get(this[2].strip().casefold(), ""), note


def _note(text: str) -> str:
    return text.strip().rstrip(";").strip()


# ---------------------------------------------------------------- Abstrackr

_ABSTRACKRS = {"1": INCLUDE, "-1": EXCLUDE, "0": MAYBE}
_ABOUT = re.compile(r"(general|population|intervention/comparator|outcome) notes \((.*)\)", re.S)
_IDS = {"(internal) id", "(source) id"}
_NO_SCREENERS = _IDS | {
    *("pubmed id", "keywords", "abstract", "title", "journal", "authors", "tags", "consensus", "labeled_at")
}


def _abstrackr(extra: Pairs) -> Carried | None:
    """A column named after each screener, four columns of notes for each, and one for the consensus."""
    if not {name.strip() for name, _ in extra} >= _IDS:
        return None
    notes: dict[str, list[str]] = {}
    verdicts: dict[str, str] = {}
    for name, text in ((name.strip(), text.strip()) for name, text in extra):
        if about := _ABOUT.fullmatch(name):
            if text:
                what = "" if about[1] == "general" else f"{about[1]}: "
                notes.setdefault(about[2].strip(), []).append(what + text)
        elif name == "consensus":
            verdicts |= _verdict_of("", text)
        elif name and name not in _NO_SCREENERS:
            verdicts |= _verdict_of(name, text)
    labels = _once(part for name, text in extra if name.strip() == "tags" for part in _listed(text, ","))
    said = tuple(
        Said(by=name, verdict=verdicts.get(name, ""), notes=_once(notes.get(name, ())))
        for name in dict.fromkeys([*verdicts, *notes])
    )
    return Carried(ABSTRACKR, said, labels) if said or labels else None


def _verdict_of(name: str, text: str) -> dict[str, str]:
    verdict = _ABSTRACKRS.get(text.removesuffix(".0"))
    return {name: verdict} if verdict else {}


# ---------------------------------------------------------------- EPPI-Reviewer

_FLAGS = {"i": INCLUDE, "e": EXCLUDE}
_CODE = re.compile(r"EXCLUDE\b(?:\s+on\b|\s*[-:])?\s*(.*)", re.S)


def _eppi(extra: Pairs) -> Carried | None:
    """The flag I, E, D or U of an item; codes called "EXCLUDE on ..." are its reasons. D and U decide nothing."""
    columns = {name.strip().casefold(): text.strip() for name, text in extra}
    flagged = next((columns[name] for name in columns if name.startswith("i/e/d/")), None)
    if flagged is None:
        if not {"shorttitle", "short title", "item id"} & set(columns):
            return None
        flagged = columns.get("included", "")
    verdict = _FLAGS.get(flagged.casefold())
    if verdict is None:
        return None
    reasons = _once(_codes(extra)) if verdict == EXCLUDE else ()
    return Carried(EPPI, (Said(by="", verdict=verdict, reasons=reasons),))


def _codes(extra: Pairs) -> Iterator[str]:
    """Codes of exclusion: a column of that name with a tick, or a cell that lists them."""
    for name, text in extra:
        if (code := _CODE.fullmatch(name.strip())) and text.strip().casefold() in (
            "1",
            "x",
            "true",
            "yes",
            "✓",
        ):
            yield code[1].strip() or code[0]
        for part in re.split(r"[;\n]", text):
            if code := _CODE.fullmatch(part.strip()):
                yield code[1].strip() or code[0]


# ---------------------------------------------------------------- ASReview

_LABEL_COLUMNS = ("asreview_label", "label_included", "included")
_OWN_COLUMNS = re.compile(r"asreview_\w+|exported_notes(?:_\d+)?|record_id|label_included")
_ONES = {"1": INCLUDE, "0": EXCLUDE}
_WORD = re.compile(r"(?:^|[,;\n])\s*ASReview_(relevant|irrelevant)\s*(?=$|[,;\n])")


def _asreview(extra: Pairs) -> Carried | None:
    """A note `ASReview_relevant`, or a label of 1 or 0 (-1 and nothing: not seen). The screener is not named."""
    words = {word for tag, text in extra if "ASReview_" in text for word in _WORD.findall(text)}
    if words:
        if len(words) > 1:  # two exports on top of each other: neither is believed
            return None
        return Carried(ASREVIEW, (Said(by="", verdict=INCLUDE if words == {"relevant"} else EXCLUDE),))
    columns = {name.strip().casefold(): text.strip() for name, text in extra}
    if not any(_OWN_COLUMNS.fullmatch(name) for name in columns):
        return None
    label = next((columns[name] for name in _LABEL_COLUMNS if name in columns), "")
    verdict = _ONES.get(label.removesuffix(".0"), "")
    notes = _once(
        text for name, text in columns.items() if name == "asreview_note" or name.startswith("exported_notes")
    )
    return Carried(ASREVIEW, (Said(by="", verdict=verdict, notes=notes),)) if verdict or notes else None


# ---------------------------------------------------------------- shared


def _listed(text: str, separator: str) -> list[str]:
    return [part for each in text.split(separator) if (part := " ".join(each.split()))]


def _once(texts: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """Each text that says something, once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))
