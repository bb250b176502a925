"""How alike two records are, and whether that is proof.

    likeness = compare(facts_of(one), facts_of(other))
    likeness.outcome      # CERTAIN: may be linked by a rule; UNSURE: a person looks; DIFFERENT

A false link loses a study in silence, a missed one costs a person seconds; so a rule links only when several
independent facts agree and none speaks against. What is never proof by itself: the same DOI (all abstracts of
a congress supplement share one), the same title and year ("Introduction", editorials, yearly abstracts).

The rules, of which one must hold, and no contradiction stand:

    same PubMed number   and near-equal titles
    same DOI             and near-equal titles, authors not unlike
    same title           of MIN_TITLE_WORDS words or more, same year and first author, and the same journal,
                         first page or abstract
    same place           journal, volume and first page, near-equal titles, same first author, years one apart

Pure: no Django, no database. `compare` is symmetric, and 1.0 is the score of a record with itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from .likeness_fields import Facts, Person, same_journal

VERSION = "likeness-1"  # kept with every pair it decided; raise it when a rule changes
MIN_TITLE_WORDS = 5
NEAR = 95.0  # ratio of the squashed titles, of 100
MANY_CONTRADICTIONS = 3


class Outcome(StrEnum):
    """What follows from a comparison."""

    CERTAIN = "certain"
    UNSURE = "unsure"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Likeness:
    """The answer: `score` 0 to 1, `why` in words (what speaks for, then what speaks against), `rule` if certain."""

    score: float
    outcome: Outcome
    why: tuple[str, ...]
    against: tuple[str, ...]
    rule: str = ""


@dataclass(frozen=True, slots=True)
class _Agreement:
    """Field by field: True they agree, False they contradict, None nothing can be said."""

    title: float  # likeness of the titles, 0 to 100
    near: bool
    doi: bool | None
    pmid: bool | None
    year: int | None  # how many years apart
    author: bool | None
    authors: float | None  # share of the shorter list of authors found in the other, 0 to 1
    journal: bool | None
    volume: bool | None
    page: bool | None
    abstract: float | None  # 0 to 100


def compare(a: Facts, b: Facts) -> Likeness:
    """How alike two records are. Symmetric."""
    titles = _titles_alike(a, b)
    fields = _Agreement(
        title=titles,
        near=_near(a, b),
        doi=_equal(a.doi, b.doi),
        pmid=_equal(a.pmid, b.pmid),
        year=abs(a.year - b.year) if a.year and b.year else None,
        author=_same_first_author(a, b),
        authors=_shared_authors(a, b),
        journal=same_journal(a.journal, b.journal),
        volume=_equal(a.volume, b.volume),
        page=_same_pages(a, b),
        abstract=_abstracts_alike(a, b, titles),
    )
    against = _against(a, b, fields)
    rule = "" if against else _rule(a, b, fields)
    if rule:
        outcome = Outcome.CERTAIN
    elif _worth_a_look(a, b, fields, against):
        outcome = Outcome.UNSURE
    else:
        outcome = Outcome.DIFFERENT
    return Likeness(_score(fields, against), outcome, (*_in_favour(a, b, fields), *against), against, rule)


def contradict(a: Facts, b: Facts) -> bool:
    """Whether something speaks against these two being the same: then no chain of links may join them."""
    likeness = compare(a, b)
    return bool(likeness.against) or likeness.outcome is Outcome.DIFFERENT


def _rule(a: Facts, b: Facts, fields: _Agreement) -> str:
    """The rule that proves them the same, given that nothing contradicts; "" if none does."""
    close = fields.year is None or fields.year <= 1
    if fields.pmid and fields.near and close:
        return "same PubMed number and title"
    kin = fields.author is not False and (fields.authors is None or fields.authors >= 0.5)
    if fields.doi and fields.near and close and kin and len(a.words) >= 3 <= len(b.words):
        return "same DOI and title"
    same_title = a.title == b.title and len(a.words) >= MIN_TITLE_WORDS
    alike = fields.abstract is not None and fields.abstract >= 95
    if same_title and fields.year == 0 and fields.author and (fields.journal or fields.page or alike):
        return "same title, year, first author and " + (
            "journal" if fields.journal else "pages" if fields.page else "abstract"
        )
    place = fields.journal and fields.volume and fields.page
    if place and fields.near and close and fields.author and len(a.words) >= 3 <= len(b.words):
        return "same journal, volume, page, title and first author"
    return ""


def _against(a: Facts, b: Facts, fields: _Agreement) -> tuple[str, ...]:
    """What contradicts their being the same, in words."""
    found = []
    if fields.pmid is False:
        found.append("different PubMed numbers")
    if fields.doi is False:
        found.append("different DOIs")
    if fields.title > 60 and a.figures != b.figures:
        found.append("different figures in the titles")
    if a.markers != b.markers:
        found.append(f"only one title says {', '.join(sorted(a.markers ^ b.markers))}")
    if a.kinds != b.kinds:
        found.append(f"only one is a {', '.join(sorted(a.kinds ^ b.kinds))}")
    if fields.year is not None and fields.year > 1:
        found.append(f"{fields.year} years apart")
    if fields.author is False:
        found.append("different first authors")
    if fields.journal is False:
        found.append("different journals")
    if fields.volume is False:
        found.append("different volumes")
    if fields.page is False:
        found.append("different pages")
    if fields.abstract is not None and fields.abstract < 50:
        found.append("different abstracts")
    return tuple(found)


def _in_favour(a: Facts, b: Facts, fields: _Agreement) -> list[str]:
    """What speaks for their being the same, in words."""
    said = {
        "same PubMed number": fields.pmid,
        "same DOI": fields.doi,
        "same title": bool(a.title) and a.title == b.title,
        "nearly the same title": a.title != b.title and fields.near,
        "similar titles": not fields.near and fields.title >= 75,
        "same first author": fields.author,
        "same year": fields.year == 0,
        "one year apart": fields.year == 1,
        "same journal": fields.journal,
        "same volume": fields.volume,
        "same pages": fields.page,
        "same abstract": fields.abstract is not None and fields.abstract >= 95,
    }
    return [words for words, holds in said.items() if holds]


def _worth_a_look(a: Facts, b: Facts, fields: _Agreement, against: tuple[str, ...]) -> bool:
    """Whether a person should see the pair: much agrees, though not enough to prove it."""
    if fields.pmid:
        return True
    if a.title and b.title and not fields.near and a.figures != b.figures and fields.page is not True:
        return False  # part 1 and part 2, yearly reports
    if len(against) >= MANY_CONTRADICTIONS and not (fields.doi and fields.near):
        return False
    untitled = not a.title or not b.title
    if fields.doi:
        return untitled or fields.title >= 60
    if fields.journal and fields.page and fields.volume is not False and (fields.year or 0) <= 1:
        return untitled or fields.title >= 50 or fields.author is True
    if untitled:
        return fields.abstract is not None and fields.abstract >= 85
    short = min(len(a.words), len(b.words)) < MIN_TITLE_WORDS
    if short:  # "Introduction" tells nothing: only with its author, year and nothing against
        return bool(fields.near and fields.author and fields.year == 0 and not against)
    if fields.author is False and (fields.authors or 0) < 0.5:
        return fields.near and len(against) <= 1 and (fields.year or 0) <= 1
    return fields.near or (fields.title >= 85 and (fields.year or 0) <= 1)


_WEIGHTS = {"title": 50, "pmid": 30, "doi": 15, "author": 15, "year": 10, "journal": 10, "page": 10}


def _score(fields: _Agreement, against: tuple[str, ...]) -> float:
    """The weighted share of what agrees among what both tell, less a tenth for each contradiction."""
    shares: dict[str, float | None] = {
        "title": fields.title / 100,
        "pmid": _share(fields.pmid),
        "doi": _share(fields.doi),
        "author": _share(fields.author),
        "year": None if fields.year is None else max(0.0, 1 - fields.year / 2),
        "journal": _share(fields.journal),
        "page": _share(fields.page),
    }
    told = {name: share for name, share in shares.items() if share is not None}
    total = sum(_WEIGHTS[name] for name in told)
    score = sum(_WEIGHTS[name] * share for name, share in told.items()) / total
    return round(score * 0.9 ** len(against), 4)


def _share(agrees: bool | None) -> float | None:
    return None if agrees is None else float(agrees)


def _equal(a: str, b: str) -> bool | None:
    return a == b if a and b else None


def _titles_alike(a: Facts, b: Facts) -> float:
    """0 to 100; two records without titles are as alike as two empty pages: 100."""
    if a.title == b.title:
        return 100.0
    if not a.title or not b.title:
        return 0.0
    words = [" ".join(sorted(facts.words)) for facts in (a, b)]
    return max(fuzz.ratio(a.squashed, b.squashed), fuzz.ratio(*words))


def _near(a: Facts, b: Facts) -> bool:
    """Whether the titles differ by spelling only: no figure, and no word that is not a variant of the other's."""
    if not a.title or not b.title:
        return False
    if a.title == b.title or a.squashed == b.squashed:
        return True
    if a.figures != b.figures or a.markers != b.markers or fuzz.ratio(a.squashed, b.squashed) < NEAR:
        return False
    only_a, only_b = (sorted(set(one.words) - set(other.words)) for one, other in ((a, b), (b, a)))
    return _spelling(only_a, b.squashed, only_b) and _spelling(only_b, a.squashed, only_a)


# Beginnings that turn a word into another: "hypotension" is no misspelt "hypertension".
_TURNING = (
    "un",
    "in",
    "non",
    "anti",
    "hypo",
    "hyper",
    "pre",
    "post",
    "sub",
    "over",
    "under",
    "micro",
    "macro",
)


def _spelling(words: list[str], other_title: str, others: list[str]) -> bool:
    """Whether every word that only one title has is run together, or spelt a little differently, in the other."""
    for word in words:
        if len(word) > 3 and word in other_title and not word.startswith(_TURNING):
            continue
        variants = [
            other for other in others if fuzz.ratio(word, other) >= 85 and _turned(word) == _turned(other)
        ]
        if not variants or len(word) < 5:
            return False
    return True


def _turned(word: str) -> str:
    return next((start for start in _TURNING if word.startswith(start)), "")


def _same_first_author(a: Facts, b: Facts) -> bool | None:
    """By family name and, where both tell it, the first letter of the given name; order of names set aside."""
    if not a.people or not b.people:
        return None
    one, other = a.people[0], b.people[0]
    if one.family == other.family:
        return True if one.initial == other.initial or not one.initial or not other.initial else None
    if one.parts & other.parts:
        return True if (_shared_authors(a, b) or 0) >= 0.8 and min(len(a.people), len(b.people)) > 1 else None
    return False


def _shared_authors(a: Facts, b: Facts) -> float | None:
    short, long = sorted((a.people, b.people), key=len)
    if not short:
        return None
    return sum(any(_kin(one, other) for other in long) for one in short) / len(short)


def _kin(one: Person, other: Person) -> bool:
    return one.family == other.family or bool(one.parts & other.parts)


def _same_pages(a: Facts, b: Facts) -> bool | None:
    """True: the same first page. False: both begin and end elsewhere. Odd page numbers tell nothing."""
    if not a.first_page or not b.first_page:
        return None
    if a.first_page == b.first_page:
        return True
    if a.first_page.isdigit() != b.first_page.isdigit():
        return None
    return None if a.last_page and a.last_page == b.last_page else False


def _abstracts_alike(a: Facts, b: Facts, titles: float) -> float | None:
    """0 to 100, by letters or, where one begins with a heading more, by words. Asked only where it can matter:
    it costs more than everything else together."""
    if len(a.abstract) < 150 or len(b.abstract) < 150 or (titles < 50 and a.title and b.title):
        return None
    if a.abstract == b.abstract:
        return 100.0
    words = [set(facts.abstract.split()) for facts in (a, b)]
    shared = len(words[0] & words[1]) / min(map(len, words))
    return max(fuzz.ratio(a.abstract, b.abstract), 100 * shared)
