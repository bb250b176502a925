"""The screening room's pages: judging, going on, taking back, looking again, and what is said when it is too late."""

import html
import re
import uuid

import pytest

from reviews.models import Event, Record, Report
from reviews.models.corpus import sha256_of
from screening import criteria, decisions
from screening.models import Conflict, Decision, Proposal, Protocol, Resolution
from tests import blind_world, factories

TA, FT = "title_abstract", "full_text"
ROOM = "/r/myeloma/screen/title_abstract/"
FULL = "/r/myeloma/screen/full_text/"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def population(review, alice):
    return _criterion(review, alice, "Population")


@pytest.fixture
def news(review, alice, population):
    return _criterion(review, alice, "News", kind="exclude")


@pytest.fixture
def retrieved(record, alice, carol):
    """The record, included at title and abstract, its report at hand."""
    for person in (alice, carol):
        vote(person, record)
    text = "Page one speaks of methods.\nPage two speaks of results."
    Report.objects.filter(record=record).update(
        retrieval="retrieved", text=text, page_map=[[1, 0, 28], [2, 28, len(text)]]
    )
    return Record.objects.get(pk=record.pk)


def _criterion(review, alice, label, stage=TA, kind="include"):
    return criteria.add_criterion(
        review=review, stage=stage, by=alice, kind=kind, label=label, text=f"About {label.lower()}."
    )


def vote(person, record, verdict="include", stage=TA, **more):
    return decisions.decide(
        record=record, stage=stage, reviewer=person, verdict=verdict, key=uuid.uuid4(), **more
    )


def propose(record, by, judgements, stage=TA, model="stub/model", sha256=None, verdict="include"):
    run = blind_world.run(record.review, by, stage, model)
    text = record.text if stage == TA else record.report.text
    return Proposal.objects.create(
        run=run,
        record=record,
        verdict=verdict,
        judgements=judgements,
        text_sha256=sha256 or sha256_of(text),
        made_at=run.started_at,
    )


def judged(criterion, verdict="met", quote="", start=None, end=None):
    return {
        "criterion": criterion.pk,
        "kind": criterion.kind,
        "label": criterion.label,
        "said": verdict,
        "verdict": verdict,
        "quote": quote,
        "start": start,
        "end": end,
        "tier": "exact" if start is not None else "",
        "reasoning": "As it says.",
    }


def sent(record, verdict="include", **more):
    return {"record": record.number, "verdict": verdict, "key": str(uuid.uuid4()), "seconds": "4.2"} | more


def text_of(answer) -> str:
    """The words of a page, without tags and with single spaces."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(bare))


def counts():
    return (
        Decision.objects.count(),
        Resolution.objects.count(),
        Conflict.objects.count(),
        Event.objects.count(),
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
    assert keys == ["1", "n", "e", "m", "i"]


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
    from screening import conflicts

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


# ---------------------------------------------------------------- the proposal


@pytest.fixture
def proposal(record, population, news, alice):
    start = record.text.index("We gave")
    return propose(
        record,
        alice,
        [
            judged(population, "not_met", "We gave plerixafor", start, start + 18),
            judged(news, "unclear", "Nowhere at all"),
        ],
        verdict="exclude",
    )


def test_the_proposal_comes_after_ones_own_decision_and_says_where_it_differs(
    record, search, population, proposal, bob, as_person
):
    factories.record(search)
    browser = as_person(bob)
    assert "stub/model" not in text_of(browser.get(ROOM))
    form = sent(record) | {f"c{population.pk}": "met"}
    answer = browser.post(f"{ROOM}decide/", form, follow=True)
    assert (
        "Saved: include #1. Waiting for another reviewer. The model differs on criterion 1: look"
        in text_of(answer)
    )
    page = browser.get(f"{ROOM}?record=1").content.decode()
    name = f"p{proposal.pk}-1"
    assert (
        f'<mark class="quote" tabindex="0" data-quotes="{name}" id="quote-{name}">We gave plerixafor</mark>'
        in page
    )
    assert "differs from you" in page and "Nowhere at all" in page and "model-quote--missing" in page


def test_where_no_criterion_was_answered_the_combined_verdict_is_compared(record, proposal, bob, as_person):
    answer = as_person(bob).post(f"{ROOM}decide/", sent(record), follow=True)
    assert "The model’s judgements come to exclude" in text_of(answer)


def test_the_strip_says_nothing_of_a_proposal_that_agrees(record, population, proposal, bob, as_person):
    form = sent(record, "exclude") | {f"c{population.pk}": "not_met"}
    answer = as_person(bob).post(f"{ROOM}decide/", form, follow=True)
    assert "The model" not in text_of(answer)


def test_before_the_proposal_is_open_from_the_start_and_can_be_taken_over(
    record, population, news, proposal, bob, as_person
):
    Protocol.objects.create(review=record.review, stage=TA, model_role="before")
    browser = as_person(bob)
    page = browser.get(ROOM).content.decode()
    assert "stub/model" in page and 'class="mark--met"' in page
    assert re.findall(r'data-proposed="(\w+)"', page) == ["not_met", "unclear"]
    assert f'data-quotes="p{proposal.pk}-1"><span class="criterion-text">Population' in page
    assert "checked" not in re.findall(r"<ol class=\"criteria\">.*?</ol>", page, re.S)[0]
    without_script = browser.get(f"{ROOM}?record=1&accept").content.decode()
    assert f'name="c{population.pk}" value="not_met" checked' in without_script
    assert f'name="c{news.pk}" value="unclear" checked' in without_script
    browser.post(f"{ROOM}decide/", sent(record))
    assert Decision.objects.get().seen_proposal is True


def test_off_hides_the_proposal_after_the_decision_too(record, proposal, bob, as_person):
    Protocol.objects.create(review=record.review, stage=TA, model_role="off")
    vote(bob, record)
    for address in (ROOM, f"{ROOM}?record=1", f"{ROOM}?record=1&accept"):
        assert "stub/model" not in as_person(bob).get(address).content.decode()


def test_a_proposal_on_another_version_of_the_text_marks_nothing_and_says_so(
    record, population, alice, bob, as_person
):
    propose(record, alice, [judged(population, "met", "We gave", 2, 9)], sha256="0" * 64)
    vote(bob, record)
    page = as_person(bob).get(f"{ROOM}?record=1").content.decode()
    assert "<mark" not in page
    assert (
        "from an earlier version of the text" in page
        and "The text was changed after this was proposed" in page
    )


def test_the_offline_reader_is_called_what_it_is(record, population, alice, bob, as_person):
    propose(record, alice, [judged(population)], model="offline/rule-reader-1")
    vote(bob, record)
    assert "rule-based, not a language model" in as_person(bob).get(f"{ROOM}?record=1").content.decode()


# ---------------------------------------------------------------- full text


def test_full_text_shows_the_pages_and_offers_no_maybe(retrieved, alice, bob, as_person):
    criterion = _criterion(retrieved.review, alice, "Design", FT)
    page = as_person(bob).get(FULL).content.decode()
    assert re.findall(r'<section class="desk-page" id="(page-\d)"', page) == ["page-1", "page-2"]
    assert "Page one speaks of methods." in page and "Page two speaks of results." in page
    assert 'value="maybe"' not in page
    assert re.findall(r'name="exclude_for" value="(\d+)"', page) == [str(criterion.pk)]


def test_an_exclusion_at_full_text_has_the_one_reason_that_was_pressed(retrieved, alice, bob, as_person):
    first, second = (_criterion(retrieved.review, alice, label, FT) for label in ("Design", "Drug"))
    form = sent(retrieved) | {"exclude_for": second.pk, f"c{first.pk}": "not_met"}
    del form["verdict"]
    assert as_person(bob).post(f"{FULL}decide/", form).status_code == 302
    decision = Decision.objects.get(stage=FT)
    assert (decision.verdict, decision.reason) == ("exclude", second)


def test_an_exclusion_at_full_text_without_a_reason_asks_for_one_and_keeps_the_rest(
    retrieved, alice, bob, as_person
):
    _criterion(retrieved.review, alice, "Design", FT)
    before = counts()
    answer = as_person(bob).post(f"{FULL}decide/", sent(retrieved, "exclude", note="Long"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "An exclusion at full text needs one reason." in page and ">Long</textarea>" in page
    assert "data-reasons data-open-now" in page
    assert counts() == before


def test_the_first_violated_criterion_is_preselected(retrieved, alice, bob, as_person):
    _criterion(retrieved.review, alice, "Design", FT)
    second = _criterion(retrieved.review, alice, "Drug", FT)
    form = sent(retrieved, "maybe") | {f"c{second.pk}": "not_met"}
    page = as_person(bob).post(f"{FULL}decide/", form).content.decode()
    assert re.findall(r'class="btn is-first" name="exclude_for" value="(\d+)"', page) == [str(second.pk)]


# ---------------------------------------------------------------- nothing waits


def test_nothing_imported_yet_leads_to_the_searches(review, bob, as_person):
    assert "Nothing has been imported yet" in text_of(as_person(bob).get(ROOM))


def test_when_all_is_done_the_room_says_what_to_do_next(record, population, bob, carol, as_person):
    vote(carol, record)
    vote(bob, record, "exclude")
    words = text_of(as_person(bob).get(ROOM))
    assert "Nothing waits for you here" in words and "Conflicts to settle 1" in words
    assert "You have decided on 1 of 1 record." in words


def test_full_texts_that_wait_are_offered_when_titles_are_done(retrieved, bob, as_person):
    assert "Full texts that wait for you 1" in text_of(as_person(bob).get(ROOM))


def test_without_criteria_the_room_says_so(record, bob, as_person):
    assert "No criteria are declared for this stage yet." in text_of(as_person(bob).get(ROOM))


# ---------------------------------------------------------------- how much is asked of the database


@pytest.mark.parametrize("n", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_review(
    search, population, news, alice, bob, carol, as_person, django_assert_max_num_queries, n
):
    records = [factories.record(search) for _ in range(n + 2)]
    start = records[0].text.index("We gave")
    for record in records:
        propose(
            record, alice, [judged(population, "met", "We gave", start, start + 7), judged(news, "not_met")]
        )
    for record in records[:n]:
        vote(carol, record)
    vote(bob, records[0])
    browser = as_person(bob)
    with django_assert_max_num_queries(22):
        assert browser.get(ROOM).status_code == 200
    with django_assert_max_num_queries(26):
        assert browser.get(f"{ROOM}?record=1").status_code == 200
    with django_assert_max_num_queries(47):
        assert browser.post(f"{ROOM}decide/", sent(records[n]), **HTMX).status_code == 200
