"""The documentation knows every verb and every command."""

import re
from pathlib import Path

import pytest

from reviews.models import Verb
from reviews.trail_reading import JUDGEMENT, WORDS
from tests import api_table

ROOT = Path(__file__).resolve().parents[1]
APPS = ("reviews", "screening", "extraction", "workers")


def commands() -> list[str]:
    found = [p.stem for app in APPS for p in (ROOT / app / "management" / "commands").glob("*.py")]
    return sorted(name for name in found if not name.startswith("_"))


def test_every_verb_has_one_sentence_in_the_docs_and_the_docs_know_no_other():
    rows = re.findall(
        r"^\| `([a-z_.]+)` \| (.+) \|$", (ROOT / "docs/trail.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(verb for verb, _ in rows) == sorted(Verb.values)
    assert [verb for verb, says in rows if not re.fullmatch(r"[A-Z].{10,}\.", says)] == []


def test_every_verb_has_words_for_the_trail_page():
    assert set(WORDS) == set(Verb)


def test_every_verb_that_tells_an_opinion_is_sealed():
    """A new verb of these kinds must be added to what trail_reading seals."""
    kinds = ("decision.", "conflict.", "resolution.", "proposal.", "value.", "consensus.", "sheet.")
    assert {verb for verb in Verb if verb.value.startswith(kinds)} == JUDGEMENT


@pytest.mark.parametrize("command", commands())
def test_every_command_is_named_in_some_doc(command):
    docs = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
    assert any(f"manage.py {command}" in doc.read_text(encoding="utf-8") for doc in docs)


def test_there_are_commands_to_look_for():
    assert {"prisma", "verify_trail"} <= set(commands())


def test_the_page_about_the_api_is_what_the_code_says():
    """Write it anew with: python -m tests.api_table"""
    assert api_table.PAGE.read_text(encoding="utf-8") == api_table.page()


def test_every_api_address_says_what_it_does():
    assert [address for address, what in api_table.rows() if len(what) < 20] == []
