"""Criteria: versions, words that never change, the declared order, and what MECIR C40 warns about."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from reviews import audit
from reviews.models import Event
from reviews.refusals import BadInput, Refused
from screening import criteria
from screening.models import CriteriaVersion, Criterion
from tests import factories
from tests.screening.scene import vote

TA, FT = "title_abstract", "full_text"


def refused(kind: type[Refused], act: Callable) -> Refused:
    """`act` must be refused, and leave no criterion, version or event different."""

    def everything():
        return [list(table.objects.order_by("pk").values()) for table in (Criterion, CriteriaVersion, Event)]

    before = everything()
    with pytest.raises(Refused) as no:
        act()
    assert type(no.value) is kind
    assert everything() == before
    return no.value


@pytest.fixture
def add(review, alice):
    def add(label: str, stage: str = TA, kind: str = "include", text: str = "Its full wording."):
        return criteria.add_criterion(review=review, stage=stage, by=alice, kind=kind, label=label, text=text)

    return add


def labels(review, stage: str = TA) -> list[str]:
    return [criterion.label for criterion in criteria.criteria_in_force(review, stage)]


def last_event() -> Event:
    return Event.objects.latest("pk")


# ---------------------------------------------------------------- adding


def test_a_new_criterion_goes_to_the_end_of_its_stage(review, add):
    for label in ("Population", "Treatment", "Design"):
        add(label)
    add("Language", stage=FT)
    assert labels(review) == ["Population", "Treatment", "Design"]
    assert [c.position for c in criteria.criteria_in_force(review, TA)] == [1, 2, 3]
    assert [c.position for c in criteria.criteria_in_force(review, FT)] == [1]


def test_every_change_makes_the_next_version_with_all_that_is_in_force(review, alice, add):
    assert criteria.current_version(review, TA) is None
    first = add("Population", text="Adults with myeloma.")
    second = add("Review article", kind="exclude", text="No patients of its own.")
    version = criteria.current_version(review, TA)
    assert (version.number, version.made_by) == (2, alice)
    assert version.criteria == [
        {
            "id": first.pk,
            "kind": "include",
            "label": "Population",
            "text": "Adults with myeloma.",
            "position": 1,
        },
        {
            "id": second.pk,
            "kind": "exclude",
            "label": "Review article",
            "text": "No patients of its own.",
            "position": 2,
        },
    ]
    assert criteria.current_version(review, FT) is None


def test_adding_is_told_once(review, alice, add):
    criterion = add("  Popu \n lation ", text="  Adults.\nOnly adults. ")
    assert (criterion.label, criterion.text) == ("Popu lation", "Adults.\nOnly adults.")
    event = Event.objects.get()
    assert (event.verb, event.actor, event.role, event.stage) == ("criterion.added", alice, "lead", TA)
    assert event.subject == {"criterion": criterion.pk, "criteria_version": 1}
    assert event.after == {
        "id": criterion.pk,
        "kind": "include",
        "label": "Popu lation",
        "text": "Adults.\nOnly adults.",
        "position": 1,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "extraction"},
        {"stage": "elsewhere"},
        {"kind": "maybe"},
        {"label": "  "},
        {"text": " \n"},
        {"label": "x" * 81},
    ],
)
def test_what_cannot_be_a_criterion_is_refused(review, alice, fields):
    given = {"stage": TA, "kind": "include", "label": "Population", "text": "Adults."} | fields
    refused(BadInput, lambda: criteria.add_criterion(review=review, by=alice, **given))


def test_a_label_stands_once_at_a_stage_whatever_its_case(review, add):
    add("Population")
    assert refused(Refused, lambda: add("POPULATION")).what == (
        "There is a criterion “POPULATION” at this stage already."
    )
    add("Population", stage=FT)


def test_labels_with_commas_are_kept_and_printed_apart(add):
    label = add("Wrong design (not randomised, one arm); animals").label
    assert label == "Wrong design (not randomised, one arm); animals"
    assert criteria.printed_label(label) == "Wrong design (not randomised – one arm) / animals"


# ---------------------------------------------------------------- retiring and rewording


def test_a_retired_criterion_is_out_of_force_and_kept(review, alice, add):
    first = add("Population")
    add("Design")
    criteria.retire_criterion(criterion=first, by=alice, reason=" asked twice ")
    assert labels(review) == ["Design"]
    assert Criterion.objects.get(pk=first.pk).retired_at is not None
    assert [row["label"] for row in criteria.current_version(review, TA).criteria] == ["Design"]
    event = last_event()
    assert (event.verb, event.reason, event.before["label"]) == (
        "criterion.retired",
        "asked twice",
        "Population",
    )
    assert event.subject == {"criterion": first.pk, "criteria_version": 3}


def test_retiring_needs_a_reason_and_happens_once(alice, add):
    first = add("Population")
    refused(BadInput, lambda: criteria.retire_criterion(criterion=first, by=alice, reason=" "))
    criteria.retire_criterion(criterion=first, by=alice, reason="why")
    refused(Refused, lambda: criteria.retire_criterion(criterion=first, by=alice, reason="why"))


def test_a_retired_label_is_free_again(review, alice, add):
    criteria.retire_criterion(criterion=add("Population"), by=alice, reason="why")
    add("Population")
    assert labels(review) == ["Population"]


def test_rewording_retires_the_old_and_puts_the_new_in_its_place(review, alice, add):
    add("Population")
    old = add("Design", kind="exclude", text="Not a trial.")
    add("Language")
    new = criteria.reword_criterion(
        criterion=old, by=alice, label="Design", text="Not a randomised trial.", reason="too wide"
    )
    assert labels(review) == ["Population", "Design", "Language"]
    assert (new.kind, new.position, new.replaces, new.pk != old.pk) == ("exclude", 2, old, True)
    old.refresh_from_db()
    assert (old.text, old.retired_at is not None) == ("Not a trial.", True)
    event = last_event()
    assert (event.verb, event.subject, event.reason) == (
        "criterion.reworded",
        {"criterion": new.pk, "criteria_version": 4, "replaces": old.pk},
        "too wide",
    )
    assert (event.before["text"], event.after["text"]) == ("Not a trial.", "Not a randomised trial.")


def test_rewording_is_refused_where_it_would_change_nothing_or_too_much(alice, add):
    add("Population")
    old = add("Design", text="Trials.")

    def reword(**fields):
        given = {"label": "Design", "text": "Only trials.", "reason": "why"} | fields
        return lambda: criteria.reword_criterion(criterion=old, by=alice, **given)

    refused(Refused, reword(text=" Trials. "))
    refused(Refused, reword(label="population"))
    refused(BadInput, reword(reason=""))
    refused(BadInput, reword(text=""))
    reword()()
    refused(Refused, reword(text="Yet other words."))


# ---------------------------------------------------------------- order


def test_a_new_order_is_declared_and_versioned(review, alice, add):
    a, b, c = (add(label).pk for label in "abc")
    version = criteria.reorder_criteria(review=review, stage=TA, by=alice, order=[c, a, b])
    assert labels(review) == ["c", "a", "b"]
    assert (version.number, [row["position"] for row in version.criteria]) == (4, [1, 2, 3])
    event = last_event()
    assert (event.verb, event.before, event.after) == (
        "criteria.reordered",
        {"order": [a, b, c]},
        {"order": [c, a, b]},
    )


def test_an_order_that_does_not_list_what_is_in_force_is_refused(review, alice, add):
    a, b, elsewhere = add("a").pk, add("b").pk, add("c", stage=FT).pk
    for order in ([a], [a, a], [a, b, elsewhere], [a, elsewhere], []):
        refused(
            Refused,
            lambda order=order: criteria.reorder_criteria(review=review, stage=TA, by=alice, order=order),
        )
    refused(Refused, lambda: criteria.reorder_criteria(review=review, stage=TA, by=alice, order=[a, b]))
    refused(BadInput, lambda: criteria.reorder_criteria(review=review, stage="x", by=alice, order=[b, a]))


def test_what_is_added_after_a_retirement_still_comes_last(review, alice, add):
    first = add("a")
    add("b")
    criteria.retire_criterion(criterion=first, by=alice, reason="why")
    add("c")
    assert labels(review) == ["b", "c"]


# ---------------------------------------------------------------- copying


def test_copying_to_full_text_adds_what_is_missing_there_in_order(review, alice, add):
    add("Language", stage=FT)
    add("population", stage=FT)
    for label in ("Population", "Treatment", "Design"):
        add(label)
    added = criteria.copy_criteria_to_full_text(review=review, by=alice)
    assert [c.label for c in added] == ["Treatment", "Design"]
    assert labels(review, FT) == ["Language", "population", "Treatment", "Design"]
    event = last_event()
    assert (event.verb, event.stage, event.subject["criteria"]) == (
        "criterion.added",
        FT,
        [c.pk for c in added],
    )
    assert criteria.current_version(review, FT).number == 3
    refused(Refused, lambda: criteria.copy_criteria_to_full_text(review=review, by=alice))


def test_nothing_to_copy_is_refused(review, alice):
    refused(Refused, lambda: criteria.copy_criteria_to_full_text(review=review, by=alice))


# ---------------------------------------------------------------- MECIR C40


@pytest.mark.parametrize(
    ("kind", "label", "text"),
    [
        ("exclude", "No usable outcome data", "Nothing to pool."),
        ("exclude", "Outcomes", "Studies that do not report the outcomes of interest."),
        ("exclude", "Insufficient data", "Outcome data are missing or incomplete."),
        ("exclude", "Reporting", "Endpoints not reported."),
        ("exclude", "Data", "Without extractable data."),
        ("include", "Usable outcome data", "Gives a mean and a standard deviation."),
        ("include", "Outcomes", "Outcome data reported for each arm."),
    ],
)
def test_excluding_for_missing_outcome_data_is_warned_of(kind, label, text):
    (warning,) = criteria.warnings_for(kind=kind, label=label, text=text)
    assert "MECIR C40" in warning


@pytest.mark.parametrize(
    ("kind", "label", "text"),
    [
        ("exclude", "Not primary", "Reviews, editorials and letters without patients of their own."),
        ("exclude", "Wrong outcome", "Measures cost only."),
        ("exclude", "Not English", "Reports in other languages."),
        ("include", "Population", "Adults with multiple myeloma."),
        ("include", "Prospective trial", "Any phase; results published in full."),
        ("exclude", "Animal study", "No people. Any outcome."),
    ],
)
def test_other_criteria_are_not_warned_of(kind, label, text):
    assert criteria.warnings_for(kind=kind, label=label, text=text) == []


# ---------------------------------------------------------------- races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_leads_who_add_at_once_make_consecutive_versions():
    alice = factories.person("alice")
    review = factories.review(lead=alice)
    gate = threading.Barrier(6)

    def add(n: int) -> None:
        gate.wait()
        try:
            criteria.add_criterion(
                review=review, stage=TA, by=alice, kind="include", label=f"c{n}", text="Words."
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = CriteriaVersion.objects.order_by("number")
    assert [(v.number, len(v.criteria)) for v in versions] == [(n, n) for n in range(1, 7)]
    assert [c.position for c in criteria.criteria_in_force(review, TA)] == [1, 2, 3, 4, 5, 6]
    assert Event.objects.count() == 6 and audit.verify(review).ok


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_reword_one_criterion_at_once_leave_one_rewording():
    alice = factories.person("alice")
    review = factories.review(lead=alice)
    old = criteria.add_criterion(
        review=review, stage=TA, by=alice, kind="include", label="Design", text="Trials."
    )
    gate, outcomes = threading.Barrier(2), []

    def reword(text: str) -> None:
        gate.wait()
        try:
            criteria.reword_criterion(criterion=old, by=alice, label="Design", text=text, reason="why")
            outcomes.append("done")
        except Refused as no:
            outcomes.append(no.what)
        finally:
            connection.close()

    threads = [threading.Thread(target=reword, args=(text,)) for text in ("Trials a.", "Trials b.")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["This criterion was retired already.", "done"]
    assert (labels(review), CriteriaVersion.objects.count()) == (["Design"], 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_votes_and_changes_of_the_criteria_in_the_same_moments_all_stand():
    """An event points to its review: a lock on the review that keeps pointing off would end in a deadlock."""
    alice, bob = factories.person("alice"), factories.person("bob")
    review = factories.review(lead=alice, reviewers=[bob])
    search = factories.search(review, by=alice)
    records = [factories.record(search, title=f"Trial {n}") for n in range(60)]
    gate, wrong = threading.Barrier(2), []

    def run(act, things):
        gate.wait()
        try:
            for thing in things:
                act(thing)
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    def add(n):
        criteria.add_criterion(
            review=review, stage=TA, by=alice, kind="include", label=f"c{n}", text="Words."
        )

    threads = [
        threading.Thread(target=run, args=(lambda record: vote(bob, record), records)),
        threading.Thread(target=run, args=(add, range(30))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert Event.objects.count() == 90 and audit.verify(review).ok
