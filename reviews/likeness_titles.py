"""Titles brought to one spelling, and whether two of them differ by spelling only. Pure: no Django, no database."""

import html
import re
import unicodedata

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

NEAR = 90.0  # ratio of the squashed titles, of 100, under which they are not one title misspelt
SHORTEST_PART = (
    20  # letters of a title that may stand for the whole: a cut subtitle, a title in two languages
)
CUT_AFTER = 80  # letters after which a title that ends within a word of the other was cut by a database

_GREEK = {
    code: f" {unicodedata.name(chr(code)).split()[-1].lower().replace('lamda', 'lambda')} "
    for code in range(ord("α"), ord("ω") + 1)
}
_WORD = re.compile(r"[^\W_]+")
# Roman figures (not I, V and X: they are also words) and number words: "phase II" is "phase 2".
_NUMBERS = "one,two ii,three iii,four iv,five,six vi,seven vii,eight viii,nine ix,ten"
_FIGURES = {
    word: str(value) for value, words in enumerate(_NUMBERS.split(","), start=1) for word in words.split()
}
_ROMAN = re.compile(
    r"\b(part|phase|type|class|grade|stage|group|study|trial|level|factor|angiotensin)s? ([ivx])\b", re.I
)
_ROMAN_VALUES = {"i": "1", "v": "5", "x": "10"}
# What a database adds to the title of the paper. It says nothing of which paper it is, except where a word of
# ABOUT_ANOTHER stands outside of it ("Erratum: ...").
_ADDED = re.compile(
    r"""\[\ ?errat(?:um|a)\ (?:appears|in)\b[^\]]*$  # cut in the middle
    | \[\ ?(?: (?:narrative\ |systematic\ )?review | \d+\ refs? | see\ comments? | comments? | letter
        | comment\ (?:in|on)\b[^\]]* | errat(?:um|a)\ (?:appears|in)\b[^\]]* | erratum
        | (?:original\ report|summary\ for\ patients|republished|reprinted?|update|retraction|corrected\ and)\b[^\]]*
        | in\ process\ citation | article\ in\ [^\]]* | abstract(?:\ no[^\]]*)? | electronic\ resource | corrected
        | published\ erratum[^\]]* | proceeding | internet | chinese | french | german | italian | japanese | polish
        | portuguese | russian | spanish )\ ?\]
    | \((?:provisional\ abstract|structured\ abstract|brief\ record|review|cochrane\ review|author'?s?\ transl)\)
    | ^(?:short|brief|case|original)\ (?:report|communication|article|paper|research)s?\ ?[:.]\ ?
    | [:.]\ ?original\ (?:article|research)s?\.?$ | \ -\ escholarship$
    | \.\s(?:chinese|czech|danish|dutch|french|german|hungarian|italian|japanese|norwegian|polish|portuguese
        |russian|slovak|spanish|swedish|turkish|ukrainian)\.?(?:\s*\n.*)?$""",
    re.I | re.X | re.S,
)
_INLINE_TAG = re.compile(r"</?(?:i|b|u|sub|sup|inf|it|em|strong|sc|span|bold|italic)\b[^<>]{0,60}>", re.I)
_TAG = re.compile(r"<[a-z/][^<>]{0,80}>", re.I)
_THOUSANDS = re.compile(r"\b(\d{1,3})[ ,\u00a0\u2009\u202f](?=\d{3}\b)")
_OR_EQUAL = re.compile(r"([<>])\s*or\s*=", re.I)

# Words that make another document of the same title.
ABOUT_ANOTHER = frozenset(
    [
        *(
            "comment",
            "comments",
            "commentary",
            "reply",
            "response",
            "rebuttal",
            "editorial",
            "letter",
            "protocol",
        ),
        *("erratum", "errata", "corrigendum", "correction", "corrected", "addendum", "supplement"),
        *("retraction", "retracted", "withdrawn", "expression"),
    ]
)
# Words that may be missing from one of two spellings of a title.
_SILENT = frozenset(["the", "an", "and", "of"])
# Words that turn a title round, however little of it they are.
_TURNED_ROUND = frozenset(["not", "non", "never", "without"])
# Beginnings that turn a word into another: "hypotension" is no misspelt "hypertension".
_TURNING = (
    *("un", "in", "non", "anti", "hypo", "hyper"),
    *("pre", "post", "sub", "over", "under", "micro", "macro"),
)


def plain(text: str) -> str:
    """Small letters without accents; Greek letters by their names."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(sign for sign in text if not unicodedata.combining(sign)).translate(_GREEK)
        text = (
            text.replace("ß", "ss").replace("ø", "o").replace("æ", "ae").replace("ł", "l").replace("đ", "d")
        )
    return text.casefold()


def words_in(text: str) -> list[str]:
    """The runs of letters and figures of a text."""
    return _WORD.findall(text)


def title_words(title: str) -> tuple[str, ...]:
    """The words of a title in small letters, figures as figures, without what databases add to it."""
    if "&" in title:
        title = html.unescape(html.unescape(title))
    if "<" in title:
        title = _TAG.sub(" ", _INLINE_TAG.sub("", title))
    title = _ADDED.sub(" ", title.strip())
    title = _OR_EQUAL.sub(r"\1=", _THOUSANDS.sub(r"\1", title))
    title = _ROMAN.sub(lambda found: f"{found[1]} {_ROMAN_VALUES[found[2].lower()]}", title)
    words = _WORD.findall(plain(title).replace("'", "").replace("\u2019", ""))
    return tuple(_FIGURES.get(word) or american(word) for word in words)


def american(text: str) -> str:
    """British spellings as American ones, crudely: it is done to both sides ("oesophageal tumour")."""
    return text.replace("ae", "e").replace("oe", "e").replace("our", "or")


def figures_in(words: tuple[str, ...]) -> tuple[str, ...]:
    """The figures of a title in their order."""
    return tuple(re.findall(r"\d+", " ".join(words)))


def same_figures(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two titles have the same figures, however they are cut: "10 000" is "10000"."""
    return one == other or sorted(one) == sorted(other) or "".join(one) == "".join(other)


def one_in_the_other(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the words of one title begin or end the other: a subtitle was cut, a second language added, or a long
    title cut in the middle of a word."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    letters = sum(map(len, short))
    if letters < SHORTEST_PART or not _TURNED_ROUND.isdisjoint(set(long) - set(short)):
        return False
    if long[: len(short)] == short or long[len(long) - len(short) :] == short:
        return True
    one, other = sorted(("".join(a), "".join(b)), key=len)
    return len(one) >= CUT_AFTER and other.startswith(one)


def misspelt(a: tuple[str, ...], b: tuple[str, ...], squashed_a: str, squashed_b: str) -> bool:
    """Whether two titles differ by spelling only: every word of one is in the other, run together or misspelt."""
    if fuzz.ratio(squashed_a, squashed_b, score_cutoff=NEAR) < NEAR:
        return False
    only_a, only_b = _only(a, b)
    return _spelling(only_a, squashed_b, only_b) and _spelling(only_b, squashed_a, only_a)


def words_lost(a: tuple[str, ...], b: tuple[str, ...], squashed_a: str, squashed_b: str) -> bool:
    """Whether one title is the other less a few words or letters: "Interferon- (IFN-)" for "Interferon-γ (IFN-γ)"."""
    if fuzz.ratio(squashed_a, squashed_b, score_cutoff=NEAR) < NEAR:
        return False
    only_a, only_b = _only(a, b)
    if not _TURNED_ROUND.isdisjoint(only_a | only_b):
        return False
    return _misspelt_in(only_a, only_b) or _misspelt_in(only_b, only_a)


def _only(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[set[str], set[str]]:
    one, other = _telling(a), _telling(b)
    return one - other, other - one


def _telling(words: tuple[str, ...]) -> set[str]:
    begins_with_article = words[:1] == ("a",)
    return set(words[1:] if begins_with_article else words) - _SILENT


def _spelling(words: set[str], other_title: str, others: set[str]) -> bool:
    for word in words:
        if len(word) > 3 and word in other_title and not word.startswith(_TURNING):
            continue
        if not _misspelt_in({word}, others):
            return False
    return True


def _misspelt_in(words: set[str], others: set[str]) -> bool:
    return all(any(same_word(word, other) for other in others) for word in words)


def same_word(one: str, other: str) -> bool:
    """Whether two words are one with a typing error or another ending. They must begin alike: "asymptomatic" is
    no misspelt "symptomatic", "esomeprazole" no "omeprazole"."""
    short, long = sorted((one, other), key=len)
    if len(short) < 5 or short[0] != long[0] or any(figure in one + other for figure in "0123456789"):
        return False
    if _turned(one) != _turned(other):
        return False
    return (long.startswith(short) and len(long) - len(short) <= 2) or OSA.distance(one, other) <= 1


def _turned(word: str) -> str:
    return next((start for start in _TURNING if word.startswith(start)), "")
