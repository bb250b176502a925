"""What models propose: which reports are asked about, and how a value is held against its quote."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from extraction import design, proposals
from extraction.listing import as_json, in_words, newest_values
from extraction.models import ConsensusValue, ProposedValue, Value
from reviews import audit, fulltext
from reviews.models import Event, LLMCall, Report
from reviews.refusals import Refused
from screening import runs
from screening.models import Run, RunItem
from tests import factories

HOW = runs.HowToAsk("m/1", "", "extract", "0" * 64, proposals.RULE_VERSION, {})
TEXT = (
    "We enrolled 58 patients. Of 17 evaluable patients, 10 (59%) had a partial response; all 5 in Spain did. "
    "The difference was −0.5 points. The first patient came on 26 November 2012, the last in May 2015; see 2011-03."
)


def grounded(state, value=None, quote="", page_map=()):
    said = {"item": "x", "state": state, "value": value, "quote": quote, "reasoning": ""}
    return proposals.grounded(said, TEXT, list(page_map))


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        (58, "We enrolled 58 patients"),
        (58.0, "we  ENROLLED 58\npatients"),
        ({"count": 10, "total": 17}, "Of 17 evaluable patients, 10 (59%)"),
        (59, "10 (59%) had a partial response"),
        (-0.5, "The difference was −0.5 points"),
        ("10 (59%)", "17 evaluable patients, 10 (59%)"),
        ("partial response", "had a partial response"),
        (True, "had a partial response"),
        ("2012-11-26", "The first patient came on 26 November 2012"),
        ("2012", "came on 26 November 2012"),
        ("2015-05", "the last in May 2015"),
        ("2011-03", "see 2011-03"),
    ],
)
def test_a_value_whose_quote_is_found_and_carries_it_is_verified(value, quote):
    kept = grounded("given", value, quote)
    assert kept.get("doubt", "") == ""
    assert kept["tier"]
    assert TEXT[kept["start"] : kept["end"]].casefold() == " ".join(quote.split()).casefold()


@pytest.mark.parametrize(
    ("value", "quote", "number"),
    [
        (85, "We enrolled 58 patients", "85"),
        (0.59, "10 (59%) had a partial response", "0.59"),
        (0.5, "The difference was −0.5 points", "0.5"),
        ({"count": 10, "total": 58}, "Of 17 evaluable patients, 10 (59%)", "10 of 58"),
        ({"count": 5, "total": 5}, "all 5 in Spain did", "5 of 5"),
        ("12 of 17", "Of 17 evaluable patients, 10", "12 of 17"),
        ("2012-11-27", "The first patient came on 26 November 2012", "2012-11-27"),
        ("2012-10-26", "The first patient came on 26 November 2012", "2012-10-26"),
        ("2015-06", "the last in May 2015", "2015-06"),
    ],
)
def test_a_value_whose_number_is_not_in_its_quote_is_unverified(value, quote, number):
    kept = grounded("given", value, quote)
    assert kept == {
        "state": "given",
        "value": value,
        "quote": quote,
        "doubt": f"The quote does not carry the number {number}.",
    }


@pytest.mark.parametrize("quote", ["We enrolled 85 patients", "enrolled", "58 patients were enrolled"])
def test_a_quote_that_is_not_in_the_report_is_unverified(quote):
    kept = grounded("given", 85, quote)
    assert kept["doubt"] == "The quote was not found in the report's text."
    assert "start" not in kept and "tier" not in kept


def test_not_reported_has_no_quote_and_needs_none():
    assert grounded("not_reported") == {"state": "not_reported", "value": None, "quote": ""}


def test_a_verified_value_knows_its_page():
    at = TEXT.index("The difference")
    page_map = [[1, 0, at], [2, at, len(TEXT)]]
    assert grounded("given", 58, "We enrolled 58 patients", page_map)["page"] == 1
    assert grounded("given", -0.5, "The difference was −0.5 points", page_map)["page"] == 2
    assert grounded("given", 58, "We enrolled 58 patients")["page"] is None


@for_all(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
        st.builds(lambda a, b: {"count": a, "total": b}, st.integers(), st.integers()),
    ),
    st.text(),
)
def test_checking_a_value_against_any_quote_never_raises(value, quote):
    assert isinstance(proposals.not_carried(value, quote), str)


@for_all(st.integers(0, 10**9))
def test_a_number_is_carried_by_itself_and_not_by_its_neighbour(n):
    assert proposals.not_carried(n, f"There were {n} of them.") == ""
    assert proposals.not_carried(n + 1, f"There were {n} of them.") == str(n + 1)


# ---------------------------------------------------------------- runs


def said(**values):
    """An answer for every item of the form: (value, quote) by key, the rest not reported."""
    keys = ("enrolled", "response", "phase", "blinded", "started", "dose")
    return [
        {
            "item": key,
            "state": "given" if key in values else "not_reported",
            "value": values[key][0] if key in values else None,
            "quote": values[key][1] if key in values else "",
            "reasoning": "There.",
        }
        for key in keys
    ]


def call():
    return {
        "model_answered": "m/1", "messages": [], "parameters": {}, "schema_sha256": "0" * 64, "raw": "{}",
        "tokens_in": 1, "tokens_out": 1, "cost_usd": None, "started_at": audit.now(), "seconds": 0.1,
        "error_kind": "", "error": "",
    }  # fmt: skip


def test_a_run_without_a_form_is_refused(review, alice, report):
    with pytest.raises(Refused, match="No form is published"):
        proposals.start_run(review=review, by=alice, how=HOW)
    assert (Run.objects.count(), Event.objects.count()) == (0, 0)


def test_only_included_reports_with_a_text_are_asked_about(review, alice, search, form, report):
    for fields in ({"text": "", "file": "x.pdf"}, {"retrieval": "sought", "text": ""}):
        factories.included_report(factories.record(search), by=alice, **fields)
    duplicate = factories.included_report(factories.record(search), by=alice)
    duplicate.record.duplicate_of = report.record
    duplicate.record.save()
    not_judged = factories.record(search)
    Report.objects.create(record=not_judged, retrieval="retrieved", text="x", opened_at=audit.now())
    run = proposals.start_run(review=review, by=alice, how=HOW)
    assert [item.record for item in run.items.all()] == [report.record]
    assert [asked["key"] for asked in run.criteria] == list(form.items.values_list("key", flat=True))


def test_what_is_under_way_or_answered_is_not_asked_again(review, alice, form, report):
    run = proposals.start_run(review=review, by=alice, how=HOW)
    assert proposals.start_run(review=review, by=alice, how=HOW) is None
    item = RunItem.objects.select_related("record__report", "run").get()
    proposals.keep_answer(item=item, values=said(), text=report.text, calls=[call()])
    assert proposals.start_run(review=review, by=alice, how=HOW) is None
    fulltext.paste_text(report=report, by=alice, text="Another text.")
    again = proposals.start_run(review=review, by=alice, how=HOW)
    assert again is not None and again != run


def test_a_new_version_of_the_form_is_asked_about(review, alice, form, report):
    proposals.start_run(review=review, by=alice, how=HOW)
    item = RunItem.objects.select_related("record__report", "run").get()
    proposals.keep_answer(item=item, values=said(), text=report.text, calls=[call()])
    design.publish_form(form=design.draft_form(review=review, by=alice), by=alice)
    assert proposals.start_run(review=review, by=alice, how=HOW) is not None


def test_an_answer_is_kept_once_and_writes_nothing_of_peoples(review, alice, form, report):
    proposals.start_run(review=review, by=alice, how=HOW)
    item = RunItem.objects.select_related("record__report", "run").get()
    values = said(enrolled=(58, "We enrolled 58 patients"), dose=("0.23 mg", "never said anywhere"))
    made = proposals.keep_answer(item=item, values=values, text=report.text, calls=[call()])
    assert len(made) == 6
    kept = {value.item.key: value for value in ProposedValue.objects.select_related("item")}
    assert (kept["enrolled"].page, kept["enrolled"].tier, kept["enrolled"].doubt) == (1, "exact", "")
    assert (kept["dose"].start, kept["dose"].tier) == (None, "")
    assert kept["dose"].doubt == "The quote was not found in the report's text."
    assert (kept["phase"].state, kept["phase"].value) == ("not_reported", None)
    assert (Value.objects.count(), ConsensusValue.objects.count()) == (0, 0)
    assert proposals.keep_answer(item=item, values=values, text=report.text, calls=[call()]) == []
    assert (ProposedValue.objects.count(), LLMCall.objects.count()) == (6, 2)
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.actor, event.record) == ("proposal.made", None, report.record)
    assert audit.verify(review).ok


# ---------------------------------------------------------------- as a program or a terminal reads them


def test_the_listing_holds_the_newest_value_of_each_item_with_its_place(propose, review, report):
    propose("enrolled", 85, quote="We enrolled 58 patients", doubt="The quote does not carry the number 85.")
    newest = propose("enrolled", 58, quote="We enrolled 58 patients", model="m/2")
    propose("blinded")
    listed = as_json(newest_values(review))
    assert [(row["item"], row["value"], row["model"]) for row in listed] == [
        ("enrolled", 58, "m/2"),
        ("blinded", None, "offline/rule-reader-1"),
    ]
    row = listed[0]
    assert (row["record"], row["report"], row["state"], row["unit"]) == (1, report.pk, "given", "patients")
    assert report.text[row["start"] : row["end"]] == row["quote"] == newest.quote
    assert set(row) >= {"title", "tier", "page", "doubt", "reasoning", "text_sha256"}


def test_the_listing_says_in_words_what_is_not_verified(propose, review):
    assert in_words(newest_values(review)) == "No proposals yet."
    propose("enrolled", 85, quote="We enrolled 58 patients", doubt="The quote does not carry the number 85.")
    propose("response", {"count": 10, "total": 17}, quote="Of 17 evaluable patients, 10")
    propose("blinded")
    assert in_words(newest_values(review)).splitlines() == [
        "Proposed by offline/rule-reader-1 (rule-based, not a language model):",
        "#1    A trial of plerixafor",
        '        Patients enrolled: 85 patients "We enrolled 58 patients" '
        "[UNVERIFIED: The quote does not carry the number 85.]",
        '        Partial response: 10 of 17 "Of 17 evaluable patients, 10" [found]',
        "        Blinded: not reported",
    ]
