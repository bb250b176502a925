"""The best of each field among duplicates, each rule by itself, and what holds for all groups there can be."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.best_fields import FIELDS, JOINED, best_of, is_cut_off, is_missing

WHOLE = "Background: much is unknown. Methods: we gave plerixafor to 12 adults. Results: 9 of them mobilised."


@dataclass
class Paper:
    """A record as the rule reads one."""

    number: int
    title: str = "A trial of plerixafor"
    abstract: str = ""
    authors: list[str] = field(default_factory=list)
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    language: str = ""
    url: str = ""
    registry_ids: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    mesh: list[str] = field(default_factory=list)
    publication_types: list[str] = field(default_factory=list)

    @property
    def pk(self) -> int:
        return 1000 + self.number


def chosen(name: str, *values, corrected=()) -> tuple[object, tuple[int, ...]]:
    """What is shown of a field when the members have these values, and from which of them; `corrected`: numbers."""
    papers = [Paper(number, **{name: value}) for number, value in enumerate(values, 1)]
    best = best_of(papers, {1000 + number: {name} for number in corrected})
    return getattr(best, name), best.origins.get(name, ())


@pytest.mark.parametrize("name", ["year", "journal", "volume", "issue", "doi", "pmid", "language", "url"])
def test_its_own_value_stands_and_a_missing_one_is_what_most_others_say(name):
    one, two = (2019, 2020) if name == "year" else ("12", "13")
    none = None if name == "year" else ""
    assert chosen(name, one, two, two) == (one, (1,))
    assert chosen(name, none, one, two, two) == (two, (3,))
    assert chosen(name, none, two, one) == (two, (2,))
    assert chosen(name, none, none) == (none, ())


def test_what_a_person_corrected_goes_before_all_even_where_they_left_it_empty():
    assert chosen("doi", "", "10.1/x", corrected=[1]) == ("", ())
    assert chosen("abstract", "Cut o...", WHOLE, corrected=[1]) == ("Cut o...", (1,))
    assert chosen("keywords", ["a"], ["b"], corrected=[1]) == (["a"], (1,))
    assert chosen("doi", "", "10.1/x", "10.1/x", "10.1/right", corrected=[4]) == ("10.1/right", (4,))
    assert chosen("abstract", "", WHOLE, "Short and checked.", corrected=[3]) == ("Short and checked.", (3,))


def test_a_missing_abstract_is_the_longest_whole_one():
    longer, cut = WHOLE + " More of it.", WHOLE * 3 + " (ABSTRACT TRUNCATED AT 250 WORDS)"
    assert chosen("abstract", "", WHOLE, longer, cut) == (longer, (3,))
    assert chosen("abstract", "[No abstract available]", WHOLE) == (WHOLE, (2,))
    assert chosen("abstract", "", cut) == (cut, (2,))
    assert chosen("abstract", "No abstract available.", "") == ("No abstract available.", (1,))


def test_a_whole_abstract_is_never_exchanged_for_a_longer_one():
    assert chosen("abstract", WHOLE, WHOLE * 2) == (WHOLE, (1,))


@pytest.mark.parametrize(
    "cut",
    [WHOLE[:60] + "...", WHOLE[:60] + "…", WHOLE[:60] + " (ABSTRACT TRUNCATED AT 250 WORDS)", WHOLE[:60]],
)
def test_an_abstract_that_was_cut_off_gives_way_to_a_whole_one(cut):
    assert chosen("abstract", cut, WHOLE) == (WHOLE, (2,))


def test_a_short_text_that_another_does_not_go_on_from_is_whole():
    another = "Something else altogether, without a full stop at its end as some databases have it"
    assert chosen("abstract", another, WHOLE) == (another, (1,))
    assert chosen("abstract", WHOLE[:59].rstrip() + ".", WHOLE) == (WHOLE[:59].rstrip() + ".", (1,))


def test_receptors_may_be_truncated_without_the_abstract_being_so():
    assert not is_cut_off("In the mutant the receptor is truncated.")
    assert is_cut_off("We gave it to (ABSTRACT TRUNCATED)")
    assert is_missing("  [no abstract available] ") and not is_missing("No abstract concepts were used.")


def test_a_title_that_was_cut_off_is_taken_whole_from_one_that_begins_so():
    whole = "A trial of plerixafor in adults with myeloma"
    assert chosen("title", "A trial of plerixafor in...", "Another paper on costs", whole) == (whole, (3,))
    assert chosen("title", "A TRIAL OF PLERIXAFOR", whole) == ("A TRIAL OF PLERIXAFOR", (1,))
    assert chosen("title", "", whole) == (whole, (2,))


@pytest.mark.parametrize(
    ("own", "other", "better"),
    [
        (["Moss A", "Lee B"], ["Moss, Ada", "Lee, Bo"], True),
        (["Moss A", "et al."], ["Moss A", "Lee B"], True),
        (["Moss, Ada"], ["Moss A", "Lee B"], True),  # nobody is left out for a given name
        (["Moss, Ada", "Lee, Bo"], ["Moss A", "Lee B"], False),
        (["Moss, Ada", "Lee, Bo"], ["Moss, Ada"], False),
        (["Moss A", "Lee B"], ["Moss, Ada", "Kim, Bo"], False),  # another person: not the same list
        (["Ada Moss"], ["A. Moss"], False),
        (["A. Moss"], ["Ada Moss"], True),
    ],
)
def test_authors_are_the_list_that_leaves_nobody_out_and_tells_most(own, other, better):
    assert chosen("authors", own, other) == ((other, (2,)) if better else (own, (1,)))


def test_a_range_of_pages_goes_before_its_first_page():
    assert chosen("pages", "221", "221-8") == ("221-8", (2,))
    assert chosen("pages", "221", "2210-8") == ("221", (1,))
    assert chosen("pages", "e12", "") == ("e12", (1,))


@pytest.mark.parametrize("name", JOINED)
def test_lists_hold_what_any_member_says_once_its_own_first(name):
    assert chosen(name, ["B", "a"], ["A", "c"], ["b"]) == (["B", "a", "c"], (1, 2))


words = st.sampled_from(["", "Cut...", "Moss A", "12", WHOLE, WHOLE[:50], "No abstract available"])
papers = st.builds(
    Paper,
    number=st.just(0),
    title=words,
    abstract=words,
    authors=st.lists(words, max_size=3),
    year=st.none() | st.integers(1900, 2030),
    journal=words,
    pages=words,
    doi=words,
    keywords=st.lists(words, max_size=3),
)


@given(st.lists(papers, min_size=1, max_size=5))
def test_every_value_is_some_members_and_is_said_to_be_theirs(group):
    for number, paper in enumerate(group, 1):
        paper.number = number
    best, by_number = best_of(group), {paper.number: paper for paper in group}
    for name in FIELDS:
        value, origins = getattr(best, name), best.origins.get(name, ())
        assert bool(value) == bool(origins)
        told = [getattr(paper, name) for paper in group]
        assert bool(value) or not any(each and not (name == "abstract" and is_missing(each)) for each in told)
        for number in origins:
            theirs = getattr(by_number[number], name)
            if name in JOINED:
                assert {each.casefold() for each in theirs} <= {each.casefold() for each in value}
            else:
                assert theirs == value


@given(papers)
def test_a_record_without_duplicates_is_shown_as_it_is(paper):
    best = best_of([paper])
    assert [getattr(best, name) for name in FIELDS if name not in JOINED] == [
        getattr(paper, name) for name in FIELDS if name not in JOINED
    ]
