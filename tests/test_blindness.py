"""Until a person has decided, nothing lets them learn another's decision or the model's proposal on it.

Every GET address of pages and API is walked, found from the URL resolver, so that rooms built later are walked
too. Two questions are asked of each: does it hold a word that is sealed for this person, and does it change by
anything at all when the sealed opinions are turned into their opposites?
"""

import io
import itertools
import re
import uuid
import zipfile
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver

from extraction.models import Item, Sheet, Value
from reviews.models import DuplicatePair, Invitation, LLMCall, Membership, Record, Report, Search, Study, User
from screening import decisions
from screening.models import Conflict, Criterion, Decision, Proposal, Protocol, Run, RunItem
from tests import blind_world
from tests.blind_world import FT, MARK, TA

# What a part of an address can be, by its name. A name that is not here is tried with every id of the review.
WORDS = {
    "slug": ["myeloma"],
    "stage": [TA, FT, "extraction"],
    "format": ["json", "csv", "svg", "ris", "zip"],
    "secret": ["no-such-secret"],
    "token": ["no-such-token"],
}
# Ways to look into a list; each is tried on every address that needs no id.
QUERIES = [
    f"q={MARK}",
    "q=BOBSNOTE",
    "record=1",
    "record=4",
    "number=1",
    f"stage={TA}",
    f"stage={FT}",
    "verdict=exclude",
    "decision=exclude",
    "status=excluded",
    "status=conflict",
    "proposal=exclude",
    "reason=1",
    "verb=decision.made",
    "person=bob",
    "format=csv",
    "format=json",
    "n=25",
]
TABLES = [
    Record, Search, Report, Study, DuplicatePair, Membership, Invitation, User, LLMCall, Criterion, Decision,
    Conflict, Proposal, Run, RunItem, Item, Sheet, Value,
]  # fmt: skip


@pytest.fixture
def world(review, alice, bob, carol):
    cache.clear()  # the API counts requests per person
    return blind_world.build(review, alice, bob, carol)


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, dict]]:
    """Every address as (template with {names}, converters by name); the admin is for operators, not members."""
    for pattern in (resolver or get_resolver()).url_patterns:
        where = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from routes(pattern, where)
        elif isinstance(pattern, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", where), pattern.pattern.converters


def ids() -> list[int]:
    found = {row for table in TABLES for row in table.objects.values_list("pk", flat=True)}
    return sorted(found | {record.number for record in Record.objects.all()})


def addresses() -> Iterator[str]:
    """Each address with every argument that could make sense there."""
    numbers = ids()
    for template, converters in routes():
        values = []
        for name, converter in converters.items():
            kind = type(converter).__name__
            if name in WORDS:
                values.append(WORDS[name])
            elif name == "number":  # in this project always the number of a record
                values.append(list(Record.objects.values_list("number", flat=True)))
            elif kind == "IntConverter":
                values.append(numbers)
            elif kind == "UUIDConverter":
                values.append([str(run.key) for run in Run.objects.all()] or [str(uuid.uuid4())])
            else:
                values.append([*WORDS["stage"], *WORDS["format"]])
        for combination in itertools.product(*values):
            yield "/" + template.format(**dict(zip(converters, combination, strict=True)))


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
    words = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "#", words)
    words = re.sub(r"\b[0-9a-f]{7,64}\b", "#", words)
    return re.sub(r"\d\d:\d\d(:\d\d(\.\d+)?)?", "#", words)


def walk(browser) -> dict[str, str]:
    """Address -> what it says, of everything that answers this person's GET with something."""
    said = {}
    unusable = set()  # addresses that take no GET at all: one try is enough
    for address in addresses():
        shape = re.sub(r"\d+", "1", address)
        if shape in unusable:
            continue
        answer = browser.get(address)
        if answer.status_code == 405:
            unusable.add(shape)
        assert answer.status_code < 500, address
        if answer.status_code >= 400:
            continue
        said[address] = body(answer)
        if not re.search(r"\d", address):
            for query in QUERIES:
                said[f"{address}?{query}"] = body(browser.get(f"{address}?{query}"))
            said[f"{address} by htmx"] = body(browser.get(address, HTTP_HX_REQUEST="true"))
    return said


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
        found = {address: words - {f"BOBSCONFLICT{MARK}"} for address, words in found.items()}
        found = {address: words for address, words in found.items() if words}
    assert found == {}
    blind_world.turn_round(world, bob)
    after = walk(as_person(person))
    assert after.keys() == before.keys()
    changed = [
        address for address in before if same_whenever(before[address]) != same_whenever(after[address])
    ]
    assert changed == []


def test_bob_himself_finds_his_own_words_so_the_walk_can_find_them(world, bob, as_person):
    found = leaks(walk(as_person(bob)))
    words = set().union(*found.values())
    assert {f"BOBSNOTE{MARK}", f"BOBSFULLTEXT{MARK}", f"MODELREASON{MARK}"} <= words


def test_every_address_with_a_room_behind_it_was_really_entered(world, alice, as_person):
    """An address the walk cannot fill in would be a blind spot of this test: give it its words above."""
    browser = as_person(alice)
    entered: dict[str, bool] = {}
    numbers = ids()
    for template, converters in routes():
        if template.startswith("healthz"):
            continue
        values = [WORDS.get(name, numbers) for name in converters]
        statuses = []
        for combination in itertools.product(*values):
            status = browser.get("/" + template.format(**dict(zip(converters, combination, strict=True))))
            statuses.append(status.status_code)
            if status.status_code < 400 or status.status_code == 405:
                break
        entered[template] = any(status < 400 or status == 405 for status in statuses)
    closed = {template for template, was in entered.items() if not was}
    assert closed <= WITHOUT_A_ROOM


# Addresses that answer nobody here, and why.
WITHOUT_A_ROOM = {
    "join/{secret}/",  # needs the secret of an invitation, which is shown once and kept as a hash
    "api/join/{secret}/",
    "r/{slug}/reports/{number}/file/",  # no PDF was uploaded in this world
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
    from screening import conflicts

    conflicts.resolve(
        conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="Read together."
    )
    [found] = leaks({disputed: body(browser.get(disputed))}).values()
    assert found == {f"BOBSCONFLICT{MARK}"}
