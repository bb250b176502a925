"""Who sees whose values, and the model's, and when."""

import pytest

from extraction import consensus, design, filling, visibility
from extraction.models import ConsensusValue, Value
from extraction.side_by_side import board
from reviews import audit
from reviews.models import Membership
from tests import factories


@pytest.fixture
def seers(study, form, alice, bob, carol, olive, mallory):
    """seers() is the names of those who may see every sheet of the study now."""
    people = (alice, bob, carol, olive, mallory)
    return lambda: "".join(p.name[0] for p in people if visibility.sees_sheets(p, study, form))


@pytest.fixture
def sees(study, form, items):
    """sees(bob) is the keys of the items whose proposed values bob may see."""

    def keys(person):
        ids = visibility.sees_proposed_values(person, study, form)
        return [key for key, item in items.items() if item.pk in ids]

    return keys


def test_nobody_sees_sheets_before_any_is_in(give, seers, bob):
    assert seers() == ""
    give(bob, "enrolled", 58)
    assert seers() == ""


def test_who_handed_in_sees_and_who_did_not_does_not(fill, give, seers, bob, carol):
    give(carol, "enrolled", 60)
    fill(bob)
    assert seers() == "B"


def test_one_sheet_of_two_does_not_open_the_study_to_who_settles(fill, seers, bob):
    fill(bob)
    assert seers() == "B"


def test_once_both_are_in_those_who_may_settle_see_and_observers_do_not(fill, seers, bob, carol):
    fill(bob)
    fill(carol, enrolled=60)
    assert seers() == "ABC"


def test_once_all_is_agreed_observers_see_and_strangers_never(fill, seers, bob, carol):
    fill(bob)
    fill(carol)
    assert seers() == "ABCO"


def test_who_reopens_is_blind_again_and_so_are_all(fill, seers, bob, carol):
    sheet = fill(bob)
    fill(carol)
    filling.reopen_sheet(sheet=sheet, by=bob, reason="A slip.")
    assert seers() == "C"


def test_a_form_without_required_items_is_not_complete_from_the_start(review, alice, bob, olive, study, form):
    draft = design.draft_form(review=review, by=alice)
    for item in draft.items.all():
        design.change_item(item=item, by=alice, required=False)
    form = design.publish_form(form=draft, by=alice)
    assert not visibility.sees_sheets(olive, study, form)
    assert not visibility.sees_sheets(alice, study, form)


def test_who_left_sees_nothing(fill, seers, bob, carol):
    fill(bob)
    fill(carol)
    Membership.objects.filter(user=bob).update(deactivated_at=audit.now())
    assert seers() == "ACO"


def test_an_empty_sheet_of_ones_own_does_not_keep_one_from_settling(give, fill, seers, alice, bob, carol):
    filling.withdraw_value(value=give(alice, "enrolled", 58), by=alice)
    fill(bob)
    fill(carol, enrolled=60)
    assert seers() == "ABC"


def test_many_studies_are_answered_by_as_many_queries_as_one(
    study, form, review, search, bob, fill, django_assert_num_queries
):
    fill(bob)
    ids = [study.pk]
    with django_assert_num_queries(6):
        assert visibility.sees_sheets_of(bob, review, form, ids) == {study.pk}
    for n in range(3):
        record = factories.record(search)
        ids.append(factories.included_report(record, by=bob, study=f"Study {n}").study_id)
    with django_assert_num_queries(6):
        assert visibility.sees_sheets_of(bob, review, form, ids) == {study.pk}


def test_studies_of_another_review_are_never_seen(study, form, alice, fill, bob, carol):
    fill(bob)
    fill(carol)
    other = factories.review(lead=alice, slug="other")
    assert visibility.sees_sheets_of(alice, other, form, [study.pk]) == set()


def test_after_a_value_of_ones_own_its_proposal_is_seen_and_no_other(give, sees, bob, carol, olive):
    assert sees(bob) == []
    give(bob, "enrolled", 58)
    assert (sees(bob), sees(carol), sees(olive)) == (["enrolled"], [], [])


def test_before_shows_all_to_members_only(protocol, sees, items, bob, olive, mallory):
    protocol(model_role="before")
    assert (sees(bob), sees(olive), sees(mallory)) == (list(items), list(items), [])


def test_off_shows_nothing_until_all_is_agreed(protocol, fill, sees, items, bob, carol, mallory):
    protocol(model_role="off")
    fill(bob)
    assert sees(bob) == []
    fill(carol)
    assert (sees(bob), sees(mallory)) == (list(items), [])


def test_the_board_is_closed_to_whoever_may_not_see_the_sheets(fill, study, form, alice, bob, carol, olive):
    fill(bob)
    assert [board(p, study, form) is None for p in (alice, bob, carol, olive)] == [True, False, True, True]


def test_a_reopened_agreed_value_hides_the_study_from_observers_again(fill, seers, bob, carol, alice):
    fill(bob)
    fill(carol)
    consensus.reopen(consensus=ConsensusValue.objects.first(), by=alice, reason="A wrong table.")
    assert seers() == "ABC"
    assert Value.objects.filter(withdrawn_at__isnull=True).count() == 8
