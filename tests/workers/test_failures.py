"""Secrets stay out of errors, and Retry-After is read in both its forms."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from workers import failures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent sk-abcd1234efgh today", "sent [key removed] today"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [key removed]"),
        ("http://me:secret@host/v1", "http://[key removed]@host/v1"),
        ("risk-adjusted models", "risk-adjusted models"),
        ("the token tok-998877 here", "the token [key removed] here"),
        ("every e stays", "every e stays"),
    ],
)
def test_what_is_or_looks_like_a_key_is_removed(monkeypatch, text, expected):
    monkeypatch.setenv("SOME_TOKEN", "tok-998877")
    monkeypatch.setenv("EMPTY_API_KEY", "")
    monkeypatch.setenv("SHORT_API_KEY", "e")
    assert failures.redact(text) == expected


def test_retry_after_may_be_seconds_or_a_date():
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert failures.retry_after({"Retry-After": "1.5"}) == 1.5
    assert failures.retry_after({"Retry-After": in_a_minute}) == pytest.approx(60, abs=2)
    assert failures.retry_after({"retry-after": "Fri, 01 Jan 1999 00:00:00 GMT"}) == 0.0


@pytest.mark.parametrize(
    "headers", [None, {}, {"retry-after": "soon"}, {"retry-after": ""}, {"retry-after": "-3"}, 5]
)
def test_a_retry_after_that_says_nothing_is_none(headers):
    assert failures.retry_after(headers) is None
