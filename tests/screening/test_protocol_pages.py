"""The protocol as people and programs meet it."""

import pytest

from reviews.models import Event
from screening.models import Protocol

PAGE, API = "/r/myeloma/protocol/", "/api/r/myeloma/protocol/"
EXTRACTION = {"reviewers_wanted": "1", "model_role": "off", "reason": "one extractor is enough"}


def test_everybody_reads_the_rules_in_words(as_person, review, olive):
    words = as_person(olive).get(PAGE).content.decode()
    assert "Two people, neither seeing the other&#x27;s answer." in words
    assert "Its proposal, once a person has answered themselves." in words
    assert "Change these settings" not in words


def test_a_stage_shows_only_what_applies_to_it(as_person, review, alice):
    stages = as_person(alice).get(PAGE).context["stages"]
    assert [[about for about, _ in part["settings"]] for part in stages] == [
        [
            "How many people",
            "What a model may show",
            "Which comes first",
            "What maybe means",
            "Who settles a conflict",
        ],
        [
            "How many people",
            "What a model may show",
            "Which comes first",
            "Two people exclude for different reasons",
            "Who settles a conflict",
        ],
        ["How many people", "What a model may show"],
    ]


def test_a_lead_changes_a_stage_with_a_reason(as_person, review, alice):
    browser = as_person(alice)
    assert browser.post(f"{PAGE}extraction/", EXTRACTION)["Location"] == f"{PAGE}#extraction"
    row = Protocol.of(review, "extraction")
    assert (row.reviewers_wanted, row.model_role) == (1, "off")
    assert Event.objects.get().reason == "one extractor is enough"
    assert "What they give is the data." in browser.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"reason": ""}, 422), ({"reviewers_wanted": "3"}, 422), ({"model_role": ""}, 422)],
)
def test_a_change_that_cannot_be_made_comes_back_open(as_person, review, alice, fields, status):
    page = as_person(alice).post(f"{PAGE}extraction/", EXTRACTION | fields)
    assert page.status_code == status
    assert [part.get("open", False) for part in page.context["stages"]] == [False, False, True]
    assert (Protocol.objects.count(), Event.objects.count()) == (0, 0)


def test_a_change_that_changes_nothing_says_so_beside_the_form(as_person, review, alice):
    page = as_person(alice).post(
        f"{PAGE}extraction/", {"reviewers_wanted": "2", "model_role": "after", "reason": "why"}
    )
    assert page.status_code == 409 and "The protocol says this already." in page.content.decode()
    assert Event.objects.count() == 0


def test_there_are_three_stages_and_no_other(as_person, review, alice):
    assert as_person(alice).post(f"{PAGE}elsewhere/", EXTRACTION).status_code == 404


@pytest.mark.parametrize("who", ["bob", "olive"])
def test_only_a_lead_changes_the_protocol(as_person, review, who, request):
    browser = as_person(request.getfixturevalue(who))
    assert browser.post(f"{PAGE}extraction/", EXTRACTION).status_code == 403
    assert browser.put(f"{API}extraction/", EXTRACTION, content_type="application/json").status_code == 403
    assert (Protocol.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_protocol_asks_the_same_questions_however_much_was_set(
    rows, as_person, review, alice, django_assert_num_queries
):
    for stage in ("title_abstract", "full_text", "extraction")[:rows]:
        Protocol.objects.create(review=review, stage=stage)
    browser = as_person(alice)
    with django_assert_num_queries(4):  # session, person, membership, settings
        browser.get(PAGE)


# ---------------------------------------------------------------- the API


def put(browser, stage: str, body):
    return browser.put(f"{API}{stage}/", body, content_type="application/json")


def test_a_program_reads_and_changes_settings(as_person, review, alice, olive):
    defaults = {
        "stage": "full_text",
        "reviewers_wanted": 2,
        "model_role": "after",
        "order": "second_vote_first",
        "different_reasons": "first_in_order",
        "adjudicator": "anyone",
    }
    assert as_person(olive).get(f"{API}full_text/").json() == defaults
    answer = put(as_person(alice), "full_text", {"adjudicator": "third", "reason": "agreed"})
    assert answer.json() == defaults | {"adjudicator": "third"}
    event = Event.objects.get()
    assert (event.before, event.after) == ({"adjudicator": "anyone"}, {"adjudicator": "third"})


@pytest.mark.parametrize(
    ("stage", "body", "status"),
    [
        ("full_text", {"adjudicator": "third"}, 400),
        ("full_text", {"adjudicator": "nobody", "reason": "why"}, 400),
        ("full_text", {"adjudicator": ["third"], "reason": "why"}, 400),
        ("full_text", {"adjudicator": "third", "reason": 7}, 400),
        ("full_text", {"maybe_means": "conflict", "reason": "why"}, 400),
        ("full_text", {"by": 1, "review": 2, "reason": "why"}, 400),
        ("full_text", {"adjudicator": "anyone", "reason": "why"}, 409),
        ("full_text", {"reason": "why"}, 409),
        ("full_text", [], 400),
        ("elsewhere", {"adjudicator": "third", "reason": "why"}, 404),
    ],
)
def test_what_cannot_be_set_is_refused_in_the_one_shape(as_person, review, alice, stage, body, status):
    answer = put(as_person(alice), stage, body)
    assert answer.status_code == status
    assert sorted(answer.json()["error"]) == ["code", "kept", "mend", "what"]
    assert (Protocol.objects.count(), Event.objects.count()) == (0, 0)
