"""Taking data down: values with their quotes, one's own sheet, handing it in and opening it again."""

import threading

import pytest
from django.db import connection, transaction

from extraction import design, filling
from extraction.models import ConsensusValue, Sheet, Value
from reviews import audit, fulltext
from reviews.models import Event, Membership, Report, Review, Study, User
from reviews.refusals import BadInput, Refused
from tests import factories


def refused(error, words, rows, act):
    before = rows()
    with pytest.raises(error, match=words), transaction.atomic():
        act()
    assert rows() == before


def test_a_quote_is_kept_with_its_place_and_page(give, bob, report):
    value = give(bob, "enrolled", 58, quote="We enrolled 58 patients")
    assert report.text[value.start : value.end] == "We enrolled 58 patients"
    assert (value.page, value.text_sha256, value.state, value.value) == (1, report.text_sha256, "given", 58)
    assert give(bob, "response", {"count": 10, "total": 17}, quote="of 17 EVALUABLE patients, 10").page == 2


def test_a_quote_that_is_not_in_the_text_is_kept_without_a_place(give, bob):
    value = give(bob, "enrolled", 58, quote="We enrolled 85 patients")
    assert (value.quote, value.start, value.end, value.page) == ("We enrolled 85 patients", None, None, None)


def test_a_value_given_anew_withdraws_the_one_before_and_keeps_it(give, bob):
    first = give(bob, "enrolled", 85)
    second = give(bob, "enrolled", 58)
    first.refresh_from_db()
    assert (first.withdrawn_at, first.value, second.withdrawn_at) == (second.made_at, 85, None)
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.before["value"], event.after["value"]) == ("value.given", 85, 58)


def test_not_reported_is_an_answer_without_value_or_quote(give, bob, rows):
    value = give(bob, "blinded")
    assert (value.state, value.value, value.quote) == ("not_reported", None, "")
    refused(
        BadInput,
        "no value and no quote",
        rows,
        lambda: give(bob, "enrolled", quote="We enrolled 58 patients"),
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("enrolled", "58", "a number is asked for"),
        ("enrolled", True, "a number is asked for"),
        ("enrolled", float("nan"), "a number is asked for"),
        ("response", {"count": 18, "total": 17}, "at most its total"),
        ("response", 10, "a count and its total"),
        ("phase", "III", "not one of its options"),
        ("blinded", "yes", "true or false"),
        ("started", "May 2008", "not a date"),
        ("dose", "   ", "words are asked for"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(give, bob, rows, key, value, words):
    refused(BadInput, words, rows, lambda: give(bob, key, value))


def test_an_endless_quote_is_refused(give, bob, rows):
    refused(BadInput, "at most 5000", rows, lambda: give(bob, "enrolled", 58, quote="x" * 5001))


def test_a_report_of_another_study_is_refused(give, bob, rows, study, report):
    other = Study.objects.create(review=study.review, label="Jones 2021")
    Report.objects.filter(pk=report.pk).update(study=other)
    refused(Refused, "another study", rows, lambda: give(bob, "enrolled", 58))


def test_a_form_that_is_not_in_force_is_refused(give, bob, rows, review, alice, form):
    draft = design.draft_form(review=review, by=alice)
    design.publish_form(form=draft, by=alice)
    refused(Refused, "not the form in force", rows, lambda: give(bob, "enrolled", 58))


def test_an_item_of_a_draft_is_refused(give, bob, rows, review, alice, items):
    items["enrolled"] = design.draft_form(review=review, by=alice).items.get(key="enrolled")
    refused(Refused, "is a draft", rows, lambda: give(bob, "enrolled", 58))


def test_an_item_of_another_review_is_refused(give, bob, rows, alice, items):
    other = factories.review(lead=alice, slug="other")
    made = design.draft_form(review=other, by=alice)
    items["enrolled"] = design.add_item(form=made, by=alice, label="Enrolled", kind="number")
    design.publish_form(form=made, by=alice)
    refused(Refused, "not the form in force", rows, lambda: give(bob, "enrolled", 58))


def test_a_third_extractor_finds_both_places_taken(give, alice, bob, carol, rows):
    give(bob, "enrolled", 58)
    give(carol, "enrolled", 58)
    refused(Refused, "2 people extract this study already", rows, lambda: give(alice, "enrolled", 58))


def test_who_takes_everything_back_leaves_the_place_free(give, alice, bob, carol, rows):
    give(bob, "enrolled", 58)
    value = give(carol, "enrolled", 58)
    filling.withdraw_value(value=value, by=carol)
    give(alice, "enrolled", 58)
    refused(Refused, "already", rows, lambda: give(carol, "enrolled", 58))


def test_who_left_the_review_or_may_not_extract_any_more_leaves_the_place_free(give, alice, bob, carol):
    give(bob, "enrolled", 58)
    give(carol, "enrolled", 58)
    Membership.objects.filter(user=carol).update(role="observer")
    assert give(alice, "enrolled", 60).value == 60


def test_single_extraction_takes_one_person(give, protocol, bob, carol, rows):
    protocol(reviewers_wanted=1)
    give(bob, "enrolled", 58)
    refused(Refused, "One person extracts", rows, lambda: give(carol, "enrolled", 58))


def test_only_ones_own_value_is_taken_back_and_only_once(give, bob, carol, rows):
    value = give(bob, "enrolled", 58)
    refused(Refused, "somebody else's", rows, lambda: filling.withdraw_value(value=value, by=carol))
    filling.withdraw_value(value=value, by=bob)
    refused(Refused, "taken back already", rows, lambda: filling.withdraw_value(value=value, by=bob))
    assert Event.objects.order_by("seq").last().verb == "value.withdrawn"


# ---------------------------------------------------------------- the model's values


def test_an_accepted_proposal_is_named_on_the_value(give, propose, protocol, bob, report):
    protocol(model_role="before")
    said = propose("enrolled", 58, quote="We enrolled 58 patients")
    value = give(bob, "enrolled", 58, quote=said.quote, from_proposal=said)
    assert (value.from_proposal, value.seen_proposal, value.start) == (said, True, said.start)


def test_what_is_not_what_was_proposed_is_not_accepted_as_such(give, propose, protocol, bob, rows):
    protocol(model_role="before")
    said = propose("enrolled", 58)
    refused(BadInput, "not what was proposed", rows, lambda: give(bob, "enrolled", 85, from_proposal=said))
    refused(BadInput, "another item", rows, lambda: give(bob, "dose", "58", from_proposal=said))


def test_a_proposal_that_may_not_be_seen_cannot_be_accepted(give, propose, protocol, bob, rows):
    for role in ("after", "off"):
        protocol(model_role=role)
        said = propose("enrolled", 58, model=f"m/{role}")
        refused(Refused, "may not see", rows, lambda said=said: give(bob, "enrolled", 58, from_proposal=said))


def test_seen_proposal_is_true_only_where_there_was_something_to_see(give, propose, protocol, bob):
    assert give(bob, "enrolled", 1).seen_proposal is False
    assert give(bob, "enrolled", 2).seen_proposal is False  # still nothing proposed
    propose("enrolled", 58)
    assert give(bob, "enrolled", 3).seen_proposal is True  # own value there, proposal visible
    assert give(bob, "dose", "0.32 mg").seen_proposal is False


def test_taking_back_does_not_make_the_proposal_unseen(give, propose, bob):
    propose("enrolled", 58)
    value = give(bob, "enrolled", 1)
    assert value.seen_proposal is False
    filling.withdraw_value(value=value, by=bob)
    assert give(bob, "enrolled", 58).seen_proposal is True


# ---------------------------------------------------------------- handing in


def test_an_open_required_item_is_named_and_keeps_the_sheet_open(fill, give, bob, items, rows):
    sheet = fill(bob, submit=False)
    value = Value.objects.get(sheet=sheet, item=items["phase"], withdrawn_at__isnull=True)
    filling.withdraw_value(value=value, by=bob)
    refused(BadInput, "Still open: Phase", rows, lambda: filling.submit_sheet(sheet=sheet, by=bob))


def test_optional_items_may_stay_open(fill, bob):
    assert fill(bob).submitted_at is not None


def test_an_empty_sheet_is_not_handed_in(give, bob, rows, review, alice):
    draft = design.draft_form(review=review, by=alice)
    for item in draft.items.all():
        design.change_item(item=item, by=alice, required=False)
    form = design.publish_form(form=draft, by=alice)
    report = Report.objects.get()
    answer = filling.Answer("given", 58)
    item = form.items.get(key="enrolled")
    value = filling.give_value(study=report.study, item=item, extractor=bob, report=report, answer=answer)
    filling.withdraw_value(value=value, by=bob)
    refused(BadInput, "Nothing was taken down", rows, lambda: filling.submit_sheet(sheet=value.sheet, by=bob))


def test_a_submitted_sheet_is_closed_to_everything_but_reopening(fill, give, bob, carol, rows):
    sheet = fill(bob)
    value = sheet.values.filter(withdrawn_at__isnull=True).first()
    for act in (
        lambda: give(bob, "enrolled", 1),
        lambda: filling.withdraw_value(value=value, by=bob),
        lambda: filling.submit_sheet(sheet=sheet, by=bob),
    ):
        refused(Refused, "submitted this sheet", rows, act)
    refused(
        Refused, "somebody else's", rows, lambda: filling.reopen_sheet(sheet=sheet, by=carol, reason="why")
    )
    refused(BadInput, "with a reason", rows, lambda: filling.reopen_sheet(sheet=sheet, by=bob, reason=" "))
    filling.reopen_sheet(sheet=sheet, by=bob, reason="I missed a table.")
    give(bob, "enrolled", 1)
    event = Event.objects.get(verb="sheet.reopened")
    assert (event.reason, event.actor) == ("I missed a table.", bob)


def test_somebody_elses_sheet_is_not_handed_in(fill, bob, carol, rows):
    sheet = fill(bob, submit=False)
    refused(Refused, "somebody else's", rows, lambda: filling.submit_sheet(sheet=sheet, by=carol))


def test_reopening_takes_off_what_agreed_by_itself(fill, bob, carol):
    sheet = fill(bob)
    fill(carol)
    assert ConsensusValue.objects.filter(withdrawn_at__isnull=True).count() == 4
    filling.reopen_sheet(sheet=sheet, by=bob, reason="A wrong page.")
    assert ConsensusValue.objects.filter(withdrawn_at__isnull=True).count() == 0
    assert ConsensusValue.objects.count() == 4
    filling.submit_sheet(sheet=sheet, by=bob)
    assert ConsensusValue.objects.filter(withdrawn_at__isnull=True).count() == 4


def test_the_trail_of_a_study_holds(fill, bob, carol, review):
    fill(bob)
    fill(carol)
    last = Event.objects.order_by("seq").last()
    assert (last.verb, last.after) == ("sheet.submitted", {"values": 4, "agreed": 4})
    assert audit.verify(review).ok


# ---------------------------------------------------------------- races


def at_once(*acts):
    """Run the acts at the same moment, each in a connection of its own; what each raised, or None."""
    gate, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n, act):
        gate.wait()
        try:
            act()
        except Refused as no:
            outcomes[n] = no.what
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def a_world():
    """Committed rows, because threads see nothing else: (alice, bob, carol, report, items)."""
    alice, bob, carol = (factories.person(name) for name in ("alice", "bob", "carol"))
    review = factories.review(lead=alice, reviewers=[bob, carol])
    record = factories.record(factories.search(review, by=alice))
    report = factories.included_report(record, by=alice, study="Smith 2020")
    form = design.draft_form(review=review, by=alice)
    for label in ("A", "B", "C"):
        design.add_item(form=form, by=alice, label=label, kind="number")
    design.publish_form(form=form, by=alice)
    return alice, bob, carol, report, list(form.items.all())


def take(person, report, item, value=1):
    answer = filling.Answer("given", value)
    return filling.give_value(study=report.study, item=item, extractor=person, report=report, answer=answer)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_sheets_handed_in_at_once_are_agreed_exactly_once():
    alice, bob, carol, report, items = a_world()
    search = report.record.search
    more = [
        factories.included_report(factories.record(search), by=alice, study=f"Study {n}") for n in range(9)
    ]
    for each in [report, *more]:
        for person in (bob, carol):
            for item in items:
                take(person, each, item)
        sheets = list(Sheet.objects.filter(study=each.study).order_by("pk"))
        acts = [lambda s=s: filling.submit_sheet(sheet=s, by=s.extractor) for s in sheets]
        assert at_once(*acts) == [None, None]
        agreed = ConsensusValue.objects.filter(study=each.study)
        assert sorted(agreed.values_list("item__key", "withdrawn_at")) == [
            ("a", None),
            ("b", None),
            ("c", None),
        ]
    assert audit.verify(report.record.review).ok


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_three_people_who_begin_at_once_find_two_places():
    alice, bob, carol, report, items = a_world()
    outcomes = at_once(*(lambda p=p: take(p, report, items[0]) for p in (alice, bob, carol)))
    assert sorted(outcomes, key=str) == ["2 people extract this study already.", None, None]
    assert (Sheet.objects.count(), Value.objects.count()) == (2, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_value_given_twice_at_once_stands_once():
    _alice, bob, _carol, report, items = a_world()
    outcomes = at_once(*(lambda v=v: take(bob, report, items[0], v) for v in (1, 2)))
    assert outcomes == [None, None]
    assert Value.objects.filter(withdrawn_at__isnull=True).count() == 1
    assert (Sheet.objects.count(), Value.objects.count()) == (1, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_value_and_a_report_that_moves_to_another_study_never_part():
    alice, bob, _carol, report, items = a_world()
    study = report.study
    other = fulltext.name_study(review=Review.objects.get(), by=alice, label="Jones 2021")
    outcomes = at_once(
        lambda: take(bob, report, items[0]),
        lambda: fulltext.link_report(report=report, by=alice, study=other),
    )
    assert outcomes in ([None, None], ["That report belongs to another study.", None])
    assert Value.objects.filter(sheet__study=study).count() == (outcomes[0] is None)
    assert User.objects.count() == 3
