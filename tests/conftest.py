"""The cast and the stage: alice leads, bob and carol review, olive observes, mallory has no business here."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import factories

# A busy machine takes its time over an example; that says nothing about the code.
settings.register_profile("winnow", deadline=None)
settings.load_profile("winnow")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _fast_and_local(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.AXES_ENABLED = False
    settings.CELERY_TASK_ALWAYS_EAGER = False


@pytest.fixture(scope="session", autouse=True)
def _flush_in_spite_of_guards() -> None:
    """Tests that flush (live server, races) must take the append-only triggers off for that moment."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from reviews.guards import install_on, remove_from
    from tests.guards import ALL_GUARDS

    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_without_guards(self, sql_list):
        remove_from(self.connection, ALL_GUARDS)
        try:
            flush(self, sql_list)
        finally:
            install_on(self.connection, ALL_GUARDS)

    BaseDatabaseOperations.execute_sql_flush = flush_without_guards


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """`shared("abstracts")` is that folder of the team's shared data; absent on users' machines, present in CI."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            if os.environ.get("CI"):
                pytest.fail(f"{path} is missing, and CI must have it")
            pytest.skip("needs the team's shared data, which is not part of the project")
        return path

    return find


@pytest.fixture
def alice(db):
    return factories.person("alice")


@pytest.fixture
def bob(db):
    return factories.person("bob")


@pytest.fixture
def carol(db):
    return factories.person("carol")


@pytest.fixture
def olive(db):
    return factories.person("olive")


@pytest.fixture
def mallory(db):
    return factories.person("mallory")


@pytest.fixture
def review(alice, bob, carol, olive):
    """A review with its people and nothing found yet."""
    return factories.review(lead=alice, reviewers=[bob, carol], observers=[olive])


@pytest.fixture
def search(review, alice):
    return factories.search(review, by=alice)


@pytest.fixture
def record(search):
    return factories.record(search)


@pytest.fixture
def as_person(client) -> Iterator[Callable]:
    """`as_person(bob)` is a browser signed in as bob."""
    from django.test import Client

    def sign_in(user) -> Client:
        browser = Client()
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return browser

    return sign_in
