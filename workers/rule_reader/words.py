"""Words: stems, stop words, people, and numbers written as words."""

import re
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+(?:[.,]\d+)*")
"""A word (with inner hyphens) or a number."""


def _listed(text: str) -> list[str]:
    return text.split()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _set(
    """
    a about above across after again all also although among an and any are as at be because been before
    being below between both but by can could did do does doing down due during each either else etc
    ever every few for from further given had has have having he her here hers him his how if in into is
    it its itself just least less let like made make may me might more most much must my near neither
    new no nor not of off on once one only onto or other our out over own per rather same shall she
    should since so some somebody someone such than that the their them then there these they this those
    through to too toward towards under until up upon us use used uses using very via was we well were
    what when where whether which while who whom whose why will with within without would you your yes
    """
)
"""Words without content."""

GENERIC = _set(
    """
    study studies trial trials paper papers article articles report reports reported reporting record
    records research participant participants patient patients people person persons subject subjects
    population populations individual individuals treatment treatments treated treat therapy therapies
    intervention interventions test tests testing tested evaluate evaluates evaluated evaluating
    evaluation assess assessed design designs include included includes including inclusion exclude
    excluded exclusion eligible qualify qualifies criterion criteria alone combination combined
    combinations combine receive received receives receiving give gives administered administration
    group groups arm arms compare compared comparison outcome outcomes measure measured any must least
    primary original published publication data results result clinical human humans setting type kind
    plus disease diseases diagnosis diagnosed condition language english written full text
    """
)
"""Words that nearly every criterion and nearly every paper has; they do not tell papers apart."""

PEOPLE = _set(
    """
    patient patients participant participants subject subjects people persons person adults adult
    children volunteers women men pts pt individuals cases infants adolescents
    """
)

NEGATION = re.compile(r"\b(?:no|not|without|neither|nor|never|none|lack(?:ed|s|ing)?|cannot)\b|n't\b", re.I)

_UNITS = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_SUFFIXES = ("isations", "izations", "isation", "ization", "ations", "ation", "ments", "ment", "ings", "ing", "ers",
             "er", "ies", "ied", "ed", "es", "ly", "s", "y", "e")  # fmt: skip


def _number_words() -> dict[str, int]:
    table = {word: value for value, word in enumerate(_UNITS)}
    for tens, word in enumerate(_TENS, start=2):
        table[word] = tens * 10
        for unit in range(1, 10):
            table[f"{word}-{_UNITS[unit]}"] = tens * 10 + unit
    return table


NUMBER_WORDS = _number_words()
"""'nineteen' -> 19, 'twenty-eight' -> 28; up to ninety-nine."""


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A crude stem, enough to bring "enrolled", "enrolment" and "enroll" together. Lower-case words in and out."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    if word.endswith("iz"):
        word = word[:-2] + "is"
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word.replace("aem", "em").replace("oed", "ed").replace("our", "or")


def content_words(text: str) -> list[str]:
    """The lower-case words of a text that carry content, numbers left out."""
    found = (match.group() for match in WORD.finditer(text.lower()))
    return [word for word in found if not word[0].isdigit() and word not in STOP and len(word) > 1]


def telling_words(text: str) -> list[str]:
    """`content_words` without those that nearly every paper has."""
    return [word for word in content_words(text) if word not in GENERIC]
