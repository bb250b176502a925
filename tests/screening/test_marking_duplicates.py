""" "This is a duplicate of ...": found, compared and linked from the screening room and from a record's page."""

import pytest
from django.urls import reverse

from reviews import dedup, importing
from reviews.likely_originals import likely_originals
from reviews.models import DuplicatePair, Event, Record, Role
from reviews.permissions import MAY
from reviews.removing import remove_record
from screening.models import Decision, Protocol
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER
from tests.screening.scene import HTMX, ROOM, counts, sent, text_of, vote
from tests.walk import Person

MARK, UNDO = f"{ROOM}duplicate/", f"{ROOM}duplicate/undo/"
OTHER = {"title": "Costs of renal care in nine countries", "year": 1988, "authors": ["Kim, Bo"]}


def of(number: int) -> str:
    return reverse("record_duplicate_of", args=["myeloma", number])


@pytest.fixture
def papers(review, search, alice):
    """#1 and #2 are likely the same, #3 is another paper; the room goes by number."""
    Protocol.objects.create(review=review, stage="title_abstract", order="number")
    made = [factories.record(search, **each) for each in (PAPER, LIKELY, OTHER)]
    dedup.find_duplicates(review=review, by=alice)
    return made


def roots() -> list[int | None]:
    return list(Record.objects.order_by("number").values_list("duplicate_of__number", flat=True))


# ---------------------------------------------------------------- what is offered


def test_pairs_that_wait_come_first_then_by_likeness_and_never_ones_own_group(review, search, papers, alice):
    a, b, c = papers
    near = factories.record(search, **PAPER | {"title": "Bortezomib and plerixafor in myeloma"})
    same_doi = factories.record(search, title="Quite another name", abstract="", doi="10.1/x")
    Record.objects.filter(pk=a.pk).update(doi="10.1/x")
    a.refresh_from_db()
    assert [likely.record for likely in likely_originals(a)] == [b, near, same_doi]
    assert [likely.waiting for likely in likely_originals(a)] == [True, False, False]
    dedup.link_records(record=b, original=a, by=alice)
    assert b not in [likely.record for likely in likely_originals(a)]
    assert [likely.record for likely in likely_originals(c)] == []


def test_one_of_each_group_is_offered_and_none_of_an_undone_import(review, search, papers, alice):
    a, b, _ = papers
    twin = factories.record(search, **LIKELY)
    dedup.link_records(record=twin, original=b, by=alice)
    undone = factories.search(review, by=alice, source="Scopus")
    factories.record(undone, **PAPER)
    importing.withdraw_search(search=undone, by=alice, reason="wrong file")
    assert [likely.stays for likely in likely_originals(a)] == [b]


@pytest.mark.parametrize("typed", ["#3", "3", "renal costs", "KIM"])
def test_any_other_record_is_found_by_number_words_or_author(papers, typed):
    assert [likely.record.number for likely in likely_originals(papers[0], typed)] == [3]


@pytest.mark.parametrize("n", [1, 12])
def test_offering_takes_the_same_queries_however_many_there_are(
    search, bob, as_person, n, django_assert_num_queries
):
    record = factories.record(search, **PAPER)
    for number in range(n):
        factories.record(search, **PAPER | {"pages": f"{number}1-{number}9"})
    browser = as_person(bob)
    with django_assert_num_queries(9):
        answer = browser.get(of(record.number))
    assert len(answer.context["candidates"]) == min(n, 10)


# ---------------------------------------------------------------- from the screening room


def test_the_room_has_the_key_and_the_dialog_and_the_page_says_what_becomes_of_votes(papers, bob, as_person):
    browser = as_person(bob)
    page = browser.get(ROOM).content.decode()
    assert f'hx-get="{of(1)}?stage=title_abstract"' in page
    assert 'data-open="duplicate-dialog" data-key="d"' in page
    assert '<dialog class="dialog dialog--wide" id="duplicate-dialog"' in page
    compared = browser.get(f"{of(1)}?stage=title_abstract&original=2", **HTMX)
    assert "<html" not in compared.content.decode()
    words = text_of(compared)
    assert "#2 stays and is judged for both; #1 is linked to it." in words
    assert "Votes on the linked record are kept, count nowhere while it is linked" in words
    assert '<mark class="diff">2020</mark>' in compared.content.decode()
    assert f'hx-post="{MARK}"' in compared.content.decode()


def test_marking_links_goes_on_and_can_be_undone(review, papers, bob, as_person):
    browser = as_person(bob)
    answer = browser.post(MARK, {"record": 1, "original": 2}, **HTMX)
    assert answer.status_code == 200
    assert roots() == [2, None, None]
    assert answer.context["record"].number == 2
    assert "Linked #1 to #2, which stays. Votes on #1 are kept." in text_of(answer).replace(" ,", ",")
    assert answer["HX-Trigger-After-Settle"] == "winnow:judged"
    pair = DuplicatePair.objects.get()
    assert (pair.verdict, pair.decided_by) == ("same", bob)
    assert answer["HX-Replace-Url"] == f"{ROOM}?linked={pair.pk}"
    assert f'action="{UNDO}"' in answer.content.decode()

    answer = browser.post(UNDO, {"record": 1, "pair": pair.pk}, **HTMX)
    assert answer.context["record"].number == 1
    assert roots() == [None, None, None]
    assert list(dedup.waiting_pairs(review)) == [pair]
    assert list(Event.objects.order_by("seq").values_list("verb", flat=True))[1:] == [
        "duplicate.linked",
        "duplicate.unlinked",
    ]


def test_without_scripts_the_same_goes_by_pages(review, papers, bob):
    person = Person("Bob")
    person.client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    person.go(ROOM)
    person.follow("duplicate-of/?stage=title_abstract")
    person.follow("original=2")
    person.send("/duplicate/")
    assert "Linked #1 to" in person.text
    assert roots() == [2, None, None]
    person.send("/duplicate/undo/")
    assert roots() == [None, None, None]


def test_the_strip_of_a_link_takes_the_place_of_the_last_vote_so_that_undo_means_the_link(
    papers, bob, as_person
):
    browser = as_person(bob)
    browser.post(f"{ROOM}decide/", sent(papers[2]), **HTMX)
    answer = browser.post(MARK, {"record": 1, "original": 2}, **HTMX)
    assert answer.content.decode().count('data-key="u"') == 1
    assert "Saved: include #3" not in text_of(answer)
    assert "Saved: include #3" in text_of(browser.get(ROOM))


def test_the_record_that_was_judged_further_stays_and_says_so_before(
    papers, alice, bob, carol, as_person, search
):
    """#1 is settled, and somebody marks it as a duplicate of #2, which nobody judged."""
    for person in (alice, carol):
        vote(person, papers[0], "exclude")
    browser = as_person(bob)
    words = text_of(browser.get(f"{of(1)}?original=2"))
    assert "#1 stays, because it was judged further, and #2 is linked to it." in words
    answer = browser.post(reverse("record_link", args=["myeloma", 1]), {"original": 2}, follow=True)
    assert "#2 is linked to #1, which stays, because it was judged further." in text_of(answer)
    assert roots() == [None, 1, None]


def test_a_removed_original_is_offered_with_a_warning(papers, alice, bob, as_person):
    remove_record(record=papers[1], by=alice, reason="retracted")
    browser = as_person(bob)
    assert "removed before screening" in text_of(browser.get(of(1)))
    words = text_of(browser.get(f"{of(1)}?original=2"))
    assert "#2 was removed before screening (retracted), and with this link #1 is out as well." in words


def test_a_linked_original_leads_to_the_one_that_stays(papers, alice, bob, as_person):
    dedup.link_records(record=papers[1], original=papers[2], by=alice)
    browser = as_person(bob)
    assert "#2 is linked to #3 ; this would be linked to that one too." in text_of(
        browser.get(f"{of(1)}?original=2")
    )
    browser.post(MARK, {"record": 1, "original": 2}, **HTMX)
    assert roots() == [3, 3, None]


def test_what_cannot_be_linked_is_refused_and_nothing_changes(papers, alice, bob, as_person):
    browser, before = as_person(bob), counts()
    answer = browser.post(MARK, {"record": 1, "original": 1}, **HTMX)
    assert (answer.status_code, answer.context["record"].number) == (422, 1)
    assert "A record is not a duplicate of itself." in text_of(answer)
    for record, original in ((1, 99), (99, 1), ("x", 1), (1, "")):
        assert browser.post(MARK, {"record": record, "original": original}, **HTMX).status_code == 404
    assert browser.post(UNDO, {"record": 1, "pair": 999}).status_code == 404
    pair = DuplicatePair.objects.get()
    answer = browser.post(UNDO, {"record": 1, "pair": pair.pk}, **HTMX)
    assert (answer.status_code, "Nobody judged this pair" in text_of(answer)) == (409, True)
    assert counts() == before
    dedup.link_records(record=papers[0], original=papers[1], by=alice)
    before = counts()
    answer = browser.post(MARK, {"record": 1, "original": 2}, **HTMX)
    assert (answer.status_code, "#1 and #2 are linked already" in text_of(answer)) == (409, True)
    assert "in one group already" in text_of(browser.get(f"{of(1)}?original=2"))
    assert counts() == before


# ---------------------------------------------------------------- who may, and what is told


def test_everybody_who_may_link_may_screen_so_the_room_can_go_on():
    assert all("screen" in MAY[role] for role in Role.values if "dedup" in MAY[role])


def test_observers_and_strangers_may_not(papers, olive, mallory, as_person):
    before = counts()
    for person, status in ((olive, 403), (mallory, 404)):
        browser = as_person(person)
        assert browser.get(of(1)).status_code == status
        assert browser.post(MARK, {"record": 1, "original": 2}).status_code == status
        assert browser.post(UNDO, {"record": 1, "pair": 1}).status_code == status
    assert counts() == before
    assert "duplicate-of" not in as_person(olive).get(reverse("record", args=["myeloma", 1])).content.decode()


def test_records_of_another_review_are_never_offered_or_linked(papers, alice, bob, as_person):
    other = factories.review(lead=alice, slug="other")
    factories.record(factories.search(other, by=alice), **PAPER)
    assert [likely.record.number for likely in likely_originals(papers[0])] == [2]
    assert as_person(alice).get(reverse("record_duplicate_of", args=["other", 2])).status_code == 404


@pytest.mark.parametrize("verdict", ["include", "exclude"])
def test_the_dialog_looks_the_same_whatever_others_said(papers, bob, carol, as_person, verdict):
    """Carol has voted on the candidate: bob, who has not, is shown what he would be shown without it."""
    browser = as_person(bob)
    pages = [of(1), f"{of(1)}?original=2", f"{of(2)}?original=1&stage=title_abstract"]
    before = [text_of(browser.get(page)) for page in pages]
    vote(carol, papers[1], verdict)
    assert [text_of(browser.get(page)) for page in pages] == before


# ---------------------------------------------------------------- the record's page and the API


def test_the_records_page_leads_to_the_same_page_and_back(papers, bob):
    person = Person("Bob")
    person.client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    person.open("record", "myeloma", 2)
    person.follow("records/2/duplicate-of/")
    person.follow("original=1")
    person.send("/link/")
    assert "#2 is linked to #1. Votes on it are kept." in person.text
    assert roots() == [None, 1, None]


def test_programs_find_link_and_take_back(papers, bob, olive, as_person):
    browser = as_person(bob)
    address = "/api/r/myeloma/records/1/duplicate-of/"
    [found] = browser.get(address).json()["candidates"]
    assert (found["number"], found["stays"], found["waiting"]) == (2, 2, True)
    assert "different pages" in found["why"]
    assert [each["number"] for each in browser.get(f"{address}?q=renal").json()["candidates"]] == [3]
    linked = browser.post(
        "/api/r/myeloma/records/1/link/", {"original": 2}, content_type="application/json"
    ).json()
    assert (linked["duplicate_of"], roots()) == (2, [2, None, None])
    pair = DuplicatePair.objects.get()
    back = f"/api/r/myeloma/duplicates/{pair.pk}/take-back/"
    assert as_person(olive).post(back).status_code == 403
    assert browser.post(back).json() == {"linked": False}
    assert roots() == [None, None, None]
    assert browser.post(back).status_code == 409


def test_the_groups_for_programs(papers, alice, bob, as_person):
    dedup.link_records(record=papers[0], original=papers[1], by=alice)
    told = as_person(bob).get("/api/r/myeloma/duplicates/groups/").json()
    [group] = told["groups"]
    assert (told["count"], group["stays"]["number"]) == (1, 2)
    [member] = group["members"]
    assert (member["number"], member["linked_to"], member["by"], member["rule"]) == (1, 2, "Alice", "")


def test_no_vote_is_made_or_moved_by_marking(papers, bob, carol, as_person):
    vote(carol, papers[0], "exclude")
    before = list(Decision.objects.values())
    as_person(bob).post(MARK, {"record": 1, "original": 2})
    assert list(Decision.objects.values()) == before
