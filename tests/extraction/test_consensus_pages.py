"""Consensus as a page: closed until it may be seen, differences first, settled with a reason."""

import pytest

from extraction import consensus, design
from extraction.models import ConsensusValue, Value


@pytest.fixture
def board_at(study):
    return f"/r/myeloma/extraction/{study.pk}/consensus/"


@pytest.fixture
def differing(fill, bob, carol):
    """Both sheets are in; they differ on the number enrolled."""
    return fill(bob), fill(carol, enrolled=60)


@pytest.fixture
def settle(board_at, items, as_person, alice):
    """settle(take=..., reason=...) as alice, for the number enrolled."""

    def do(key="enrolled", **fields):
        return as_person(alice).post(f"{board_at}{items[key].pk}/", fields)

    return do


def text_of(answer) -> str:
    return answer.content.decode()


def value_of(person, key):
    return Value.objects.get(sheet__extractor=person, item__key=key, withdrawn_at__isnull=True)


def test_it_is_closed_until_ones_own_sheet_is_in(
    fill, give, board_at, as_person, alice, bob, carol, olive, mallory
):
    fill(bob, enrolled=4711)
    give(carol, "enrolled", 60)
    for person in (alice, carol, olive):
        answer = as_person(person).get(board_at)
        assert answer.status_code == 200
        assert "Not to be seen yet" in text_of(answer)
        assert "4711" not in text_of(answer)
    assert "4711" in text_of(as_person(bob).get(board_at))
    assert as_person(mallory).get(board_at).status_code == 404


def test_differences_come_first_and_equal_rows_are_folded(differing, board_at, as_person, alice, propose):
    propose("enrolled", 59, quote="We enrolled 58 patients", doubt="The quote does not carry the number 59.")
    words = text_of(as_person(alice).get(board_at))
    assert words.index("1 to settle") < words.index("3 items agreed by themselves")
    assert "58 patients" in words and "60 patients" in words
    assert "59 patients" in words and "rule-based, not a language model" in words
    assert "2 items nobody took down" in words


def test_one_of_the_two_is_chosen(differing, settle, board_at, as_person, alice, carol):
    answer = settle(take=str(value_of(carol, "enrolled").pk), reason="Table 1.")
    assert (answer.status_code, answer["Location"]) == (302, f"{board_at}#settle")
    made = ConsensusValue.objects.get(item__key="enrolled")
    assert (made.value, made.how, made.reason, made.by) == (60, "chosen", "Table 1.", alice)
    words = text_of(as_person(alice).get(board_at))
    assert "Nothing is left to settle" in words
    assert "One of the two was chosen, Alice: Table 1." in words


def test_a_third_value_or_not_reported_is_written(differing, settle):
    assert (
        settle(take="third", value="17", quote="Of 17 evaluable patients", reason="Evaluable.").status_code
        == 302
    )
    made = ConsensusValue.objects.get(item__key="enrolled")
    assert (made.value, made.how, made.page) == (17, "written", 2)
    consensus.reopen(consensus=made, by=made.by, reason="No.")
    assert settle(take="not_reported", reason="Nowhere.").status_code == 302
    assert ConsensusValue.objects.get(item__key="enrolled", withdrawn_at=None).state == "not_reported"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 422, "Nothing was chosen"),
        ({"take": "third", "value": "17"}, 422, "needs a reason"),
        ({"take": "third", "value": "many", "reason": "because"}, 422, "is not a number"),
        ({"take": "third", "value": "", "reason": "because"}, 422, "no value was given"),
        ({"take": "999999", "reason": "because"}, 404, ""),
    ],
)
def test_what_cannot_settle_it_is_refused_and_stays_in_the_form(
    differing, settle, rows, fields, status, words
):
    before = rows()
    answer = settle(**fields)
    assert (answer.status_code, words in text_of(answer)) == (status, True)
    if fields.get("reason") and status == 422:
        assert 'value="because"' in text_of(answer)
    assert rows() == before


def test_what_was_settled_meanwhile_is_said_to_be(differing, settle, bob, rows):
    take = str(value_of(bob, "enrolled").pk)
    settle(take=take, reason="First.")
    before = rows()
    answer = settle(take=take, reason="Second.")
    assert (answer.status_code, "settled meanwhile" in text_of(answer)) == (409, True)
    assert rows() == before


def test_nothing_is_settled_by_who_may_not_see_the_sheets(fill, settle, bob, rows):
    fill(bob)
    before = rows()
    answer = settle(take=str(value_of(bob, "enrolled").pk), reason="Peeking.")
    assert (answer.status_code, "may not see these sheets yet" in text_of(answer)) == (409, True)
    assert rows() == before


def test_an_agreed_value_is_reopened_with_a_reason(differing, board_at, as_person, alice, rows):
    agreed = ConsensusValue.objects.get(item__key="phase")
    browser, before = as_person(alice), rows()
    address = f"{board_at}values/{agreed.pk}/reopen/"
    assert browser.post(address, {"reason": ""}).status_code == 422
    assert rows() == before
    assert browser.post(address, {"reason": "Both misread it."})["Location"] == f"{board_at}#settle"
    assert [row.item.key for row in browser.get(board_at).context["board"].to_settle] == ["enrolled", "phase"]
    assert browser.post(address, {"reason": "Again."}).status_code == 409


def test_an_earlier_form_is_still_read(differing, board_at, review, alice, as_person):
    design.publish_form(form=design.draft_form(review=review, by=alice), by=alice)
    browser = as_person(alice)
    assert "Not to be seen yet" in text_of(browser.get(board_at))
    assert "1 to settle" in text_of(browser.get(f"{board_at}?version=1"))
    assert browser.get(f"{board_at}?version=9").status_code == 404


def test_observers_read_what_is_agreed_and_settle_nothing(
    fill, board_at, items, bob, carol, olive, as_person, rows
):
    fill(bob)
    fill(carol)
    browser = as_person(olive)
    words = text_of(browser.get(board_at))
    assert "4 items agreed by themselves" in words
    assert "Reopen" not in words
    before = rows()
    agreed = ConsensusValue.objects.first()
    assert browser.post(f"{board_at}{items['phase'].pk}/", {"take": "third"}).status_code == 403
    assert browser.post(f"{board_at}values/{agreed.pk}/reopen/", {"reason": "x"}).status_code == 403
    assert rows() == before


@pytest.mark.parametrize("n", [1, 3])
def test_the_page_asks_as_many_queries_for_three_differences_as_for_one(
    n, fill, board_at, as_person, alice, bob, carol, django_assert_num_queries
):
    fill(bob)
    fill(carol, **dict(list({"enrolled": 60, "phase": "II", "blinded": True}.items())[:n]))
    browser = as_person(alice)
    with django_assert_num_queries(31):
        assert len(browser.get(board_at).context["board"].to_settle) == n
