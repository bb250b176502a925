"""Made-up records as databases have them, for measuring and for tests: nothing here was ever published.

    paper = a_paper(rng)                 # one paper, all fields known
    record = as_another_has_it(paper, rng)   # the same paper from another database: abbreviated, cut, misspelt
    other = another_paper(paper, rng)    # a different paper that is nearly the same: part 2, the reply, the abstract

`made(n, seed)` gives n records of which about three in ten are further copies, with the number of the paper each
one is of. Same seed, same records.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

VOWELS, CONSONANTS = "aeiou", "bcdfglmnprstvz"


@dataclass(frozen=True)
class Made:
    """A record with the attributes that are compared."""

    title: str = ""
    abstract: str = ""
    authors: list[str] = field(default_factory=list)
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    publication_types: list[str] = field(default_factory=list)


def _invented(rng: random.Random, syllables: int, ending: str = "") -> str:
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables)) + ending


_words = random.Random(7)
DRUGS = [
    _invented(_words, 3, _words.choice(["mab", "nib", "pril", "statin", "cillin", "xone"]))
    for _ in range(600)
]
DISEASES = [_invented(_words, 3, _words.choice(["itis", "osis", "oma", "emia", "pathy"])) for _ in range(400)]
FAMILIES = [
    _invented(_words, _words.choice([2, 3, 3]), _words.choice(["", "n", "r", "s"])).title()
    for _ in range(9000)
]
GIVEN = [_invented(_words, 2, _words.choice(["", "n", "l"])).title() for _ in range(400)]
SUBJECTS = [_invented(_words, 4, _words.choice(["logy", "metrics", "graphy"])) for _ in range(120)]
KINDS = [("Journal of", "J"), ("Annals of", "Ann"), ("Archives of", "Arch"), ("European Journal of", "Eur J"),
         ("International Journal of", "Int J"), ("Advances in", "Adv")]  # fmt: skip
WHO = [
    *("adults", "children", "older people", "women", "men", "pregnant women", "outpatients", "inpatients"),
    *(
        "athletes",
        "veterans",
        "nurses",
        "adolescents",
        "neonates",
        "rural households",
        "hospital staff",
        "students",
    ),
]
WHAT = [
    *(
        "mortality",
        "quality of life",
        "pain",
        "relapse",
        "length of stay",
        "blood pressure",
        "adherence",
        "fatigue",
    ),
    *(
        "infection",
        "fracture",
        "cognition",
        "sleep",
        "weight",
        "renal function",
        "anxiety",
        "cost",
        "readmission",
    ),
]
HOW = [
    *(
        "a randomised trial",
        "a cohort study",
        "a systematic review",
        "a cross-sectional survey",
        "a pilot study",
    ),
    *("a case-control study", "an economic evaluation", "a registry analysis", "a qualitative study"),
]
WHERE = [
    *("Norway", "Ghana", "Peru", "Japan", "Canada", "Nepal", "Chile", "Kenya"),
    *("Poland", "Italy", "Vietnam", "Egypt", "Iran", "Spain", "Sweden", "Brazil"),
]
SHORT = ("Introduction", "Editorial", "In reply", "Letter to the editor", "Abstracts", "Preface", "News")


def a_paper(rng: random.Random, *, supplement: str = "") -> Made:
    """One paper with all that can be known of it. With `supplement` (a DOI): an abstract of that supplement."""
    drug, other, disease = rng.choice(DRUGS), rng.choice(DRUGS), rng.choice(DISEASES)
    who, what, how, where = (rng.choice(each) for each in (WHO, WHAT, HOW, WHERE))
    title = rng.choice(
        [
            f"{drug.title()} versus {other} for {what} in {who} with {disease}: {how}",
            f"Effect of {drug} on {what} and {rng.choice(WHAT)} in {who} with {disease}",
            f"{what.capitalize()} after {drug} treatment of {disease} in {where}: {how} of {who}",
            f"Does {drug} reduce {what} in {who}? {how.capitalize()} in {where}",
            f"{disease.title()} in {who} from {where}: risk factors for poor {what}",
            f"Combined {drug} and β-{other} in {who} with stage {rng.randint(1, 4)} {disease}",
        ]
    )
    if not supplement and rng.random() < 0.02:
        title = rng.choice(SHORT)
    year = rng.randint(1990, 2024)
    kind, subject = rng.choice(KINDS), SUBJECTS[int(len(SUBJECTS) * rng.random() ** 2)]
    if supplement:  # one issue of one journal
        year, kind, subject = (
            1990 + len(supplement) + int(supplement[-1]),
            KINDS[0],
            SUBJECTS[int(supplement[-1])],
        )
    first = rng.randint(1, 1800)
    doi = supplement
    if year > 1999 and not supplement:
        doi = f"10.{rng.randint(1000, 9999)}/{_invented(rng, 3)}.{year}.{rng.randint(1, 99999)}"
    return Made(
        title=title,
        abstract=_abstract(rng, drug, disease, who, what),
        authors=[
            f"{_family(rng)}, {rng.choice(GIVEN)} {rng.choice('ABCDEF')}." for _ in range(rng.randint(1, 9))
        ],
        year=year,
        journal=f"{kind[0]} {subject.title()}",
        volume=str(year - 1970),
        issue="Suppl 1" if supplement else str(rng.randint(1, 12)),
        pages=f"S{first}" if supplement else f"{first}-{first + rng.randint(2, 14)}",
        doi=doi,
        pmid="" if supplement or rng.random() < 0.2 else str(rng.randint(10_000_000, 39_999_999)),
    )


def _family(rng: random.Random) -> str:
    return FAMILIES[int(len(FAMILIES) * rng.random() ** 3)]  # some names are many people's


def _abstract(rng: random.Random, drug: str, disease: str, who: str, what: str) -> str:
    n, share, low = rng.randint(20, 4000), rng.randint(2, 95), rng.randint(2, 50) / 10
    sentences = [
        f"{disease.title()} is common in {who}, and what {drug} does to {what} is not known.",
        f"We followed {n} {who} in {rng.choice(WHERE)} for {rng.randint(2, 60)} months and recorded {what}.",
        f"{share}% of those given {drug} improved, against {rng.randint(1, 90)}% of the others (ratio {low}).",
        f"{rng.choice(WHAT).capitalize()} did not differ, nor did {rng.choice(WHAT)} at {rng.randint(3, 24)} weeks.",
        f"Harms were seen in {rng.randint(0, 60)} of {n}; {rng.randint(0, 9)} were serious.",
        f"{drug.title()} may change {what} in {disease}; trials with {rng.choice(WHAT)} as the outcome are needed.",
    ]
    return " ".join(sentences)


# ---------------------------------------------------------------- the same paper elsewhere


def as_another_has_it(paper: Made, rng: random.Random) -> Made:
    """The same paper as another database has it: two to five of the things databases do."""
    seen = paper
    for change in rng.sample(DIALECTS, k=rng.randint(2, 5)):
        seen = change(seen, rng)
    if seen.year != paper.year and not seen.volume:  # then nobody could tell it from next year's abstract
        seen = replace(seen, year=paper.year)
    return seen


def _abbreviated(paper: Made, _rng: random.Random) -> Made:
    for long, short in sorted(KINDS, key=lambda kind: -len(kind[0])):
        if paper.journal.startswith(long):
            return replace(paper, journal=f"{short} {paper.journal[len(long) + 1 :][:6]}")
    return paper


def _initials(paper: Made, _rng: random.Random) -> Made:
    def short(name: str) -> str:
        family, _, given = name.partition(", ")
        return f"{family} {''.join(part[0] for part in given.split())}"

    return replace(paper, authors=[short(name) if ", " in name else name for name in paper.authors])


def _initials_first(paper: Made, _rng: random.Random) -> Made:
    def turned(name: str) -> str:
        family, _, given = name.partition(", ")
        return f"{given[0]}. {family}"

    return replace(paper, authors=[turned(name) if ", " in name else name for name in paper.authors])


def _et_al(paper: Made, _rng: random.Random) -> Made:
    return replace(paper, authors=[*paper.authors[:3], "et al"] if len(paper.authors) > 3 else paper.authors)


def _typing_error(paper: Made, rng: random.Random) -> Made:
    words = paper.title.split()
    long = [place for place, word in enumerate(words) if len(word) > 6 and word.isalpha()]
    if not long:
        return paper
    place, at = rng.choice(long), rng.randint(2, 4)
    words[place] = words[place][:at] + words[place][at - 1 :]  # a letter twice
    return replace(paper, title=" ".join(words))


def _next_year(paper: Made, _rng: random.Random) -> Made:
    return replace(paper, year=paper.year + 1 if paper.year else None)


DIALECTS: list[Callable[[Made, random.Random], Made]] = [
    _abbreviated,
    _initials,
    _initials_first,
    _et_al,
    lambda paper, rng: replace(paper, title=paper.title.upper()),
    lambda paper, rng: replace(paper, title=f"{paper.title}. [Review] [{rng.randint(9, 99)} refs]"),
    lambda paper, rng: replace(paper, title=f"{paper.title}.", pages=_short_range(paper.pages)),
    lambda paper, rng: replace(paper, title=paper.title.replace("β", "beta").replace("randomised", "randomized")),
    lambda paper, rng: replace(paper, title=f"[{paper.title}]."),
    lambda paper, rng: replace(paper, doi=""),
    lambda paper, rng: replace(paper, doi="", pmid=""),
    lambda paper, rng: replace(paper, pmid="", abstract=""),
    lambda paper, rng: replace(paper, abstract=f"BACKGROUND: {paper.abstract[:300]}"),
    lambda paper, rng: replace(paper, volume="", issue="", pages=""),
    lambda paper, rng: replace(paper, issue="", pages=paper.pages.split("-")[0]),
    _typing_error,
    _next_year,
]  # fmt: skip


def _short_range(pages: str) -> str:
    first, _, last = pages.partition("-")
    same = 0
    while same < min(len(first), len(last)) - 1 and len(first) == len(last) and first[same] == last[same]:
        same += 1
    return f"{first}-{last[same:]}" if last else pages


# ---------------------------------------------------------------- another paper, nearly the same


def another_paper(paper: Made, rng: random.Random) -> Made:
    """A different document that looks much like this one."""
    return rng.choice(NEAR_MISSES)(paper, rng)


def _elsewhere(paper: Made, rng: random.Random) -> Made:
    """Its own place and numbers."""
    first = int(paper.volume or 1) * 3 + rng.randint(1900, 2900)
    return replace(
        paper,
        pages=f"{first}-{first + 3}",
        doi=f"{paper.doi}.{rng.randint(100, 999)}" if paper.doi and not paper.doi.endswith(".") else "",
        pmid="",
    )


def _shifted(paper: Made, rng: random.Random, by: int) -> Made:
    moved = _elsewhere(paper, rng)
    return replace(moved, year=(paper.year or 2000) + by, volume=str(int(paper.volume or 30) + by))


def _by_others(paper: Made, rng: random.Random) -> Made:
    return replace(paper, authors=[f"{_family(rng)}, {initials}." for initials in ("Z. Y.", "X.")])


def _congress(paper: Made, rng: random.Random) -> Made:
    return replace(paper, journal=f"Proceedings of {rng.choice(SUBJECTS).title()}", abstract="")


def _preprint(paper: Made, rng: random.Random) -> Made:
    doi = f"10.1101/2020.01.01.{rng.randint(10**7, 10**8)}"
    return replace(paper, journal="medRxiv", doi=doi, pmid="", volume="", issue="", pages="")


NEAR_MISSES: list[Callable[[Made, random.Random], Made]] = [
    lambda paper, rng: _elsewhere(replace(paper, title=f"{paper.title}: reply"), rng),
    lambda paper, rng: _elsewhere(_by_others(replace(paper, title=f"Comment on: {paper.title}"), rng), rng),
    lambda paper, rng: _elsewhere(replace(paper, title=f"Erratum: {paper.title}", abstract=""), rng),
    lambda paper, rng: _elsewhere(replace(paper, title=f"{paper.title}. Part 2"), rng),
    lambda paper, rng: _elsewhere(replace(paper, title=f"{paper.title}: study protocol"), rng),
    lambda paper, rng: _shifted(paper, rng, 1),  # the yearly report
    lambda paper, rng: _shifted(_congress(paper, rng), rng, -1),  # the abstract before the paper
    lambda paper, rng: _elsewhere(replace(paper, title=_swapped(paper.title, WHO, rng)), rng),
    lambda paper, rng: _elsewhere(replace(paper, title=_swapped(paper.title, WHERE, rng)), rng),
    lambda paper, rng: _elsewhere(replace(paper, title=_swapped(paper.title, DRUGS, rng)), rng),
    lambda paper, rng: _elsewhere(_by_others(paper, rng), rng),
    _preprint,
]


def _swapped(title: str, kinds: list[str], rng: random.Random) -> str:
    low = title.lower()
    for kind in kinds:
        if f" {kind.lower()}" in f" {low}":
            at = low.index(kind.lower())
            return title[:at] + rng.choice([each for each in kinds if each != kind]) + title[at + len(kind) :]
    return f"{title} in {rng.choice(WHERE)}"


# ---------------------------------------------------------------- many


def made(n: int, *, seed: int = 1) -> Iterator[tuple[int, Made]]:
    """`n` records, each with the number of its paper: about 65% first copies, 30% further ones, 5% near misses.

    One paper in ten is an abstract of a congress supplement, whose 400 abstracts share one DOI.
    """
    rng = random.Random(seed)
    recent: list[tuple[int, Made]] = []
    papers = 0
    for _ in range(n):
        chance = rng.random()
        if recent and chance < 0.30:
            number, paper = rng.choice(recent)
            yield number, as_another_has_it(paper, rng)
            continue
        papers += 1
        if recent and chance < 0.35:
            yield papers, another_paper(rng.choice(recent)[1], rng)
            continue
        supplement = f"10.1999/congress-{papers // 4000}" if papers % 10 == 0 else ""
        paper = a_paper(rng, supplement=supplement)
        recent.append((papers, paper))
        if len(recent) > 3000:
            recent.pop(rng.randrange(len(recent)))
        yield papers, paper
