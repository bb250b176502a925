"""Rules before screening through the pages, as a lead, a reviewer and an observer meet them."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews.applying_rules import apply_rules, undo_rules
from reviews.models import AutomationRule, Event, Job, NoticeList, Record, Removal, RuleApplication, RuleUndo
from reviews.rules import add_rule, rules_in_force
from tests import factories
from tests.reviews.random_reviews import settle, vote
from tests.reviews.test_rules import number, to_screen
from workers import jobs as work

RULES = "/r/myeloma/rules/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def text(answer, status=200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def applied(browser, page="/r/myeloma/rules/preview/"):
    """Press the button of the preview, with the hidden fields it has."""
    shown = text(browser.get(page))
    fields = {"rule": re.findall(r'name="rule" value="(\d+)"', shown)}
    fields["up_to"] = re.findall(r'name="up_to" value="(\d+)"', shown)
    return browser.post(f"{RULES}apply/", fields, follow=True)


# ---------------------------------------------------------------- writing


def test_a_lead_ticks_what_the_records_say_with_spelling_variants_gathered(review, library, alice, as_person):
    factories.record(library, language="Engl")
    browser = as_person(alice)
    shown = text(browser.get(f"{RULES}new/language/"))
    assert re.findall(r'value="(\w+)" id="id_languages_\d+">\s*([^<]+)</label>', shown) == [
        ("English", "English · 2"),
        ("German", "German · 2"),
    ]
    assert "1 records say no language: they stay." in shown
    assert "“Engl” (1)" in shown
    page = text(
        browser.post(
            f"{RULES}new/language/",
            {"mode": "only", "languages": ["English"], "more": "fre\n\nItalian"},
            follow=True,
        )
    )
    assert "Written down: language is not English, French or Italian. Nothing was taken out yet." in page
    assert "6 records wait to be checked" in page
    assert AutomationRule.objects.get().settings == {
        "mode": "only",
        "languages": ["English", "French", "Italian"],
    }
    assert not Removal.objects.exists()


def test_publication_types_are_offered_in_their_usual_spelling(review, library, alice, as_person):
    for types in (["editorial"], ["editorial", "Comment"], ["Letter"]):
        factories.record(library, publication_types=types)
    browser = as_person(alice)
    shown = text(browser.get(f"{RULES}new/publication_type/"))
    assert re.findall(r'id="id_types_\d+">\s*([^<]+)</label>', shown) == [
        "editorial · 3",
        "Comment · 1",
        "Letter · 1",
    ]
    browser.post(f"{RULES}new/publication_type/", {"types": ["editorial"], "unless": "Clinical Trial"})
    assert (
        AutomationRule.objects.get().words
        == "publication type is editorial, unless it is also Clinical Trial"
    )


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("year", {"first": "1990", "last": ""}, "year is before 1990"),
        ("title", {"phrases": "protocol\nerratum"}, "title contains “protocol” or “erratum”"),
        ("retraction", {"papers": "on"}, "retracted paper"),
        (
            "retraction",
            {"papers": "on", "notices": "on", "text": "10.1000/a\n4711", "list_name": "Ours"},
            "retracted paper or notice of retraction (also by the list “Ours”)",
        ),
    ],
)
def test_every_kind_of_rule_is_written_down_through_its_form(review, alice, as_person, kind, data, words):
    text(as_person(alice).post(f"{RULES}new/{kind}/", data, follow=True))
    assert [rule.words for rule in rules_in_force(review)] == [words]


def test_a_list_of_retractions_is_uploaded_and_offered_again(review, alice, as_person):
    file = SimpleUploadedFile("rw.csv", b"OriginalPaperDOI,RetractionNature\n10.1000/a,Retraction\n")
    browser = as_person(alice)
    browser.post(f"{RULES}new/retraction/", {"papers": "on", "file": file, "list_name": "RW, May 2026"})
    assert NoticeList.objects.get().papers == ["10.1000/a"]
    assert "RW, May 2026" in text(browser.get(f"{RULES}new/retraction/"))


@pytest.mark.parametrize(
    ("kind", "data", "status", "words"),
    [
        ("language", {"mode": "only"}, 400, "at least one language"),
        ("language", {"mode": "most"}, 422, "not one of the available choices"),
        ("year", {}, 400, "Give the first year"),
        ("year", {"first": "90"}, 422, "greater than or equal to 1400"),
        ("retraction", {}, 400, "Choose retracted papers"),
        ("retraction", {"papers": "on", "text": "10.1000/a"}, 422, "Say where the list is from"),
        ("retraction", {"papers": "on", "text": "nothing", "list_name": "x"}, 400, "No DOI"),
        ("title", {"phrases": "of"}, 400, "too short"),
    ],
)
def test_a_rule_that_is_none_says_why_and_is_not_kept(review, alice, as_person, kind, data, status, words):
    assert words in text(as_person(alice).post(f"{RULES}new/{kind}/", data), status)
    assert (AutomationRule.objects.count(), NoticeList.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_replacing_shows_what_the_rule_says_now(review, alice, as_person, english):
    browser = as_person(alice)
    shown = text(browser.get(f"{RULES}{english.pk}/replace/"))
    assert 'value="English" id="id_languages_0" checked' in shown
    page = text(
        browser.post(
            f"{RULES}{english.pk}/replace/",
            {"mode": "only", "languages": ["English", "German"]},
            follow=True,
        )
    )
    assert "language is not English or German" in page
    assert text(browser.post(f"{RULES}{english.pk}/replace/", {"mode": "not", "languages": ["German"]}), 409)
    assert [rule.words for rule in rules_in_force(review)] == ["language is not English or German"]


def test_rules_are_moved_and_retired(review, alice, as_person, english, recent):
    browser = as_person(alice)
    browser.post(f"{RULES}{recent.pk}/move/", {"direction": "up"})
    assert rules_in_force(review) == [recent, english]
    browser.post(f"{RULES}{recent.pk}/move/", {"direction": "up"})
    browser.post(f"{RULES}999/move/", {"direction": "up"})
    assert rules_in_force(review) == [recent, english]
    apply_rules(review=review, by=alice)
    page = text(browser.post(f"{RULES}{english.pk}/retire/", follow=True))
    assert "The 2 records it took out stay out until you bring them back." in page
    assert "Retired, and still keeping records out" in page
    assert "retired already" in text(browser.post(f"{RULES}{english.pk}/retire/"), 409)


def test_a_kind_that_is_not_there_is_not_found(review, alice, as_person):
    assert as_person(alice).get(f"{RULES}new/colour/").status_code == 404


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(review, alice, as_person, settings):
    settings.MAX_UPLOAD_MB = 0
    file = SimpleUploadedFile("rw.csv", b"10.1000/a\n" * 200_000)
    answer = as_person(alice).post(
        f"{RULES}new/retraction/", {"papers": "on", "file": file, "list_name": "x"}
    )
    assert answer.status_code == 413
    assert not NoticeList.objects.exists()


# ---------------------------------------------------------------- preview and application


def test_the_preview_says_which_records_and_by_which_words(review, alice, as_person, english, recent):
    shown = text(as_person(alice).get(f"{RULES}preview/"))
    assert "They match 3 of 5 records up for screening." in shown
    assert re.findall(r'<mark class="hint">([^<]+)</mark>', shown) == ["ger", "Deutsch", "1985"]
    assert "Mark 3 records as ineligible" in shown
    assert to_screen() == [1, 2, 3, 4, 5]


def test_the_preview_shows_twenty_of_each_rule_and_says_how_many_there_are(review, search, alice, as_person):
    for n in range(23):
        factories.record(search, language="ger", title=f"Title {n + 1}.")
    add_rule(review=review, by=alice, kind="language", settings={"languages": ["English"]})
    shown = text(as_person(alice).get(f"{RULES}preview/"))
    assert ("Title 20." in shown, "Title 21." in shown) == (True, False)
    assert "The first 20 of 23 are shown." in shown


def test_applying_leads_to_what_was_done(review, alice, as_person, english, recent):
    page = text(applied(as_person(alice)))
    assert "3 of 5 records were marked as ineligible. Each can be brought back." in page
    assert to_screen() == [1, 4]
    rules = text(as_person(alice).get(RULES))
    assert "Every record up for screening was checked against these rules." in rules
    assert "2 records out" in rules


def test_a_rule_written_after_the_preview_is_not_applied_with_it(review, alice, as_person, english):
    browser = as_person(alice)
    add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    answer = browser.post(f"{RULES}apply/", {"rule": [english.pk], "up_to": "6"})
    assert "The rules were changed since you looked." in text(answer, 409)
    assert (to_screen(), RuleApplication.objects.count()) == ([1, 2, 3, 4, 5], 0)


def test_a_vote_cast_between_preview_and_button_wins(review, alice, bob, as_person, english):
    browser = as_person(alice)
    shown = text(browser.get(f"{RULES}preview/"))
    vote(number(2), bob)
    fields = {
        "rule": re.findall(r'name="rule" value="(\d+)"', shown),
        "up_to": re.findall(r'name="up_to" value="(\d+)"', shown),
    }
    page = text(browser.post(f"{RULES}apply/", fields, follow=True))
    assert "1 of 5 records was marked as ineligible." in page
    assert to_screen() == [1, 2, 4, 5]


def test_in_a_large_review_a_worker_applies_the_rules(
    review, alice, as_person, english, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("reviews.views.rules.AT_ONCE", 3)
    browser = as_person(alice)
    page = text(applied(browser))
    assert "Applying the rules before screening" in page
    job = Job.objects.get()
    assert (job.kind, job.arguments) == ("rules", {"expected": [english.pk], "up_to": 5})
    assert to_screen() == [1, 2, 3, 4, 5]
    assert work.do(job.pk)
    assert to_screen() == [1, 4, 5]
    page = text(browser.get(f"/r/myeloma/jobs/{job.pk}/", follow=True))
    assert "2 of 5 records were marked as ineligible." in page
    assert "Rules applied on" in page


def test_a_job_whose_rules_changed_meanwhile_fails_in_words(review, alice, as_person, english, monkeypatch):
    monkeypatch.setattr("reviews.views.rules.AT_ONCE", 3)
    applied(as_person(alice))
    add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    assert work.do(Job.objects.get().pk)
    assert "The rules were changed since you looked." in Job.objects.get().error
    assert to_screen() == [1, 2, 3, 4, 5]


# ---------------------------------------------------------------- blindness


def test_the_preview_is_the_same_whether_a_colleague_has_voted_or_not(review, alice, bob, as_person, english):
    def seen() -> list[str]:
        pages = [text(as_person(alice).get(page)) for page in (RULES, f"{RULES}preview/")]
        pages.append(text(as_person(alice).get("/api/r/myeloma/rules/preview/")))
        return [TOKEN.sub("", page) for page in pages]

    before = seen()
    vote(number(2), bob)
    assert seen() == before
    assert "judged already" not in before[1]


def test_judgements_one_may_see_are_listed_as_staying(review, alice, bob, as_person, english):
    vote(number(2), alice)
    settle(number(3), bob, verdict="exclude")
    shown = text(as_person(alice).get(f"{RULES}preview/"))
    assert "2 judged already, stay" in shown
    assert "They match 0 of 5 records" in shown
    told = as_person(alice).get("/api/r/myeloma/rules/preview/").json()["rules"][0]
    assert (told["matched"], told["judged_already"]["n"]) == (0, 2)
    assert [each["number"] for each in told["judged_already"]["first"]] == [2, 3]


# ---------------------------------------------------------------- undoing


def test_an_application_and_a_rule_of_it_are_undone_with_a_reason(review, alice, as_person, english, recent):
    browser = as_person(alice)
    done = apply_rules(review=review, by=alice)
    undo = {"application": done.pk, "rule": recent.pk, "reason": "Older trials matter"}
    page = text(browser.post(f"{RULES}undo/", undo, follow=True))
    assert "1 record is back and wait" in page.replace("waits", "wait")
    assert "Older trials matter" in page
    assert to_screen() == [1, 4, 5]
    assert "Nothing was undone: give a reason" in text(
        browser.post(f"{RULES}undo/", {"application": done.pk, "reason": ""}), 422
    )
    text(browser.post(f"{RULES}undo/", {"application": done.pk, "reason": "x"}, follow=True))
    assert to_screen() == [1, 2, 3, 4, 5]
    again = browser.post(f"{RULES}undo/", {"application": done.pk, "reason": "x"})
    assert "Nothing of this is out any more." in text(again, 409)
    assert RuleUndo.objects.count() == 2


def test_what_is_not_there_cannot_be_undone(review, alice, as_person):
    for given in ({"rule": 99}, {"application": 10**30}):
        assert as_person(alice).post(f"{RULES}undo/", {"reason": "x"} | given).status_code in (404, 422)
    assert "Say what is to be undone" in text(as_person(alice).post(f"{RULES}undo/", {"reason": "x"}), 400)


def test_a_record_says_which_rule_took_it_out_and_is_brought_back_with_a_reason(
    review, alice, bob, olive, as_person, english
):
    apply_rules(review=review, by=alice)
    shown = text(as_person(olive).get("/r/myeloma/records/2/"))
    assert "Marked as ineligible by the rule “language is not English”" in shown
    assert "(the record says: <b" in shown
    assert "applied by Alice on" in shown
    assert "Bring it back" not in shown
    browser = as_person(bob)
    assert "No reason was given" in text(browser.post("/r/myeloma/records/2/restore/"), 400)
    page = text(browser.post("/r/myeloma/records/2/restore/", {"reason": "English abstract"}, follow=True))
    assert "#2 is back and waits to be screened." in page
    assert "Was out before screening, and is back from that (1)" in page
    applied(as_person(alice))
    assert 2 in to_screen()
    shown = text(as_person(alice).get(f"{RULES}preview/"))
    assert "1 brought back by a person, stays" in shown


# ---------------------------------------------------------------- who may, and what stands there


def test_the_story_of_a_record_tells_of_the_rule_though_its_event_is_about_many(
    review, alice, olive, as_person, english
):
    done = apply_rules(review=review, by=alice)
    story = "/r/myeloma/records/{}/trail/"
    shown = text(as_person(olive).get(story.format(2)))
    assert "Marked as ineligible by the rule “language is not English” (the record said: ger)" in shown
    assert f'href="{RULES}applications/{done.pk}/"' in shown
    assert "Marked as ineligible" not in text(as_person(olive).get(story.format(1)))
    undo_rules(review=review, by=alice, rule=english, reason="x")
    assert "what the rule did was undone on" in text(as_person(olive).get(story.format(2)))


def test_reviewers_and_observers_read_the_rules_and_change_nothing(
    review, alice, bob, olive, as_person, english
):
    done = apply_rules(review=review, by=alice)
    events = Event.objects.count()
    for person in (bob, olive):
        browser = as_person(person)
        shown = text(browser.get(RULES))
        assert "language is not English" in shown
        assert ("Add a rule about" in shown, "Retire" in shown, "Preview" in shown) == (False,) * 3
        assert "Bring back" not in text(browser.get(f"{RULES}applications/{done.pk}/"))
        assert browser.get(f"{RULES}preview/").status_code == 403
        for address in ("apply/", "undo/", f"{english.pk}/retire/", f"{english.pk}/move/", "new/year/"):
            assert browser.post(f"{RULES}{address}", {"reason": "x"}).status_code == 403
    assert (to_screen(), Event.objects.count()) == ([1, 4, 5], events)


def test_a_review_without_rules_says_what_to_do(review, alice, bob, as_person):
    assert "None yet. Nothing is taken out by writing one down" in text(as_person(alice).get(RULES))
    assert "Leads write them down." in text(as_person(bob).get(RULES))
    assert "No rule yet" in text(as_person(alice).get(f"{RULES}preview/"))


def test_an_application_of_another_review_is_not_found(review, alice, as_person, english):
    done = apply_rules(review=review, by=alice)
    other = factories.review(lead=alice, slug="other")
    factories.rule(other, by=alice)
    assert as_person(alice).get(f"/r/other/rules/applications/{done.pk}/").status_code == 404
    assert as_person(alice).get(f"/r/other/rules/{english.pk}/replace/").status_code == 404
    assert (
        as_person(alice).post("/r/other/rules/undo/", {"rule": english.pk, "reason": "x"}).status_code == 404
    )


def test_new_records_are_told_of_where_leads_look(review, library, alice, bob, as_person, english):
    apply_rules(review=review, by=alice)
    words = "Records not checked against the rules <b>1</b>"
    assert words not in text(as_person(alice).get("/r/myeloma/"))
    factories.record(library, language="ger")
    assert words in text(as_person(alice).get("/r/myeloma/"))
    assert words not in text(as_person(bob).get("/r/myeloma/"))
    assert "1 record was not checked against the" in text(as_person(bob).get("/r/myeloma/searches/"))
    assert "1 record was not checked against these rules yet." in text(as_person(bob).get(RULES))


def test_words_of_papers_and_people_are_escaped(review, search, alice, as_person):
    evil = "<script>alert(1)</script>"
    factories.record(search, language=evil, publication_types=[evil], title=evil)
    browser = as_person(alice)
    add_rule(review=review, by=alice, kind="publication_type", settings={"types": [evil]})
    pages = [f"{RULES}new/language/", f"{RULES}new/publication_type/", RULES, f"{RULES}preview/"]
    shown = "".join(text(browser.get(page)) for page in pages)
    shown += text(applied(browser)) + text(browser.get("/r/myeloma/records/1/"))
    shown += text(browser.get("/r/myeloma/prisma/")) + text(browser.get("/r/myeloma/trail/"))
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


@pytest.mark.parametrize("size", [1, 25])
@pytest.mark.parametrize(("room", "most"), [("", 12), ("preview/", 18)])
def test_the_pages_ask_the_same_number_of_queries_however_many_records(
    size, room, most, review, search, alice, bob, as_person, django_assert_max_num_queries
):
    for _ in range(size):
        record = factories.record(search, language="ger")
        factories.record(search, year=1980)
    vote(record, bob)
    add_rule(review=review, by=alice, kind="language", settings={"languages": ["English"]})
    add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    browser = as_person(alice)
    with django_assert_max_num_queries(most):
        browser.get(RULES + room)


def test_several_records_of_the_list_are_removed_for_one_reason(review, library, bob, olive, as_person):
    browser = as_person(bob)
    assert 'name="number"' not in text(browser.get("/r/myeloma/records/"))
    shown = text(browser.get("/r/myeloma/records/?choose=1&q=trial"))
    assert re.findall(r'name="number" value="(\d+)"', shown) == ["1", "2", "3", "4", "5"]
    given = {"number": ["2", "3"], "reason": "Sent twice", "query": "choose=1&q=trial"}
    assert as_person(olive).post("/r/myeloma/records/remove/", given).status_code == 403
    answer = browser.post("/r/myeloma/records/remove/", given, follow=True)
    assert answer.redirect_chain == [("/r/myeloma/records/?choose=1&q=trial", 302)]
    assert "2 records were removed before screening: Sent twice" in text(answer)
    assert "removed: Sent twice" in text(answer)
    assert to_screen() == [1, 4, 5]


def test_a_choice_that_cannot_be_removed_stays_ticked_beside_the_reason(
    review, library, alice, bob, as_person
):
    vote(number(2), alice)
    given = {"number": ["2", "4"], "reason": "Sent twice", "query": "choose=1"}
    shown = text(as_person(bob).post("/r/myeloma/records/remove/", given), 409)
    assert "Somebody judged #2 already" in shown
    assert re.findall(r'name="number" value="(\d+)" form="remove-chosen" checked', shown) == ["2", "4"]
    assert 'value="Sent twice"' in shown
    assert (Removal.objects.count(), to_screen()) == (0, [1, 2, 3, 4, 5])
    assert "No reason" in text(as_person(bob).post("/r/myeloma/records/remove/", given | {"reason": ""}), 400)


def test_the_list_shows_what_a_rule_took_out(review, alice, olive, as_person, english, recent):
    done = apply_rules(review=review, by=alice)
    numbers = re.compile(r'<th class="num" scope="row" data-label="No.">(\d+)</th>')
    for query, found in (
        (f"rule={english.pk}", ["2", "3"]),
        (f"rule={recent.pk}&application={done.pk}", ["5"]),
    ):
        assert numbers.findall(text(as_person(olive).get(f"/r/myeloma/records/?{query}"))) == found
    assert Record.objects.count() == 6
