"""Comparing two records: symmetric, sure of itself only where several facts agree."""

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from reviews.candidates import LARGEST_BLOCK, pairs_to_compare
from reviews.likeness import Outcome, compare, contradict
from reviews.likeness_fields import facts_of
from reviews.likeness_places import journal_of, same_journal
from reviews.likeness_titles import title_words


@dataclass(frozen=True)
class Ref:
    title: str = "Plerixafor with bortezomib in relapsed multiple myeloma"
    abstract: str = ""
    authors: list[str] = field(default_factory=lambda: ["Moss, Ada", "Reed, Ben"])
    year: int | None = 2019
    journal: str = "American Journal of Hematology"
    volume: str = "94"
    issue: str = "6"
    pages: str = "640-649"
    doi: str = ""
    pmid: str = ""
    publication_types: list[str] = field(default_factory=list)


BASE = Ref()
BARE = Ref(authors=[], year=None, journal="", volume="", issue="", pages="")


def said(a: Ref, b: Ref):
    return compare(facts_of(a), facts_of(b))


def outcome(a: Ref, **changes) -> str:
    return said(a, replace(a, **changes)).outcome.value


# ---------------------------------------------------------------- certain


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "PLERIXAFOR WITH BORTEZOMIB IN RELAPSED MULTIPLE MYELOMA."},
        {"title": "Plerixafor with bortezomib in relapsed multiple myeloma. [Review] [33 refs]"},
        {"journal": "Am J Hematol"},
        {"authors": ["Moss A", "Reed B"]},
        {"authors": ["A. Moss", "B. Reed"]},
        {"authors": ["Ada Moss", "Ben Reed"]},
        {"pages": "640-9"},
        {"pages": "", "volume": ""},
        {"title": "Plerixafor with bortesomib in relapsed multiple myeloma"},  # a typing error, same place
        {"year": 2020},  # online first, same place
    ],
)
def test_the_same_paper_as_another_database_writes_it_is_certain(changes):
    assert outcome(BASE, **changes) == "certain"


def test_the_same_pubmed_number_and_title_is_certain_whatever_is_missing():
    assert outcome(replace(BARE, pmid="123"), journal="Blood", year=2019) == "certain"


def test_the_same_doi_and_title_is_certain():
    likeness = said(replace(BARE, doi="10.1/x"), replace(BARE, doi="10.1/X", year=2019))
    assert (likeness.outcome, likeness.rule) == (Outcome.CERTAIN, "same DOI and title")


# ---------------------------------------------------------------- never certain


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        # a supplement: one DOI, many abstracts
        (replace(BASE, doi="10.1007/s-1"), {"title": "Carfilzomib in newly diagnosed myeloma", "pages": "S12"}),
        (replace(BASE, doi="10.1007/s-1"), {"title": "Carfilzomib in newly diagnosed myeloma"}),
        # title and year alone
        (BARE, {}),
        (replace(BARE, year=2019), {}),
        (replace(BASE, title="Introduction"), {"pages": "1-2", "authors": ["Other, O"]}),
        (replace(BASE, title="Editorial", pages=""), {}),
        # the same title of another paper
        (BASE, {"doi": "10.1/b"} | {"pmid": ""}),
        (BASE, {"year": 2015}),
        (BASE, {"pages": "S12-S13", "volume": "95"}),
        (BASE, {"authors": ["Quill, Zoe"]}),
        (BASE, {"journal": "Blood", "volume": "", "pages": ""}),
        # one word or figure that matters
        (replace(BASE, doi="10.1/x"), {"title": "Plerixafor without bortezomib in relapsed multiple myeloma"}),
        (replace(BASE, pmid="1"), {"title": "Plerixafor with bortezomib in relapsed multiple myeloma: reply"}),
        (replace(BASE, title="Annual report of the myeloma registry, part 1"),
         {"title": "Annual report of the myeloma registry, part 2"}),
        (replace(BASE, title="Plerixafor in men with relapsed multiple myeloma and anaemia"),
         {"title": "Plerixafor in women with relapsed multiple myeloma and anaemia"}),
        (replace(BASE, title="Treatment of hypotension in patients with multiple myeloma on dialysis"),
         {"title": "Treatment of hypertension in patients with multiple myeloma on dialysis"}),
        (BASE, {"publication_types": ["Published Erratum"]}),
        (BASE, {"publication_types": ["Conference Abstract"]}),
    ],
)  # fmt: skip
def test_what_is_no_proof_is_never_certain(base, changes):
    if "doi" in changes:
        base = replace(base, doi="10.1/a")
    assert outcome(base, **changes) != "certain"


def test_a_record_with_another_pubmed_number_is_never_certain():
    likeness = said(replace(BASE, pmid="1"), replace(BASE, pmid="2"))
    assert likeness.outcome is Outcome.UNSURE
    assert likeness.against == ("different PubMed numbers",)
    assert contradict(facts_of(replace(BASE, pmid="1")), facts_of(replace(BASE, pmid="2")))


def test_two_abstracts_that_tell_different_things_are_looked_at_by_a_person():
    one = "We gave plerixafor to adults with relapsed disease and counted how many of them responded. " * 3
    other = "Registry data of eleven countries were pooled to estimate costs; no drug was compared here. " * 3
    base = replace(BASE, volume="", pages="")
    likeness = said(replace(base, abstract=one), replace(base, abstract=other))
    assert likeness.outcome is Outcome.UNSURE
    assert likeness.against == ("different abstracts",)


# ---------------------------------------------------------------- unsure and different


def test_a_likely_pair_is_put_to_a_person():
    assert outcome(BASE, year=2020, pages="1-12", volume="") == "unsure"
    assert outcome(BASE, title="Plerixafor plus bortezomib for relapsed multiple myeloma") == "unsure"
    assert outcome(replace(BARE, doi="10.1/x"), title="") == "unsure"


def test_unrelated_records_are_different():
    assert (
        outcome(BASE, title="Costs of dialysis in eleven countries", pages="1-9", doi="10.1/z") == "different"
    )
    assert said(BARE, replace(BARE, title="Introduction")).outcome is Outcome.DIFFERENT


def test_why_is_said_in_words():
    likeness = said(BASE, replace(BASE, year=2020, pages="1-12"))
    assert likeness.why == (
        "same title", "same first author", "one year apart", "same journal", "same volume", "different pages",
    )  # fmt: skip


# ---------------------------------------------------------------- properties

names = st.sampled_from(["Moss, Ada", "Moss B", "J. Reed", "Li", "unknown", "", "Ó Néill, S"])
words = st.lists(
    st.sampled_from(
        ["plerixafor", "myeloma", "trial", "of", "phase", "2", "ii", "β-blocker", "naïve", "the"]
    ),
    max_size=9,
).map(" ".join)
refs = st.builds(
    Ref,
    title=words | st.text(max_size=60),
    abstract=st.just("") | st.text(min_size=150, max_size=300),
    authors=st.lists(names, max_size=3),
    year=st.none() | st.integers(1990, 1993),
    journal=st.sampled_from(["", "Blood", "Am J Hematol", "American Journal of Hematology", "BMJ"]),
    volume=st.sampled_from(["", "1", "94"]),
    pages=st.sampled_from(["", "1-9", "640-9", "S12", "e5"]),
    doi=st.sampled_from(["", "10.1/a", "10.1/b"]),
    pmid=st.sampled_from(["", "1", "2"]),
    publication_types=st.sampled_from([[], ["Comment"], ["Journal Article"]]),
)  # fmt: skip


@given(refs, refs)
def test_comparing_is_symmetric(a, b):
    assert said(a, b) == said(b, a)


@given(refs)
def test_a_record_is_wholly_like_itself(a):
    likeness = said(a, a)
    assert likeness.score == 1.0
    assert likeness.against == ()


@given(refs, refs)
def test_the_score_lies_between_0_and_1(a, b):
    assert 0 <= said(a, b).score <= 1


@given(refs, refs)
def test_records_whose_titles_differ_much_are_never_certain(a, b):
    one, other = "".join(title_words(a.title)), "".join(title_words(b.title))
    assume(fuzz.ratio(one, other) < 90)
    assert said(a, b).outcome is not Outcome.CERTAIN


@given(refs)
def test_the_same_doi_alone_is_never_certain(a):
    one = replace(a, doi="10.1/same")
    other = replace(one, title="Something wholly unlike the first in every word", pmid="")
    assert said(one, other).outcome is not Outcome.CERTAIN


# ---------------------------------------------------------------- fields


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Am J Hematol", "American Journal of Hematology", True),
        ("The Lancet", "Lancet", True),
        ("BMJ (Online)", "BMJ", True),
        (
            "Cancer Epidemiology, Biomarkers & Prevention",
            "Cancer Epidemiology Biomarkers and Prevention",
            True,
        ),
        ("JAMA", "Journal American Medical Association", True),
        ("Blood", "Cancer", False),
        ("Journal of Digital Studies", "Workshop of Digital Studies", False),
        ("European Journal of Cancer", "European Journal of Cancer Prevention", None),
        ("", "Blood", None),
        (
            "Proc Natl Acad Sci U S A",
            "Proceedings of the National Academy of Sciences of the United States of America",
            True,
        ),
        ("Hautarzt", "Der Hautarzt; Zeitschrift fur Dermatologie, Venerologie, und verwandte Gebiete", True),
        (
            "J Dtsch Dermatol Ges",
            "Journal der Deutschen Dermatologischen Gesellschaft = Journal of the German Society",
            True,
        ),
        ("BMJ: British Medical Journal", "BMJ (Clinical research ed.)", True),
        ("Journal of clinical virology : the official publication of a society", "J Clin Virol", True),
        ("Amcis 2017 Proceedings", "Americas Conference on Information Systems", True),
        (
            "Proceedings of the 54th Annual Hawaii International Conference on System Sciences",
            "Hawaii International Conference on System Sciences",
            True,
        ),
        ("Tumor Biology", "Tumour Biology", True),
        ("International Journal of Gynaecology & Obstetrics", "Int J Gynecol Obstet", True),
        ("Circulation. Heart failure", "Circulation", None),
        ("Cancer Cytopathology", "Cancer", None),
        ("Journal of Physics: Condensed Matter", "Journal of Physics: Conference Series", False),
        ("https://clinicaltrials.gov/show/NCT00000001", "Blood", None),
        ("0028-3835", "Blood", None),
    ],
)
def test_journals_are_known_by_their_abbreviations(one, other, same):
    names = [journal_of(name) for name in (one, other)]
    assert same_journal(*names) is same
    assert same_journal(*reversed(names)) is same


def test_pages_are_written_out():
    facts = facts_of(replace(BASE, pages="pp. 1221–8"))
    assert facts.pages == ("1221", "1228")


def test_greek_letters_accents_and_roman_figures_are_one_spelling():
    assert title_words("Phase II of β-carotene in naïve Ménière’s") == title_words(
        "phase 2 of beta carotene in naive Menieres"
    )


# ---------------------------------------------------------------- which pairs are compared


def test_each_pair_that_shares_a_key_is_compared_once():
    facts = [facts_of(replace(BASE, doi="10.1/x"), key=key) for key in (3, 1, 2)]
    assert sorted((a.key, b.key) for a, b in pairs_to_compare(facts)) == [(1, 2), (1, 3), (2, 3)]


def test_only_pairs_with_a_new_record_are_compared():
    facts = [facts_of(BASE, key=key) for key in (1, 2, 3)]
    assert sorted((a.key, b.key) for a, b in pairs_to_compare(facts, only=[3])) == [(1, 3), (2, 3)]


def test_work_grows_with_the_records_and_not_with_their_square():
    size = 20 * LARGEST_BLOCK
    facts = [
        facts_of(replace(BARE, title="Introduction", doi="10.1/supplement"), key=key) for key in range(size)
    ]
    assert sum(1 for _ in pairs_to_compare(facts)) < 10 * size


# ---------------------------------------------------------------- cases others wrote down


def test_no_case_that_bib_dedupe_calls_different_is_certain_and_none_it_calls_same_is_missed(shared):
    cases = json.loads((shared("data/dedup/bib-dedupe") / "pair_cases.json").read_text(encoding="utf-8"))[
        "cases"
    ]
    assert len(cases) > 20
    for case in cases:
        a, b = (ref_of(case[name]) for name in ("record_a", "record_b"))
        likeness = said(a, b)
        unwanted = Outcome.DIFFERENT if case["expected_duplicate"] else Outcome.CERTAIN
        assert likeness.outcome is not unwanted, (case["id"], likeness)


def ref_of(row: dict) -> Ref:
    people = (row.get("author") or "").replace("; ", " and ").split(" and ")
    return Ref(
        title=row.get("title") or "",
        abstract=row.get("abstract") or "",
        authors=[name.strip() for name in people if name.strip()],
        year=int(row["year"]) if row.get("year") else None,
        journal=row.get("journal") or row.get("booktitle") or "",
        volume=row.get("volume") or "",
        issue=row.get("number") or "",
        pages=row.get("pages") or "",
        doi=(row.get("doi") or "").lower(),
    )
