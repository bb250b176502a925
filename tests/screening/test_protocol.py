"""The protocol of each stage: what can be set where, and that a change has a reason."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from reviews import audit
from reviews.models import Event
from reviews.refusals import BadInput, Refused
from screening.forms.protocol import in_words, words
from screening.models import Protocol, Stage
from screening.protocol import SETTINGS, allowed_values, change_protocol, settings_of
from tests import factories


@pytest.fixture
def change(review, alice):
    def change(stage: str = "title_abstract", reason: str = "agreed in the pilot", **settings):
        return change_protocol(review=review, stage=stage, by=alice, reason=reason, **settings)

    return change


def refused(kind: type[Refused], act: Callable) -> Refused:
    """`act` must be refused, and leave no setting and no event different."""

    def everything():
        return [list(table.objects.order_by("pk").values()) for table in (Protocol, Event)]

    before = everything()
    with pytest.raises(Refused) as no:
        act()
    assert type(no.value) is kind
    assert everything() == before
    return no.value


def test_without_a_row_the_defaults_hold(review):
    assert settings_of(Protocol.of(review, "title_abstract")) == {
        "reviewers_wanted": 2,
        "model_role": "after",
        "order": "second_vote_first",
        "maybe_means": "include",
        "adjudicator": "anyone",
    }


def test_a_change_is_kept_and_told_with_what_was_before(review, alice, change):
    changed = change(reviewers_wanted=1, maybe_means="include", model_role="before")
    assert Protocol.of(review, "title_abstract") == changed
    assert (changed.reviewers_wanted, changed.model_role) == (1, "before")
    event = Event.objects.get()
    assert (event.verb, event.actor, event.role, event.stage, event.reason) == (
        "protocol.changed",
        alice,
        "lead",
        "title_abstract",
        "agreed in the pilot",
    )
    assert event.before == {"reviewers_wanted": 2, "model_role": "after"}
    assert event.after == {"reviewers_wanted": 1, "model_role": "before"}


def test_a_stage_changes_alone(review, change):
    change(stage="full_text", different_reasons="conflict")
    change(stage="extraction", reviewers_wanted=1)
    assert Protocol.of(review, "title_abstract").reviewers_wanted == 2
    assert Protocol.of(review, "full_text").different_reasons == "conflict"
    assert Protocol.of(review, "extraction").reviewers_wanted == 1


def test_a_second_change_goes_on_from_the_first(review, change):
    change(reviewers_wanted=1)
    change(order="number")
    assert settings_of(Protocol.of(review, "title_abstract")) == {
        "reviewers_wanted": 1,
        "model_role": "after",
        "order": "number",
        "maybe_means": "include",
        "adjudicator": "anyone",
    }
    assert (Protocol.objects.count(), Event.objects.count()) == (1, 2)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_change_needs_a_reason(change, reason):
    refused(BadInput, lambda: change(reviewers_wanted=1, reason=reason))


def test_a_change_that_changes_nothing_is_refused(change):
    refused(Refused, lambda: change(reviewers_wanted=2, model_role="after"))
    refused(Refused, lambda: change())


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [
        ("nowhere", {"reviewers_wanted": 1}),
        ("title_abstract", {"reviewers_wanted": 3}),
        ("title_abstract", {"reviewers_wanted": True}),
        ("title_abstract", {"reviewers_wanted": "2"}),
        ("title_abstract", {"reviewers_wanted": 1.0}),
        ("title_abstract", {"model_role": "second screener"}),
        ("title_abstract", {"different_reasons": "conflict"}),
        ("full_text", {"maybe_means": "conflict"}),
        ("extraction", {"order": "number"}),
        ("extraction", {"adjudicator": "lead"}),
        ("title_abstract", {"colour": "teal"}),
        ("title_abstract", {"order": ["number"]}),
    ],
)
def test_what_cannot_be_set_there_is_refused(change, stage, wanted):
    refused(BadInput, lambda: change(stage=stage, **wanted))


def test_every_value_of_every_setting_has_its_rule_in_words(review):
    for stage in Stage:
        for name in SETTINGS[stage]:
            assert list(words(stage, name)) == allowed_values(name)
        assert len(in_words(Protocol(review=review, stage=stage))) == len(SETTINGS[stage])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_set_the_same_at_once_change_it_once():
    alice = factories.person("alice")
    review = factories.review(lead=alice)
    gate, outcomes = threading.Barrier(2), []

    def act() -> None:
        gate.wait()
        try:
            change_protocol(review=review, stage="full_text", by=alice, reason="why", reviewers_wanted=1)
            outcomes.append("done")
        except Refused as no:
            outcomes.append(no.what)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["The protocol says this already.", "done"]
    assert (Protocol.objects.count(), Event.objects.count()) == (1, 1)
    assert audit.verify(review).ok
