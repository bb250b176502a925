"""The screening room and the conflicts for programs: the same verbs, the same blindness."""

import uuid

import pytest

from screening.models import Conflict, Protocol, Resolution
from tests import factories
from tests.screening.scene import (
    FT,
    TA,
    counts,
    judged,
    propose,
    vote,
)

API = "/api/r/myeloma/"
NEXT = f"{API}screen/title_abstract/next/"
DECISIONS = f"{API}decisions/"
CONFLICTS = f"{API}conflicts/"


def json_of(record, verdict="include", **more):
    return {"record": record.number, "stage": TA, "verdict": verdict, "key": str(uuid.uuid4())} | more


def post(browser, address, data=None):
    return browser.post(address, data or {}, content_type="application/json")


# ---------------------------------------------------------------- next


def test_next_gives_the_text_the_criteria_and_the_progress(record, population, alice, bob, as_person):
    propose(record, alice, [judged(population)])
    answer = as_person(bob).get(NEXT).json()
    [given] = answer["records"]
    assert (given["number"], given["text"]) == (1, record.text)
    assert given["text_sha256"] == record.text_sha256
    assert given["found_by"] == [{"source": "PubMed", "platform": "", "searched_on": "2026-01-15"}]
    assert given["proposal"] is None
    assert answer["criteria"] == [
        {"id": population.pk, "kind": "include", "label": "Population", "text": "About population."}
    ]
    assert answer["criteria_version"] == 1
    assert answer["progress"] == {"mine": 0, "waiting": 1, "total": 1, "pilot_mine": 0, "pilot_total": 0}


def test_next_gives_the_proposal_where_the_protocol_shows_it_before(
    record, population, alice, bob, as_person
):
    start = record.text.index("We gave")
    propose(record, alice, [judged(population, "met", "We gave", start, start + 7)])
    Protocol.objects.create(review=record.review, stage=TA, model_role="before")
    [given] = as_person(bob).get(NEXT).json()["records"]
    [judgement] = given["proposal"]["judgements"]
    assert given["text"][judgement["start"] : judgement["end"]] == "We gave"
    assert (judgement["criterion"], judgement["verdict"]) == (population.pk, "met")
    assert (given["proposal"]["model"], given["proposal"]["offline"]) == ("stub/model", False)


@pytest.mark.parametrize("n", [1, 20])
def test_next_asks_the_database_as_much_for_twenty_as_for_one(
    search, alice, bob, as_person, population, django_assert_num_queries, n
):
    for _ in range(n):
        propose(factories.record(search), alice, [judged(population)])
    Protocol.objects.create(review=search.review, stage=TA, model_role="before", order="number")
    browser = as_person(bob)
    with django_assert_num_queries(17):
        assert len(browser.get(f"{NEXT}?n={n}").json()["records"]) == n


@pytest.mark.parametrize(
    ("wanted", "given"), [("", 1), ("x", 1), ("0", 1), ("2", 2), ("999", 3), ("9" * 30, 1)]
)
def test_how_many_come_is_bounded(search, bob, as_person, wanted, given):
    for _ in range(3):
        factories.record(search)
    assert len(as_person(bob).get(f"{NEXT}?n={wanted}").json()["records"]) == given


def test_full_text_gives_the_reports_text_with_its_pages(retrieved, bob, as_person):
    [given] = as_person(bob).get(f"{API}screen/full_text/next/").json()["records"]
    assert given["text"] == retrieved.report.text
    assert given["pages"] == retrieved.report.page_map
    assert given["text_sha256"] == retrieved.report.text_sha256


# ---------------------------------------------------------------- deciding


def test_a_decision_says_what_became_of_the_record(search, bob, carol, population, as_person):
    alone, agreed, disputed = (factories.record(search) for _ in range(3))
    for record in (agreed, disputed):
        vote(carol, record)
    browser = as_person(bob)
    judgements = {str(population.pk): "not_met"}
    first = post(
        browser, DECISIONS, json_of(alone, "exclude", judgements=judgements, note="No", seconds=3.25)
    )
    assert first.status_code == 201
    answer = first.json()
    assert (answer["outcome"], answer["verdict"], answer["conflict"]) == ("waiting", None, None)
    assert answer["decision"]["reason"] == population.pk
    assert (answer["decision"]["seconds"], answer["decision"]["note"]) == (3.25, "No")
    answer = post(browser, DECISIONS, json_of(agreed)).json()
    assert (answer["outcome"], answer["verdict"]) == ("settled", "include")
    answer = post(browser, DECISIONS, json_of(disputed, "exclude")).json()
    assert (answer["outcome"], answer["conflict"]) == ("conflict", Conflict.objects.get().pk)


def test_the_same_key_decides_once(record, bob, as_person):
    browser, data = as_person(bob), json_of(record)
    first, second = post(browser, DECISIONS, data), post(browser, DECISIONS, data)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["decision"] == second.json()["decision"]
    assert second.json()["repeated"] is True
    assert counts()[0] == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"verdict": "perhaps"}, 400),
        ({"stage": "extraction"}, 400),
        ({"key": "1"}, 400),
        ({"record": 99}, 404),
        ({"record": -1}, 400),
        ({"reason": 12345}, 400),
        ({"judgements": {"12345": "met"}}, 400),
        ({"stage": FT}, 409),
    ],
)
def test_what_cannot_be_kept_is_refused_in_the_one_shape_of_errors(record, bob, as_person, wrong, status):
    before = counts()
    answer = post(as_person(bob), DECISIONS, json_of(record) | wrong)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "what", "kept", "mend"}
    assert counts() == before


def test_one_lists_ones_own_decisions_only(search, bob, carol, as_person):
    first, second = factories.record(search), factories.record(search)
    vote(bob, first)
    vote(bob, second)
    vote(carol, first)
    browser = as_person(bob)
    listed = browser.get(f"{DECISIONS}?stage={TA}").json()
    assert [(d["record"], d["reviewer"]) for d in listed["decisions"]] == [(2, "Bob"), (1, "Bob")]
    assert listed["next"] is None
    assert browser.get(f"{DECISIONS}?stage={FT}").json()["decisions"] == []
    newest = listed["decisions"][0]["id"]
    assert [d["record"] for d in browser.get(f"{DECISIONS}?before={newest}").json()["decisions"]] == [1]
    assert browser.get(f"{DECISIONS}?stage=extraction").status_code == 404


def test_taking_back_through_the_api(record, bob, carol, as_person):
    decision = vote(bob, record).decision
    before = counts()
    assert post(as_person(carol), f"{DECISIONS}{decision.pk}/withdraw/").status_code == 404
    assert counts() == before
    answer = post(as_person(bob), f"{DECISIONS}{decision.pk}/withdraw/")
    assert answer.status_code == 200 and answer.json()["decision"]["withdrawn_at"] is not None
    assert post(as_person(bob), f"{DECISIONS}{decision.pk}/withdraw/").status_code == 409


def test_taking_back_a_settled_answer_needs_a_reason(record, bob, carol, as_person):
    vote(carol, record)
    decision = vote(bob, record).decision
    address = f"{DECISIONS}{decision.pk}/withdraw/"
    assert post(as_person(bob), address).status_code == 400
    assert Resolution.objects.get().withdrawn_at is None
    assert post(as_person(bob), address, {"reason": "Misread."}).status_code == 200
    assert Resolution.objects.get().withdrawn_at is not None


def test_observers_and_strangers_do_not_screen(record, olive, mallory, as_person):
    for person, status in ((olive, 403), (mallory, 404)):
        browser = as_person(person)
        assert browser.get(NEXT).status_code == status
        assert browser.get(DECISIONS).status_code == status
        assert post(browser, DECISIONS, json_of(record)).status_code == status
    assert counts() == (0, 0, 0, 0)


# ---------------------------------------------------------------- conflicts


@pytest.fixture
def conflict(record, bob, carol):
    vote(bob, record, note="Fits")
    return vote(carol, record, "exclude").conflict


def test_open_conflicts_show_votes_to_those_who_may_settle_only(conflict, alice, olive, as_person):
    [listed] = as_person(alice).get(CONFLICTS).json()["conflicts"]
    assert (listed["id"], listed["record"], listed["stage"]) == (conflict.pk, 1, TA)
    assert [(v["reviewer"], v["verdict"], v["note"]) for v in listed["votes"]] == [
        ("Bob", "include", "Fits"),
        ("Carol", "exclude", ""),
    ]
    [listed] = as_person(olive).get(CONFLICTS).json()["conflicts"]
    assert listed["votes"] is None
    assert as_person(alice).get(f"{CONFLICTS}?stage={FT}").json() == {"conflicts": []}


@pytest.mark.parametrize("n", [1, 4])
def test_the_list_asks_the_database_as_much_for_four_as_for_one(
    search, alice, bob, carol, as_person, django_assert_num_queries, n
):
    for _ in range(n):
        record = factories.record(search)
        vote(bob, record)
        vote(carol, record, "exclude")
    browser = as_person(alice)
    with django_assert_num_queries(9):
        assert len(browser.get(CONFLICTS).json()["conflicts"]) == n


def test_settling_and_reopening_through_the_api(conflict, alice, olive, as_person):
    address = f"{CONFLICTS}{conflict.pk}/resolve/"
    settled = {"verdict": "exclude", "explanation": "Wrong people."}
    before = counts()
    assert post(as_person(olive), address, settled).status_code == 403
    assert post(as_person(alice), address, {"verdict": "exclude"}).status_code == 400
    assert post(as_person(alice), address, settled | {"verdict": "maybe"}).status_code == 400
    assert counts() == before
    answer = post(as_person(alice), address, settled)
    assert answer.status_code == 201
    assert (answer.json()["verdict"], answer.json()["how"]) == ("exclude", "adjudication")
    assert post(as_person(alice), address, settled).status_code == 409
    reopening = f"{API}records/1/reopen/title_abstract/"
    assert post(as_person(alice), reopening).status_code == 400
    assert post(as_person(alice), reopening, {"reason": "Retracted."}).status_code == 201
    assert Conflict.objects.filter(closed_at__isnull=True).count() == 1
    assert post(as_person(alice), reopening, {"reason": "Again."}).status_code == 409


def test_a_records_judgement_through_the_api_is_sealed_or_whole(record, bob, carol, as_person):
    address = f"{API}records/1/judgement/"
    vote(bob, record)
    sealed = as_person(carol).get(address).json()["stages"][TA]
    assert sealed == {"sealed": True, "votes": [], "resolution": None, "conflict": None, "proposal": None}
    vote(carol, record)
    seen = as_person(carol).get(address).json()["stages"][TA]
    assert [vote["reviewer"] for vote in seen["votes"]] == ["Carol", "Bob"]
    assert (seen["sealed"], seen["resolution"]["verdict"]) == (False, "include")
