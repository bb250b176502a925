"""Reading the figures out of a phrase: does a quote really carry the number that was taken from it?

Only ways of writing the same number are overlooked: thousands separators, decimal comma, point or middle
dot, number words, the kind of minus sign, zeros that say nothing. Nothing is calculated: 0.28 is not 28%.

Decided on purpose:
- 1,204 is one thousand two hundred and four; 12,6 and 0,204 are decimals. 1.204 is always a decimal;
- "1 204" may be one number or two, both readings are tried;
- a sign belongs to its number, the hyphen of a range does not;
- digits inside a name (CD34, IL-6, NCT02439476) are no number, but the name itself can be asked for;
- 10² is neither 10 nor 102.
Pure: no Django, no database, no files. No string makes these functions raise.
"""

import re
import unicodedata
from collections import Counter

from reviews.normalising import Forms

Figure = tuple[str, bool]
"""A number in its plainest writing (or a name with digits), and whether it is a percentage."""

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_COUNTS = {word: number for number, word in enumerate(f"zero|{_ONES}|{_TEENS}".split("|"))}
_COUNTS |= {word: 10 * number for number, word in enumerate(_TENS.split("|"), start=2)}

_SMALL = rf"(?:(?:{_TENS})(?:[-\s]{{1,2}}(?:{_ONES})\b)?|zero|{_TEENS}|{_ONES})\b"
_HUNDREDS = rf"(?:(?:a|{_SMALL})[-\s]hundred\b(?:\s(?:and\s)?{_SMALL})?|{_SMALL})"
_IN_WORDS = rf"(?:(?:a|{_HUNDREDS})[-\s]thousand\b(?:,?\s(?:and\s)?{_HUNDREDS})?|{_HUNDREDS})"
_FRACTIONS = r"\u00bc-\u00be\u2150-\u215f\u2189"

_FIGURE = re.compile(
    rf"""
      (?P<words> \b (?i: {_IN_WORDS} ) )
    | (?P<name> [^\W\d{_FRACTIONS}] \w* (?: (?<=[A-Z]) - \d\w* (?: -\d\w* )* )? (?: \^ [-+]?\d+ )? )
    | (?P<sign> (?<! [\w)\]%] ) - )?
      (?P<body> \d+ (?: [.,'] \d+ )* | (?<! [\w.] ) \.\d+ | [{_FRACTIONS}] )
      (?P<tail> \^ [-+]?\d+ | [eE] [-+]?\d+ (?!\w) | [{_FRACTIONS}\u2080-\u2089] )?
    """,
    re.VERBOSE,
)
_PERCENT = r"\s?(?:%|percent\b|per\scent\b|pct\b)"
_IS_PERCENT = re.compile(rf"(?:\s?(?:-|to\b)\s?\d[\d.,]*)?{_PERCENT}", re.IGNORECASE)
_PERCENT_HEADING = re.compile(r"[(\[,]\s?%")
"""A percent sign that belongs to no number heads a column or a row, as in "male, n (%) 10 (77)"."""

_MINUS_APART = re.compile(
    r"(?<=[^\W\d_])\s*\u2212\s*(?=\.?\d)|(?<=[(\[=<>,;:])\s*[-\u2013\u2212]\s+(?=\.?\d)"
)
_TIMES = re.compile(r"(?<=\d)\s?[x×*]\s?(?=\d)")
_RAISED = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_GROUPS = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?![\w])")


def carries_number(value: str, quote: str) -> bool:
    """Whether every number of a value stands in its quote, each as often as the value needs it.

    A percentage must be one in the quote as well; a plain number may be a percentage there, because
    forms often keep the unit apart. A value without any number carries nothing to check: True.
    """
    heading = _PERCENT_HEADING.search(quote) is not None
    return any(
        _contained(wanted, given, heading=heading)
        for wanted in _readings(value)
        for given in _readings(quote)
    )


def _readings(phrase: str) -> list[list[Figure]]:
    """The figures of a phrase, "1 204" read as one number and read as two."""
    plain = _plain(phrase)
    grouped = _GROUPS.sub(lambda hit: hit.group().replace(" ", ""), plain)
    return [_figures(reading) for reading in dict.fromkeys([grouped, plain])]


def _contained(wanted: list[Figure], given: list[Figure], *, heading: bool) -> bool:
    left = Counter(given)
    for number, percent in sorted(wanted, key=lambda figure: not figure[1]):
        if percent:
            choices = [True, False] if heading else [True]
        else:
            choices = [False, True]
        taken = next((choice for choice in choices if left[number, choice]), None)
        if taken is None:
            return False
        left[number, taken] -= 1
    return True


def _plain(phrase: str) -> str:
    """One kind of dash, decimal point, multiplication sign and digit; powers written as 10^6, units as m2."""
    plain = Forms(_MINUS_APART.sub(" -", phrase)).with_breaks.text

    def lowered(hit: re.Match[str]) -> str:
        raised = hit.group().translate(_LOWERED)
        of_a_unit = plain[hit.start() - 1 : hit.start()].isalpha() and raised.isdecimal()
        return raised if of_a_unit else f"^{raised}"

    lined = _TIMES.sub(" × ", _RAISED.sub(lowered, plain))
    return re.sub(r"[^\D0-9]", lambda digit: str(unicodedata.decimal(digit.group())), lined)


def _figures(plain: str) -> list[Figure]:
    figures: list[Figure] = []
    for hit in _FIGURE.finditer(plain):
        percent = _IS_PERCENT.match(plain, hit.end()) is not None
        if hit["words"]:
            figures.append((str(_count(hit["words"])), percent))
        elif hit["name"]:
            if any(character.isdecimal() for character in hit["name"]):
                figures.append((hit["name"].casefold(), False))
        else:
            *apart, last = _numbers(hit["body"])
            figures += [(number, percent) for number in apart]
            tail = re.sub(r"(?<=[eE^])\+?(-?)0*(?=\d)", r"\1", hit["tail"] or "").lower()
            figures.append((f"{hit['sign'] or ''}{last}{tail}", percent))
    return figures


def _numbers(body: str) -> list[str]:
    """What digits with separators mean: nearly always one number; 1,2,3 is a list of three."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d{0,2}(?:'\d{3})+(?:[.,]\d+)?", body):
        whole, _, fraction = re.sub(r"[,'](?=\d{3}(?:[,'.]|$))", "", body).replace(",", ".").partition(".")
    elif re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}", body):
        whole, _, fraction = body.replace(".", "").partition(",")
    elif re.fullmatch(r"\d*[.,]\d+|\d+", body):
        whole, _, fraction = body.replace(",", ".").partition(".")
    elif re.fullmatch(r"\d+(?:,\d+)+", body):
        return [_written(part, "") for part in body.split(",")]
    else:
        return [body]
    return [_written(whole, fraction)]


def _written(whole: str, fraction: str) -> str:
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _count(words: str) -> int:
    """The number that English number words stand for, such as one hundred and twenty-eight."""
    total = current = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            current *= 100
        elif word == "thousand":
            total, current = current * 1_000, 0
        elif word == "a":
            current = 1
        elif word != "and":
            current += _COUNTS[word]
    return total + current
