"""One function for each kind of data item: from the sentences that may answer it to a value and its quote."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .designs import ROMAN
from .findings import own_weight
from .numbers import COUNT_OF_TOTAL, Number, numbers, says, value_of
from .reading import Item, Place, Reader
from .words import NEGATION, STOP, WORD, content_words, stem

_REGISTRY = re.compile(
    r"\bNCT\d{8}\b|\bISRCTN\d{8}\b|\b(?:EUCTR|EudraCT:? ?)?\d{4}-\d{6}-\d{2}\b|\bChiCTR[-A-Z]*\d{8,}\b|\bACTRN\d{14}\b"
    r"|\bUMIN\d{9}\b|\bjRCTs?\d{9,}\b|\bCTRI/\d{4}/\d+/\d+\b|\bDRKS\d{8}\b|\bPACTR\d{15,}\b|\bNTR\d{3,5}\b|\bCRD\d{8,}\b"
)
_PHASE = re.compile(r"\bphase[ -](?:[1-4]|iv|i{1,3})[ab]?(?: ?[/-] ?(?:[1-4]|iv|i{1,3})[ab]?)?(?!\w)", re.I)
_TWO_PHASES = re.compile(r"\bphases? ([1-4]|iv|i{1,3}) (?:and|&|to) (?:phase )?([1-4]|iv|i{1,3})\b")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" if len(month) > 3 else month for month in _MONTHS)
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b|\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? )?(?P<month>{_MONTH})\.?,? "
    rf"(?:(?P<day2>\d{{1,2}}),? )?(?P<year>(?:19|20)\d\d)\b|\b(?P<only>(?:19|20)\d\d)\b",
    re.I,
)
TOO_FAR = 160.0
"""Characters between a number and the item's words beyond which it is not taken for theirs."""
_LAST = re.compile(r"\b(?:end|ended|last|closed|completion|until|final)\b", re.I)


@dataclass(frozen=True)
class Answer:
    """A value with the verbatim quote that states it, and the rule that found it."""

    value: Any
    quote: str
    rule: str


def as_number(item: Item, reader: Reader) -> Answer | None:
    """The number of the right shape nearest to the item's words."""
    for place in reader.places(item):
        fitting = [
            (_distance(number, place, item), number)
            for number in numbers(place.sentence.low)
            if _fits(number, item)
        ]
        near = [(distance, number) for distance, number in fitting if distance < TOO_FAR]
        if not near:
            continue
        _, best = min(near, key=lambda pair: pair[0])
        quote = reader.quote(place.sentence, *_span(best, place))
        return Answer(best.value, quote, f"Number rule: the fitting number nearest to '{item.label}'.")
    return None


def as_count_of_total(item: Item, reader: Reader) -> Answer | None:
    """A count and its total, written together."""
    for place in reader.places(item, least=0.5):
        for pattern in COUNT_OF_TOTAL:
            for match in pattern.finditer(place.sentence.low):
                count, total = value_of(match.group("count")), value_of(match.group("total"))
                if count > total or total == 0:
                    continue
                quote = reader.quote(place.sentence, match.start(), match.end())
                return Answer(
                    {"count": count, "total": total}, quote, "Count rule: count and total stand together."
                )
    return None


def as_choice(item: Item, reader: Reader) -> Answer | None:
    """The option that the paper names for itself; in one sentence the longest, and the title before all else."""
    asks_phase = "phase" in item.label.lower()
    needles = [(_plain(option, asks_phase), option) for option in item.options]
    patterns = [
        (re.compile(rf"(?<!\w){re.escape(needle)}(?![\w/])"), option)
        for needle, option in sorted(needles, key=lambda pair: -len(pair[0]))
        if needle
    ]
    best: tuple[int, Answer] | None = None
    for sentence in reader.text.sentences:
        weight = own_weight(sentence)
        if weight < (2 if asks_phase else 1) or (best is not None and best[0] >= weight):
            continue
        plain = _plain(sentence.low, False)
        chosen = next((option for pattern, option in patterns if pattern.search(plain)), None)
        if chosen is not None:
            quote = reader.quote(sentence, 0, 1)
            best = (weight, Answer(chosen, quote, f"Choice rule: the paper itself says '{chosen}'."))
    return best[1] if best else None


def as_yes_no(item: Item, reader: Reader) -> Answer | None:
    """Yes when one of the paper's own sentences has all telling words; no when it denies them there."""
    for place in reader.places(item, least=0.99):
        if own_weight(place.sentence) == 0:
            continue
        first, last = place.span
        around = place.sentence.low[max(0, first - 25) : last]
        denied = NEGATION.search(around) or re.search(r"\bnon-?\s?$|\bun$", place.sentence.low[:first])
        word = "No" if denied else "Yes"
        return Answer(
            not denied, reader.quote(place.sentence, first, last), f"{word}: one sentence has all the words."
        )
    return None


def as_date(item: Item, reader: Reader) -> Answer | None:
    """The first date beside the item's words, or the last one when the item asks for an end."""
    for place in reader.places(item):
        dates = list(_DATE.finditer(place.sentence.low))
        if dates:
            match = dates[-1 if _LAST.search(item.label) else 0]
            quote = reader.quote(place.sentence, match.start(), match.end())
            return Answer(_iso(match), quote, "Date rule: a date beside the item's words.")
    return None


def as_text(item: Item, reader: Reader) -> Answer | None:
    """A registry number or a phase by its form; else the sentence that has all of the label's words."""
    label = item.label.lower()
    if re.search(r"\bregist(?:ration|ry|er)|\bnct\b|\btrial (?:id|number)\b", label):
        return _by_form(_REGISTRY, reader, "Registry rule: a registry number by its form.", own=False)
    if "phase" in label:
        return _by_form(_PHASE, reader, "Phase rule: the phase that the paper gives itself.", own=True)
    for place in reader.places(item, least=0.99):
        telling = [word for word in WORD.findall(place.sentence.low) if word not in STOP]
        if len(item.weights) > 1 and len(telling) >= len(item.weights) + 2:  # else it is a heading
            first, last = place.span
            quote = reader.quote(place.sentence, first, last)
            return Answer(quote, quote, "Text rule: one sentence has all the words of the label.")
    return None


BY_KIND: dict[str, Callable[[Item, Reader], Answer | None]] = {
    "number": as_number,
    "count_of_total": as_count_of_total,
    "choice": as_choice,
    "yes_no": as_yes_no,
    "date": as_date,
    "text": as_text,
}


def is_backed(value: Any, quote: str) -> bool:
    """Does the quote state the number or numbers of this value? A value without numbers needs only a quote."""
    if not quote:
        return False
    if isinstance(value, bool | str):
        return True
    if isinstance(value, dict):
        return all(says(quote, part) for part in value.values())
    return says(quote, value)


def _fits(number: Number, item: Item) -> bool:
    """Is the number of the shape that the item asks for?"""
    unit, label = item.unit.strip().lower(), item.label.lower()
    if number.marked or number.is_year:
        return False
    if unit in ("%", "percent", "per cent") or (
        not unit and re.search(r"%|\b(?:percentage|proportion|rate)\b", label)
    ):
        return number.unit == "%"
    if unit:
        return stem(number.unit.lower()) == stem(unit) or number.unit.lower() == unit
    if re.search(r"\bage\b", label):
        return number.unit.lower() in ("years", "year", "y", "") and number.value < 120
    if re.search(r"\b(?:number|participants|patients|people|sample size|enrolled|randomi[sz]ed|n)\b", label):
        return isinstance(number.value, int) and number.unit != "%" and number.people_after
    return True


def _distance(number: Number, place: Place, item: Item) -> float:
    """How far the number stands from the item's telling words, in characters, on average over these words.

    A number comes after the words that name it ("median age was 63 years"), so one that stands before them counts as
    farther, and one in another clause before them as too far; but a count of people comes first ("58 patients were
    enrolled") and is drawn to its people.
    """
    counts_people = bool({"enrol", "person"} & item.weights.keys()) and number.people_after
    gaps = []
    for word in {word for word, _, _ in place.anchors}:
        spans = [(start, end) for stem_, start, end in place.anchors if stem_ == word]
        gaps.append(min(_gap(number, start, end, place.sentence.low, counts_people) for start, end in spans))
    if not gaps or max(gaps) >= TOO_FAR:
        return TOO_FAR
    distance = sum(gaps) / len(gaps)
    return distance - 60.0 if counts_people else distance


def _gap(number: Number, start: int, end: int, low: str, counts_people: bool) -> float:
    if number.start >= end:
        crossed = re.findall(r"[;,] (?:and|but|with)\b|;", low[end : number.start])
        return number.start - end + 40.0 * len(crossed)
    if counts_people:
        return start - number.end
    between = low[number.end : start]
    return TOO_FAR if re.search(r"[,;]", between) else (start - number.end) * 3.0


def _span(number: Number, place: Place) -> tuple[int, int]:
    """From the item's nearest word to the number, so that a cut quote keeps both."""
    near = [(start, end) for _, start, end in place.anchors if abs(start - number.start) < 150]
    return min([number.start, *(start for start, _ in near)]), max([number.end, *(end for _, end in near)])


def _by_form(pattern: re.Pattern[str], reader: Reader, rule: str, *, own: bool) -> Answer | None:
    """The first match of a form; with `own`, the first where the paper most plainly speaks of itself."""
    best: tuple[int, Answer] | None = None
    for sentence in reader.text.sentences:
        match = pattern.search(reader.text.flat, sentence.start, sentence.end)
        weight = own_weight(sentence) if own else 2
        if match and weight >= 2 and (best is None or weight > best[0]):
            start, end = match.start() - sentence.start, match.end() - sentence.start
            best = (weight, Answer(match.group(), reader.quote(sentence, start, end), rule))
    return best[1] if best else None


def _plain(text: str, is_phase: bool) -> str:
    """Lower case, hyphens as spaces, one spelling, and phases in arabic numerals: "Phase I/II" -> "phase 1/2".

    "" when the text has no content words ("yes", "no"), for such an option cannot be found by its words.
    """
    text = text.lower().replace("-", " ").replace("centre", "center").replace("ised", "ized")
    text = " ".join(text.split())
    if is_phase and re.match(r"(?:[1-4]|iv|i{1,3})\b", text):
        text = f"phase {text}"
    text = _TWO_PHASES.sub(r"phase \1/\2", text)
    text = _PHASE.sub(_arabic, text)
    return text if content_words(text) else ""


def _arabic(match: re.Match[str]) -> str:
    numerals = re.sub(
        r"iv|i{1,3}", lambda roman: str(ROMAN[roman.group()]), match.group().removeprefix("phase ")
    )
    return f"phase {numerals.replace('phase ', '').replace(' ', '')}"


def _iso(match: re.Match[str]) -> str:
    if match.group("iso"):
        return match.group("iso")
    if match.group("only"):
        return match.group("only")
    month = next(
        i for i, name in enumerate(_MONTHS, start=1) if name.startswith(match.group("month").lower()[:3])
    )
    day = match.group("day") or match.group("day2")
    return f"{match.group('year')}-{month:02d}" + (f"-{int(day):02d}" if day else "")
