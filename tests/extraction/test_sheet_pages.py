"""Extraction as pages: the studies, one's own sheet beside the report, asking the model."""

import pytest

from extraction import design, filling
from extraction.models import ProposedValue, Sheet, Value
from reviews import fulltext
from reviews.models import Event
from screening.models import Run, RunItem
from tests import factories

LIST = "/r/myeloma/extraction/"


@pytest.fixture
def bobs(as_person, bob):
    return as_person(bob)


@pytest.fixture
def desk_at(study):
    return f"{LIST}{study.pk}/"


@pytest.fixture
def save(bobs, desk_at, items):
    """save("enrolled", value="58") presses Save on an item; htmx=True as htmx does."""

    def do(key, *, htmx=False, person=None, **fields):
        wanted = {"do": "give", "report": "1"} | fields
        headers = {"HX-Request": "true"} if htmx else {}
        return bobs.post(f"{desk_at}items/{items[key].pk}/", wanted, headers=headers)

    return do


def text_of(answer) -> str:
    return answer.content.decode()


def live(key):
    return Value.objects.get(item__key=key, withdrawn_at__isnull=True)


# ---------------------------------------------------------------- the studies


def test_what_to_do_next_is_said_where_there_is_nothing_to_do(review, alice, bob, search, as_person):
    assert "Write the form" in text_of(as_person(alice).get(LIST))
    assert "A lead writes the form" in text_of(as_person(bob).get(LIST))
    draft = design.draft_form(review=review, by=alice)
    design.add_item(form=draft, by=alice, label="Age", kind="number")
    design.publish_form(form=draft, by=alice)
    assert "No study to extract yet" in text_of(as_person(bob).get(LIST))
    factories.included_report(factories.record(search, title="Nameless"), by=alice)
    words = text_of(as_person(bob).get(LIST))
    assert "Included, but of no study yet" in words
    assert "#1 Nameless" in words


def test_a_person_sees_their_own_progress_and_nothing_of_the_others(give, bobs, bob, carol, study):
    def line():
        [row] = bobs.get(LIST).context["lines"]
        return row.given, row.seen, row.settled, row.differing, row.sheets

    nothing = (0, False, 0, 0, [])
    assert line() == nothing
    give(carol, "enrolled", 58)
    assert line() == nothing
    give(bob, "enrolled", 60)
    assert line() == (1, False, 0, 0, [])


def test_once_both_are_in_agreement_and_differences_are_counted(fill, bobs, bob, carol):
    fill(bob)
    words = text_of(bobs.get(LIST))
    assert "waiting for the other sheet" in words
    fill(carol, enrolled=60)
    [row] = bobs.get(LIST).context["lines"]
    assert (row.settled, row.differing, row.all_in) == (3, 1, True)
    assert "3 of 6" in text_of(bobs.get(LIST))


def test_a_third_person_sees_that_both_places_are_taken(give, as_person, alice, bob, carol):
    give(bob, "enrolled", 58)
    give(carol, "enrolled", 60)
    words = text_of(as_person(alice).get(LIST))
    assert "others extract it" in words
    assert "Take data down" not in words


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_asks_as_many_queries_for_three_studies_as_for_one(
    n, form, search, alice, bob, as_person, django_assert_num_queries
):
    for each in range(n):
        report = factories.included_report(factories.record(search), by=alice, study=f"Study {each}")
        answer = filling.Answer("given", 58)
        item = form.items.get(key="enrolled")
        filling.give_value(study=report.study, item=item, extractor=bob, report=report, answer=answer)
    bobs = as_person(bob)
    with django_assert_num_queries(19):
        assert len(bobs.get(LIST).context["lines"]) == n


# ---------------------------------------------------------------- one's own sheet


def test_the_sheet_shows_the_report_by_pages_beside_the_items(bobs, desk_at, form):
    answer = bobs.get(desk_at)
    words = text_of(answer)
    assert 'id="page-1"' in words and 'id="page-2"' in words
    assert [line.item.key for line, _typed in answer.context["rows"]] == [
        "enrolled",
        "response",
        "phase",
        "blinded",
        "started",
        "dose",
    ]


@pytest.mark.parametrize(
    ("key", "fields", "kept"),
    [
        ("enrolled", {"value": " 58 "}, 58),
        ("enrolled", {"value": "62.50"}, 62.5),
        ("enrolled", {"value": "−3"}, -3),
        ("response", {"value": "10", "total": "17"}, {"count": 10, "total": 17}),
        ("phase", {"value": "I/II"}, "I/II"),
        ("blinded", {"value": "no"}, False),
        ("started", {"value": "2008-05"}, "2008-05"),
        ("dose", {"value": "0.32\r\nmg/kg"}, "0.32 mg/kg"),
    ],
)
def test_a_value_of_each_kind_is_kept_and_shown_again(save, bobs, desk_at, key, fields, kept):
    answer = save(key, **fields)
    assert (answer.status_code, answer["Location"].split("#")[0]) == (302, f"{desk_at}?report=1")
    assert live(key).value == kept
    [typed] = [typed for line, typed in bobs.get(desk_at).context["rows"] if line.item.key == key]
    again = {"value": typed.value} | ({"total": typed.total} if typed.total else {})
    save(key, **again)
    assert live(key).value == kept


@pytest.mark.parametrize(
    ("key", "fields", "words"),
    [
        ("enrolled", {"value": ""}, "no value was given"),
        ("enrolled", {"value": "1,204"}, "is not a number as it is written here"),
        ("enrolled", {"value": "1e9"}, "is not a number"),
        ("enrolled", {"value": "٣"}, "is not a number"),
        ("enrolled", {"value": "9" * 5000}, "is not a number"),
        ("response", {"value": "10"}, "the total must be a whole number"),
        ("response", {"value": "", "total": "17"}, "the count must be a whole number"),
        ("response", {"value": "18", "total": "17"}, "at most its total"),
        ("phase", {"value": "III"}, "not one of its options"),
        ("blinded", {"value": "perhaps"}, "true or false"),
        ("started", {"value": "May 2008"}, "not a date"),
    ],
)
def test_what_is_not_of_the_kind_is_refused_and_stays_in_the_form(save, rows, items, key, fields, words):
    before = rows()
    answer = save(key, note="my note", **fields)
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    [typed] = [typed for line, typed in answer.context["rows"] if line.item.key == key]
    assert (typed.value, typed.note) == (fields["value"], "my note")
    by_htmx = save(key, htmx=True, note="my note", **fields)
    assert (by_htmx.status_code, f'id="item-{items[key].pk}"' in text_of(by_htmx)) == (422, True)
    assert "hx-swap-oob" not in text_of(by_htmx)
    assert rows() == before


def test_a_quote_is_marked_in_the_report_once_saved(save, bobs, desk_at):
    save("enrolled", value="58", quote="We enrolled 58 patients")
    value = live("enrolled")
    words = text_of(bobs.get(desk_at))
    assert f'<mark class="highlight" tabindex="0" data-quotes="v{value.pk}" id="quote-v{value.pk}">' in words
    assert f'<a href="#quote-v{value.pk}">Found on page 1</a>' in words


def test_a_quote_that_is_not_there_is_said_to_be_so(save, bobs, desk_at):
    save("enrolled", value="58", quote="We enrolled 85 patients")
    assert "This quote was not found in the report" in text_of(bobs.get(desk_at))


def test_a_quote_of_an_earlier_text_is_said_to_be_so(save, bobs, desk_at, report, alice):
    save("enrolled", value="58", quote="We enrolled 58 patients")
    fulltext.paste_text(report=report, by=alice, text="Another copy.")
    words = text_of(bobs.get(desk_at))
    assert "the quote is from the earlier one" in words
    assert "data-quotes" not in words.split('id="desk-text"')[1].split("</details>")[0]


def test_htmx_gets_the_item_and_what_changed_with_it(save, items):
    answer = save("enrolled", htmx=True, value="58", quote="We enrolled 58 patients")
    words = text_of(answer)
    assert words.count('class="item"') == 1
    assert f'id="item-{items["enrolled"].pk}"' in words
    assert '<section class="desk-page" id="page-1" aria-label="Page 1" hx-swap-oob="true">' in words
    assert 'id="page-2"' not in words
    assert "<b>1</b> of 6 taken down" in words
    assert "<html" not in words


def test_changing_a_quote_redraws_the_page_it_left(save):
    save("enrolled", value="58", quote="We enrolled 58 patients")
    words = text_of(save("enrolled", htmx=True, value="17", quote="Of 17 evaluable patients"))
    assert 'id="page-1"' in words and 'id="page-2"' in words


def test_not_reported_and_taking_back(save, bobs, desk_at, rows):
    save("enrolled", do="not_reported", value="58", quote="We enrolled")
    assert (live("enrolled").state, live("enrolled").value) == ("not_reported", None)
    save("enrolled", do="withdraw")
    assert Value.objects.filter(withdrawn_at__isnull=True).count() == 0
    before = rows()
    assert save("enrolled", do="withdraw").status_code == 422
    assert rows() == before


def test_the_report_shown_is_the_one_values_are_taken_from(search, alice, bobs, desk_at, items, report):
    other = factories.included_report(
        factories.record(search), by=alice, study="Smith 2020", text="Second report."
    )
    words = text_of(bobs.get(f"{desk_at}?report=2"))
    assert "Second report." in words
    bobs.post(
        f"{desk_at}items/{items['dose'].pk}/",
        {"do": "give", "value": "x", "quote": "Second report", "report": "2"},
    )
    assert (live("dose").report, live("dose").start) == (other, 0)
    assert text_of(bobs.get(f"{desk_at}?report=99")) != ""


def test_words_of_papers_and_people_are_escaped(bobs, desk_at, save, report, alice):
    fulltext.paste_text(report=report, by=alice, text="<script>alert(1)</script> & 58 patients")
    save("dose", value="<img src=x>", quote="<script>alert(1)</script> & 58", note="<b>n</b>")
    words = text_of(bobs.get(desk_at))
    assert "<script>alert" not in words and "<img src=x" not in words and "<b>n</b>" not in words
    assert live("dose").start == 0


# ---------------------------------------------------------------- what the model proposes


def test_a_proposal_is_shown_after_ones_own_value_by_default(save, propose, bobs, desk_at):
    propose("enrolled", 60, quote="We enrolled 58 patients", doubt="The quote does not carry the number 60.")
    assert "60 patients" not in text_of(bobs.get(desk_at))
    words = text_of(save("enrolled", htmx=True, value="58"))
    assert "60 patients" in words
    assert "differs from yours" in words
    assert "unverified: The quote does not carry the number 60." in words
    assert "rule-based, not a language model" in words


def test_a_proposal_is_shown_before_where_the_protocol_says_so_and_accepted(
    save, propose, protocol, bobs, desk_at, report
):
    protocol(model_role="before")
    said = propose("enrolled", 58, quote="We enrolled 58 patients", page=1)
    words = text_of(bobs.get(desk_at))
    assert f'<mark class="quote" tabindex="0" data-quotes="p{said.pk}" id="quote-p{said.pk}">' in words
    assert f'<a href="#quote-p{said.pk}"><q>We enrolled 58 patients</q></a>' in words
    save("enrolled", do="", accept=str(said.pk))
    value = live("enrolled")
    assert (value.value, value.quote, value.from_proposal, value.page, value.seen_proposal) == (
        58,
        "We enrolled 58 patients",
        said,
        1,
        True,
    )


def test_a_proposal_on_an_earlier_text_is_shown_without_a_place(
    propose, protocol, bobs, desk_at, report, alice
):
    protocol(model_role="before")
    said = propose("enrolled", 58, quote="We enrolled 58 patients")
    fulltext.paste_text(report=report, by=alice, text="We enrolled 58 patients, says another copy.")
    words = text_of(bobs.get(desk_at))
    assert "the text was changed since this was proposed" in words
    assert f"quote-p{said.pk}" not in words


def test_a_proposal_that_may_not_be_seen_is_not_accepted(save, propose, rows):
    said = propose("enrolled", 58)
    before = rows()
    answer = save("enrolled", do="", accept=str(said.pk))
    assert (answer.status_code, "may not see" in text_of(answer)) == (409, True)
    assert save("enrolled", do="", accept="999999").status_code == 404
    assert rows() == before


def test_enter_in_a_field_saves_what_was_typed_and_never_accepts(propose, protocol, bobs, desk_at):
    """A browser presses the first button of the form when Enter is hit in a field."""
    protocol(model_role="before")
    propose("enrolled", 58)
    words = text_of(bobs.get(desk_at))
    form = words[
        words.index('<form class="item"') : words.index("</form>", words.index('<form class="item"'))
    ]
    first = form[form.index("<button") :].split(">")[0]
    assert 'name="do" value="give"' in first


def test_the_model_is_asked_by_a_lead_and_its_run_is_shown(report, form, alice, bob, as_person):
    bobs = as_person(alice)
    assert bobs.post(f"{LIST}propose/")["Location"] == LIST
    assert (Run.objects.count(), RunItem.objects.count()) == (1, 1)
    words = text_of(as_person(bob).get(LIST))
    assert "<b>0</b> of 1 reports read" in words
    assert 'hx-trigger="every 2s"' in words
    partial = text_of(as_person(bob).get(LIST, headers={"HX-Request": "true"}))
    assert partial.lstrip().startswith('<section class="run"')
    before = Event.objects.count()
    answer = bobs.post(f"{LIST}propose/")
    assert (answer.status_code, "nothing left to ask" in text_of(answer)) == (409, True)
    assert as_person(bob).post(f"{LIST}propose/").status_code == 403
    assert Event.objects.count() == before


def test_without_a_form_the_model_is_not_asked(report, alice, as_person):
    answer = as_person(alice).post(f"{LIST}propose/")
    assert (answer.status_code, "No form is published yet" in text_of(answer)) == (409, True)
    assert Run.objects.count() == 0


# ---------------------------------------------------------------- handing in


def test_open_items_are_named_and_the_sheet_stays_open(save, bobs, desk_at, rows):
    save("enrolled", value="58")
    before = rows()
    answer = bobs.post(f"{desk_at}submit/")
    assert (answer.status_code, "Still open: Partial response, Phase, Blinded." in text_of(answer)) == (
        422,
        True,
    )
    assert rows() == before


def test_a_sheet_is_handed_in_read_only_then_and_reopened_with_a_reason(fill, bobs, desk_at, bob, rows):
    fill(bob, submit=False)
    answer = bobs.post(f"{desk_at}submit/")
    assert (answer.status_code, answer["Location"]) == (302, f"{desk_at}consensus/")
    words = text_of(bobs.get(desk_at))
    assert "Your sheet was handed in" in words
    assert 'name="do"' not in words
    before = rows()
    answer = bobs.post(f"{desk_at}reopen/", {"reason": " "})
    assert (answer.status_code, "with a reason" in text_of(answer)) == (422, True)
    assert rows() == before
    assert bobs.post(f"{desk_at}reopen/", {"reason": "A slip."})["Location"] == desk_at
    assert Sheet.objects.get().submitted_at is None


def test_nobody_hands_in_or_reopens_a_sheet_they_do_not_have(fill, as_person, bob, carol, desk_at, rows):
    fill(bob)
    before = rows()
    for where in ("submit/", "reopen/"):
        assert as_person(carol).post(desk_at + where, {"reason": "x"}).status_code == 404
    assert rows() == before


def test_without_a_form_there_is_no_sheet(report, bobs):
    answer = bobs.get(f"{LIST}{report.study_id}/")
    assert (answer.status_code, "No form is published yet" in text_of(answer)) == (409, True)


def test_a_study_without_an_included_report_has_nothing_to_read(form, review, bobs):
    study = fulltext.name_study(review=review, by=form.created_by, label="Empty")
    assert "No report to read" in text_of(bobs.get(f"{LIST}{study.pk}/"))


def test_observers_and_strangers_have_no_sheet(form, study, items, olive, mallory, as_person, desk_at, rows):
    before = rows()
    for person, status in ((olive, 403), (mallory, 404)):
        bobs = as_person(person)
        assert bobs.get(desk_at).status_code == status
        for where in (f"items/{items['dose'].pk}/", "submit/", "reopen/"):
            assert bobs.post(desk_at + where, {"do": "give", "value": "x"}).status_code == status
    assert rows() == before


def test_studies_and_items_of_another_review_are_not_found(form, study, items, alice, as_person, rows):
    other = factories.review(lead=alice, slug="other")
    theirs = fulltext.name_study(review=other, by=alice, label="Theirs")
    bobs, before = as_person(alice), rows()
    assert bobs.get(f"{LIST}{theirs.pk}/").status_code == 404
    assert (
        bobs.post(f"{LIST}{theirs.pk}/items/{items['dose'].pk}/", {"do": "give", "value": "x"}).status_code
        == 404
    )
    assert rows() == before


@pytest.mark.parametrize("n", [1, 3])
def test_the_sheet_asks_as_many_queries_for_three_values_as_for_one(
    n, give, propose, bobs, bob, desk_at, django_assert_num_queries
):
    for key, value in list({"enrolled": 58, "phase": "I", "dose": "x"}.items())[:n]:
        give(bob, key, value)
        propose(key, value)
    with django_assert_num_queries(25):
        assert bobs.get(desk_at).status_code == 200
    assert ProposedValue.objects.count() == n
