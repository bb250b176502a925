"""Writing down rules, applying them, undoing what they did."""

import io

import pytest
from django.db import IntegrityError, transaction

from reviews import audit, dedup, importing
from reviews.applying_rules import apply_rules, look, unchecked, undo_rules
from reviews.jobs import Cancelled
from reviews.models import AutomationRule, Event, NoticeList, Record, Removal, RuleApplication, RuleUndo
from reviews.prisma import counts
from reviews.refusals import BadInput, Refused
from reviews.removing import remove_record, restore_record
from reviews.rules import add_list, add_rule, reorder_rules, replace_rule, retire_rule, rules_in_force
from tests import factories
from tests.reviews.random_reviews import vote

ENGLISH = {"mode": "only", "languages": ["English"]}


def to_screen() -> list[int]:
    return sorted(Record.objects.to_screen().values_list("number", flat=True))


def number(n: int) -> Record:
    return Record.objects.get(number=n)


def verbs() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("verb", flat=True))


# ---------------------------------------------------------------- writing rules down


def test_writing_a_rule_down_removes_nothing_and_says_its_settings(review, alice, english):
    assert to_screen() == [1, 2, 3, 4, 5]
    event = Event.objects.get()
    assert (event.verb, event.actor, event.subject) == ("rule.added", alice, {"rule": english.pk})
    assert event.after == {
        "rule": english.pk,
        "kind": "language",
        "words": "language is not English",
        "settings": ENGLISH,
        "list": None,
    }


def test_a_rule_is_never_edited_another_takes_its_place(review, alice, english, recent):
    new = replace_rule(
        rule=english, by=alice, settings={"languages": ["English", "ger"]}, reason="Greta reads German"
    )
    assert [rule.words for rule in rules_in_force(review)] == [
        "language is not English or German",
        "year is before 1990",
    ]
    english.refresh_from_db()
    assert english.retired_at is not None
    assert (new.replaces, new.position) == (english, 1)
    assert Event.objects.last().reason == "Greta reads German"
    with pytest.raises(Refused, match="retired already"):
        replace_rule(rule=english, by=alice, settings={"languages": ["French"]})
    with pytest.raises(BadInput, match="Nothing in this rule differs"):
        replace_rule(rule=new, by=alice, settings={"languages": ["eng", "German"]})
    assert AutomationRule.objects.count() == 3


@pytest.mark.parametrize(
    "change", [{"settings": {"mode": "not", "languages": ["English"]}}, {"words": "nicer"}, {"kind": "year"}]
)
def test_the_database_refuses_to_change_what_a_rule_says(english, change):
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        AutomationRule.objects.update(**change)
    english.refresh_from_db()
    assert (english.kind, english.settings, english.words) == ("language", ENGLISH, "language is not English")


def test_a_retired_rule_stays_retired(review, alice, english):
    retire_rule(rule=english, by=alice)
    with pytest.raises(Refused, match="retired already"):
        retire_rule(rule=english, by=alice)
    with pytest.raises(IntegrityError, match="stays retired"), transaction.atomic():
        AutomationRule.objects.update(retired_at=None)
    assert rules_in_force(review) == []
    assert verbs() == ["rule.added", "rule.retired"]


@pytest.mark.parametrize(
    ("kind", "settings_"),
    [
        ("language", {"mode": "only"}),
        ("language", {"mode": "most", "languages": []}),
        ("language", {"languages": ["English"]}),
        ("publication_type", {}),
        ("year", {"since": 1990}),
        ("retraction", {"types": []}),
        ("title", {"phrase": ""}),
        ("colour", {"languages": ["English"], "mode": "only"}),
    ],
)
def test_the_database_refuses_settings_of_another_kind(review, alice, kind, settings_):
    with pytest.raises(IntegrityError, match="automation_rule_"), transaction.atomic():
        AutomationRule.objects.create(
            review=review,
            kind=kind,
            settings=settings_,
            words="x",
            position=1,
            written_by=alice,
            written_at=audit.now(),
        )
    assert not AutomationRule.objects.exists()


def test_the_same_rule_is_not_written_down_twice(review, alice, english):
    with pytest.raises(Refused, match="in force already"):
        add_rule(review=review, by=alice, kind="language", settings={"languages": ["eng"]})
    with pytest.raises(BadInput, match="at least one language"):
        add_rule(review=review, by=alice, kind="language", settings={})
    assert AutomationRule.objects.count() == 1


def test_the_order_names_every_rule_once(review, alice, english, recent):
    reorder_rules(review=review, by=alice, order=[recent.pk, english.pk])
    assert rules_in_force(review) == [recent, english]
    events = Event.objects.count()
    reorder_rules(review=review, by=alice, order=[recent.pk, english.pk])
    with pytest.raises(BadInput, match="every rule in force once"):
        reorder_rules(review=review, by=alice, order=[recent.pk])
    assert Event.objects.count() == events


def test_a_list_of_retractions_is_kept_once_and_named_in_the_rule(review, alice, search):
    factories.record(search, doi="10.1000/bad")
    factories.record(search, doi="10.1000/good")
    data = b"10.1000/BAD\n4711\n"
    listed = add_list(review=review, by=alice, name=" Our  list ", data=io.BytesIO(data))
    assert add_list(review=review, by=alice, name="again", data=io.BytesIO(data)) == listed
    assert (listed.name, listed.papers, listed.notices) == ("Our list", ["10.1000/bad", "4711"], [])
    rule = add_rule(review=review, by=alice, kind="retraction", settings={"papers": True}, notice_list=listed)
    assert rule.words == "retracted paper (also by the list “Our list”)"
    assert Event.objects.get().after["list"] == {
        "name": "Our list",
        "sha256": listed.sha256,
        "papers": 2,
        "notices": 0,
    }
    apply_rules(review=review, by=alice)
    assert to_screen() == [2]
    assert Removal.objects.get().said == "DOI 10.1000/bad is in the list as a retracted paper"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        NoticeList.objects.update(papers=[])


def test_a_list_that_cannot_be_read_or_has_no_name_is_refused(review, alice):
    for name, data, words in (("", b"10.1000/a", "needs a name"), ("x", b"nothing", "No DOI")):
        with pytest.raises(BadInput, match=words):
            add_list(review=review, by=alice, name=name, data=io.BytesIO(data))
    assert not NoticeList.objects.exists()


def test_a_list_belongs_to_a_rule_about_retractions_of_its_review(review, alice):
    other = factories.review(lead=alice, slug="other")
    listed = add_list(review=other, by=alice, name="x", data=io.BytesIO(b"10.1000/a"))
    for kind, given in (("retraction", {"papers": True}), ("year", {"from": 1990})):
        with pytest.raises(BadInput, match="belongs to a rule about retractions"):
            add_rule(review=review, by=alice, kind=kind, settings=given, notice_list=listed)
    assert not AutomationRule.objects.exists()


# ---------------------------------------------------------------- applying


def test_looking_changes_nothing_and_says_the_words_that_match(review, english, recent):
    seen = look(review)
    assert [(match.number, match.rule, match.said) for match in seen.matches] == [
        (2, english.pk, "ger"),
        (3, english.pk, "Deutsch"),
        (5, recent.pk, "1985"),
    ]
    assert seen.numbers == [1, 2, 3, 4, 5]
    assert (to_screen(), Removal.objects.count()) == ([1, 2, 3, 4, 5], 0)


def test_applying_takes_out_what_matches_by_the_first_rule_and_leaves_one_event(
    review, alice, english, recent
):
    done = apply_rules(review=review, by=alice)
    assert to_screen() == [1, 4]
    assert sorted(
        Removal.objects.values_list("record__number", "kind", "reason", "said", "rule", "application")
    ) == [
        (2, "automation", "language is not English", "ger", english.pk, done.pk),
        (3, "automation", "language is not English", "Deutsch", english.pk, done.pk),
        (5, "automation", "year is before 1990", "1985", recent.pk, done.pk),
    ]
    assert (done.records, done.removed, done.looked_at) == (5, 3, [[1, 5]])
    event = Event.objects.last()
    assert (event.verb, event.actor, event.subject) == ("rules.applied", alice, {"application": done.pk})
    assert event.after["what"] == "3 of 5 records marked as ineligible"
    assert [
        (rule["words"], rule["settings"], rule["removed"], rule["records"]) for rule in event.after["rules"]
    ] == [
        ("language is not English", ENGLISH, 2, "2, 3"),
        ("year is before 1990", {"from": 1990, "to": None}, 1, "5"),
    ]
    flow = counts(review)
    assert (flow.n("excluded_automatic"), flow.n("excluded_other"), flow.n("records_screened")) == (3, 0, 2)
    assert audit.verify(review).ok


def test_the_first_rule_in_order_is_the_reason(review, alice, english):
    editorials = add_rule(review=review, by=alice, kind="publication_type", settings={"types": ["editorial"]})
    reorder_rules(review=review, by=alice, order=[editorials.pk, english.pk])
    apply_rules(review=review, by=alice)
    assert dict(Removal.objects.values_list("record__number", "reason")) == {
        2: "language is not English",
        3: "publication type is editorial",
    }


def test_a_rule_looks_at_the_record_that_stays_and_at_what_that_one_says(review, alice, english, library):
    """2 says German; a duplicate of it that says English changes nothing, for 2 is the one that stays."""
    copy = factories.record(library, language="English", duplicate_of=number(2))
    apply_rules(review=review, by=alice)
    assert set(Removal.objects.values_list("record__number", flat=True)) == {2, 3}
    assert not Removal.objects.filter(record=copy).exists()


def test_a_record_somebody_judged_stays(review, alice, bob, english):
    vote(number(2), bob)
    done = apply_rules(review=review, by=alice)
    assert to_screen() == [1, 2, 4, 5]
    assert done.removed == 1


def test_a_vote_cast_after_the_preview_wins(review, alice, bob, english):
    seen = look(review)
    assert [match.number for match in seen.matches] == [2, 3]
    vote(number(3), bob)
    apply_rules(review=review, by=alice, expected=[english.pk], up_to=max(seen.numbers))
    assert to_screen() == [1, 3, 4, 5]


def test_a_vote_that_was_taken_back_keeps_nothing(review, alice, bob, english):
    vote(number(2), bob, withdrawn_at=audit.now())
    apply_rules(review=review, by=alice)
    assert to_screen() == [1, 4, 5]


def test_a_record_corrected_after_the_preview_is_looked_at_as_it_is(review, alice, english, monkeypatch):
    """Between looking and locking somebody corrects the language: the lock sees it."""
    from reviews import applying_rules

    locked = applying_rules._still_to_remove

    def corrected_first(*args):
        Record.objects.filter(number=2).update(language="eng")
        return locked(*args)

    monkeypatch.setattr(applying_rules, "_still_to_remove", corrected_first)
    apply_rules(review=review, by=alice)
    assert to_screen() == [1, 2, 4, 5]


def test_other_rules_than_those_of_the_preview_are_not_applied(review, alice, english, recent):
    with pytest.raises(Refused, match="rules were changed"):
        apply_rules(review=review, by=alice, expected=[english.pk])
    assert (to_screen(), RuleApplication.objects.count()) == ([1, 2, 3, 4, 5], 0)


def test_without_a_rule_there_is_nothing_to_apply(review, alice, library):
    with pytest.raises(Refused, match="no rule"):
        apply_rules(review=review, by=alice)
    assert not Event.objects.exists()


def test_what_came_in_after_the_preview_is_left_alone(review, alice, english, library):
    factories.record(library, language="pol")
    done = apply_rules(review=review, by=alice, up_to=6)
    assert to_screen() == [1, 4, 5, 7]
    assert (done.records, unchecked(review)) == (5, [7])


def test_a_cancelled_application_leaves_nothing_behind(review, alice, english):
    def stop(phase: str, done: int, of: int | None = None) -> None:
        if phase.startswith("Marking"):
            raise Cancelled

    with pytest.raises(Cancelled):
        apply_rules(review=review, by=alice, report=stop)
    assert (Removal.objects.count(), RuleApplication.objects.count(), verbs()) == (0, 0, ["rule.added"])


def test_records_of_an_undone_import_are_not_looked_at(review, alice, english, library):
    importing.withdraw_search(search=library, by=alice, reason="wrong file")
    done = apply_rules(review=review, by=alice)
    assert (done.records, done.removed) == (0, 0)


# ---------------------------------------------------------------- what came since


def test_new_records_wait_until_somebody_applies_the_rules_again(review, alice, english, library):
    assert unchecked(review) == [1, 2, 3, 4, 5]
    apply_rules(review=review, by=alice)
    assert unchecked(review) == []
    factories.record(library, language="ger")
    assert unchecked(review) == [7]
    assert 7 in to_screen()
    done = apply_rules(review=review, by=alice)
    assert (done.removed, to_screen(), unchecked(review)) == (1, [1, 4, 5], [])


def test_a_record_that_was_a_duplicate_and_is_none_any_more_was_not_checked(review, alice, bob, english):
    apply_rules(review=review, by=alice)
    dedup.unlink_record(record=number(6), by=bob)
    assert unchecked(review) == [6]


def test_a_new_rule_makes_every_record_unchecked(review, alice, english):
    apply_rules(review=review, by=alice)
    recent = add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    assert unchecked(review) == [1, 4, 5]
    retire_rule(rule=recent, by=alice)
    assert unchecked(review) == []
    retire_rule(rule=english, by=alice)
    assert unchecked(review) == []


# ---------------------------------------------------------------- undoing


def test_undoing_an_application_brings_its_records_back(review, alice, bob, english, recent):
    done = apply_rules(review=review, by=alice)
    undo = undo_rules(review=review, by=bob, application=done, reason="Greta reads German")
    assert (undo.restored, to_screen()) == (3, [1, 2, 3, 4, 5])
    event = Event.objects.last()
    assert (event.verb, event.actor, event.reason) == ("rules.undone", bob, "Greta reads German")
    assert event.after == {"restored": 3, "records": "2, 3, 5"}
    assert unchecked(review) == [1, 2, 3, 4, 5]
    with pytest.raises(Refused, match="Nothing of this is out"):
        undo_rules(review=review, by=bob, application=done, reason="again")
    assert RuleUndo.objects.count() == 1


def test_undoing_one_rule_leaves_what_the_others_did(review, alice, english, recent):
    done = apply_rules(review=review, by=alice)
    undo_rules(review=review, by=alice, rule=english, application=done, reason="x")
    assert to_screen() == [1, 2, 3, 4]
    undo_rules(review=review, by=alice, rule=recent, reason="y")
    assert to_screen() == [1, 2, 3, 4, 5]


def test_undoing_a_rule_reaches_all_its_applications(review, alice, english, library):
    apply_rules(review=review, by=alice)
    factories.record(library, language="ger")
    apply_rules(review=review, by=alice)
    retire_rule(rule=english, by=alice)
    assert undo_rules(review=review, by=alice, rule=english, reason="x").restored == 3
    assert to_screen() == [1, 2, 3, 4, 5, 7]


def test_what_was_removed_since_for_another_reason_stays_out(review, alice, english):
    done = apply_rules(review=review, by=alice)
    restore_record(record=number(2), by=alice, reason="is in English after all")
    remove_record(record=number(2), by=alice, reason="sent twice")
    undo_rules(review=review, by=alice, application=done, reason="x")
    assert to_screen() == [1, 3, 4, 5]
    assert Removal.objects.get(withdrawn_at__isnull=True).reason == "sent twice"


def test_what_was_undone_is_taken_out_again_by_the_next_application(review, alice, english):
    undo_rules(review=review, by=alice, application=apply_rules(review=review, by=alice), reason="x")
    apply_rules(review=review, by=alice)
    assert to_screen() == [1, 4, 5]


@pytest.mark.parametrize("given", [{"reason": "  "}, {"reason": "x", "application": None}])
def test_undoing_needs_a_reason_and_something_to_undo(review, alice, english, given):
    done = apply_rules(review=review, by=alice)
    with pytest.raises(BadInput):
        undo_rules(**{"review": review, "by": alice, "application": done} | given)
    assert to_screen() == [1, 4, 5]


def test_the_undo_of_one_review_does_not_reach_another(review, alice, english):
    done = apply_rules(review=review, by=alice)
    other = factories.review(lead=alice, slug="other")
    with pytest.raises(Refused, match="Nothing of this is out"):
        undo_rules(review=other, by=alice, application=done, reason="x")
    assert to_screen() == [1, 4, 5]


# ---------------------------------------------------------------- a person's decision stands


def test_a_record_brought_back_by_a_person_is_taken_by_no_rule_again(review, alice, bob, english):
    apply_rules(review=review, by=alice)
    with pytest.raises(BadInput, match="No reason"):
        restore_record(record=number(2), by=bob)
    assert to_screen() == [1, 4, 5]
    restore_record(record=number(2), by=bob, reason="The abstract is in English")
    editorials = add_rule(review=review, by=alice, kind="year", settings={"from": 2020})
    done = apply_rules(review=review, by=alice)
    assert 2 in to_screen()
    assert [match.number for match in look(review).brought_back] == [2]
    assert {rule["rule"]: rule["removed"] for rule in done.rules}[editorials.pk] == 2
    event = Event.objects.get(verb="record.restored")
    assert (event.record.number, event.actor, event.reason) == (2, bob, "The abstract is in English")
    assert event.before == {"kind": "automation", "reason": "language is not English", "said": "ger"}


def test_a_record_brought_back_from_a_removal_by_hand_is_not_exempt(review, alice, english):
    remove_record(record=number(2), by=alice, reason="a slip")
    restore_record(record=number(2), by=alice)
    apply_rules(review=review, by=alice)
    assert to_screen() == [1, 4, 5]


def test_a_record_can_be_brought_back_while_the_rules_are_being_applied(
    review, alice, bob, english, monkeypatch
):
    """It was undone, matched again by the next look, and brought back by a person before the lock."""
    from reviews import applying_rules

    apply_rules(review=review, by=alice)
    undo_rules(review=review, by=alice, rule=english, reason="x")
    locked = applying_rules._still_to_remove

    def first_by_hand(*args):
        monkeypatch.setattr(applying_rules, "_still_to_remove", locked)
        apply_rules(review=review, by=alice)
        restore_record(record=number(3), by=bob, reason="mine")
        return locked(*args)

    monkeypatch.setattr(applying_rules, "_still_to_remove", first_by_hand)
    done = apply_rules(review=review, by=alice)
    assert (done.removed, to_screen()) == (0, [1, 3, 4, 5])


def test_an_application_and_an_undo_are_never_changed(review, alice, english):
    done = apply_rules(review=review, by=alice)
    undo_rules(review=review, by=alice, application=done, reason="x")
    for table in (RuleApplication, RuleUndo):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table.objects.update(at=audit.now())
