"""Finding, judging, linking and unlinking duplicates."""

import csv
import uuid
from itertools import combinations

import pytest

from reviews import audit, dedup, importing
from reviews.duplicate_groups import Standing, elect
from reviews.models import DuplicatePair, Event, Record
from reviews.refusals import BadInput, Refused
from tests import factories

PAPER = {
    "title": "Plerixafor with bortezomib in relapsed multiple myeloma",
    "authors": ["Moss, Ada"],
    "year": 2019,
    "journal": "Blood",
    "pages": "640-649",
}
LIKELY = PAPER | {"year": 2020, "pages": "1-12"}  # perhaps the online version: not proven


@pytest.fixture
def embase(review, alice):
    return factories.search(review, by=alice, source="Embase")


@pytest.fixture
def pair(search, embase, alice, review):
    """Two records that a person has to look at, and their open pair."""
    a, b = factories.record(search, **PAPER), factories.record(embase, **LIKELY)
    dedup.find_duplicates(review=review, by=alice)
    return DuplicatePair.objects.get(a=a, b=b)


def linked_to(*records) -> list[int | None]:
    for record in records:
        record.refresh_from_db()
    return [record.duplicate_of_id for record in records]


def vote(record, by):
    from screening.models import Decision

    return Decision.objects.create(
        record=record,
        stage="title_abstract",
        reviewer=by,
        verdict="include",
        made_at=audit.now(),
        key=uuid.uuid4(),
    )


def last_event() -> Event:
    return Event.objects.order_by("seq").last()


# ---------------------------------------------------------------- by rules


def test_what_is_proven_is_linked_and_why_is_kept(review, search, embase, alice):
    a = factories.record(search, **PAPER, doi="10.1/x")
    b = factories.record(embase, **PAPER)
    other = factories.record(embase, title="Something else altogether in another field")

    sought = dedup.find_duplicates(review=review, by=alice)

    assert (sought.linked, sought.queued, sought.waiting) == (1, 0, 0)
    assert linked_to(a, b, other) == [None, a.pk, None]
    pair = DuplicatePair.objects.get()
    assert (pair.a, pair.b, pair.verdict, pair.decided_by) == (a, b, "same", None)
    assert pair.rule == "same title, year, first author and journal"
    assert "same pages" in pair.why
    event = Event.objects.get()
    assert (event.verb, event.actor) == ("duplicates.sought", alice)
    assert event.after["linked"] == [[b.number, a.number]]
    assert event.after["queued"] == 0


def test_the_most_complete_record_stays_then_the_lowest_number(review, search, embase, alice):
    poor = factories.record(search, **PAPER, abstract="")
    rich = factories.record(embase, **PAPER, doi="10.1/x", pmid="77")
    twin = factories.record(embase, **PAPER, doi="10.1/x", pmid="77")
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(poor, rich, twin) == [rich.pk, None, rich.pk]


def test_a_record_that_has_votes_stays_although_another_is_more_complete(review, search, embase, alice, bob):
    judged = factories.record(search, **PAPER, abstract="")
    rich = factories.record(embase, **PAPER, doi="10.1/x", pmid="77")
    vote(judged, bob)
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(judged, rich) == [None, judged.pk]


def test_a_likely_pair_waits_for_a_person(pair, review):
    assert (pair.verdict, pair.decided_by, pair.rule) == ("", None, "")
    assert "different pages" in pair.why
    assert list(dedup.waiting_pairs(review)) == [pair]


def test_a_second_run_changes_nothing(review, search, embase, alice, pair):
    costs = PAPER | {"title": "A quite different paper on carfilzomib and costs", "pages": "77-80"}
    factories.record(search, **costs)
    factories.record(embase, **costs)
    assert dedup.find_duplicates(review=review, by=alice).linked == 1
    before = list(DuplicatePair.objects.order_by("pk").values()), list(Record.objects.order_by("pk").values())
    again = dedup.find_duplicates(review=review, by=alice)
    assert (again.linked, again.queued, again.waiting) == (0, 0, 1)
    after = list(DuplicatePair.objects.order_by("pk").values()), list(Record.objects.order_by("pk").values())
    assert before == after


def test_new_records_are_compared_with_old_ones_and_old_pairs_are_left_alone(review, search, embase, alice):
    old = [factories.record(search, **PAPER), factories.record(search, **PAPER)]
    new = factories.record(embase, **PAPER)
    sought = dedup.find_duplicates(review=review, by=alice, record_ids=[new.pk])
    assert sought.compared == 2
    assert linked_to(*old, new) == [
        None,
        old[0].pk,
        old[0].pk,
    ]  # both old ones are proven through the new one


def test_records_of_an_undone_import_are_not_compared(review, search, embase, alice):
    a, b = factories.record(search, **PAPER), factories.record(embase, **PAPER)
    importing.withdraw_search(search=embase, by=alice, reason="wrong")
    assert dedup.find_duplicates(review=review, by=alice).compared == 0
    assert linked_to(a, b) == [None, None]


def test_another_reviews_records_are_never_touched(review, search, alice):
    other = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    mine, theirs = factories.record(search, **PAPER), factories.record(other, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(mine, theirs) == [None, None]


def test_a_supplements_abstracts_that_share_a_doi_are_not_linked(review, search, alice):
    titles = [
        "Insulin and the liver in mice",
        "Costs of care in nine countries",
        "Retinal screening by machine",
    ]
    records = [
        factories.record(search, title=title, doi="10.1007/s00125", year=2015, journal="Diabetologia")
        for title in titles
    ]
    sought = dedup.find_duplicates(review=review, by=alice)
    assert (sought.linked, sought.queued) == (0, 0)
    assert linked_to(*records) == [None] * 3


def test_no_chain_joins_two_records_that_contradict_each_other(review, search, embase, alice):
    """b fits a, and b fits c, but a and c have different PubMed numbers: one link, the rest for a person."""
    a = factories.record(search, **PAPER, pmid="1")
    b = factories.record(embase, **PAPER)
    c = factories.record(search, **PAPER, pmid="2")
    sought = dedup.find_duplicates(review=review, by=alice)
    assert sought.linked == 1
    groups = {record.duplicate_of_id or record.pk for record in Record.objects.filter(pk__in=[a.pk, c.pk])}
    assert len(groups) == 2
    assert sought.waiting == 1
    assert linked_to(b) != [None]


def test_a_group_grows_under_one_root(review, search, embase, alice):
    first = factories.record(search, **PAPER)
    second = factories.record(embase, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    richer = factories.record(embase, **PAPER, pmid="5", doi="10.1/x")
    dedup.find_duplicates(review=review, by=alice, record_ids=[richer.pk])
    assert linked_to(first, second, richer) == [richer.pk, richer.pk, None]


def test_a_pair_put_to_people_that_is_now_proven_is_linked(review, search, embase, alice, pair):
    from reviews.correcting import correct_record

    correct_record(record=pair.b, by=alice, reason="checked", year=2019, pages="640-649")
    assert dedup.find_duplicates(review=review, by=alice).linked == 1
    pair.refresh_from_db()
    assert (pair.verdict, pair.rule) == ("same", "same title, year, first author and journal")


def test_finding_takes_few_queries_however_many_records_are_linked(
    review, search, alice, django_assert_max_num_queries
):
    for number in range(8):
        paper = PAPER | {
            "title": f"Paper {number}{number} on a subject of its own kind",
            "pages": str(number),
        }
        for _ in range(2):
            factories.record(search, **paper)
    with django_assert_max_num_queries(45):
        assert dedup.find_duplicates(review=review, by=alice).linked == 8


# ---------------------------------------------------------------- by people


def test_judging_a_pair_the_same_links_it(pair, bob, review):
    judged = dedup.judge_pair(pair=pair, by=bob, same=True)
    assert (judged.verdict, judged.decided_by, judged.rule) == ("same", bob, "")
    assert linked_to(pair.a, pair.b) == [None, pair.a_id]
    assert not dedup.waiting_pairs(review).exists()
    event = last_event()
    assert (event.verb, event.actor, event.record) == ("pair.judged", bob, pair.b)
    assert event.after == {"verdict": "same", "stays": pair.a.number, "went": pair.b.number}


def test_judging_a_pair_different_is_remembered_by_the_next_run(pair, bob, alice, review):
    from reviews.correcting import correct_record

    dedup.judge_pair(pair=pair, by=bob, same=False)
    correct_record(
        record=pair.b, by=alice, reason="checked", year=2019, pages="640-649"
    )  # now proven by rule
    sought = dedup.find_duplicates(review=review, by=alice)
    assert (sought.linked, sought.queued) == (0, 0)
    pair.refresh_from_db()
    assert (pair.verdict, pair.decided_by) == ("different", bob)
    assert linked_to(pair.a, pair.b) == [None, None]


def test_two_records_judged_different_are_not_joined_through_a_third(pair, bob, alice, review, embase):
    dedup.judge_pair(pair=pair, by=bob, same=False)
    bridge = factories.record(embase, **{key: PAPER[key] for key in ("title", "authors", "year", "journal")})
    dedup.link_records(record=bridge, original=pair.a, by=alice)
    with pytest.raises(Refused, match="Bob judged #1 and #2 different"):
        dedup.link_records(record=pair.b, original=bridge, by=alice)
    assert linked_to(pair.a, pair.b, bridge) == [None, None, pair.a_id]
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(pair.a, pair.b, bridge) == [None, None, pair.a_id]


def test_a_changed_mind_undoes_the_link_and_redoes_it(pair, bob, carol):
    dedup.judge_pair(pair=pair, by=bob, same=True)
    dedup.judge_pair(pair=pair, by=carol, same=False)
    pair.refresh_from_db()
    assert (pair.verdict, pair.decided_by) == ("different", carol)
    assert linked_to(pair.a, pair.b) == [None, None]
    dedup.judge_pair(pair=pair, by=bob, same=True)
    assert linked_to(pair.a, pair.b) == [None, pair.a_id]


def test_saying_the_same_twice_is_one_event(pair, bob):
    dedup.judge_pair(pair=pair, by=bob, same=True)
    events = Event.objects.count()
    dedup.judge_pair(pair=pair, by=bob, same=True)
    assert Event.objects.count() == events


def test_a_person_may_overrule_a_rule(review, search, embase, alice, bob):
    a, b = factories.record(search, **PAPER), factories.record(embase, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    dedup.judge_pair(pair=DuplicatePair.objects.get(), by=bob, same=False)
    assert linked_to(a, b) == [None, None]
    assert dedup.find_duplicates(review=review, by=alice).linked == 0
    assert linked_to(a, b) == [None, None]


def test_linking_by_hand_keeps_the_original_that_was_named(search, alice):
    rich = factories.record(search, pmid="1", doi="10.1/x")
    poor = factories.record(search, title="", abstract="x")
    dedup.link_records(record=rich, original=poor, by=alice, reason="the journal's own version")
    assert linked_to(rich, poor) == [poor.pk, None]
    pair = DuplicatePair.objects.get()
    assert (pair.verdict, pair.decided_by) == ("same", alice)
    event = last_event()
    assert (event.verb, event.record, event.after) == (
        "duplicate.linked",
        rich,
        {"duplicate_of": poor.number, "went": rich.number},
    )
    assert event.reason == "the journal's own version"


def test_linking_takes_the_whole_group_along_and_stays_one_deep(search, alice):
    a, a1, b, b1 = (factories.record(search) for _ in range(4))
    dedup.link_records(record=a1, original=a, by=alice)
    dedup.link_records(record=b1, original=b, by=alice)
    dedup.link_records(record=a, original=b1, by=alice)  # b1 is linked itself: its original is meant
    assert linked_to(a, a1, b, b1) == [b.pk, b.pk, None, b.pk]


def test_links_that_make_no_sense_are_refused_and_change_nothing(search, review, alice):
    a, b = factories.record(search), factories.record(search)
    foreign = factories.record(factories.search(factories.review(lead=alice, slug="other"), by=alice))
    with pytest.raises(BadInput, match="duplicate of itself"):
        dedup.link_records(record=a, original=a, by=alice)
    with pytest.raises(BadInput, match="different reviews"):
        dedup.link_records(record=a, original=foreign, by=alice)
    with pytest.raises(Refused, match="not linked"):
        dedup.unlink_record(record=a, by=alice)
    assert not Event.objects.exists()
    dedup.link_records(record=b, original=a, by=alice)
    with pytest.raises(Refused, match="linked already"):
        dedup.link_records(record=a, original=b, by=alice)
    assert linked_to(a, b) == [None, a.pk]
    assert Event.objects.count() == 1


def test_a_record_whose_import_was_undone_cannot_be_linked(search, embase, alice, pair):
    importing.withdraw_search(search=embase, by=alice, reason="wrong")
    with pytest.raises(Refused, match="was undone"):
        dedup.judge_pair(pair=pair, by=alice, same=True)
    with pytest.raises(Refused, match="was undone"):
        dedup.link_records(record=pair.a, original=pair.b, by=alice)
    pair.refresh_from_db()
    assert pair.verdict == ""
    assert linked_to(pair.a, pair.b) == [None, None]


def test_unlinking_gives_the_votes_back_and_no_rule_links_it_again(review, search, embase, alice, bob):
    a, b = factories.record(search, **PAPER, pmid="9"), factories.record(embase, **PAPER)
    decision = vote(b, bob)
    dedup.link_records(record=b, original=a, by=alice)
    assert list(Record.objects.to_screen()) == [a]

    dedup.unlink_record(record=b, by=bob, reason="two cohorts")

    assert linked_to(a, b) == [None, None]
    assert Record.objects.to_screen().count() == 2
    decision.refresh_from_db()
    assert decision.withdrawn_at is None
    pair = DuplicatePair.objects.get()
    assert (pair.verdict, pair.decided_by) == ("different", bob)
    event = last_event()
    assert (event.verb, event.before, event.reason) == (
        "duplicate.unlinked",
        {"duplicate_of": 1},
        "two cohorts",
    )
    assert dedup.find_duplicates(review=review, by=alice).linked == 0


def test_unlinking_one_of_three_leaves_the_others_linked(review, search, alice, bob):
    a, b, c = (factories.record(search, **PAPER) for _ in range(3))
    dedup.find_duplicates(review=review, by=alice)
    dedup.unlink_record(record=c, by=bob)
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(a, b, c) == [None, a.pk, None]
    verdicts = {(pair.a_id, pair.b_id): pair.verdict for pair in DuplicatePair.objects.all()}
    assert verdicts == {(a.pk, b.pk): "same", (a.pk, c.pk): "different", (b.pk, c.pk): "different"}


def test_an_open_pair_between_two_members_of_one_group_waits_no_more_and_returns_with_the_unlink(
    pair, review, alice, search
):
    dedup.link_records(record=pair.b, original=pair.a, by=alice)
    assert not dedup.waiting_pairs(review).exists()


def test_election_prefers_found_then_votes_then_completeness_then_number(search, embase):
    a, b = factories.record(search), factories.record(embase, doi="10.1/x")
    assert elect([a, b], votes={}, withdrawn=()) == b
    voted = {a.pk: Standing(votes=1)}
    assert elect([a, b], votes=voted, withdrawn=()) == a
    assert elect([a, b], votes=voted, withdrawn={search.pk}) == b
    b.doi = ""
    assert elect([b, a], votes={}, withdrawn=()) == a


# ---------------------------------------------------------------- labelled records


def test_on_the_cytology_set_no_link_is_false(shared, review, search, alice, capsys):
    folder = shared("data/dedup/bib-dedupe/cytology_screening")
    with (folder / "records_pre_merged.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = {row["ID"]: number for number, row in enumerate(rows, start=1)}
    Record.objects.bulk_create(
        [
            Record(
                review=review, search=search, number=numbers[row["ID"]], position=numbers[row["ID"]],
                raw=row["ID"], raw_sha256=row["ID"], title=row["title"], year=int(row["year"]) if row["year"] else None,
                authors=[name.strip() for name in row["author"].split(" and ")], journal=row["journal"][:500],
                volume=row["volume"], issue=row["number"], pages=row["pages"],
            )
            for row in rows
        ]
    )  # fmt: skip
    true: set[tuple[int, int]] = set()
    with (folder / "merged_record_ids.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            true.update(combinations(sorted(numbers[each] for each in row["merged_ids"].split(";")), 2))

    dedup.find_duplicates(review=review, by=alice)

    groups: dict[int, list[int]] = {}
    for record in Record.objects.filter(review=review).order_by("number"):
        groups.setdefault(record.duplicate_of_id or record.pk, []).append(record.number)
    linked = {pair for group in groups.values() for pair in combinations(group, 2)}
    queued = {(pair.a.number, pair.b.number) for pair in dedup.waiting_pairs(review).select_related("a", "b")}
    share = len(linked & true) / len(true)
    with capsys.disabled():
        print(
            f"\ncytology: {len(linked & true)} of {len(true)} true pairs linked ({share:.1%}), "
            f"{len(queued)} pairs queued, {len(linked - true)} false"
        )
    assert len(rows) == 1856
    assert linked - true == set()
    assert share > 0.8
