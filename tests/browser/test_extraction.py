"""Taking data down beside the report, by keyboard and on a phone, and settling what two people differ on."""

import pytest
from playwright.sync_api import Page, expect

from extraction import design, filling
from extraction.models import ConsensusValue, Sheet, Value
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = (
    "A trial of plerixafor with bortezomib. We enrolled 58 patients between May 2008 and July 2011.",
    "Of 17 evaluable patients, 10 (59%) had a partial response. The median age was 62.9 years.",
)
TEXT = "\n\n".join(PAGES)
PAGE_MAP = [[1, 0, len(PAGES[0])], [2, len(PAGES[0]) + 2, len(TEXT)]]
BOB, CAROL, ALICE = "bob@example.org", "carol@example.org", "alice@example.org"
SELECT = """words => {
  const walker = document.createTreeWalker(document.getElementById("desk-text"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(words);
    if (at >= 0) getSelection().setBaseAndExtent(node, at, node, at + words.length);
  }
}"""


@pytest.fixture
def report(live_server, alice, bob, carol, review, search):
    form = design.draft_form(review=review, by=alice)
    design.add_item(form=form, by=alice, label="Patients enrolled", kind="number", unit="patients")
    design.add_item(form=form, by=alice, label="Partial response", kind="count_of_total")
    design.add_item(form=form, by=alice, label="Blinded", kind="yes_no")
    design.publish_form(form=form, by=alice)
    return factories.included_report(
        factories.record(search), by=alice, text=TEXT, page_map=PAGE_MAP, study="Smith 2020"
    )


def sheet_of(page: Page, report) -> None:
    page.goto(f"/r/myeloma/extraction/{report.study_id}/")
    expect(page.locator("form.item [data-quote-button]").first).to_be_visible()  # its script has run


def test_a_sheet_is_filled_by_keyboard_with_quotes_from_the_report(report, bob, at_the_browser):
    page = at_the_browser(BOB)
    sheet_of(page, report)
    # Words selected in the report become the quote of the item one is in; typing goes on in its field.
    page.evaluate(SELECT, "We enrolled 58 patients")
    expect(page.get_by_role("button", name="Quote for: Patients enrolled")).to_be_visible()
    page.keyboard.press("q")
    expect(page.get_by_label("Quote").first).to_have_value("We enrolled 58 patients")
    page.keyboard.type("58")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_contain_text("Found on page 1")
    expect(page.locator("#desk-text mark.highlight")).to_have_text("We enrolled 58 patients")
    expect(page.locator("#sheet-progress")).to_contain_text("1 of 3 taken down")
    # On to the next item and the one after it, which the report does not say.
    page.locator("#desk-text").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("n")
    expect(page.locator("form.item").nth(2)).to_contain_text("not reported, saved")
    # A link to the quote and the words in the report light up together.
    page.get_by_role("link", name="Found on page 1").hover()
    expect(page.locator("#desk-text mark.highlight")).to_have_class("highlight is-lit")
    value = Value.objects.get(item__label="Patients enrolled", withdrawn_at__isnull=True)
    assert (value.value, value.quote, value.page) == (58, "We enrolled 58 patients", 1)
    assert TEXT[value.start : value.end] == value.quote


def test_on_a_phone_the_form_comes_first_and_the_report_opens_above_it(report, bob, at_the_browser):
    page = at_the_browser(BOB, viewport={"width": 360, "height": 740}, has_touch=True)
    sheet_of(page, report)
    text = page.locator("#desk-text")
    expect(text).not_to_be_visible()
    page.get_by_label("Partial response: count").fill("10")
    page.get_by_label("Partial response: total").fill("17")
    page.get_by_text("Report", exact=True).click()
    expect(text).to_be_visible()
    page.evaluate(SELECT, "Of 17 evaluable patients, 10")
    page.get_by_role("button", name="Quote for: Partial response").tap()
    item = page.locator("form.item").nth(1)
    expect(item.get_by_label("Quote")).to_have_value("Of 17 evaluable patients, 10")
    item.get_by_role("button", name="Save Partial response").tap()
    expect(item).to_contain_text("Found on page 2")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert Value.objects.get(withdrawn_at__isnull=True).value == {"count": 10, "total": 17}


def test_two_people_differ_and_a_third_settles_it(report, alice, bob, carol, at_the_browser):
    items = {item.label: item for item in design.published_form(report.record.review).items.all()}
    for person, enrolled in ((bob, 58), (carol, 60)):
        for label, value in (
            ("Patients enrolled", enrolled),
            ("Partial response", {"count": 10, "total": 17}),
            ("Blinded", False),
        ):
            answer = filling.Answer("given", value)
            filling.give_value(
                study=report.study, item=items[label], extractor=person, report=report, answer=answer
            )
    pages = {who: at_the_browser(who) for who in (BOB, CAROL, ALICE)}
    for who in (BOB, CAROL):
        sheet_of(pages[who], report)
        pages[who].get_by_role("button", name="Hand in my sheet").click()
        pages[who].wait_for_url("**/consensus/")
    assert Sheet.objects.filter(submitted_at__isnull=False).count() == 2
    page = pages[ALICE]
    page.goto("/r/myeloma/extraction/")
    expect(page.get_by_role("row", name="Smith 2020")).to_contain_text("1 to settle")
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="1 to settle")).to_be_visible()
    page.get_by_text("Bob: 58 patients").click()
    page.get_by_label("Reason").first.fill("The first page says 58.")
    page.get_by_role("button", name="Settle Patients enrolled").click()
    expect(page.locator("#main")).to_contain_text("Nothing is left to settle")
    made = ConsensusValue.objects.get(item__label="Patients enrolled")
    assert (made.value, made.how, made.by) == (58, "chosen", alice)
