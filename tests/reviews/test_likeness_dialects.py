"""One paper as different databases have it, and papers that only look like one: by hand, and made up at large."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.made_records import DIALECTS, NEAR_MISSES, Made, a_paper, another_paper, as_another_has_it
from reviews.candidates import pairs_to_compare
from reviews.likeness import Outcome, compare, hopeless
from reviews.likeness_fields import facts_of

PAPER = Made(
    title="Interferon-γ and oesophageal tumour growth in 10 000 adults: a randomised trial, part II",
    abstract="We followed adults with tumours of the oesophagus for twelve months and measured their interferon. "
    * 4,
    authors=["Muñoz, Ana B.", "van der Berg, Jan", "O'Neill, S.", "Li, Wei"],
    year=2014,
    journal="International Journal of Gastroenterology",
    volume="12",
    issue="3",
    pages="1221-1228",
    doi="10.1234/ijg.2014.77",
    pmid="24681012",
)
BARE = replace(PAPER, doi="", pmid="", abstract="")
NOWHERE = replace(BARE, volume="", issue="", pages="")


def said(one: Made, other: Made):
    return compare(facts_of(one), facts_of(other))


# ---------------------------------------------------------------- one paper


@pytest.mark.parametrize(
    "changes",
    [
        {
            "title": "INTERFERON-GAMMA AND ESOPHAGEAL TUMOR GROWTH IN 10000 ADULTS: A RANDOMIZED TRIAL, PART 2."
        },
        {
            "title": "[Interferon-&gamma; and oesophageal tumour growth in 10,000 adults: a randomised trial, part II]"
        },
        {"title": PAPER.title + " (Structured abstract)"},
        {"title": PAPER.title + ".[Erratum appears in Int J Gastroenterol. 2015 Jan;13(1):9]"},
        {"title": PAPER.title + " [see comments]"},
        {"title": PAPER.title.replace("growth", "<i>growth</i>")},
        {"title": PAPER.title.replace("randomised", "randomsed")},
        {"title": PAPER.title.replace("Interferon-γ", "Interferon-")},  # the letter was lost on the way
        {"title": "Interferon-γ and oesophageal tumour growth in 10 000 adults"},  # so was the subtitle
        {"title": PAPER.title + " / Interferón y crecimiento de tumores esofágicos"},
        {"authors": ["Munoz AB", "van der Berg J", "ONeill S", "Li W"]},
        {"authors": ["A. B. Muñoz", "J. van der Berg", "S. O'Neill", "W. Li"]},
        {"authors": ["Ana Muñoz", "Jan van der Berg", "S. O'Neill", "Wei Li"]},
        {"authors": ["Mu?oz AB", "Berg Jvd", "O'Neill S", "Li W"]},
        {"authors": ["Munoz, A. B.; van der Berg, J.; O'Neill, S.; Li, W."]},
        {"authors": ["Munoz A. B.Van der Berg J.O'Neill S.Li W."]},
        {"authors": ["Muñoz, Ana B.", "et al"]},
        {"authors": ["van der Berg, Jan", "Muñoz, Ana B.", "O'Neill, S.", "Li, Wei"]},
        {"authors": ["Gastric Cancer Study Group"]},
        {"authors": []},
        {"journal": "Int J Gastroenterol"},
        {"journal": "International journal of gastroenterology : official journal of a society"},
        {"journal": "INTERNATIONAL JOURNAL OF GASTROENTEROLOGY (ONLINE)"},
        {"pages": "1221-8", "issue": ""},
        {"pages": "1221"},
        {"pages": "pp. 1221–1228", "volume": "12 (3)"},
        {"year": 2013},  # online first
        {"year": None},
        {"issue": "3-4"},
        {"abstract": "BACKGROUND: " + PAPER.abstract[:250]},
        {"publication_types": ["Journal Article", "Comment"]},
    ],
)
def test_the_same_paper_in_the_same_place_is_certain(changes):
    likeness = said(BARE, replace(BARE, **changes))
    assert (likeness.outcome, likeness.against[:1]) in {
        (Outcome.CERTAIN, ()),
        (Outcome.CERTAIN, ("only one is a comment",)),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"pages": "1-8", "year": 2013, "volume": "", "issue": ""},  # before the issue was printed
        {"pages": "N.PAG", "journal": "Gastroenterology, International Journal"},
        {"volume": "213", "abstract": "As told to a journalist. " * 20},
        {"year": 2010, "journal": "Int J Gastroenterol"},
        {"title": "Interferon-γ and oesophageal tumour growth in 10 000 adults"},
        {"doi": "https://doi.org/10.1234/IJG.2014.77"},
    ],
)
def test_the_same_doi_title_and_authors_bear_what_databases_get_wrong(changes):
    assert said(PAPER, replace(PAPER, pmid="", **changes)).outcome is Outcome.CERTAIN


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "Ein deutscher Titel, den niemand übersetzt hat"},
        {"authors": ["Quill, Zoe"]},  # an editor, or another paper
        {"pages": "77-80"},
        {"volume": "13", "year": 2015},
        {"year": 2009},
        {"publication_types": ["Conference Abstract"]},
        {"title": PAPER.title.replace("part II", "part III")},  # on the same page
    ],
)
def test_a_contradiction_is_for_a_person(changes):
    assert said(BARE, replace(BARE, **changes)).outcome is Outcome.UNSURE


# ---------------------------------------------------------------- not one paper


@pytest.mark.parametrize(
    ("one", "changes"),
    [
        # identifiers that differ
        (PAPER, {"pmid": "24681013"}),
        (PAPER, {"doi": "10.1234/ijg.2014.78", "pmid": ""}),
        # letters under one heading, on one page, by others
        (BARE, {"authors": ["Quill, Zoe", "Ash, T."]}),
        # parts, series, yearly reports
        (NOWHERE, {"title": PAPER.title.replace("part II", "part III")}),
        (NOWHERE, {"title": PAPER.title.replace("part II", "part I")}),
        (replace(PAPER, title="Growth of tumours, part A"), {"title": "Growth of tumours, part B", "pages": "9-11"}),
        (NOWHERE, {"year": 2015}),
        (replace(NOWHERE, title="Annual report of the registry 2014"), {"title": "Annual report of the registry 2015"}),
        # documents about the paper
        (PAPER, {"title": f"Erratum: {PAPER.title}"}),
        (PAPER, {"title": f"{PAPER.title}: authors' reply"}),
        (PAPER, {"title": f"Re: Comment on {PAPER.title}"}),
        (PAPER, {"title": f"WITHDRAWN: {PAPER.title}"}),
        (PAPER, {"title": f"{PAPER.title}: study protocol"}),
        (PAPER, {"publication_types": ["Published Erratum"]}),
        # other reports of the study
        (NOWHERE, {"publication_types": ["Conference Abstract"]}),
        (NOWHERE, {"journal": "medRxiv"}),
        (replace(NOWHERE, abstract=PAPER.abstract), {"journal": ""}),  # where the other appeared is not told
        (NOWHERE, {"journal": "Proceedings of a Congress"}),
        (BARE, {"pages": "S34", "issue": "Suppl 1"}),
        # one DOI for a whole supplement
        (replace(PAPER, pmid=""), {"title": "Costs of endoscopy in eleven countries", "pages": "1230"}),
        (replace(PAPER, pmid="", title="Introduction"), {"pages": "S1-S2"}),
        (replace(PAPER, pmid=""), {"pages": "S77", "abstract": "Wholly other things were done to other people. " * 9}),
        # a word that matters, all else equal
        (PAPER, {"title": PAPER.title.replace("adults", "adolescents"), "pmid": ""}),
        *(
            (replace(BARE, title=f"{one} and oesophageal tumours in adults"),
             {"title": f"{other} and oesophageal tumours in adults"})
            for one, other in [
                ("Symptomatic disease", "Asymptomatic disease"), ("Omeprazole", "Esomeprazole"),
                ("Prednisone", "Prednisolone"), ("Maternal weight", "Paternal weight"), ("Vitamin B", "Vitamin C"),
                ("Hypertension", "Hypotension"), ("Normal weight", "Abnormal weight"), ("Boys", "Girls"),
                ("Epinephrine", "Norepinephrine"), ("Arterial disease", "Atrial disease"), ("HLA-A", "HLA-B"),
                ("Smoking", "Not smoking"), ("Intracellular iron", "Intercellular iron"), ("Type 1", "Type 2"),
            ]
        ),
        (replace(BARE, title="Growth of tumours with interferon"), {"title": "Growth of tumours without interferon"}),
        # titles that tell nothing
        (replace(NOWHERE, title="Introduction"), {}),
        (replace(NOWHERE, title="In reply"), {}),
        (replace(NOWHERE, title=""), {}),
        (replace(NOWHERE, title="UNKNOWN"), {}),
    ],
)  # fmt: skip
def test_what_only_looks_like_the_same_paper_is_never_certain(one, changes):
    assert said(one, replace(one, **changes)).outcome is not Outcome.CERTAIN


# ---------------------------------------------------------------- at large, made up


def papers(seed: int, n: int) -> list[Made]:
    rng = random.Random(seed)
    return [a_paper(rng) for _ in range(n)]


def test_of_300_papers_as_three_databases_have_them_hardly_any_is_left_to_people_and_none_is_lost():
    rng = random.Random(3)
    records = [
        each for paper in papers(3, 300) for each in (paper, *(as_another_has_it(paper, rng) for _ in "ab"))
    ]
    outcomes = {}
    for a, b in pairs_to_compare(facts_of(record, key=key) for key, record in enumerate(records)):
        outcomes[a.key, b.key] = compare(a, b).outcome
    true = {
        (first + one, first + other) for first in range(0, 900, 3) for one, other in ((0, 1), (0, 2), (1, 2))
    }
    certain = {pair for pair, outcome in outcomes.items() if outcome is Outcome.CERTAIN}
    lost = {pair for pair in true if outcomes.get(pair, Outcome.DIFFERENT) is Outcome.DIFFERENT}
    assert certain - true == set()
    assert lost == set()
    assert len(certain) > 0.9 * len(true)


@pytest.mark.parametrize("dialect", range(len(DIALECTS)))
def test_no_single_dialect_hides_a_paper(dialect):
    rng = random.Random(dialect)
    for paper in papers(dialect, 40):
        if len(paper.title.split()) < 5:
            continue  # "Preface" may be anybody's
        assert said(paper, DIALECTS[dialect](paper, rng)).outcome is Outcome.CERTAIN


@pytest.mark.parametrize("kind", range(len(NEAR_MISSES)))
def test_no_near_miss_is_linked_by_rules(kind):
    rng = random.Random(kind)
    for paper in papers(kind, 60):
        other = NEAR_MISSES[kind](paper, rng)
        assert said(paper, other).outcome is not Outcome.CERTAIN, (paper, other)


seeds = st.integers(0, 10**9)


@given(seeds)
def test_nothing_another_database_does_to_another_paper_makes_it_the_same(seed):
    """Both sides lose fields at random: what is no longer told must not become proof."""
    rng = random.Random(seed)
    paper = a_paper(rng)
    other = another_paper(paper, rng)
    one, two = (
        replace(each, **dict.fromkeys(rng.sample(["issue", "pmid", "abstract"], 1), ""))
        for each in (paper, other)
    )
    assert (
        said(as_another_has_it(one, rng) if rng.random() < 0.5 else one, two).outcome is not Outcome.CERTAIN
    )


@given(seeds, st.integers(1, 8), st.integers(1, 8))
def test_two_parts_are_never_certain(seed, one, other):
    rng = random.Random(seed)
    paper = as_another_has_it(a_paper(rng), rng)
    a, b = (replace(paper, title=f"{paper.title} part {number}") for number in (one, other))
    assert (said(a, b).outcome is Outcome.CERTAIN) <= (one == other)


@given(seeds)
def test_other_identifiers_are_never_certain(seed):
    rng = random.Random(seed)
    paper = replace(a_paper(rng), doi="10.1234/one", pmid="1")
    seen = as_another_has_it(paper, rng)
    for doi, pmid in product(["10.1234/one", "10.1234/two"], ["1", "2"]):
        if (doi, pmid) != ("10.1234/one", "1"):
            assert said(paper, replace(seen, doi=doi, pmid=pmid)).outcome is not Outcome.CERTAIN


@given(seeds)
def test_comparing_made_up_records_is_symmetric_and_what_is_hopeless_is_different(seed):
    rng = random.Random(seed)
    paper = a_paper(rng)
    for other in (as_another_has_it(paper, rng), another_paper(paper, rng), a_paper(rng)):
        a, b = facts_of(paper), facts_of(as_another_has_it(other, rng))
        assert compare(a, b) == compare(b, a)
        assert hopeless(a, b) == hopeless(b, a)
        assert not hopeless(a, b) or compare(a, b).outcome is Outcome.DIFFERENT
