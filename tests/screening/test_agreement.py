"""The figures of a stage: whose records, which votes, how maybe counts; and what nobody can tell from them."""

import random
import uuid
from contextlib import contextmanager

import pytest
from django.db import connection

from reviews.guards import install_on, remove_from
from reviews.models import Membership, Record
from screening import agreement, conflicts, decisions, visibility
from screening.models import Conflict, Decision, Protocol, Resolution
from screening.pilot import draw_pilot
from tests import factories
from tests.guards import ALL_GUARDS
from tests.screening.scene import FT, TA, propose, vote


def of(review, person):
    return Membership.objects.get(review=review, user=person)


def figures(review, person, stage=TA, **more):
    return agreement.of_stage(of(review, person), stage, **more)


@pytest.fixture
def many(search):
    return lambda n: [factories.record(search, title=f"Trial {k}") for k in range(n)]


def judge(records, bob, carol, pairs):
    """bob's and carol's votes on as many records as there are pairs, such as "ie"."""
    words = {"i": "include", "e": "exclude", "m": "maybe"}
    for record, (one, other) in zip(records, pairs, strict=True):
        vote(bob, record, words[one])
        vote(carol, record, words[other])


def test_figures_are_those_of_the_table_of_two(review, many, alice, bob, carol):
    judge(many(10), bob, carol, ["ii"] * 4 + ["ie", "ei", "ei"] + ["ee"] * 3)
    found = figures(review, alice)
    [pair] = found.figures.pairs
    assert (pair.one, pair.other, pair.table) == (bob, carol, [[4, 1], [2, 3]])
    assert pair.figures.observed.value == 0.7
    assert found.figures.overall.specific[0].value == pytest.approx(8 / 11)
    assert (found.figures.disagreements, found.basis.by_two, found.basis.in_conflict) == (3, 10, 3)
    assert found.figures.share == pytest.approx(11 / 20)


def test_nothing_judged_is_nothing_and_no_error(review, alice):
    found = figures(review, alice)
    assert (found.basis.by_two, found.figures.pairs, found.over_time, found.other_way) == (0, [], [], None)
    assert found.figures.overall.observed.value is None


def test_maybe_counts_as_the_protocol_says_and_the_other_way_beside_it(review, many, alice, bob, carol):
    judge(many(4), bob, carol, ["ii", "mi", "me", "ee"])
    found = figures(review, alice)
    assert found.figures.counting.names == ("include or maybe", "exclude")
    assert found.figures.pairs[0].table == [[2, 1], [0, 1]]
    assert found.other_way.pairs[0].table == [[1, 0, 0], [1, 0, 1], [0, 0, 1]]
    Protocol.objects.create(review=review, stage=TA, maybe_means="conflict")
    turned = figures(review, alice)
    assert turned.figures.counting.names == ("include", "maybe", "exclude")
    assert turned.figures.pairs[0].table == found.other_way.pairs[0].table
    assert turned.other_way.pairs[0].table == found.figures.pairs[0].table
    assert (found.figures.disagreements, turned.figures.disagreements) == (1, 2)


def test_without_a_maybe_there_is_no_other_way(review, many, alice, bob, carol):
    judge(many(2), bob, carol, ["ii", "ie"])
    assert figures(review, alice).other_way is None


def test_full_text_has_two_answers(retrieved, alice, bob, carol):
    reason = factories.criterion(retrieved.review, by=alice, stage=FT, kind="exclude", label="News")
    vote(bob, retrieved, stage=FT)
    vote(carol, retrieved, "exclude", FT, reason=reason)
    found = figures(retrieved.review, alice, FT)
    assert found.figures.counting.names == ("include", "exclude")
    assert found.figures.pairs[0].table == [[0, 1], [0, 0]]


def test_what_is_not_in_the_figures_is_counted(review, many, alice, bob, carol):
    one, two, three, four, five = many(5)
    judge([one], bob, carol, ["ii"])
    vote(bob, two)  # waits for another
    conflict = None
    for record in (three, four):
        vote(bob, record)
        conflict = vote(carol, record, "exclude").conflict
    conflicts.resolve(conflict=conflict, by=alice, verdict="include", explanation="It fits.")
    Protocol.objects.create(review=review, stage=TA, reviewers_wanted=1)
    vote(carol, five)
    mine, hers = figures(review, bob).basis, figures(review, carol).basis
    assert (mine.by_two, mine.by_one, mine.waiting) == (3, 1, 1)
    assert (hers.by_two, hers.by_one, hers.waiting) == (3, 1, 0)
    assert (mine.after_conflict, mine.in_conflict) == (1, 1)


def test_votes_that_could_see_a_proposal_are_counted_on_demand(review, many, alice, bob, carol):
    Protocol.objects.create(review=review, stage=TA, model_role="before")
    records = many(2)
    propose(records[0], alice, [])
    judge(records, bob, carol, ["ii", "ee"])
    found = figures(review, alice)
    assert (found.basis.by_two, found.basis.by_none, found.basis.after_proposal) == (1, 1, 2)
    assert figures(review, alice, with_proposal=True).basis.by_two == 2


def test_a_linked_duplicate_counts_once_and_a_removed_record_not_at_all(review, many, alice, bob, carol):
    stays, linked, other = many(3)
    judge([stays, linked, other], bob, carol, ["ii", "ie", "ee"])
    Record.objects.filter(pk=linked.pk).update(duplicate_of=stays)
    found = figures(review, alice)
    assert found.figures.pairs[0].table == [[1, 0], [0, 1]]
    type(stays.search).objects.update(withdrawn_at=stays.search.imported_at)
    assert figures(review, alice).basis.by_two == 0


def test_every_pair_stands_by_itself_and_all_together(review, many, alice, bob, carol):
    records = many(6)
    judge(records[:3], bob, carol, ["ii", "ie", "ee"])
    judge(records[3:5], alice, carol, ["ii", "ee"])
    judge(records[5:], alice, bob, ["ei"])
    found = figures(review, alice)
    assert [(p.one.name, p.other.name, p.figures.n) for p in found.figures.pairs] == [
        ("Alice", "Bob", 1),
        ("Alice", "Carol", 2),
        ("Bob", "Carol", 3),
    ]
    assert (found.figures.overall.n, found.figures.overall.answers) == (6, 12)
    assert found.figures.overall.observed.value == pytest.approx(4 / 6)


def test_a_pilot_round_has_its_own_figures(review, many, alice, bob, carol):
    records = many(6)
    pilot = draw_pilot(review=review, stage=TA, by=alice, size=2, seed=1, people=[alice, bob, carol])
    inside = set(pilot.drawn.values_list("record", flat=True))
    for record in records:
        for person in (bob, carol) if record.pk not in inside else (alice, bob, carol):
            vote(person, record)
    assert figures(review, bob, pilot=pilot).figures.overall.answers == 6
    assert figures(review, bob).figures.overall.answers == 14


def test_over_time_goes_by_hundreds_in_the_order_of_judging(review, many, alice, bob, carol):
    records = many(205)
    Decision.objects.bulk_create(
        Decision(
            record=r, stage=TA, reviewer=p, verdict="include", made_at=r.search.imported_at, key=uuid.uuid4()
        )
        for r in reversed(records)
        for p in (bob, carol)
    )
    settle_rows(records, bob)
    found = figures(review, alice)
    assert [step.figures.n for step in found.over_time] == [100, 100, 5]
    assert found.over_time[0].first <= found.over_time[-1].last


def settle_rows(records, by):
    Resolution.objects.bulk_create(
        Resolution(
            record=r, stage=TA, verdict="include", how="agreement", by=by, made_at=r.search.imported_at
        )
        for r in records
    )


def test_short_reviews_have_no_course(review, many, alice, bob, carol):
    judge(many(3), bob, carol, ["ii", "ee", "ie"])
    assert figures(review, alice).over_time == []


@pytest.mark.parametrize("n", [2, 15])
def test_the_number_of_queries_does_not_grow(
    review, many, alice, bob, carol, django_assert_max_num_queries, n
):
    judge(many(n), bob, carol, ["ii", "ie"] + ["ee"] * (n - 2))
    membership = of(review, alice)
    with django_assert_max_num_queries(7):
        agreement.of_stage(membership, TA)
    with django_assert_max_num_queries(2):
        assert len(agreement.disagreements(membership, TA)) == 1


# ---------------------------------------------------------------- who may learn what


def test_one_rule_says_whose_votes_are_seen(review, many, alice, bob, carol, olive, mallory):
    """The condition that figures are filtered by, and the function that pages ask, are the same rule."""
    mess(random.Random(4), review, many(30), [alice, bob, carol])
    every = list(Record.objects.values_list("pk", flat=True))
    for person in (alice, bob, carol, olive):
        records = Record.objects.filter(visibility.votes_seen(of(review, person), TA), review=review)
        found = set(records.values_list("pk", flat=True))
        assert found == visibility.sees_votes(person, review, TA, every)
        assert 0 < len(found) < 30
    assert visibility.sees_votes(mallory, review, TA, every) == set()


def test_a_pair_of_others_is_shown_without_what_one_has_yet_to_judge(review, many, alice, bob, carol):
    many(3)
    pilot = draw_pilot(review=review, stage=TA, by=alice, size=3, seed=1, people=[alice, bob, carol])
    first, second, third = (one.record for one in pilot.drawn.select_related("record").order_by("position"))
    for record, verdict in ((first, "include"), (second, "exclude"), (third, "include")):
        vote(alice, record)
        vote(bob, record, verdict)
    assert figures(review, carol).basis.by_two == 0
    assert figures(review, alice).figures.pairs[0].table == [[2, 1], [0, 0]]
    vote(carol, second, "exclude")
    hers = figures(review, carol)
    assert {(p.one.name, p.other.name): p.figures.n for p in hers.figures.pairs} == {
        ("Alice", "Bob"): 1,
        ("Alice", "Carol"): 1,
        ("Bob", "Carol"): 1,
    }


def test_an_observer_counts_settled_records_only(review, many, olive, bob, carol):
    judge(many(3), bob, carol, ["ii", "ie", "ee"])
    found = figures(review, olive)
    assert (found.basis.by_two, found.figures.disagreements, found.basis.in_conflict) == (2, 0, 1)


def mess(dice, review, records, people):
    """Votes, slips, conflicts, discussions and a pilot round, as they come."""
    pilot = draw_pilot(review=review, stage=TA, by=people[0], size=6, seed=dice.randrange(99), people=people)
    in_pilot = set(pilot.drawn.values_list("record", flat=True))
    for record in records:
        seats = people if record.pk in in_pilot else people[:2] if dice.random() < 0.7 else people[1:]
        for person in dice.sample(seats, dice.randrange(len(seats) + 1)):
            made = vote(person, record, dice.choice(["include", "exclude", "maybe"]))
            if dice.random() < 0.15 and made.resolution is None:
                decisions.withdraw(decision=made.decision, by=person)
                if dice.random() < 0.7:
                    vote(person, record, dice.choice(["include", "exclude"]))
    for conflict in Conflict.objects.filter(closed_at__isnull=True):
        if dice.random() < 0.4:
            conflicts.resolve(
                conflict=conflict, by=people[0], verdict="include", explanation="Read together."
            )
    return pilot


@pytest.mark.parametrize("seed", range(4))
def test_turning_every_vote_that_is_sealed_changes_no_figure(review, many, alice, bob, carol, olive, seed):
    """Not in the figures, not in the counts, not in the pairs, not over time: for anybody, in any state."""
    records = many(24)
    pilot = mess(random.Random(seed), review, records, [alice, bob, carol])
    every = {record.pk for record in records}
    turned = {"include": "exclude", "exclude": "include", "maybe": "exclude"}
    with behind_the_databases_back():
        for person in (alice, bob, carol, olive):
            membership = of(review, person)
            sealed = every - visibility.sees_votes(person, review, TA, every)
            before = everything(membership, pilot)
            hidden = list(Decision.objects.filter(record__in=sealed))
            rewrite((one.pk, turned[one.verdict]) for one in hidden)
            assert everything(membership, pilot) == before, person
            rewrite((one.pk, one.verdict) for one in hidden)


def everything(membership, pilot):
    """All that agreement tells this person, as text."""
    told = []
    for where in (None, pilot):
        for seen in (False, True):
            ask = {"pilot": where, "with_proposal": seen}
            told += [
                agreement.of_stage(membership, TA, **ask),
                agreement.disagreements(membership, TA, **ask),
            ]
    return str(told)


@contextmanager
def behind_the_databases_back():
    """Votes may be edited meanwhile, which the database otherwise refuses."""
    remove_from(connection, ALL_GUARDS)
    try:
        yield
    finally:
        install_on(connection, ALL_GUARDS)


def rewrite(verdicts):
    for pk, verdict in verdicts:
        Decision.objects.filter(pk=pk).update(verdict=verdict)


def test_turning_a_vote_that_is_seen_does_change_the_figures(review, many, alice, bob, carol):
    """So that the test above cannot pass by looking at nothing."""
    judge(many(2), bob, carol, ["ii", "ee"])
    before = everything(of(review, alice), None)
    with behind_the_databases_back():
        rewrite([(Decision.objects.first().pk, "exclude")])
    assert everything(of(review, alice), None) != before


@pytest.mark.parametrize("seed", range(4))
def test_every_change_of_what_one_is_told_is_about_a_record_one_may_read(
    review, many, alice, bob, carol, seed
):
    """Watching the figures after every single act, however few records there are, tells carol nothing sealed."""
    dice = random.Random(seed)
    records = many(5)
    draw_pilot(review=review, stage=TA, by=alice, size=3, seed=seed, people=[alice, bob, carol])
    membership = of(review, carol)
    before, seen = everything(membership, None), {}
    acts = [(person, record) for record in records for person in (alice, bob, carol)]
    dice.shuffle(acts)
    for person, record in acts:
        try:
            vote(person, record, dice.choice(["include", "exclude"]))
        except Exception as no:
            assert "settled" in str(no) or "conflict" in str(no) or "pilot" in str(no)
        after = everything(membership, None)
        now = {r.pk: tuple(v.pk for v in Decision.objects.filter(record=r)) for r in visible_to(membership)}
        changed = {pk for pk in {*seen, *now} if seen.get(pk) != now.get(pk)}
        if after != before:
            assert changed, "the figures changed though nothing that carol may read did"
        before, seen = after, now


def visible_to(membership):
    return Record.objects.filter(visibility.votes_seen(membership, TA), review=membership.review)
