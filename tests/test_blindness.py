"""Until a person has decided, nothing lets them learn another's decision or the model's proposal on it.

Every GET address of pages and API is walked, found from the URL resolver, so that rooms built later are walked
too. Two questions are asked of each: does it hold a word that is sealed for this person, and does it change by
anything at all when the sealed opinions are turned into their opposites?
"""

import io
import itertools
import logging
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from extraction.export import SHAPES
from extraction.models import Item, Sheet, Value
from reviews import export
from reviews.models import (
    AutomationRule,
    DuplicatePair,
    Invitation,
    Job,
    LLMCall,
    Membership,
    Record,
    Report,
    RuleApplication,
    Search,
    Study,
    User,
)
from reviews.prisma import BOXES
from screening import conflicts, decisions, reading
from screening.models import Bringing, Conflict, Criterion, Decision, Proposal, Protocol, Run, RunItem, Sample
from tests import blind_world
from tests.blind_world import FT, MARK, TA

# What a part of an address can be, by its name.
WORDS: dict[str, Callable[[], list]] = {
    "slug": lambda: ["myeloma"],
    "stage": lambda: [TA, FT, "extraction"],
    "number": lambda: list(Record.objects.values_list("number", flat=True)),
    "item_pk": lambda: pks(Item),
    "value_pk": lambda: pks(Value),
    "box": lambda: [
        *BOXES,
        *(f"dbr_excluded-{pk}" for pk in pks(Criterion)),
        *(f"excluded_automatic-{pk}" for pk in pks(AutomationRule)),
        f"source-{pks(Search)[0]}",
    ],
    "kind": lambda: [*export.KINDS, "prisma", *AutomationRule.Kind.values],
    "form": lambda: ["csv", "json", "ris", "svg"],
    "shape": lambda: list(SHAPES),
    "secret": lambda: ["no-such-secret"],
}
# An id is looked for in the table that the part of the address before it names; elsewhere every id is tried.
TABLES = {
    "searches": Search,
    "jobs": Job,
    "people": Membership,
    "members": Membership,
    "invitations": Invitation,
    "duplicates": DuplicatePair,
    "criteria": Criterion,
    "runs": Run,
    "conflicts": Conflict,
    "bringings": Bringing,
    "decisions": Decision,
    "pilots": Sample,
    "extraction": Study,
    "items": Item,
    "rules": AutomationRule,
    "applications": RuleApplication,
}
# Ways to look into a list; each is tried on every address that needs no id.
QUERIES = [
    f"q={MARK}",
    "q=BOBSNOTE",
    "record=1",
    "record=4",
    "record=6",
    "record=7",
    "original=1",
    "original=3",
    "pair=1",
    "after=1",
    "linked=1",
    "number=1",
    f"stage={TA}",
    f"stage={FT}",
    "verdict=exclude",
    "decision=exclude",
    "status=excluded",
    "status=conflict",
    "proposal=exclude",
    "proposal=counted",
    "pilot=1",
    "as=csv",
    "reason=1",
    "verb=decision.made",
    "person=bob",
    "format=csv",
    "format=json",
    "n=25",
]
EVERY = [*TABLES.values(), Record, Report, User, LLMCall, Proposal, RunItem, Sheet, Value]


@pytest.fixture
def world(review, alice, bob, carol):
    cache.clear()  # the API counts requests per person
    logging.disable(logging.WARNING)  # hundreds of 404 and 403 are meant
    yield blind_world.build(review, alice, bob, carol)
    logging.disable(logging.NOTSET)


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, dict]]:
    """Every address as (template with {names}, converters by name).

    Left out: the admin, which is for operators, and the pages of one's own account, which know no review.
    """
    for pattern in (resolver or get_resolver()).url_patterns:
        where = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin" and where != "account/":
                yield from routes(pattern, where)
        elif isinstance(pattern, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", where), pattern.pattern.converters


def pks(table) -> list[int]:
    return list(table.objects.values_list("pk", flat=True)) or [1]


def arguments(template: str, converters: dict) -> list[list]:
    """What each part of this address can be, in order."""
    values = []
    for name, converter in converters.items():
        before = template.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        if name in WORDS:
            values.append(WORDS[name]())
        elif type(converter).__name__ == "UUIDConverter":
            values.append([run.key for run in Run.objects.all()])
        elif before in TABLES:
            values.append(pks(TABLES[before]))
        else:
            values.append(sorted({pk for table in EVERY for pk in pks(table)}))
    return values


def addresses() -> Iterator[tuple[str, list[str]]]:
    """Each route with every address it has in this review."""
    for template, converters in routes():
        combinations = itertools.product(*arguments(template, converters))
        yield template, ["/" + template.format(**dict(zip(converters, c, strict=True))) for c in combinations]


def body(answer) -> str:
    """All words of an answer, those inside a zip too."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content[:2] != b"PK":
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def same_whenever(words: str) -> str:
    """Without what differs from one request to the next: form tokens, keys, hashes, times of day."""
    words = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", words)
    words = re.sub(r'name="seed" value="\d+"', "", words)  # of the next pilot round: a new one each time
    words = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "#", words)
    words = re.sub(r"\b[0-9a-f]{7,64}\b", "#", words)
    return re.sub(r"\d\d:\d\d(:\d\d(\.\d+)?)?", "#", words)


def walk(browser, only: Iterable[str] = ()) -> dict[str, str]:
    """Address -> what it says, of everything that answers this person's GET with something.

    With `only`, just those again.
    """
    if only:
        return {address: ask(browser, address)[1] for address in only}
    said: dict[str, str] = {}
    for _, of_route in addresses():
        entered = False
        for address in of_route:
            status, words = ask(browser, address)
            assert status < 500, address
            if status == 405:
                break
            if status < 400:
                said[address] = words
                if not entered:
                    said |= looked_into(browser, address, words)
                entered = True
    return said


def looked_into(browser, address: str, plain: str) -> dict[str, str]:
    """The same address by htmx, and with each question in its query, where it listens to questions at all."""
    said = {f"{address} by htmx": ask(browser, f"{address} by htmx")[1]}
    together = "&".join({query.partition("=")[0]: query for query in QUERIES}.values())
    if same_whenever(ask(browser, f"{address}?{together}")[1]) == same_whenever(plain):
        return said
    return said | {f"{address}?{query}": ask(browser, f"{address}?{query}")[1] for query in QUERIES}


def ask(browser, address: str) -> tuple[int, str]:
    """Status and words. What the answer wrote (an export goes into the trail) is undone: each finds the same."""
    plain, by_htmx, _ = address.partition(" by htmx")
    with transaction.atomic():
        answer = browser.get(plain, headers={"HX-Request": "true"} if by_htmx else None)
        words = body(answer)
        transaction.set_rollback(True)
    return answer.status_code, words


def leaks(said: dict[str, str]) -> dict[str, set[str]]:
    """Where a sealed word stands, and which. What the person typed themselves into a query is no leak."""
    found = {}
    for address, words in said.items():
        sealed = set(re.findall(rf"(?:BOBS|MODEL|RAW)\w*{MARK}", words))
        if sealed:
            found[address] = sealed
    return found


PEOPLE = ["carol", "alice", "olive"]


@pytest.mark.parametrize("name", PEOPLE)
def test_nothing_sealed_is_said_anywhere_and_nothing_changes_when_it_is_turned_round(
    world, name, request, as_person, bob
):
    person = request.getfixturevalue(name)
    before = walk(as_person(person))
    found = leaks(before)
    if name != "olive":  # those who may settle a conflict see both its votes
        open_words = {f"BOBSCONFLICT{MARK}"} | ({f"BOBSPILOT{MARK}"} if name == "alice" else set())
        found = {address: words - open_words for address, words in found.items()}
        found = {address: words for address, words in found.items() if words}
    assert found == {}
    blind_world.turn_round(world, bob, the_pilot=name != "alice")  # she judged it herself
    after = walk(as_person(person), only=before)
    changed = [
        address for address in before if same_whenever(before[address]) != same_whenever(after[address])
    ]
    assert changed == []


def test_bob_himself_finds_his_own_words_so_the_walk_can_find_them(world, bob, as_person):
    rooms = [a for _, found in addresses() for a in found if "judgement" in a or "/decisions/" in a]
    found = leaks(walk(as_person(bob), only=rooms))
    words = set().union(*found.values())
    assert {f"BOBSNOTE{MARK}", f"BOBSFULLTEXT{MARK}", f"MODELREASON{MARK}"} <= words


def test_every_address_with_a_room_behind_it_was_really_entered(world, alice, as_person):
    """An address the walk cannot fill in would be a blind spot of this test: give it its words above."""
    browser = as_person(alice)
    closed = set()
    for template, of_route in addresses():
        answers = (ask(browser, address)[0] for address in of_route)
        if not any(status < 400 or status == 405 for status in answers):
            closed.add(template)
    assert closed <= WITHOUT_A_ROOM


# Addresses that answer nobody here, and why.
WITHOUT_A_ROOM = {
    "admin/login/",  # the operator's
    "join/{secret}/",  # needs the secret of an invitation, which is shown once and kept as a hash
    "api/join/{secret}/",
    "r/{slug}/reports/{number}/file/",  # nothing was uploaded in this world
    "r/{slug}/searches/{pk}/file/",  # sealed, or never kept
}


# ---------------------------------------------------------------- and after one's own decision


@pytest.mark.parametrize(
    "address",
    [
        "/r/myeloma/screen/title_abstract/?record=1",
        "/r/myeloma/records/1/judgement/",
        "/api/r/myeloma/records/1/judgement/",
    ],
)
def test_after_her_own_decision_carol_sees_both(world, carol, alice, as_person, address):
    assert leaks({address: body(as_person(carol).get(address))}) == {}
    blind_world.vote(carol, world.sealed, TA, "include")
    [found] = leaks({address: body(as_person(carol).get(address))}).values()
    assert found == {f"BOBSNOTE{MARK}", f"MODELREASON{MARK}", f"MODELQUOTE{MARK}"}


def test_taking_her_decision_back_seals_it_again(world, carol, as_person):
    Protocol.objects.create(review=world.review, stage=TA, reviewers_wanted=2)
    outcome = blind_world.vote(carol, world.sealed, TA, "include")
    decisions.withdraw(decision=outcome.decision, by=carol)
    address = "/r/myeloma/records/1/judgement/"
    assert leaks({address: body(as_person(carol).get(address))}) == {}


def test_the_proposal_is_shown_before_where_the_protocol_says_so_and_bobs_vote_still_is_not(
    world, carol, as_person
):
    Protocol.objects.create(review=world.review, stage=TA, model_role="before")
    address = "/r/myeloma/screen/title_abstract/?record=1"
    [found] = leaks({address: body(as_person(carol).get(address))}).values()
    assert found == {f"MODELREASON{MARK}", f"MODELQUOTE{MARK}"}


def test_an_observer_sees_a_settled_record_and_not_one_in_conflict(world, olive, alice, as_person):
    browser = as_person(olive)
    disputed = "/r/myeloma/records/3/judgement/"
    assert leaks({disputed: body(browser.get(disputed))}) == {}
    conflicts.resolve(
        conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="Read together."
    )
    [found] = leaks({disputed: body(browser.get(disputed))}).values()
    assert found == {f"BOBSCONFLICT{MARK}"}


# ---------------------------------------------------------------- what a file of another tool carries


def all_said_of(record, browser) -> str:
    """What pages and API say of a record that is in the file, its search and its story."""
    number, search = record.number, record.search_id
    rooms = [
        f"records/{number}/",
        f"records/{number}/judgement/",
        f"records/{number}/trail/",
        f"searches/{search}/",
        f"searches/{search}/file/",
    ]
    addresses = [f"/r/myeloma/{room}" for room in rooms] + [f"/api/r/myeloma/{room}" for room in rooms]
    return "\n".join(body(browser.get(address)) for address in addresses)


def sealed_words(record, browser) -> set[str]:
    """The words of bob's that stand there."""
    return set().union(*leaks({"": all_said_of(record, browser)}).values())


@pytest.mark.parametrize("name", ["alice", "carol", "olive"])
def test_the_file_its_name_the_raw_entry_and_what_it_carries_are_sealed_until_one_has_judged(
    world, name, request, as_person
):
    browser = as_person(request.getfixturevalue(name))
    assert [sealed_words(record, browser) for record in (world.carried, world.brought)] == [set(), set()]


def test_bob_is_as_blind_to_the_file_as_everybody_until_he_has_judged_here(world, bob, as_person):
    assert sealed_words(world.carried, as_person(bob)) == set()


def test_it_opens_with_the_record_and_not_after_one_stage_of_two(world, alice, carol, as_person):
    browser = as_person(carol)
    blind_world.vote(carol, world.carried, TA, "include")
    assert sealed_words(world.carried, browser) == set()
    decisions.withdraw(decision=Decision.objects.get(record=world.carried), by=carol)
    for person in (alice, carol):
        blind_world.vote(person, world.carried, TA, "exclude")
    everything = {"BOBSFILE", "BOBSRAW", "BOBSREASON", "BOBSLABEL", "BOBSCARRIED"}
    assert sealed_words(world.carried, browser) == {f"{word}{MARK}" for word in everything}


def test_what_a_model_is_sent_has_no_word_of_the_file(world):
    for record in (world.carried, world.brought):
        text, _ = reading.judged_text(record, TA)
        assert text == f"{record.title}\n\n{record.abstract}" and "BOBS" not in text
