"""Decisions of another tool become decisions of members: by the rules of a vote made here, marked, and undone whole."""

import uuid

import pytest

from reviews import audit, importing
from reviews.models import Event, Membership, Record, Removal, Report, Search
from reviews.refusals import BadInput, Refused
from screening import conflicts, decisions, moving, queue
from screening.carried_plan import Wish, foresee, offer, reasons_in
from screening.models import Bringing, Conflict, Decision, Protocol, Resolution
from screening.pilot import draw_pilot
from tests import factories
from tests.screening.scene import FT, TA, carried, counts, criterion_of, vote


def bring(search, by, *, stage=TA, listed="", reasons=None, **people):
    wish = Wish(
        search, stage, {name.replace("_", ""): user for name, user in people.items()}, reasons or {}, listed
    )
    return moving.bring(wish=wish, by=by)


def live(record, stage=TA):
    rows = Decision.objects.filter(record=record, stage=stage, withdrawn_at=None)
    return {row.reviewer.name: row.verdict for row in rows.select_related("reviewer")}


def standing(record, stage=TA):
    """What a record is at a stage, in a word."""
    if found := Resolution.objects.filter(record=record, stage=stage, withdrawn_at=None).first():
        return f"{found.how} {found.verdict}"
    return (
        "conflict" if Conflict.objects.filter(record=record, stage=stage, closed_at=None).exists() else "open"
    )


@pytest.fixture
def records(search):
    return [factories.record(search, title=f"Trial {n}") for n in range(1, 5)]


# ---------------------------------------------------------------- what becomes of it


def test_votes_of_two_settle_differ_or_wait_as_if_they_had_been_made_here(records, search, alice, bob, carol):
    for record, (ann, ben) in zip(
        records,
        [("include", "maybe"), ("exclude", "exclude"), ("include", "exclude"), ("include", "")],
        strict=True,
    ):
        carried(record, "Ann", ann, reasons=["wrong drug"] if ann == "exclude" else [])
        if ben:
            carried(record, "Ben", ben, note="see p. 3")
    brought = bring(search, alice, Ann=bob, Ben=carol)
    assert [standing(record) for record in records] == [
        "agreement include",
        "agreement exclude",
        "conflict",
        "open",
    ]
    assert live(records[0]) == {"Bob": "include", "Carol": "maybe"}
    assert live(records[3]) == {"Bob": "include"}
    assert [report.record for report in Report.objects.all()] == [records[0]]
    assert brought.plan.figures() == {
        "decisions": 7, "records": 4, "settled": 2, "conflicts": 1, "waiting": 1, "left": {}
    }  # fmt: skip
    notes = (
        Decision.objects.filter(record=records[1]).order_by("reviewer__name").values_list("note", flat=True)
    )
    assert list(notes) == ["Reason given there: wrong drug", "see p. 3"]


def test_each_is_marked_and_has_a_line_in_the_trail_and_the_whole_has_one(records, search, alice, bob):
    row = carried(records[0], "Ann", "exclude", reasons=["x"])
    bringing = bring(search, alice, Ann=bob).bringing
    decision = Decision.objects.get()
    assert (decision.brought, decision.criteria_version, decision.seen_votes) == (bringing, None, False)
    each, whole = Event.objects.order_by("seq")
    assert (each.verb, each.actor, each.record, each.stage) == ("decision.brought", alice, records[0], TA)
    assert each.subject == {"decision": decision.pk, "bringing": bringing.pk, "carried": row.pk}
    assert each.after == {
        "of": "Bob", "named": "Ann", "verdict": "exclude", "reason": None,
        "note": "Reason given there: x", "outcome": "waiting for another vote",
    }  # fmt: skip
    assert (whole.verb, whole.after["source"], whole.after["people"]) == (
        "decisions.brought",
        "Rayyan",
        {"Ann": "Bob"},
    )
    assert whole.after["decisions"] == 1
    assert audit.verify(search.review).ok


def test_all_votes_of_a_record_count_at_once_so_that_no_third_is_dropped(records, search, alice, bob, carol):
    for name, verdict in (("Ann", "include"), ("Ben", "include"), ("Cem", "exclude")):
        carried(records[0], name, verdict)
    bring(search, alice, Ann=bob, Ben=carol, Cem=alice)
    assert (len(live(records[0])), standing(records[0])) == (3, "conflict")


def test_one_vote_settles_where_the_protocol_wants_one(records, search, review, alice, bob):
    Protocol.objects.create(review=review, stage=TA, reviewers_wanted=1)
    carried(records[0])
    bring(search, alice, Ann=bob)
    assert standing(records[0]) == "single include"


def test_a_vote_made_here_meets_one_from_elsewhere(records, search, alice, bob, carol):
    vote(carol, records[0], "exclude")
    carried(records[0], "Ann", "include")
    bring(search, alice, Ann=bob)
    assert standing(records[0]) == "conflict"


# ---------------------------------------------------------------- what stays as it is


def test_a_vote_made_here_always_wins_also_one_taken_back(records, search, alice, bob, carol):
    one, two, three, _ = records
    vote(bob, one, "include")
    decisions.withdraw(decision=vote(bob, two, "include").decision, by=bob)
    vote(alice, three), vote(carol, three)
    for record in records:
        carried(record, "Ann", "exclude")
    plan = foresee(Wish(search, TA, {"Ann": bob}))
    assert (plan.decisions, plan.left["here"]) == (1, 3)
    bring(search, alice, Ann=bob)
    assert [live(record) for record in records] == [
        {"Bob": "include"}, {}, {"Alice": "include", "Carol": "include"}, {"Bob": "exclude"}
    ]  # fmt: skip


def test_what_is_in_conflict_here_is_left_alone(records, search, alice, bob, carol):
    vote(alice, records[0], "include"), vote(carol, records[0], "exclude")
    carried(records[0])
    before = counts()
    with pytest.raises(Refused, match="nothing to bring along"):
        bring(search, alice, Ann=bob)
    assert counts() == before and not Bringing.objects.exists()


def test_an_open_pilot_round_is_judged_anew_by_everybody(records, search, review, alice, bob, carol):
    draw_pilot(review=review, stage=TA, by=alice, size=3, seed=7, people=[alice, bob, carol])
    for record in records:
        carried(record)
    assert bring(search, alice, Ann=bob).plan.left == {"pilot": 3}
    assert Decision.objects.count() == 1


def test_a_removed_record_gets_no_vote(records, search, alice, bob):
    Removal.objects.create(record=records[0], kind="other", reason="Before 1990", by=alice, at=audit.now())
    carried(records[0]), carried(records[1])
    assert bring(search, alice, Ann=bob).plan.left == {"not_up": 1}
    assert [live(record) for record in records[:2]] == [{}, {"Bob": "include"}]


def test_whose_entry_is_a_duplicate_votes_on_the_record_that_stays(records, search, alice, bob, carol):
    one, two, three, _ = records
    Record.objects.filter(pk__in=[two.pk, three.pk]).update(duplicate_of=one)
    (
        carried(two, "Ann", "include"),
        carried(three, "Ann", "include"),
        carried(two, "Ben", "include"),
    )
    carried(three, "Ben", "exclude")
    plan = bring(search, alice, Ann=bob, Ben=carol).plan
    assert (live(one), live(two), live(three)) == ({"Bob": "include"}, {}, {})
    assert plan.left == {"two_answers": 1}
    assert Event.objects.get(verb="decision.brought").record == one


def test_who_is_left_out_is_left_out(records, search, alice, bob):
    carried(records[0], "Ann"), carried(records[0], "Ben", "exclude"), carried(records[0], "", "exclude")
    bring(search, alice, Ann=bob)
    assert live(records[0]) == {"Bob": "include"}


def test_a_consensus_can_be_one_members_vote_and_never_two(records, search, alice, bob, carol):
    carried(records[0], "", "exclude", tool="abstrackr")
    bring(search, alice, _=bob)
    assert (live(records[0]), standing(records[0])) == ({"Bob": "exclude"}, "open")
    bring(search, alice, _=carol)
    assert (live(records[0]), standing(records[0])) == (
        {"Bob": "exclude", "Carol": "exclude"},
        "agreement exclude",
    )


# ---------------------------------------------------------------- full text, reasons, lists


@pytest.fixture
def at_full_text(records, alice, carol):
    for record in records[:3]:
        vote(alice, record), vote(carol, record)
        Report.objects.filter(record=record).update(retrieval="retrieved", text="The report.")
    return records


def test_at_full_text_a_reason_becomes_a_criterion_the_first_in_order_of_several(
    at_full_text, search, review, alice, bob
):
    drug, people = (criterion_of(review, alice, label, FT) for label in ("Drug", "People"))
    one, two, three, four = at_full_text
    carried(one, "Ann", "exclude", reasons=["children", "wrong drug", "dull"])
    carried(two, "Ann", "exclude", reasons=["dull"])
    carried(three, "Ann", "maybe")
    carried(four, "Ann", "include")
    plan = bring(search, alice, stage=FT, Ann=bob, reasons={"wrong drug": drug, "children": people}).plan
    decision = Decision.objects.get(stage=FT)
    assert (decision.record, decision.reason, decision.note) == (one, drug, "Reason given there: dull")
    assert plan.left == {"no_answer": 2, "not_up": 1}
    bring(search, alice, stage=FT, Ann=bob, reasons={"": people})
    assert Decision.objects.get(stage=FT, record=two).reason == people


def test_a_stage_that_the_tool_names_is_heeded(at_full_text, search, alice, bob):
    carried(at_full_text[0], "Ann", "include", stage="full_text")
    with pytest.raises(Refused):
        bring(search, alice, Ann=bob)
    assert foresee(Wish(search, TA, {"Ann": bob})).left == {"other_stage": 1}
    bring(search, alice, stage=FT, Ann=bob)
    assert live(at_full_text[0], FT) == {"Bob": "include"}


def test_a_list_of_covidence_is_what_the_lead_says_it_is(records, search, alice, bob):
    for record in records[:2]:
        carried(record, "", "", tool="covidence")
    carried(records[2], "", "exclude", tool="covidence", stage="full_text", reasons=["wrong drug"])
    with pytest.raises(Refused, match="nothing to bring along"):
        bring(search, alice, _=bob)
    bring(search, alice, _=bob, listed="include")
    assert [live(record) for record in records] == [{"Bob": "include"}] * 3 + [{}]
    assert set(Decision.objects.values_list("note", flat=True)) == {""}


def test_only_covidence_writes_lists(records, search, alice, bob):
    carried(records[0], "", "include", tool="asreview")
    with pytest.raises(BadInput, match="Only a file of Covidence"):
        bring(search, alice, _=bob, listed="exclude")


# ---------------------------------------------------------------- refusals


def test_only_who_screens_here_can_be_named(records, search, alice, olive, mallory, bob):
    carried(records[0])
    Membership.objects.filter(user=bob).update(deactivated_at=audit.now())
    for person in (olive, mallory, bob):
        with pytest.raises(BadInput, match="does not screen in this review"):
            bring(search, alice, Ann=person)
    with pytest.raises(BadInput, match="Nobody was named"):
        bring(search, alice)
    assert not Decision.objects.exists()


def test_a_criterion_of_the_other_stage_or_a_retired_one_is_no_reason(records, search, review, alice, bob):
    from screening import criteria

    carried(records[0])
    other, retired = criterion_of(review, alice, "Drug", FT), criterion_of(review, alice, "People", TA)
    criteria.retire_criterion(criterion=retired, by=alice, reason="No longer.")
    retired.refresh_from_db()
    for criterion in (other, retired):
        with pytest.raises(BadInput, match="is not a criterion in force"):
            bring(search, alice, Ann=bob, reasons={"x": criterion})


def test_an_undone_import_brings_nothing(records, search, alice, bob):
    carried(records[0])
    importing.withdraw_search(search=search, by=alice, reason="Wrong file.")
    with pytest.raises(Refused, match="undone"):
        bring(search, alice, Ann=bob)


# ---------------------------------------------------------------- undoing


def test_undoing_withdraws_what_was_brought_and_what_it_led_to_and_leaves_what_was_made_here(
    records, search, alice, bob, carol
):
    one, two, three, _ = records
    vote(carol, one, "include")
    vote(carol, two, "exclude")
    for record in (one, two, three):
        carried(record)
    bringing = bring(search, alice, Ann=bob).bringing
    assert [standing(r) for r in (one, two, three)] == ["agreement include", "conflict", "open"]
    undone = moving.send_back(bringing=bringing, by=alice, reason="Ann is not Bob.")
    assert undone == moving.SentBack(3, 0)
    assert [live(r) for r in (one, two, three)] == [{"Carol": "include"}, {"Carol": "exclude"}, {}]
    assert [standing(r) for r in (one, two, three)] == ["open"] * 3
    bringing.refresh_from_db()
    assert (bringing.undone_by, bringing.why_undone) == (alice, "Ann is not Bob.")
    assert list(Event.objects.order_by("-seq").values_list("verb", flat=True)[:4]) == [
        "decisions.sent_back", *["decision.sent_back"] * 3
    ]  # fmt: skip
    assert audit.verify(search.review).ok
    assert bring(search, alice, Ann=bob).plan.decisions == 3


def test_what_people_built_on_stays_and_may_be_undone_later(at_full_text, search, alice, bob, carol):
    new = [factories.record(search, title=f"New {n}") for n in range(3)]
    for record in new:
        carried(record, "Ann", "include"), carried(record, "Ben", "include")
    bringing = bring(search, alice, Ann=bob, Ben=carol).bringing
    Report.objects.filter(record=new[0]).update(retrieval="retrieved", text="The report.")
    later = vote(alice, new[0], "include", stage=FT).decision
    assert moving.send_back(bringing=bringing, by=alice, reason="No.") == moving.SentBack(4, 2)
    assert (standing(new[0]), standing(new[1])) == ("agreement include", "open")
    with pytest.raises(Refused, match="built on every one"):
        moving.send_back(bringing=bringing, by=alice, reason="No.")
    decisions.withdraw(decision=later, by=alice)
    assert moving.send_back(bringing=bringing, by=alice, reason="No.") == moving.SentBack(2, 0)
    with pytest.raises(Refused, match="Nothing of this stands"):
        moving.send_back(bringing=bringing, by=alice, reason="No.")


def test_a_conflict_that_somebody_settled_stays_settled(records, search, alice, bob, carol):
    vote(carol, records[0], "exclude")
    carried(records[0], "Ann", "include")
    bringing = bring(search, alice, Ann=bob).bringing
    conflicts.resolve(
        conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="Read together."
    )
    before = counts()
    with pytest.raises(Refused, match="built on every one"):
        moving.send_back(bringing=bringing, by=alice, reason="No.")
    assert counts() == before


def test_undoing_needs_a_reason(records, search, alice, bob):
    carried(records[0])
    bringing = bring(search, alice, Ann=bob).bringing
    with pytest.raises(BadInput):
        moving.send_back(bringing=bringing, by=alice, reason=" ")
    assert live(records[0]) == {"Bob": "include"}


def test_who_takes_a_brought_vote_back_is_not_given_it_again(records, search, alice, bob):
    carried(records[0]), carried(records[1])
    bring(search, alice, Ann=bob)
    decisions.withdraw(decision=Decision.objects.get(record=records[0]), by=bob)
    carried(records[2])
    assert bring(search, alice, Ann=bob).plan.decisions == 1
    assert live(records[0]) == {}


def test_what_was_brought_is_no_slip_to_take_back_in_the_room(records, search, review, alice, bob):
    mine = vote(bob, records[0]).decision
    carried(records[1])
    bring(search, alice, Ann=bob)
    assert list(queue.own_recent(review, TA, bob)) == [mine]
    assert queue.progress(review, TA, bob).mine == 2


# ---------------------------------------------------------------- what is on offer


def test_the_offer_says_who_decided_on_how_many_and_what_else_there_is(
    records, search, django_assert_max_num_queries
):
    assert offer(search) is None
    carried(records[0], "Ann", "exclude", reasons=["x", "B"], labels=["rct"])
    carried(records[0], "Ben", "include"), carried(records[1], "Ann", "include")
    carried(records[1], "Dee", "", note="only a note")
    with django_assert_max_num_queries(6):
        found = offer(search)
    assert (found.tool_name, found.people, found.records) == ("Rayyan", 2, 2)
    assert [(n.name, n.decided, n.noted) for n in found.names] == [
        ("Ann", 2, 0),
        ("Ben", 1, 0),
        ("Dee", 0, 1),
    ]
    assert (found.is_list, found.has_reasons, found.has_labels, found.has_notes) == (False, True, True, True)
    assert list(reasons_in(search)) == ["B", "x"]


def test_a_small_file_does_not_say_why_some_are_left_out(records, search, alice, bob):
    carried(records[0]), carried(records[1])
    vote(bob, records[0])
    assert foresee(Wish(search, TA, {"Ann": bob})).figures()["left"] == {"in_all": 1}


def test_many_are_brought_in_few_queries(search, alice, bob, carol, django_assert_max_num_queries):
    for n in range(60):
        record = factories.record(search, title=f"Trial {n}")
        carried(record, "Ann", "include"), carried(record, "Ben", "exclude" if n % 3 else "include")
    with django_assert_max_num_queries(40):
        plan = bring(search, alice, Ann=bob, Ben=carol).plan
    assert (plan.decisions, plan.settled, plan.conflicts) == (120, 20, 40)
    assert Search.objects.count() == 1 and uuid.UUID(str(Decision.objects.first().key))
