"""Records come in batch by batch and are seen by nobody before all are here; what does not arrive leaves nothing."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, transaction

from reviews import arriving, audit, dedup, importing, prisma
from reviews.duplicate_groups import locked_groups
from reviews.jobs import Cancelled
from reviews.models import Event, ImportProblem, Record, Search
from reviews.refusals import Refused
from reviews.views.records import ONLY, records_shown
from reviews.views.searches import searches_shown
from screening.models import Stage
from screening.queue import up_for_judgement
from tests import factories
from tests.reviews.test_importing import TWO, imported, nothing_is_stored


def ris(n: int, first: int = 1) -> bytes:
    entry = "TY  - JOUR\nTI  - Title number {0}\nDO  - 10.1000/n.{0}\nER  - \n\n"
    return "".join(entry.format(number) for number in range(first, first + n)).encode()


@pytest.fixture
def in_batches_of_five(monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 5)


class Watched:
    """A report that does something when a number of records has come in."""

    def __init__(self, at: int, act) -> None:
        self.at, self.act, self.told = at, act, []

    def __call__(self, phase: str, done: int, of: int | None = None) -> None:
        self.told.append((phase, done, of))
        if phase.startswith("Reading and storing") and done == self.at:
            self.act()


def cancelled() -> None:
    raise Cancelled


def test_progress_is_told_batch_by_batch(review, alice, in_batches_of_five):
    watched = Watched(0, cancelled)
    imported(review, alice, data=ris(12), report=watched)
    done = [told[1] for told in watched.told if told[0] == "Reading and storing records"]
    assert done == [5, 10, 12]
    assert watched.told[-1][2] == 12
    assert all(a <= b for a, b in pairwise(done))


def test_while_records_come_in_nobody_sees_any_of_them(review, alice, bob, as_person, in_batches_of_five):
    before = factories.record(factories.search(review, by=alice), doi="10.1000/n.2")
    seen = {}

    def look() -> None:
        arriving_now = Search.with_arriving.get(arrived_at__isnull=True)
        assert Record.with_arriving.filter(search=arriving_now).count() == 5
        alien = Record.with_arriving.filter(search=arriving_now).first()
        browser = as_person(bob)
        seen.update(
            searches=list(Search.objects.all()) + list(searches_shown(review)) + list(review.searches.all()),
            records=set(Record.objects.all()) | set(review.records.all()) | set(arriving_now.records.all()),
            found=Record.objects.found().count(),
            to_screen=Record.objects.to_screen().count(),
            queue=[r.pk for r in up_for_judgement(review, Stage.TITLE_ABSTRACT)],
            lists={only: list(records_shown(review, {"only": only})) for only in ONLY},
            counts=prisma.counts(review).counts["database_results"],
            sources=[source.n for source in prisma.counts(review).sources],
            pages=[
                browser.get(f"/r/{review.slug}/{where}").status_code
                for where in (
                    f"searches/{arriving_now.pk}/",
                    f"searches/{arriving_now.pk}/file/",
                    f"records/{alien.number}/",
                    f"records/{alien.number}/trail/",
                )
            ],
            api=[
                browser.get(f"/api/r/{review.slug}/{where}").status_code
                for where in (f"searches/{arriving_now.pk}/", f"records/{alien.number}/")
            ],
            sought=dedup.find_duplicates(review=review, by=alice).compared,
            locked=locked_groups([alien.pk]),
        )

    imported(review, alice, data=ris(7), report=Watched(5, look))
    assert seen == {
        "searches": [before.search] * 3, "records": {before}, "found": 1, "to_screen": 1, "queue": [before.pk],
        "lists": {only: [before] if only in ("", "unique", "new") else [] for only in ONLY},
        "counts": 1, "sources": [1], "pages": [404] * 4, "api": [404] * 2, "sought": 0, "locked": {},
    }  # fmt: skip
    assert Record.objects.count() == 8
    assert [event.verb for event in Event.objects.order_by("seq")] == ["duplicates.sought", "search.imported"]


def test_what_is_cancelled_leaves_no_row_no_file_no_number(review, alice, settings, in_batches_of_five):
    data = b"Stray words\n\n" + ris(12)
    with pytest.raises(Cancelled):
        imported(review, alice, data=data, report=Watched(9, cancelled))
    assert nothing_is_stored(settings)
    assert not Search.with_arriving.exists()
    assert not Record.with_arriving.exists()
    assert not Event.objects.exists()
    imported(review, alice, data=data)
    assert list(Record.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 13))


def test_in_a_review_one_search_arrives_at_a_time(review, alice, in_batches_of_five):
    said = []

    def another() -> None:
        with pytest.raises(Refused) as no:
            imported(review, alice, data=ris(2, first=50), source="Embase")
        said.append(no.value.what)

    imported(review, alice, data=ris(7), report=Watched(5, another))
    assert said == ["Another import into this review is under way."]
    assert Record.objects.count() == 7
    with pytest.raises(DatabaseError), transaction.atomic():
        for _ in range(2):
            factories.search(review, by=alice, arrived_at=None)


def test_two_reviews_import_at_the_same_time(review, alice, in_batches_of_five):
    other = factories.review(lead=alice, slug="other")
    imported(review, alice, data=ris(7), report=Watched(5, lambda: imported(other, alice, data=ris(6))))
    assert (review.records.count(), other.records.count()) == (7, 6)


def test_the_file_that_is_coming_in_is_not_taken_twice(review, alice, in_batches_of_five):
    said = []

    def again() -> None:
        with pytest.raises(Refused) as no:
            imported(review, alice, data=ris(7))
        said.append(no.value.what)

    imported(review, alice, data=ris(7), report=Watched(5, again))
    assert said == ["This file is being imported just now, as “MEDLINE, 2026-01-15”."]
    assert Search.with_arriving.count() == 1


def test_an_undone_import_is_not_restored_while_its_file_comes_in_again(review, alice, in_batches_of_five):
    first = imported(review, alice, data=ris(7)).search
    importing.withdraw_search(search=first, by=alice, reason="wrong source")
    said = []

    def restore() -> None:
        with pytest.raises(Refused, match="being imported just now"):
            importing.restore_search(search=first, by=alice)
        said.append("refused")

    imported(review, alice, data=ris(7), report=Watched(5, restore))
    assert said == ["refused"]
    assert Record.objects.found().count() == 7


def test_whoever_was_given_up_stores_nothing_more(review, alice, settings, in_batches_of_five):
    def sweep() -> None:
        silent = audit.now() - arriving.STALE_AFTER - timedelta(seconds=1)
        Search.with_arriving.filter(arrived_at__isnull=True).update(imported_at=silent)
        assert arriving.clear_stale() == 1

    with pytest.raises(arriving.GivenUp):
        imported(review, alice, data=ris(12), report=Watched(5, sweep))
    assert nothing_is_stored(settings)
    assert not Search.with_arriving.exists()


def test_given_up_after_the_last_batch_it_does_not_arrive(review, alice, settings, in_batches_of_five):
    def sweep() -> None:
        arriving.clear_away(Search.with_arriving.get())

    with pytest.raises(arriving.GivenUp):
        imported(review, alice, data=ris(7), report=Watched(7, sweep))
    assert nothing_is_stored(settings)
    assert not Event.objects.exists()


def test_only_what_is_silent_for_long_is_cleared_away(review, alice):
    imported(review, alice)
    fresh = factories.search(review, by=alice, arrived_at=None)
    assert arriving.clear_stale() == 0
    assert set(Search.with_arriving.values_list("pk", flat=True)) >= {fresh.pk}
    silent = audit.now() - arriving.STALE_AFTER - timedelta(seconds=1)
    Search.with_arriving.update(imported_at=silent)
    assert arriving.clear_stale() == 1
    assert not Search.with_arriving.filter(pk=fresh.pk).exists()
    assert Record.objects.count() == 2


def refused(change) -> str:
    with pytest.raises(DatabaseError) as no, transaction.atomic():
        change()
    return str(no.value)


def test_the_database_deletes_nothing_that_arrived(review, alice):
    search = imported(review, alice, data=b"Stray words\n\n" + TWO).search
    assert "never deleted" in refused(lambda: Record.objects.all()._raw_delete("default"))
    assert "never deleted" in refused(lambda: ImportProblem.objects.all()._raw_delete("default"))
    assert "only withdrawn" in refused(lambda: Search.objects.all()._raw_delete("default"))
    importing.withdraw_search(search=search, by=alice, reason="wrong")
    assert "never deleted" in refused(lambda: Record.objects.all()._raw_delete("default"))
    assert (Record.objects.count(), ImportProblem.objects.count(), Search.objects.count()) == (2, 1, 1)


def test_a_search_arrives_once(review, alice):
    search = imported(review, alice).search
    for moment in (None, audit.now() + timedelta(days=1)):
        assert "arrives once" in refused(lambda m=moment: Search.objects.update(arrived_at=m))
    search.refresh_from_db()
    assert search.arrived_at == search.imported_at
