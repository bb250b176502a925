"""The screening room's pages: judging, going on, taking back, looking again, and what is said when it is too late."""

import re

import pytest

from reviews.models import Event
from screening import conflicts, criteria
from screening.models import Decision, Resolution
from tests import factories
from tests.screening.scene import (
    FULL,
    HTMX,
    ROOM,
    counts,
    sent,
    text_of,
    vote,
)

# ---------------------------------------------------------------- reading


def test_the_room_shows_the_next_record_with_its_criteria(record, population, news, bob, as_person):
    answer = as_person(bob).get(ROOM)
    assert answer.status_code == 200
    words = text_of(answer)
    for expected in ("#1", "A trial of plerixafor", "We gave plerixafor to 12 adults.", "found by PubMed"):
        assert expected in words
    assert re.findall(r'<input type="radio" name="(c\d+)" value="(\w+)"', answer.content.decode()) == [
        (f"c{criterion.pk}", value)
        for criterion in (population, news)
        for value in ("met", "not_met", "unclear")
    ]
    assert "0 done" in words and "1 to go" in words


def test_the_keys_of_the_room_stand_on_its_buttons(record, population, bob, as_person):
    keys = re.findall(r'data-key="(\w+)"', as_person(bob).get(ROOM).content.decode())
    assert keys == ["d", "1", "n", "e", "m", "i", "d"]  # the small actions stand twice: one is shown


def test_a_record_says_every_search_that_found_it_and_where_it_leads(review, search, alice, bob, as_person):
    kept = factories.record(
        search,
        doi="10.1000/x<y>",
        pmid="123",
        registry_ids=["NCT00903968", "EUCTR1"],
        url="javascript:alert(1)",
    )
    other = factories.search(review, by=alice, source="Embase")
    gone = factories.search(review, by=alice, source="Scopus", withdrawn_at=search.imported_at)
    for source in (other, gone):
        factories.record(source, duplicate_of=kept)
    page = as_person(bob).get(ROOM).content.decode()
    assert "found by PubMed, Embase<" in page
    assert re.findall(r'class="tag" href="([^"]+)" target="_blank" rel="noopener noreferrer"', page) == [
        "https://doi.org/10.1000/x%3Cy%3E",
        "https://pubmed.ncbi.nlm.nih.gov/123/",
        "https://clinicaltrials.gov/study/NCT00903968",
    ]
    assert "javascript:" not in page


def test_words_of_a_paper_are_never_markup(search, bob, as_person):
    factories.record(
        search, title="<script>alert(1)</script>", abstract='METHODS: <img src=x>. RESULTS: "a" & b'
    )
    page = as_person(bob).get(ROOM).content.decode()
    assert "<script>alert" not in page and "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<b class="section-label">METHODS:</b> &lt;img src=x&gt;.' in page


def test_nothing_in_the_room_needs_inline_script_or_style(record, population, bob, as_person):
    page = as_person(bob).get(ROOM).content.decode()
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", page) == []


# ---------------------------------------------------------------- who and where


def test_observers_have_no_seat_and_strangers_see_no_room(record, olive, mallory, as_person):
    for address in (ROOM, FULL, f"{ROOM}progress/"):
        assert as_person(olive).get(address).status_code == 403
        assert as_person(mallory).get(address).status_code == 404
    for verb in ("decide", "undo"):
        assert as_person(olive).post(f"{ROOM}{verb}/", sent(record)).status_code == 403
        assert as_person(mallory).post(f"{ROOM}{verb}/", sent(record)).status_code == 404
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "address", ["/r/myeloma/screen/extraction/", f"{ROOM}?record=99", f"{ROOM}?record=x"]
)
def test_an_unknown_stage_or_record_is_not_found(record, bob, as_person, address):
    assert as_person(bob).get(address).status_code == 404


def test_a_record_of_another_review_is_not_found(record, bob, mallory, as_person):
    other = factories.review(lead=mallory, slug="other")
    factories.record(factories.search(other, by=mallory))
    foreign = factories.record(factories.search(other, by=mallory))
    answer = as_person(bob).post(f"{ROOM}decide/", sent(foreign))
    assert answer.status_code == 404
    assert counts() == (0, 0, 0, 0)


# ---------------------------------------------------------------- deciding


def test_a_decision_is_saved_and_the_next_record_comes_without_javascript(search, bob, as_person, population):
    first, second = factories.record(search), factories.record(search, title="The second")
    browser = as_person(bob)
    form = sent(first, "exclude", note=" Wrong drug. ") | {f"c{population.pk}": "not_met"}
    answer = browser.post(f"{ROOM}decide/", form, follow=True)
    assert answer.redirect_chain == [(ROOM, 302)]
    decision = Decision.objects.get()
    assert (decision.record, decision.verdict, decision.reason) == (first, "exclude", population)
    assert (decision.note, decision.seconds) == ("Wrong drug.", 4.2)
    assert decision.judgements == {str(population.pk): "not_met"}
    assert "The second" in text_of(answer)
    assert "Saved: exclude #1. Waiting for another reviewer." in text_of(answer)
    assert second.decisions.count() == 0


def test_for_htmx_the_answer_to_a_decision_is_the_next_record(search, bob, as_person):
    first = factories.record(search)
    factories.record(search, title="The second")
    answer = as_person(bob).post(f"{ROOM}decide/", sent(first), **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["HX-Replace-Url"] == ROOM
    assert "<html" not in page and "The second" in page
    assert answer["HX-Trigger-After-Settle"] == "winnow:judged"  # the header then asks for its numbers
    assert "1 done 1 to go" in text_of(as_person(bob).get(f"{ROOM}progress/"))


def test_pressing_twice_decides_once(search, bob, as_person):
    first = factories.record(search)
    factories.record(search)
    browser, form = as_person(bob), sent(first)
    answers = [browser.post(f"{ROOM}decide/", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert counts()[0] == 1


def test_an_old_page_sent_again_with_another_answer_says_what_was_kept(search, bob, as_person):
    first = factories.record(search)
    browser, form = as_person(bob), sent(first)
    browser.post(f"{ROOM}decide/", form)
    before = counts()
    answer = browser.post(f"{ROOM}decide/", form | {"verdict": "exclude", "note": "On second thoughts"})
    assert answer.status_code == 409
    assert "This page was sent before, as include." in text_of(answer)
    assert "On second thoughts" in text_of(answer)
    assert counts() == before


@pytest.mark.parametrize("seconds", ["", "nan", "inf", "-1", "1e9", "soon"])
def test_a_time_that_makes_no_sense_is_left_out(record, bob, as_person, seconds):
    as_person(bob).post(f"{ROOM}decide/", sent(record, seconds=seconds))
    assert Decision.objects.get().seconds is None


def test_agreement_and_conflict_are_said_in_the_quiet_strip(search, bob, carol, as_person):
    agreed, disputed = factories.record(search), factories.record(search)
    for record in (agreed, disputed):
        vote(carol, record)
    browser = as_person(bob)
    answer = browser.post(f"{ROOM}decide/", sent(agreed), follow=True)
    assert "Saved: include #1. Settled: include." in text_of(answer)
    answer = browser.post(f"{ROOM}decide/", sent(disputed, "exclude"), follow=True)
    assert "Saved: exclude #2. In conflict with another reviewer." in text_of(answer)


def test_a_record_settled_meanwhile_is_told_and_the_typed_note_is_kept(search, alice, bob, carol, as_person):
    first = factories.record(search)
    factories.record(search, title="The second")
    for person in (alice, carol):
        vote(person, first)
    before = counts()
    for headers in ({}, HTMX):
        answer = as_person(bob).post(f"{ROOM}decide/", sent(first, note="An hour of thought"), **headers)
        assert answer.status_code == 409
        words = text_of(answer)
        assert "#1, include: This record was settled meanwhile." in words
        assert (
            '<textarea id="lost-note" rows="2" readonly>An hour of thought</textarea>'
            in answer.content.decode()
        )
        assert "The second" in words
    assert counts() == before


def test_a_retired_criterion_in_an_open_page_loses_nothing_that_was_typed(
    record, population, news, alice, bob, as_person
):
    form = sent(record, "include", note="Careful") | {f"c{population.pk}": "met", f"c{news.pk}": "not_met"}
    criteria.retire_criterion(criterion=news, by=alice, reason="Not needed.")
    before = counts()
    answer = as_person(bob).post(f"{ROOM}decide/", form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "not in force" in page and ">Careful</textarea>" in page
    assert f'name="c{population.pk}" value="met" checked' in page
    assert counts() == before
    form = {name: value for name, value in form.items() if name != f"c{news.pk}"}
    assert as_person(bob).post(f"{ROOM}decide/", form).status_code == 302


@pytest.mark.parametrize("key", ["", "x", "0"])
def test_a_decision_without_a_key_is_refused(record, bob, as_person, key):
    answer = as_person(bob).post(f"{ROOM}decide/", sent(record) | {"key": key})
    assert answer.status_code == 422
    assert counts() == (0, 0, 0, 0)


# ---------------------------------------------------------------- undo, back and forward


def test_undo_takes_the_last_decision_back_and_shows_its_record_with_its_answers(
    record, population, bob, as_person
):
    decision = vote(bob, record, "exclude", judgements={str(population.pk): "not_met"}, note="Hm").decision
    answer = as_person(bob).post(f"{ROOM}undo/", {"decision": decision.pk}, follow=True)
    assert answer.redirect_chain == [(f"{ROOM}?record=1", 302)]
    decision.refresh_from_db()
    assert decision.withdrawn_at is not None
    page = answer.content.decode()
    assert f'name="c{population.pk}" value="not_met" checked' in page and ">Hm</textarea>" in page
    assert "You took back your “exclude”." in text_of(answer)


def test_undo_of_a_settled_record_asks_why_beside_the_record(record, bob, carol, as_person):
    vote(carol, record)
    decision = vote(bob, record).decision
    browser = as_person(bob)
    assert f'data-key="u" data-key-name="Take back your last decision" href="{ROOM}?record=1&amp;undo"' in (
        browser.get(ROOM).content.decode()
    )
    before = counts()
    answer = browser.post(f"{ROOM}undo/", {"decision": decision.pk}, **HTMX)
    assert answer.status_code == 422
    assert '<textarea id="id_reason" name="reason" form="take-back"' in answer.content.decode()
    assert counts() == before and Resolution.objects.get().withdrawn_at is None
    answer = browser.post(f"{ROOM}undo/", {"decision": decision.pk, "reason": "I misread it."}, **HTMX)
    assert answer.status_code == 200
    assert Resolution.objects.get().withdrawn_at is not None
    assert Event.objects.order_by("seq").last().reason == "I misread it."


def test_nobody_undoes_anothers_decision_or_learns_that_it_exists(record, bob, carol, as_person):
    decision = vote(bob, record).decision
    before = counts()
    for wanted in (decision.pk, decision.pk + 1, "x", "9" * 30):
        assert as_person(carol).post(f"{ROOM}undo/", {"decision": wanted}).status_code == 404
    assert counts() == before
    decision.refresh_from_db()
    assert decision.withdrawn_at is None


def test_a_record_settled_after_a_conflict_is_not_undone_but_reopened(record, alice, bob, carol, as_person):

    decision = vote(bob, record).decision
    conflict = vote(carol, record, "exclude").conflict
    conflicts.resolve(conflict=conflict, by=alice, verdict="include", explanation="It fits.")
    answer = as_person(bob).post(f"{ROOM}undo/", {"decision": decision.pk, "reason": "No."})
    assert answer.status_code == 409
    assert "Reopen it with a reason" in text_of(answer)
    decision.refresh_from_db()
    assert decision.withdrawn_at is None


def test_back_and_forward_walk_through_ones_own_decisions(search, bob, carol, as_person):
    records = [factories.record(search) for _ in range(4)]
    vote(carol, records[1])
    for record in (records[2], records[0]):
        vote(bob, record)
    browser = as_person(bob)

    def ways(address):
        page = browser.get(address).content.decode()
        found = dict(re.findall(r'data-key="Arrow(Left|Right)"[^>]*href="([^"]+)"', page))
        return found.get("Left"), found.get("Right")

    assert ways(ROOM) == (f"{ROOM}?record=1", None)
    assert ways(f"{ROOM}?record=1") == (f"{ROOM}?record=3", ROOM)
    assert ways(f"{ROOM}?record=3") == (None, f"{ROOM}?record=1")


def test_looking_back_shows_ones_own_answer_and_the_other_vote(record, population, bob, carol, as_person):
    vote(carol, record, "exclude", note="Wrong people", judgements={str(population.pk): "not_met"})
    vote(bob, record, "include", note="Mine")
    words = text_of(as_person(bob).get(f"{ROOM}?record=1"))
    for expected in (
        "You",
        "Mine",
        "Carol",
        "Wrong people",
        "1 Population: not met",
        "Settle it",
        "Change my answer",
    ):
        assert expected in words
