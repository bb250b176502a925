"""Agreement, pilot rounds and screening again through the doors: pages, forms, files and the API."""

import csv
import io

import pytest

from reviews.models import Event
from screening import criteria
from screening.models import Decision, Resolution, Sample
from screening.pilot import draw_pilot
from tests import factories
from tests.screening.scene import TA, criterion_of, text_of, vote

HERE = "/r/myeloma/agreement/title_abstract/"
API = "/api/r/myeloma/agreement/title_abstract/"


@pytest.fixture
def judged(search, bob, carol):
    """Ten records: bob and carol agree on three includes and four excludes, and disagree on three."""
    records = [factories.record(search, title=f"=Trial <b>{n}</b>") for n in range(10)]
    for record, (one, other) in zip(
        records, [("include", "include")] * 3 + [("include", "exclude")] * 3 + [("exclude", "exclude")] * 4,
        strict=True,
    ):  # fmt: skip
        vote(bob, record, one)
        vote(carol, record, other)
    return records


# ---------------------------------------------------------------- figures


def test_the_page_leads_with_positive_agreement_and_says_what_is_counted(judged, alice, as_person):
    said = text_of(as_person(alice).get("/r/myeloma/agreement/"))
    assert "Of all “include or maybe”, 66.7% were shared by the other person" in said
    assert "over 10 records judged by two people or more. 3 disagreements, one by one" in said
    assert "Cohen’s kappa" in said and "PABAK" in said and "Krippendorff’s alpha" in said
    assert "3 in conflict now" in said


def test_the_caveat_is_said_where_includes_are_rare(search, alice, bob, carol, as_person):
    for n in range(12):
        record = factories.record(search, title=f"Trial {n}")
        vote(bob, record, "include" if n == 0 else "exclude")
        vote(carol, record, "exclude")
    said = text_of(as_person(alice).get(HERE))
    assert "When one answer is rare, agreement beyond chance misleads both ways" in said
    assert "kappa can be low, even below 0, though people agree on nearly everything" in said


def test_what_is_not_defined_is_na_and_never_nought(search, alice, bob, carol, as_person):
    record = factories.record(search)
    vote(bob, record, "exclude")
    vote(carol, record, "exclude")
    assert "Cohen’s kappa beyond chance n/a n/a" in text_of(as_person(alice).get(HERE))
    pair = as_person(alice).get(API).json()["figures"]["pairs"][0]
    assert (pair["kappa"]["value"], pair["kappa"]["se"], pair["specific"][0]["value"]) == (None, None, None)


def test_before_anything_can_be_compared_the_page_says_what_to_do(review, olive, as_person):
    said = text_of(as_person(olive).get(HERE))
    assert "Nothing to compare yet" in said and "Pilot rounds" in said


@pytest.mark.parametrize("wrong", ["extraction/", "x/", "title_abstract/?pilot=7", "title_abstract/?as=pdf"])
def test_what_there_is_not_is_not_found(judged, alice, as_person, wrong):
    assert as_person(alice).get(f"/r/myeloma/agreement/{wrong}").status_code == 404


def test_the_api_tells_the_same_figures(judged, alice, as_person):
    answer = as_person(alice).get(API).json()
    assert (answer["counted"]["by_two"], answer["counted"]["in_conflict"]) == (10, 3)
    figures = answer["figures"]
    assert figures["categories"] == ["include or maybe", "exclude"]
    assert figures["pairs"][0]["table"] == [[3, 3], [0, 4]]
    assert round(figures["pairs"][0]["kappa"]["value"], 6) == round((70 - 18 - 28) / (100 - 18 - 28), 6)
    assert answer["other_way"] is None and answer["over_time"] == []


def test_the_file_has_a_row_for_all_and_for_each_pair_and_leaves_a_line(judged, carol, alice, as_person):
    type(carol).objects.filter(pk=carol.pk).update(name="=HYPERLINK(1)")
    answer = as_person(alice).get(f"{HERE}?as=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["who"], row["and_whom"], row["records"]) for row in rows] == [
        ("everybody", "", "10"),
        ("Bob", "'=HYPERLINK(1)", "10"),
    ]
    assert (rows[1]["positive"], rows[1]["kappa"], rows[0]["kappa"]) == ("0.666667", "0.444444", "")
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.after) == (
        "exported",
        {"what": "agreement", "format": "csv", "stage": TA},
    )


def test_disagreements_are_listed_and_walked_through_one_by_one(judged, alice, as_person):
    browser = as_person(alice)
    said = text_of(browser.get(f"{HERE}disagreements/"))
    assert "said different things: 3" in said and said.count("Bob: include Carol: exclude") == 3
    first = browser.get(f"{HERE}disagreements/4/")
    assert "#4 : 1 of 3" in text_of(first) and f"{HERE}disagreements/5/" in first.content.decode()
    assert "<b>3</b>" not in first.content.decode()
    assert browser.get(f"{HERE}disagreements/1/").status_code == 404
    listed = browser.get(f"{API}disagreements/").json()
    assert [row["record"] for row in listed["disagreements"]] == [4, 5, 6] and listed["next"] is None


def test_an_observer_is_told_of_settled_records_only(judged, olive, as_person):
    browser = as_person(olive)
    assert "No disagreement." in text_of(browser.get(HERE))
    assert browser.get(f"{HERE}disagreements/4/").status_code == 404
    assert browser.get(f"{API}disagreements/").json()["disagreements"] == []


@pytest.mark.parametrize("address", [HERE, f"{HERE}disagreements/", "/r/myeloma/pilots/"])
def test_pages_ask_the_database_a_bounded_number_of_times(
    judged, alice, as_person, django_assert_max_num_queries, address
):
    browser = as_person(alice)
    with django_assert_max_num_queries(16):
        assert browser.get(address).status_code == 200


# ---------------------------------------------------------------- a pilot round, through the pages


@pytest.fixture
def ten(search):
    return [factories.record(search, title=f"Trial {n}") for n in range(10)]


def test_a_round_from_the_draw_to_screening_again(ten, review, alice, bob, carol, as_person):
    lead, reviewer = as_person(alice), as_person(bob)
    population = criterion_of(review, alice, "Population")
    form = {"size": "3", "seed": "7", "people": [bob.pk, carol.pk]}
    answer = lead.post("/r/myeloma/pilots/draw/title_abstract/", form, follow=True)
    pilot = Sample.objects.get()
    assert answer.redirect_chain[-1][0] == f"/r/myeloma/pilots/{pilot.pk}/"
    room = text_of(reviewer.get("/r/myeloma/screen/title_abstract/"))
    first = pilot.drawn.order_by("position").first().record
    assert f"#{first.number}" in room and "pilot 0 of 3" in room
    for n, one in enumerate(pilot.drawn.select_related("record").order_by("position")):
        vote(bob, one.record)
        vote(carol, one.record, "exclude" if n == 0 else "include")
    said = text_of(lead.get(f"/r/myeloma/pilots/{pilot.pk}/"))
    assert "Bob 3 of 3" in said and "1 disagreement, one by one" in said
    criteria.reword_criterion(
        criterion=population, by=alice, label="People", text="All adults.", reason="Too narrow."
    )
    said = text_of(lead.get(f"/r/myeloma/pilots/{pilot.pk}/"))
    assert "3 records of the round were judged under an older version" in said
    listed = lead.get(f"/r/myeloma/screen-again/title_abstract/?pilot={pilot.pk}")
    assert f'value="{first.number}"' in listed.content.decode()
    sent = {"record": [str(first.number)], "reason": "Read the new words.", "pilot": str(pilot.pk)}
    put = lead.post("/r/myeloma/screen-again/title_abstract/put-up/", sent, follow=True)
    assert "1 record put up for screening again." in text_of(put)
    refused = lead.post(f"/r/myeloma/pilots/{pilot.pk}/close/")
    assert refused.status_code == 400 and "Bob, Carol have not judged" in text_of(refused)
    closed = lead.post(f"/r/myeloma/pilots/{pilot.pk}/close/", {"reason": "Enough."}, follow=True)
    assert "The round is closed." in text_of(closed)


def test_a_form_that_cannot_be_used_keeps_what_was_typed(ten, alice, bob, as_person):
    browser = as_person(alice)
    address = "/r/myeloma/pilots/draw/title_abstract/"
    answer = browser.post(address, {"size": "4", "seed": "12", "people": [bob.pk]})
    assert answer.status_code == 400 and "needs two people" in text_of(answer)
    assert 'value="12"' in answer.content.decode()
    assert browser.post(address, {"size": "0", "seed": "12", "people": []}).status_code == 422
    assert Sample.objects.count() == 0


def test_only_a_lead_draws_closes_and_puts_up_again(ten, review, alice, bob, carol, as_person):
    pilot = draw_pilot(review=review, stage=TA, by=alice, size=2, seed=1, people=[bob, carol])
    before = (Sample.objects.filter(closed_at__isnull=True).count(), Event.objects.count())
    browser = as_person(bob)
    for address in (
        "/r/myeloma/pilots/draw/title_abstract/",
        f"/r/myeloma/pilots/{pilot.pk}/close/",
        "/r/myeloma/screen-again/title_abstract/put-up/",
        "/api/r/myeloma/pilots/",
        f"/api/r/myeloma/pilots/{pilot.pk}/close/",
        "/api/r/myeloma/screen-again/title_abstract/",
    ):
        assert browser.post(address, {"reason": "Mine."}).status_code == 403, address
    assert (Sample.objects.filter(closed_at__isnull=True).count(), Event.objects.count()) == before


def test_a_round_of_another_review_is_not_found(ten, review, alice, bob, carol, mallory, as_person):
    pilot = draw_pilot(review=review, stage=TA, by=alice, size=2, seed=1, people=[bob, carol])
    factories.review(lead=mallory, slug="other")
    browser = as_person(mallory)
    assert browser.get(f"/r/other/pilots/{pilot.pk}/").status_code == 404
    assert browser.get(f"/r/other/agreement/title_abstract/?pilot={pilot.pk}").status_code == 404
    assert browser.post(f"/api/r/other/pilots/{pilot.pk}/close/").status_code == 404
    assert Sample.objects.get().closed_at is None


def test_the_api_draws_shows_closes_and_puts_up_again(ten, review, alice, bob, carol, as_person):
    browser, plain = as_person(alice), {"content_type": "application/json"}
    drawn = browser.post(
        "/api/r/myeloma/pilots/",
        {"stage": TA, "size": 2, "seed": 7, "people": [bob.pk, carol.pk]},
        **plain,
    )
    assert drawn.status_code == 201
    told = drawn.json()
    assert (told["size"], told["seed"], told["drawn_from"], len(told["records"])) == (2, 7, 10, 2)
    assert [(p["name"], p["judged"], p["waited_for"]) for p in told["people"]] == [
        ("Bob", 0, True),
        ("Carol", 0, True),
    ]
    again = browser.post("/api/r/myeloma/pilots/", {"stage": TA, "size": 2, "seed": 7}, **plain)
    assert again.status_code == 409
    for one in Sample.objects.get().drawn.select_related("record"):
        vote(bob, one.record)
        vote(carol, one.record)
    closed = browser.post(f"/api/r/myeloma/pilots/{told['id']}/close/", {}, **plain).json()
    assert closed["closed_at"] and not any(p["waited_for"] for p in closed["people"])
    criterion_of(review, alice, "Population")
    address = "/api/r/myeloma/screen-again/title_abstract/"
    listed = browser.get(address).json()["records"]
    assert [row["record"] for row in listed] == sorted(told["records"])
    done = browser.post(address, {"records": told["records"], "reason": "New words."}, **plain).json()
    assert (sorted(done["put_up"]), done["left"]) == (sorted(told["records"]), [])
    assert not Resolution.objects.filter(withdrawn_at__isnull=True).exists()
    assert Decision.objects.count() == 4


def test_people_left_out_of_the_api_are_everybody_who_screens(ten, alice, as_person):
    told = as_person(alice).post(
        "/api/r/myeloma/pilots/", {"stage": TA, "size": 1, "seed": 0}, content_type="application/json"
    )
    assert [p["name"] for p in told.json()["people"]] == ["Alice", "Bob", "Carol"]
