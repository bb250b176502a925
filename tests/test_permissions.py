"""Every address of Winnow, walked as nobody, as a stranger and as an observer.

The addresses come from the resolver, so one added later is walked without a change here. What is public, and
what an observer may do, is listed below and short.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = {"home", "account_login", "account_signup", "join", "healthz", "api_token", "api_sign_up"}
# django-allauth's own pages (config/account_urls.py) guard themselves; tests/reviews/test_second_step.py walks them.
ALLAUTHS = "/account/"
# What every member may do by POST, PUT, PATCH or DELETE, the observer too.
OBSERVERS_MAY = {"people_leave", "api_leave"}
# For each name of a part of an address, a value. Nothing need exist behind it: a door asks who comes first.
VALUES = {"slug": "myeloma", "stage": "title_abstract", "secret": "no-such-secret", "sha256": "0" * 64}
BY_CONVERTER = {
    "int": "1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "slug": "x",
    "str": "x",
    "path": "x",
}
ACTING = ("post", "put", "patch", "delete")


@dataclass(frozen=True)
class Door:
    """One address: its name, and the path with every part filled in (`{slug}` left open)."""

    name: str
    template: str

    def __str__(self) -> str:
        return self.name or self.template

    def at(self, slug: str) -> str:
        """The path in the review called `slug`."""
        return self.template.replace("{slug}", slug)

    @property
    def of_a_review(self) -> bool:
        return "{slug}" in self.template

    @property
    def is_api(self) -> bool:
        return self.template.startswith("/api/")

    @property
    def is_admin(self) -> bool:
        return self.template.startswith("/admin/")


def filled(route: str) -> str:
    """`r/<slug:slug>/people/<int:pk>/` -> `r/{slug}/people/1/`."""

    def value(match: re.Match) -> str:
        converter, name = match["converter"] or "str", match["name"]
        if name == "slug":
            return "{slug}"
        return VALUES.get(name) or BY_CONVERTER[converter]

    return re.sub(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>", value, route)


def doors(patterns: list[Any] | None = None, before: str = "/") -> Iterator[Door]:
    """Every address the resolver knows; the admin's catch-all, a regular expression, is Django's own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from doors(pattern.url_patterns, before + route)
        elif isinstance(pattern, URLPattern) and not route.startswith("("):
            yield Door(pattern.name or "", filled(before + route))


ALL = list(doors())
PAGES = [door for door in ALL if not door.is_api and not door.is_admin]
IN_A_REVIEW = [door for door in ALL if door.of_a_review]
CLOSED_PAGES = [
    door
    for door in PAGES
    if door.name not in PUBLIC and (door.name == "account" or not door.template.startswith(ALLAUTHS))
]
CLOSED_API = [door for door in ALL if door.is_api and door.name not in PUBLIC]
ADMIN = [door for door in ALL if door.is_admin and not door.template.endswith(("/login/", "/logout/"))]


def events() -> int:
    from reviews.models import Event

    return Event.objects.count()


def test_the_walk_finds_the_addresses():
    names = {door.name for door in ALL}
    assert names >= PUBLIC | OBSERVERS_MAY
    assert {"people", "criteria", "api_members", "api_criteria"} <= names
    assert len(IN_A_REVIEW) > 20 and len(CLOSED_API) > 10
    assert all(door.name for door in PAGES + CLOSED_API)


def test_every_closed_address_starts_at_a_review_or_is_listed_here():
    elsewhere = {door.name for door in [*CLOSED_PAGES, *CLOSED_API] if not door.of_a_review}
    assert elsewhere == {"account", "account_logout", "review_new", "api_reviews", "api_join"}


@pytest.mark.parametrize("door", CLOSED_PAGES, ids=str)
def test_nobody_is_sent_to_sign_in(door, client, review):
    for method in ("get", "post"):
        answer = getattr(client, method)(door.at("myeloma"))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/"), method
    assert events() == 0


@pytest.mark.parametrize("door", CLOSED_API, ids=str)
def test_nobody_gets_nothing_from_the_api(door, client, review):
    for method in ("get", *ACTING):
        answer = getattr(client, method)(door.at("myeloma"))
        assert answer.status_code in (401, 403), method
        assert list(answer.json()) == ["error"]
    assert events() == 0


@pytest.mark.parametrize("door", IN_A_REVIEW, ids=str)
def test_a_stranger_cannot_tell_a_review_from_none(door, as_person, mallory, review):
    browser, statuses = as_person(mallory), []
    for method in ("get", "post", *(ACTING[1:] if door.is_api else ())):
        here, nowhere = (getattr(browser, method)(door.at(slug)) for slug in ("myeloma", "no-such-review"))
        # 405 only says which methods the address knows, the same for every review there is or is not.
        assert here.status_code in (404, 405), (method, here.status_code)
        assert here.status_code == nowhere.status_code
        if door.is_api:
            assert here.content == nowhere.content
        statuses.append(here.status_code)
    assert 404 in statuses
    assert events() == 0


@pytest.mark.parametrize("door", [door for door in IN_A_REVIEW if door.name not in OBSERVERS_MAY], ids=str)
def test_an_observer_acts_nowhere(door, as_person, olive, review):
    browser = as_person(olive)
    for method in ACTING if door.is_api else ("post",):
        answer = getattr(browser, method)(door.at("myeloma"))
        assert answer.status_code in (403, 405), (method, answer.status_code)
    assert events() == 0


@pytest.mark.parametrize("door", ADMIN, ids=str)
@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_the_admin_is_closed_to_all_but_operators(door, who, as_person, alice, review):
    browser = Client() if who == "nobody" else as_person(alice)
    for method in ("get", "post"):
        answer = getattr(browser, method)(door.at("myeloma"))
        sent_away = answer.status_code == 302 and re.match(r"/(admin/login|sign-in)/", answer["Location"])
        assert sent_away or answer.status_code in (403, 404), (method, answer.status_code)
