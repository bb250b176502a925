"""Which sources found which papers: counted by the database, and adding up to PRISMA's numbers."""

import csv
import io
from itertools import combinations

import pytest

from reviews import dedup, importing, prisma
from reviews.models import Event, Record
from reviews.source_overlap import BITS, overlap, units_of
from tests import factories
from tests.reviews.random_reviews import random_review
from tests.screening.scene import text_of

PAGE = "/r/myeloma/searches/overlap/"


def counted(review, *, by_search=False):
    units = units_of(review, by_search=by_search)
    return overlap(review, units, included=prisma.records_behind(review, "new_reports"))


@pytest.fixture
def three(review, search, alice):
    """PubMed, Embase and Scopus: one paper in all three, one in two, one each alone, one twice in PubMed."""
    made = {"PubMed": search}
    made |= {name: factories.search(review, by=alice, source=name) for name in ("Embase", "Scopus")}

    def paper(*sources):
        records = [factories.record(made[source]) for source in sources]
        for record in records[1:]:
            dedup.link_records(record=record, original=records[0], by=alice)
        return records[0]

    paper("PubMed", "Embase", "Scopus")
    factories.included_report(paper("PubMed", "Embase"), by=alice)
    factories.included_report(paper("Scopus"), by=alice)
    paper("Embase")
    paper("PubMed", "PubMed")
    return made


def test_papers_are_counted_by_who_found_them(review, three):
    found = counted(review)
    lines = {line.unit.label: line for line in found.lines}
    told = {
        name: (line.records, line.papers, line.alone, line.again, line.included, line.included_alone)
        for name, line in lines.items()
    }
    assert told == {
        "PubMed": (4, 3, 1, 1, 1, 0),
        "Embase": (3, 3, 1, 0, 1, 0),
        "Scopus": (2, 2, 1, 0, 1, 1),
    }
    assert [(pair.a, pair.b, pair.papers, pair.included) for pair in found.pairs] == [
        (0, 1, 2, 1),
        (0, 2, 1, 0),
        (1, 2, 1, 0),
    ]
    assert found.found_by == {1: (3, 1), 2: (1, 1), 3: (1, 0)}
    assert (found.records, found.papers, found.included) == (9, 5, 2)


def test_an_undone_search_counts_nowhere_and_its_papers_stay_with_the_others(review, three, alice):
    importing.withdraw_search(search=three["PubMed"], by=alice, reason="wrong export")
    found = counted(review)
    assert [line.unit.label for line in found.lines] == ["Embase", "Scopus"]
    assert (found.records, found.papers, found.found_by) == (5, 4, {1: (3, 1), 2: (1, 0)})


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("by_search", [False, True])
def test_the_numbers_add_up_to_prismas(review, alice, bob, seed, by_search):
    random_review(review, [alice, bob], seed=seed)
    found, flow = counted(review, by_search=by_search), prisma.counts(review)
    assert flow.n("orphaned_duplicates") == 0
    identified = sum(flow.n(box) for box in prisma.IDENTIFIED.values())
    assert sum(line.records for line in found.lines) == found.records == identified
    assert found.papers == identified - flow.n("duplicates") - flow.n("other_duplicates")
    assert found.included == flow.n("new_reports")
    assert sum(n for n, _ in found.found_by.values()) == found.papers
    assert sum(included for _, included in found.found_by.values()) == found.included
    assert sum(n * size for size, (n, _) in found.found_by.items()) == sum(
        line.papers for line in found.lines
    )
    assert sum(line.alone for line in found.lines) == found.found_by.get(1, (0, 0))[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_database_counts_what_counting_one_by_one_counts(review, alice, bob, seed):
    random_review(review, [alice, bob], seed=seed)
    found = counted(review)
    papers: dict[int, set[int]] = {}
    for record in Record.objects.filter(review=review).found():
        papers.setdefault(record.duplicate_of_id or record.pk, set()).add(record.search_id)
    here = [{key for key, of in papers.items() if of & set(line.unit.searches)} for line in found.lines]
    assert [line.papers for line in found.lines] == [len(each) for each in here]
    assert {(pair.a, pair.b): pair.papers for pair in found.pairs} == {
        (a, b): len(here[a] & here[b]) for a, b in combinations(range(len(here)), 2)
    }


def test_more_searches_than_fit_into_one_number(review, alice):
    searches = [factories.search(review, by=alice, source=f"Source {n}") for n in range(BITS + 3)]
    first, last = factories.record(searches[0]), factories.record(searches[-1])
    dedup.link_records(record=last, original=first, by=alice)
    factories.record(searches[BITS])
    found = counted(review)
    assert found.both(0, BITS + 2) == 1
    assert [line.alone for line in found.lines].count(1) == 1
    assert found.lines[BITS].alone == 1
    assert found.found_by == {1: (1, 0), 2: (1, 0)}


def test_a_review_without_searches_has_no_overlap(review):
    found = counted(review)
    assert (found.lines, found.pairs, found.found_by, found.papers) == ([], [], {}, 0)


@pytest.mark.parametrize("many", [1, 4])
def test_counting_takes_the_same_queries_however_many_records(
    review, three, alice, many, django_assert_num_queries
):
    for _ in range(many):
        factories.record(three["Embase"])
    units = units_of(review)
    included = prisma.records_behind(review, "new_reports")
    with django_assert_num_queries(3):
        overlap(review, units, included=included)


# ---------------------------------------------------------------- the page, the file, the API


def test_the_page_shows_the_numbers_and_leads_to_the_file(review, three, bob, olive, mallory, as_person):
    page = as_person(bob).get(PAGE)
    words = text_of(page)
    assert "9 papers 5 included 2" in words
    assert "PubMed Database 4 1 3 1 1 0" in words
    assert "PubMed 3 2 1" in words and "Embase 2 3 1" in words
    assert "1 source 3 1" in words and "3 sources 1 0" in words
    assert "PubMed, 2026-01-15" in text_of(as_person(bob).get(f"{PAGE}?by=search"))
    assert as_person(olive).get(PAGE).status_code == 200
    assert as_person(mallory).get(PAGE).status_code == 404


def test_the_file_has_a_row_for_each_source_and_each_pair_and_leaves_a_line(review, three, bob, as_person):
    events = Event.objects.count()
    answer = as_person(bob).get(f"{PAGE}?as=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert [(row["a"], row["b"], row["in_both"], row["included_in_both"]) for row in rows] == [
        ("PubMed", "PubMed", "3", "1"),
        ("Embase", "Embase", "3", "1"),
        ("Scopus", "Scopus", "2", "1"),
        ("PubMed", "Embase", "2", "1"),
        ("PubMed", "Scopus", "1", "0"),
        ("Embase", "Scopus", "1", "0"),
    ]
    assert Event.objects.count() == events + 1
    assert Event.objects.order_by("seq").last().after == {
        "what": "source overlap",
        "format": "csv",
        "rows": 6,
    }


def test_a_source_that_is_a_formula_is_neutralised(review, alice, as_person):
    factories.record(factories.search(review, by=alice, source="=1+1"))
    assert "'=1+1,'=1+1," in as_person(alice).get(f"{PAGE}?as=csv").content.decode()


def test_programs_read_the_same(review, three, bob, as_person):
    told = as_person(bob).get("/api/r/myeloma/searches/overlap/").json()
    assert (told["records"], told["papers"], told["included"]) == (9, 5, 2)
    assert [(each["source"], each["papers"], each["alone"]) for each in told["sources"]] == [
        ("PubMed", 3, 1),
        ("Embase", 3, 1),
        ("Scopus", 2, 1),
    ]
    assert [(pair["a"], pair["b"], pair["in_both"]) for pair in told["pairs"]] == [
        ("PubMed", "Embase", 2),
        ("PubMed", "Scopus", 1),
        ("Embase", "Scopus", 1),
    ]
    assert told["found_by"] == [
        {"sources": 1, "papers": 3, "included": 1},
        {"sources": 2, "papers": 1, "included": 1},
        {"sources": 3, "papers": 1, "included": 0},
    ]


def test_an_empty_review_says_what_to_do(review, bob, as_person):
    assert "No search counts yet" in text_of(as_person(bob).get(PAGE))


def test_the_list_of_records_says_every_source_that_found_a_paper(review, three, bob, as_person):
    assert "PubMed, Embase, Scopus" in text_of(as_person(bob).get("/r/myeloma/records/"))
