"""Fixtures of the judgement: a criterion, a record whose report is at hand."""

import pytest

from reviews.models import Record, Report
from tests.screening.scene import criterion_of, vote


@pytest.fixture
def population(review, alice):
    return criterion_of(review, alice, "Population")


@pytest.fixture
def retrieved(record, alice, carol):
    """The record, included at title and abstract, its report at hand."""
    for person in (alice, carol):
        vote(person, record)
    text = "Page one speaks of methods.\nPage two speaks of results."
    Report.objects.filter(record=record).update(
        retrieval="retrieved", text=text, page_map=[[1, 0, 28], [2, 28, len(text)]]
    )
    return Record.objects.get(pk=record.pk)


@pytest.fixture
def news(review, alice, population):
    return criterion_of(review, alice, "News", kind="exclude")
