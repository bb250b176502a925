"""Consensus: what agrees by itself, what a person settles and why, and reopening."""

import pytest
from django.db import transaction
from hypothesis import given as for_all
from hypothesis import strategies as st

from extraction import consensus, filling
from extraction.models import ConsensusValue, Sheet, State, Value
from extraction.side_by_side import board
from extraction.standing import is_complete
from reviews import audit
from reviews.models import Event, Membership
from reviews.refusals import BadInput, Refused


def refused(error, words, rows, act):
    before = rows()
    with pytest.raises(error, match=words), transaction.atomic():
        act()
    assert rows() == before


def live(study):
    values = ConsensusValue.objects.filter(study=study, withdrawn_at__isnull=True).order_by("item__position")
    return [(value.item.key, value.state, value.value, value.how) for value in values]


@pytest.fixture
def differing(fill, bob, carol):
    """Both sheets are in; they differ on the number enrolled."""
    return fill(bob), fill(carol, enrolled=60)


def value_of(sheet, item):
    return Value.objects.get(sheet=sheet, item=item, withdrawn_at__isnull=True)


@for_all(st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False)))
def test_a_value_is_the_same_as_itself_and_as_no_answer_it_is_not(value):
    one, other = Value(state="given", value=value), Value(state="given", value=value)
    assert consensus.same_value(one, other)
    assert not consensus.same_value(one, Value(state="not_reported"))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (58, 58.0, True),
        (58, 85, False),
        ("Plerixafor  0.32 mg/kg.", "plerixafor 0.32 mg/kg", True),
        ("0.32", "0.23", False),
        ({"count": 10, "total": 17}, {"total": 17, "count": 10}, True),
        ({"count": 10, "total": 17}, {"count": 10, "total": 18}, False),
        (True, False, False),
    ],
)
def test_the_same_is_equal_numbers_and_equal_words_but_for_case_and_spaces(a, b, same):
    assert consensus.same_value(Value(state="given", value=a), Value(state="given", value=b)) is same


def test_nothing_is_agreed_before_both_sheets_are_in(fill, bob, study, form):
    fill(bob)
    assert (live(study), is_complete(study, form)) == ([], False)


def test_what_both_took_down_alike_is_agreed_with_the_last_sheet(fill, bob, carol, study, form):
    fill(bob)
    fill(carol)
    assert live(study) == [
        ("enrolled", "given", 58, "agreement"),
        ("response", "given", {"count": 10, "total": 17}, "agreement"),
        ("phase", "given", "I/II", "agreement"),
        ("blinded", "not_reported", None, "agreement"),
    ]
    assert is_complete(study, form)


def test_a_difference_stays_open_for_a_person(differing, study, form):
    assert [row[0] for row in live(study)] == ["response", "phase", "blinded"]
    assert not is_complete(study, form)


def test_an_optional_item_only_one_took_down_is_a_difference(give, fill, bob, carol, alice, study, form):
    give(bob, "dose", "0.32 mg/kg")
    fill(bob)
    fill(carol)
    assert "dose" not in [row[0] for row in live(study)]
    assert [row.item.key for row in board(alice, study, form).to_settle] == ["dose"]
    assert is_complete(study, form)


def test_single_extraction_settles_with_its_one_sheet(fill, protocol, bob, study):
    protocol(reviewers_wanted=1)
    fill(bob)
    assert {row[3] for row in live(study)} == {"single"}


def test_one_of_the_two_is_chosen_with_a_reason(differing, study, form, items, alice):
    sheet_a, sheet_b = differing
    chosen = value_of(sheet_b, items["enrolled"])
    made = consensus.choose(
        study=study, item=items["enrolled"], by=alice, value=chosen, reason="Table 1 says 60."
    )
    assert (made.value, made.how, made.reason, made.value_a.sheet, made.value_b) == (
        60,
        "chosen",
        "Table 1 says 60.",
        sheet_a,
        chosen,
    )
    assert is_complete(study, form)
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.before, event.reason) == (
        "consensus.reached",
        {"values": [58, 60]},
        "Table 1 says 60.",
    )
    assert audit.verify(study.review).ok


def test_a_third_value_is_written_with_a_reason_and_its_page(differing, study, items, alice):
    made = consensus.write(
        study=study,
        item=items["enrolled"],
        by=alice,
        state="given",
        value=17,
        quote="Of 17 evaluable patients",
        reason="Enrolled means evaluable here.",
    )
    assert (made.value, made.how, made.page) == (17, "written", 2)
    other = consensus.reopen(consensus=made, by=alice, reason="It does not.")
    again = consensus.write(
        study=study, item=items["enrolled"], by=alice, state="not_reported", value=None, reason="Nowhere."
    )
    assert (other.withdrawn_at is not None, again.state, again.value) == (True, State.NOT_REPORTED, None)


def test_settling_needs_a_reason_and_a_value_of_the_kind(differing, study, items, alice, rows):
    item, (sheet, _other) = items["enrolled"], differing

    def write(**fields):
        wanted = {"state": "given", "value": 60, "reason": "why"} | fields
        return lambda: consensus.write(study=study, item=item, by=alice, **wanted)

    refused(BadInput, "needs a reason", rows, write(reason=" "))
    refused(BadInput, "a number is asked for", rows, write(value="60"))
    refused(BadInput, "no value and no quote", rows, write(state="not_reported"))
    refused(BadInput, "no value and no quote", rows, write(state="nonsense", value=None))
    value = value_of(sheet, item)
    refused(
        BadInput,
        "needs a reason",
        rows,
        lambda: consensus.choose(study=study, item=item, by=alice, value=value, reason=""),
    )


def test_a_value_of_another_item_or_one_taken_back_is_not_chosen(differing, study, items, alice, rows, give):
    sheet, _other = differing
    stranger = value_of(sheet, items["phase"])
    gone = Value.objects.create(
        sheet=sheet,
        item=items["enrolled"],
        report=stranger.report,
        state="given",
        value=1,
        made_at=audit.now(),
        withdrawn_at=audit.now(),
    )
    for value in (stranger, gone):
        refused(
            BadInput,
            "not one of those",
            rows,
            lambda value=value: consensus.choose(
                study=study, item=items["enrolled"], by=alice, value=value, reason="why"
            ),
        )


def test_nothing_is_settled_while_a_sheet_is_missing(fill, bob, study, items, alice, rows):
    value = value_of(fill(bob), items["enrolled"])
    words = "Not every sheet"
    refused(
        Refused,
        words,
        rows,
        lambda: consensus.choose(study=study, item=items["enrolled"], by=bob, value=value, reason="why"),
    )
    refused(
        Refused,
        words,
        rows,
        lambda: consensus.write(
            study=study, item=items["enrolled"], by=alice, state="given", value=1, reason="why"
        ),
    )


def test_nothing_is_settled_while_a_sheet_is_reopened(differing, study, items, alice, bob, rows):
    sheet, other = differing
    filling.reopen_sheet(sheet=sheet, by=bob, reason="A slip.")
    refused(
        Refused,
        "Not every sheet",
        rows,
        lambda: consensus.choose(
            study=study,
            item=items["enrolled"],
            by=alice,
            value=value_of(other, items["enrolled"]),
            reason="why",
        ),
    )


def test_what_is_settled_is_settled_once(differing, study, items, alice, carol, rows):
    value = value_of(differing[0], items["enrolled"])
    consensus.choose(study=study, item=items["enrolled"], by=alice, value=value, reason="why")
    refused(
        Refused,
        "settled meanwhile",
        rows,
        lambda: consensus.choose(study=study, item=items["enrolled"], by=carol, value=value, reason="why"),
    )


def test_an_agreed_value_is_reopened_once_and_with_a_reason(differing, study, alice, rows):
    agreed = ConsensusValue.objects.filter(study=study).first()
    refused(BadInput, "with a reason", rows, lambda: consensus.reopen(consensus=agreed, by=alice, reason=""))
    consensus.reopen(consensus=agreed, by=alice, reason="Both read the wrong table.")
    refused(
        Refused,
        "reopened already",
        rows,
        lambda: consensus.reopen(consensus=agreed, by=alice, reason="again"),
    )


def test_a_sheet_is_not_reopened_over_what_a_person_settled(differing, study, items, alice, bob, rows):
    sheet = differing[0]
    value = value_of(sheet, items["enrolled"])
    made = consensus.choose(study=study, item=items["enrolled"], by=alice, value=value, reason="why")
    refused(
        Refused,
        "settled by a person",
        rows,
        lambda: filling.reopen_sheet(sheet=sheet, by=bob, reason="A slip."),
    )
    consensus.reopen(consensus=made, by=alice, reason="Bob found a slip.")
    assert filling.reopen_sheet(sheet=sheet, by=bob, reason="A slip.").submitted_at is None


def test_an_open_sheet_left_by_somebody_who_left_holds_up_nobody(give, fill, alice, bob, carol, study, form):
    give(carol, "enrolled", 60)
    Membership.objects.filter(user=carol).update(deactivated_at=audit.now())
    fill(alice)
    fill(bob)
    assert is_complete(study, form)
    assert [sheet.extractor.name for sheet in board(alice, study, form).sheets] == ["Alice", "Bob"]
    assert Sheet.objects.count() == 3


def test_the_board_parts_what_to_settle_from_what_is_settled(differing, study, form, items, alice, propose):
    propose("enrolled", 58, quote="We enrolled 58 patients")
    shown = board(alice, study, form)
    assert shown.complete
    assert [row.item.key for row in shown.to_settle] == ["enrolled"]
    assert [row.item.key for row in shown.equal] == ["response", "phase", "blinded"]
    assert [row.item.key for row in shown.empty] == ["started", "dose"]
    assert [cell.words for cell in shown.to_settle[0].cells] == ["58 patients", "60 patients"]
    assert [said.words for said in shown.to_settle[0].proposals] == ["58 patients"]
    value = value_of(differing[0], items["enrolled"])
    consensus.choose(study=study, item=items["enrolled"], by=alice, value=value, reason="why")
    shown = board(alice, study, form)
    assert ([row.item.key for row in shown.settled], shown.to_settle) == (["enrolled"], [])
