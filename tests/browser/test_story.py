"""The story of a small review, as two people and a lead live it in their browsers.

Read it from the top: each step is what a person does and what they then see.
"""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from reviews import demo
from reviews.management.commands.load_demo import load
from reviews.models import Review, User
from tests.factories import PASSWORD
from workers import batches, starting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READING = 400  # ms a person looks before answering; the room ignores a key that comes with the record
ALICE, BOB, CAROL = (email for email, _name, _role in demo.PEOPLE)


@pytest.fixture
def review(live_server) -> Review:
    """The demo review, its five records read by the stand-in model."""
    review = load(PASSWORD)
    run = starting.start_and_queue(review=review, stage="title_abstract", by=User.objects.get(email=ALICE))
    while batches.work_on_batch(run):
        pass
    return review


def screen_by_keyboard(page: Page, keys: dict[int, str]) -> None:
    """Press one key a record, and wait for the next record as a reader would."""
    page.goto("/r/demo/screen/title_abstract/")
    for _ in keys:
        number = page.locator("#card input[name=record]").input_value()
        page.wait_for_timeout(READING)
        page.keyboard.press(keys[int(number)])
        expect(page.locator(f"#card input[name=record][value='{number}']")).to_have_count(0)


def test_two_people_screen_disagree_once_and_the_flow_adds_up(review, at_the_browser, live_server):
    # Bob reads the five records and answers by keyboard. Nothing of the model's is on his page before he answers.
    bob = at_the_browser(BOB)
    bob.goto("/r/demo/screen/title_abstract/")
    expect(bob.locator("#card h1, #card h2").first).to_contain_text("plerixafor")
    expect(bob.locator("#main")).not_to_contain_text("rule-based")
    screen_by_keyboard(bob, {1: "i", 2: "e", 3: "e", 4: "i", 5: "e"})
    expect(bob.locator("#main")).to_contain_text("Nothing waits for you")

    # What the model said is shown once he has answered, marked as what it is, its quote in the abstract.
    bob.goto("/r/demo/screen/title_abstract/?record=3")
    expect(bob.locator("#main")).to_contain_text("rule-based, not a language model")
    expect(bob.locator("mark.quote").first).to_be_visible()

    # Carol slips on the first record, takes it back, and then disagrees for good on the second.
    carol = at_the_browser(CAROL)
    carol.goto("/r/demo/screen/title_abstract/")
    carol.wait_for_timeout(READING)
    carol.keyboard.press("m")
    expect(carol.locator("#card input[name=record]")).to_have_value("2")
    screen_by_keyboard(carol, {2: "i", 3: "e", 4: "i", 5: "e"})

    # Alice settles what they disagree on, with a reason.
    alice = at_the_browser(ALICE)
    alice.goto("/r/demo/conflicts/")
    alice.locator("main a[href*='/conflicts/']").filter(has_text=re.compile("Collecting")).first.click()
    expect(alice.locator("main")).to_contain_text("Bob")
    expect(alice.locator("main")).to_contain_text("Carol")
    alice.get_by_label(re.compile("Why|Reason|Explanation", re.I)).first.fill(
        "It only observes; nobody was treated for it."
    )
    alice.locator("button[name=verdict][value=exclude]").click()
    expect(alice.locator("main")).to_contain_text(re.compile("settled|Settled|No conflict"))

    # The flow on the review's home adds up, and each number opens its records.
    alice.goto("/r/demo/")
    expect(alice.locator("main svg").first).to_contain_text("Records excluded")
    alice.goto("/r/demo/prisma/")
    expect(alice.get_by_role("cell", name="holds", exact=True).first).to_be_visible()
    expect(alice.get_by_role("cell", name="does not hold")).to_have_count(0)
    alice.goto("/r/demo/prisma/records_excluded/")
    assert sorted(set(re.findall(r"/records/(\d+)/\"", alice.content()))) == ["2", "3", "5"]

    # And the trail holds.
    call_command("verify_trail", "demo")


@pytest.mark.parametrize("width", [1280, 360])
def test_no_page_of_a_review_scrolls_sideways(review, at_the_browser, width):
    page = at_the_browser(ALICE, viewport={"width": width, "height": 800})
    wide = {}
    for address in PAGES:
        page.goto(address)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[address] = over
    assert wide == {}


PAGES = [
    "/",
    "/reviews/new/",
    *(
        f"/r/demo/{room}"
        for room in (
            "", "searches/", "searches/new/", "records/", "records/2/", "records/2/trail/", "duplicates/",
            "screen/title_abstract/", "screen/full_text/", "conflicts/", "runs/", "reports/", "studies/", "form/",
            "extraction/", "prisma/", "trail/", "protocol/", "criteria/", "people/", "export/",
        )
    ),
]  # fmt: skip
