"""What had been judged on the records of an undone import comes back when they are imported again: once, and marked."""

from datetime import date

import pytest

from reviews import audit, importing
from reviews.models import Event, Record, Removal, Report, Search, Study
from screening import conflicts, decisions, moving, visibility
from screening.carried_plan import Wish
from screening.models import Conflict, Decision, Resolution
from screening.returning import Returned, return_judgements
from tests import factories
from tests.screening.scene import FT, TA, carried, criterion_of, vote

ABOUT = {"source": "PubMed", "kind": "database", "searched_on": date(2026, 1, 15)}
ONE = "TY  - JOUR\nTI  - One\nAB  - We gave it.\nDO  - 10.1000/one\nER  - \n\n"
TWO = "TY  - JOUR\nTI  - Two\nAB  - We gave more.\nER  - \n\n"
THREE = "TY  - JOUR\nTI  - Three\nER  - \n\n"
RIS = ONE + TWO + THREE


@pytest.fixture
def bring_in(review, alice):
    """Import a text; the votes that come back come back."""

    def do(text=RIS):
        search = importing.import_search(review=review, by=alice, data=text.encode(), **ABOUT).search
        return search, return_judgements(search=search, by=alice)

    return do


@pytest.fixture
def undo(alice):
    def do(search):
        importing.withdraw_search(search=search, by=alice, reason="Wrong file.")

    return do


def of(search, title="One"):
    return Record.objects.get(search=search, title=title)


def live(record, stage=TA):
    rows = Decision.objects.filter(record=record, stage=stage, withdrawn_at=None)
    return {row.reviewer.name: row.verdict for row in rows.select_related("reviewer")}


def rows():
    return [table.objects.count() for table in (Decision, Conflict, Resolution, Report, Event)]


# ---------------------------------------------------------------- what comes back


def test_a_vote_comes_back_as_it_was_and_says_where_from(bring_in, undo, review, alice, bob):
    first, _ = bring_in()
    reason = criterion_of(review, alice, "Drug")
    made = vote(
        bob, of(first), "exclude", reason=reason, note="Not it.", judgements={str(reason.pk): "not_met"}
    ).decision
    undo(first)
    again, returned = bring_in()
    assert returned == Returned(1, 1)
    back = Decision.objects.get(record=of(again))
    for name in (
        "stage",
        "reviewer",
        "verdict",
        "reason",
        "note",
        "judgements",
        "criteria_version",
        "made_at",
        "seen_votes",
    ):
        assert getattr(back, name) == getattr(made, name), name
    assert (back.came_from, back.withdrawn_at) == (made, None)
    assert live(of(first)) == {"Bob": "exclude"}
    each, whole = Event.objects.order_by("-seq")[:2][::-1]
    assert (each.verb, each.record, each.after["of"], each.after["from_record"]) == (
        "decision.returned", of(again), "Bob", of(first).number
    )  # fmt: skip
    assert (whole.verb, whole.after["decisions"]) == (
        "decisions.returned",
        {"title_abstract": 1, "full_text": 0},
    )
    assert audit.verify(review).ok


def test_what_was_settled_is_settled_again_with_its_conflict_its_report_and_its_study(
    bring_in, undo, review, alice, bob, carol
):
    drug = criterion_of(review, alice, "Drug", FT)
    first, _ = bring_in()
    vote(bob, of(first), "exclude"), vote(carol, of(first), "include")
    conflicts.resolve(
        conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="Read together."
    )
    study = Study.objects.create(review=review, label="One 2020")
    Report.objects.filter(record=of(first)).update(
        retrieval="retrieved", text="All of it.", file="reports/x.pdf", sha256="f" * 64, study=study
    )
    (
        vote(bob, of(first), "exclude", stage=FT, reason=drug),
        vote(carol, of(first), "exclude", stage=FT, reason=drug),
    )
    undo(first)
    again, returned = bring_in()
    assert returned == Returned(4, 1)
    ta, ft = Resolution.objects.filter(record=of(again)).order_by("stage").reverse()
    assert (ta.verdict, ta.how, ta.by, ta.explanation) == ("include", "adjudication", alice, "Read together.")
    assert (ta.conflict.record, ta.conflict.closed_how) == (of(again), "resolved")
    assert (ft.verdict, ft.reason, ft.conflict) == ("exclude", drug, None)
    report = Report.objects.get(record=of(again))
    assert (report.retrieval, report.text, report.file.name, report.study) == (
        "retrieved",
        "All of it.",
        "reports/x.pdf",
        study,
    )


def test_an_open_conflict_is_open_again_and_can_be_settled(bring_in, undo, alice, bob, carol):
    first, _ = bring_in()
    vote(bob, of(first), "exclude"), vote(carol, of(first), "include")
    undo(first)
    again, _ = bring_in()
    conflict = Conflict.objects.get(record=of(again), closed_at=None)
    conflicts.resolve(conflict=conflict, by=alice, verdict="exclude", explanation="No.")
    assert Resolution.objects.get(record=of(again)).verdict == "exclude"


def test_what_was_brought_along_comes_back_so_marked_and_is_undone_with_the_rest(bring_in, undo, alice, bob):
    first, _ = bring_in()
    carried(of(first))
    bringing = moving.bring(wish=Wish(first, TA, {"Ann": bob}), by=alice).bringing
    undo(first)
    again, _ = bring_in()
    assert Decision.objects.get(record=of(again)).brought == bringing
    assert moving.send_back(bringing=bringing, by=alice, reason="No.").withdrawn == 2
    assert live(of(again)) == {}


# ---------------------------------------------------------------- which entry is which


OTHER_FORMAT = """PMID- 7
TI  - ONE!
AB  - We gave
      it
LID - 10.1000/ONE [doi]
"""


@pytest.mark.parametrize(
    ("text", "comes_back"),
    [
        (ONE + "TY  - JOUR\nTI  - New\nER  - \n", True),  # the same entry in a longer file
        (OTHER_FORMAT, True),  # the same words in another format
        (ONE.replace("10.1000/one", "10.1000/other"), False),  # another DOI
        (ONE.replace("We gave it.", "We took it."), False),  # another abstract
        (ONE.replace("DO  - 10.1000/one\n", ""), True),  # no DOI, the same abstract
    ],
)
def test_an_entry_is_the_same_by_its_bytes_or_by_its_words_and_numbers(bring_in, undo, bob, text, comes_back):
    first, _ = bring_in()
    vote(bob, of(first))
    undo(first)
    again, returned = bring_in(text)
    assert returned.decisions == comes_back
    found = Record.objects.filter(search=again).order_by("position").first()
    assert live(found) == ({"Bob": "include"} if comes_back else {})


def test_a_title_alone_is_not_enough(bring_in, undo, bob):
    first, _ = bring_in()
    vote(bob, of(first, "Three"))
    undo(first)
    _, returned = bring_in(THREE.replace("ER", "PY  - 2020\nER"))
    assert returned == Returned(0, 0)


def test_entries_alike_answer_each_to_its_own(bring_in, undo, bob, carol):
    first, _ = bring_in(TWO + TWO)
    one, two = Record.objects.filter(search=first).order_by("position")
    vote(bob, one, "include"), vote(carol, two, "exclude")
    undo(first)
    again, returned = bring_in(TWO + TWO + ONE)
    one, two, _ = Record.objects.filter(search=again).order_by("position")
    assert (returned.decisions, live(one), live(two)) == (2, {"Bob": "include"}, {"Carol": "exclude"})


def test_another_reviews_votes_never_come_over(undo, alice, bob):
    texts = {}
    for slug in ("one", "two"):
        review = factories.review(lead=alice, reviewers=[bob], slug=slug)
        texts[slug] = importing.import_search(review=review, by=alice, data=RIS.encode(), **ABOUT).search
        if slug == "one":
            vote(bob, of(texts[slug]))
            undo(texts[slug])
    assert return_judgements(search=texts["two"], by=alice) == Returned(0, 0)


# ---------------------------------------------------------------- never twice, never over a vote made there


def test_repeating_changes_nothing(bring_in, undo, alice, bob):
    first, _ = bring_in()
    vote(bob, of(first))
    undo(first)
    again, _ = bring_in()
    before = rows()
    assert return_judgements(search=again, by=alice) == Returned(0, 0)
    assert rows() == before


def test_a_vote_made_on_the_new_record_keeps_its_stage_to_itself(bring_in, undo, review, alice, bob, carol):
    first, _ = bring_in()
    vote(bob, of(first), "exclude"), vote(bob, of(first, "Two"), "exclude")
    undo(first)
    again = importing.import_search(review=review, by=alice, data=RIS.encode(), **ABOUT).search
    vote(carol, of(again), "include")
    assert return_judgements(search=again, by=alice) == Returned(1, 1)
    assert (live(of(again)), live(of(again, "Two"))) == ({"Carol": "include"}, {"Bob": "exclude"})


def test_a_vote_comes_back_once_and_what_became_of_it_is_its_story(bring_in, undo, bob):
    first, _ = bring_in()
    vote(bob, of(first))
    undo(first)
    second, _ = bring_in()
    decisions.withdraw(decision=Decision.objects.get(record=of(second)), by=bob)
    undo(second)
    third, returned = bring_in()
    assert (returned, live(of(third))) == (Returned(0, 0), {})


def test_from_one_import_to_the_next_it_follows_the_newest(bring_in, undo, bob, carol):
    first, _ = bring_in()
    vote(bob, of(first), "include")
    undo(first)
    second, _ = bring_in()
    vote(carol, of(second), "include")
    undo(second)
    third, returned = bring_in()
    assert (returned.decisions, live(of(third))) == (2, {"Bob": "include", "Carol": "include"})
    assert Resolution.objects.get(record=of(third)).how == "agreement"


def test_what_was_taken_back_before_the_undo_does_not_come_back(bring_in, undo, bob):
    first, _ = bring_in()
    decisions.withdraw(decision=vote(bob, of(first)).decision, by=bob)
    undo(first)
    assert bring_in()[1] == Returned(0, 0)


def test_an_import_that_counts_again_gives_nothing(bring_in, undo, review, alice, bob):
    first, _ = bring_in()
    vote(bob, of(first))
    undo(first)
    other = importing.import_search(review=review, by=alice, data=(RIS + "\n").encode(), **ABOUT).search
    importing.restore_search(search=first, by=alice)
    assert return_judgements(search=other, by=alice) == Returned(0, 0)


def test_a_record_removed_meanwhile_is_left_alone(bring_in, undo, review, alice, bob):
    first, _ = bring_in()
    vote(bob, of(first))
    undo(first)
    again = importing.import_search(review=review, by=alice, data=RIS.encode(), **ABOUT).search
    Removal.objects.create(record=of(again), kind="other", reason="Before 1990", by=alice, at=audit.now())
    assert return_judgements(search=again, by=alice) == Returned(0, 0)


# ---------------------------------------------------------------- blind as before


def test_who_had_not_judged_sees_nothing_and_who_had_seen_is_known_to_have_seen(
    bring_in, undo, review, bob, carol, alice
):
    first, _ = bring_in()
    vote(bob, of(first), "exclude")
    mine = vote(carol, of(first), "include").decision
    decisions.withdraw(decision=mine, by=carol)
    undo(first)
    again, _ = bring_in()
    record = of(again)
    assert visibility.sees_votes(carol, review, TA, [record.pk]) == set()
    assert visibility.sees_votes(bob, review, TA, [record.pk]) == {record.pk}
    assert visibility.had_seen(carol, review, TA, record.pk) == (False, True)
    assert vote(carol, record, "include").decision.seen_votes


def test_an_import_without_a_past_costs_one_question(review, alice, django_assert_num_queries):
    search = factories.search(review, by=alice)
    factories.record(search)
    fresh = Search.objects.get(pk=search.pk)
    with django_assert_num_queries(1):
        assert return_judgements(search=fresh, by=alice) == Returned(0, 0)
