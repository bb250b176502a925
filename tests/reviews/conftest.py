"""A small library and two rules before screening, for the tests of what rules do."""

import pytest

from reviews.rules import add_rule
from tests import factories


@pytest.fixture
def library(search):
    """1 English, 2 German, 3 German editorial, 4 says nothing, 5 English of 1985, 6 a duplicate in German."""
    first = factories.record(search, language="eng", year=2019)
    factories.record(search, language="ger", year=2019)
    factories.record(search, language="Deutsch", year=2020, publication_types=["Editorial"])
    factories.record(search)
    factories.record(search, language="English", year=1985)
    factories.record(search, language="ger", duplicate_of=first)
    return search


@pytest.fixture
def english(review, alice, library):
    return add_rule(
        review=review, by=alice, kind="language", settings={"mode": "only", "languages": ["English"]}
    )


@pytest.fixture
def recent(review, alice, english):
    return add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
