"""How alike two records are, and whether that is proof.

    likeness = compare(facts_of(one), facts_of(other))
    likeness.outcome      # CERTAIN: may be linked by a rule; UNSURE: a person looks; DIFFERENT

A false link loses a study in silence, a missed one costs a person seconds; so a rule links only when several
independent facts agree, and what speaks against is no more than databases get wrong of one paper. What is never
proof by itself: the same DOI (all abstracts of a congress supplement share one), the same title and year
("Introduction", editorials, yearly abstracts). The rules are in likeness_rules.py, docs/duplicates.md explains them.

Pure: no Django, no database. `compare` is symmetric, and 1.0 is the score of a record with itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from .likeness_fields import Facts
from .likeness_names import same_first_author, shared_authors
from .likeness_places import same_issue, same_journal, same_pages
from .likeness_rules import ALIKE, Agreement, proof, worth_a_look
from .likeness_titles import misspelt, one_in_the_other, same_figures, words_lost

VERSION = "likeness-2"  # kept with every pair it decided; raise it when a rule changes


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


def compare(a: Facts, b: Facts) -> Likeness:
    """How alike two records are. Symmetric."""
    fields = agreement(a, b)
    rule = proof(fields)
    if rule:
        outcome = Outcome.CERTAIN
    elif worth_a_look(fields):
        outcome = Outcome.UNSURE
    else:
        outcome = Outcome.DIFFERENT
    against = tuple(fields.against.values())
    return Likeness(_score(fields), outcome, (*_in_favour(fields), *against), against, rule)


def contradict(a: Facts, b: Facts) -> bool:
    """Whether something speaks against these two being the same: then no chain of links may join them."""
    likeness = compare(a, b)
    if likeness.outcome is Outcome.CERTAIN:
        return False
    return bool(likeness.against) or likeness.outcome is Outcome.DIFFERENT


def hopeless(a: Facts, b: Facts) -> bool:
    """Whether `compare` can only say DIFFERENT: told in a fraction of its time, for most pairs of a block."""
    if not a.squashed or not b.squashed or a.squashed == b.squashed:
        return False
    if (a.pmid and a.pmid == b.pmid) or (a.doi and a.doi == b.doi):
        return False
    if a.pages[0] and a.pages[0] == b.pages[0]:
        return False
    if a.abstract and b.abstract and fuzz.ratio(a.abstract[:100], b.abstract[:100], score_cutoff=80):
        return False
    return _titles_alike(a, b) < ALIKE and not one_in_the_other(a.words, b.words)


def agreement(a: Facts, b: Facts) -> Agreement:
    """Two records field by field."""
    same_title = bool(a.words) and a.squashed == b.squashed
    part = one_in_the_other(a.words, b.words)
    figures = same_figures(a.figures, b.figures)
    shared = shared_authors(a.people, b.people)
    titles = 100.0 if a.squashed == b.squashed else _titles_alike(a, b)
    page = same_pages(a.pages, b.pages)
    fields = Agreement(
        title=titles,
        same_title=same_title,
        near=same_title
        or (figures and a.markers == b.markers and misspelt(a.words, b.words, a.squashed, b.squashed)),
        part=part,
        lost=bool(page and figures and words_lost(a.words, b.words, a.squashed, b.squashed)),
        figures=figures,
        words=min(len(a.words), len(b.words)),
        doi=_same_doi(a.doi, b.doi),
        pmid=_equal(a.pmid, b.pmid),
        year=abs(a.year - b.year) if a.year and b.year else None,
        author=same_first_author(a.people, b.people, shared),
        shared=shared,
        journal=same_journal(a.journal, b.journal),
        venues=bool(a.journal) + bool(b.journal),
        volume=_same_volume(a, b),
        issue=same_issue(a.issue, b.issue),
        page=page,
        range=bool(page and a.pages == b.pages and a.pages[1] and a.pages[0] != a.pages[1]),
        abstract=_abstracts_alike(a, b, titles),
    )
    _set_against(a, b, fields)
    return fields


def _set_against(a: Facts, b: Facts, fields: Agreement) -> None:
    """What contradicts their being the same, in words. Part of a title may lack the figures of the rest."""
    say = fields.against.__setitem__
    if fields.pmid is False:
        say("pmid", "different PubMed numbers")
    if fields.doi is False:
        say("doi", "different DOIs")
    if fields.title > 60 and not fields.figures and not (fields.part and _fewer(a.figures, b.figures)):
        say("figures", "different figures in the titles")
    if a.markers != b.markers:
        say("marker", f"only one title says {', '.join(sorted(a.markers ^ b.markers))}")
    if kinds := a.kinds ^ b.kinds:
        say(
            "note" if kinds <= {"comment", "editorial"} else "kind",
            f"only one is a {', '.join(sorted(kinds))}",
        )
    if fields.year is not None and fields.year > 1:
        say("year", f"{fields.year} years apart")
    for name, words in _DIFFERENT.items():
        if getattr(fields, name) is False:
            say(name, words)
    if fields.abstract is not None and fields.abstract < 50:
        say("abstract", "different abstracts")


_DIFFERENT = {
    "author": "different first authors",
    "journal": "different journals",
    "volume": "different volumes",
    "issue": "different issues",
    "page": "different pages",
}


def _fewer(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short, long = sorted((one, other), key=len)
    return long[: len(short)] == short or long[len(long) - len(short) :] == short


def _in_favour(fields: Agreement) -> list[str]:
    """What speaks for their being the same, in words."""
    said = {
        "same PubMed number": fields.pmid,
        "same DOI": fields.doi,
        "same title": fields.same_title,
        "nearly the same title": fields.near and not fields.same_title,
        "one title is part of the other": fields.part and not fields.near,
        "similar titles": not fields.near and not fields.part and fields.words and fields.title >= 75,
        "same first author": fields.author,
        "same year": fields.year == 0,
        "one year apart": fields.year == 1,
        "same journal": fields.journal,
        "same volume": fields.volume,
        "same pages": fields.page,
        "same abstract": fields.abstract is not None and fields.abstract >= 95,
    }
    return [words for words, holds in said.items() if holds]


_WEIGHTS = {
    "title": 50,
    "pmid": 30,
    "doi": 15,
    "author": 15,
    "year": 10,
    "journal": 10,
    "page": 10,
    "volume": 10,
}


def _score(fields: Agreement) -> float:
    """The weighted share of what agrees among what both tell, less a tenth for each contradiction."""
    shares: dict[str, float | None] = {
        "title": (max(fields.title, 90.0) if fields.part else fields.title) / 100,
        "pmid": _share(fields.pmid),
        "doi": _share(fields.doi),
        "author": _share(fields.author),
        "year": None if fields.year is None else max(0.0, 1 - fields.year / 2),
        "journal": _share(fields.journal),
        "page": _share(fields.page),
        "volume": _share(fields.volume),
    }
    told = {name: share for name, share in shares.items() if share is not None}
    total = sum(_WEIGHTS[name] for name in told)
    score = sum(_WEIGHTS[name] * share for name, share in told.items()) / total
    told_apart = not fields.near and not (
        fields.part and fields.figures
    )  # a word or a figure, not its spelling
    return round(score * (0.85 if told_apart and fields.words else 1.0) * 0.9 ** len(fields.against), 4)


def _share(agrees: bool | None) -> float | None:
    return None if agrees is None else float(agrees)


def _equal(a: str, b: str) -> bool | None:
    return a == b if a and b else None


def _same_doi(a: str, b: str) -> bool | None:
    """None where one is the beginning of the other: it was cut, or names a version."""
    if not a or not b:
        return None
    return True if a == b else None if a.startswith(b) or b.startswith(a) else False


def _same_volume(a: Facts, b: Facts) -> bool | None:
    """Some databases have the issue where the volume should be."""
    if not a.volume or not b.volume:
        return None
    if a.volume == b.volume:
        return True
    return None if a.volume == b.issue or b.volume == a.issue else False


def _titles_alike(a: Facts, b: Facts) -> float:
    """0 to 100; two records without titles are as alike as two empty pages: 100."""
    if not a.words or not b.words:
        return 100.0 if a.words == b.words else 0.0
    return max(fuzz.ratio(a.squashed, b.squashed), fuzz.ratio(sorted(a.words), sorted(b.words)))


def _abstracts_alike(a: Facts, b: Facts, titles: float) -> float | None:
    """0 to 100, by letters or, where one begins with a heading more, by words. Under titles that differ only
    sameness tells something."""
    if len(a.abstract) < 150 or len(b.abstract) < 150:
        return None
    if a.abstract == b.abstract:
        return 100.0
    if titles < 60:
        return fuzz.ratio(a.abstract, b.abstract, score_cutoff=85) or None
    alike = fuzz.ratio(a.abstract, b.abstract)
    if alike >= 95:
        return alike
    words = [set(facts.abstract.split()) for facts in (a, b)]
    return max(alike, 100 * len(words[0] & words[1]) / min(map(len, words)))
