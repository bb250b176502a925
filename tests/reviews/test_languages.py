"""What a record says of its language, as databases write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.languages import KNOWN, NAMES, Languages, languages_in, one_name


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("eng", ["English"]),
        ("English", ["English"]),
        ("ENGLISH ", ["English"]),
        ("en", ["English"]),
        ("en-US", ["English"]),
        ("zh_CN", ["Chinese"]),
        ("chi", ["Chinese"]),
        ("zho", ["Chinese"]),
        ("ger.", ["German"]),
        ("deu", ["German"]),
        ("Deutsch", ["German"]),
        ("Español", ["Spanish"]),
        ("Espan\u0303ol", ["Spanish"]),
        ("Spanish; Castilian", ["Spanish"]),
        ("Portuguese (Brazil)", ["Portuguese"]),
        ("Brazilian Portuguese", ["Portuguese"]),
        ("Norwegian Bokmål", ["Norwegian"]),
        ("Greek, Modern", ["Greek"]),
        ("Farsi", ["Persian"]),
        ("scr", ["Croatian"]),
        ("English; French", ["English", "French"]),
        ("eng; fre", ["English", "French"]),
        ("eng fre", ["English", "French"]),
        ("English/German", ["English", "German"]),
        ("Chinese, English", ["Chinese", "English"]),
        ("English and French", ["English", "French"]),
        ("Français et anglais", ["French", "English"]),
        ("en; et; fr", ["English", "Estonian", "French"]),
        ("fre;fre;French", ["French"]),
        ("Chinese (English abstract)", ["Chinese"]),
        ("German; English abstract", ["German"]),
        ("[Article in German]", ["German"]),
        ("Text in Polish, summaries in English", ["Polish"]),
        ("no", ["Norwegian"]),
    ],
)
def test_a_language_is_read_however_it_is_written(said, known):
    assert languages_in(said) == Languages(tuple(known))


@pytest.mark.parametrize(
    "said",
    ["", "  ", "und", "Undetermined", "unknown", "n/a", "NA", "Not Specified", "mul", "Multilingual", "zxx", ";", "()",
     "English Abstract", "other"],
)  # fmt: skip
def test_what_says_nothing_is_no_language(said):
    assert languages_in(said) == Languages()


def test_a_word_that_is_no_language_known_here_is_given_back_and_not_guessed_at():
    assert languages_in("Engl") == Languages((), ("Engl",))
    assert languages_in("English, Frenc") == Languages(("English",), ("Frenc",))


def test_one_name_is_english_where_the_language_is_known_and_as_written_elsewhere():
    assert [one_name(word) for word in ("ger", "Deutsch", " Old  Norse ", "English; French")] == [
        "German",
        "German",
        "Old Norse",
        "English; French",
    ]


def test_every_name_stands_for_itself():
    assert {NAMES[name.casefold()] for name in KNOWN} == KNOWN
    assert {languages_in(name).known for name in KNOWN} == {(name,) for name in KNOWN}


@given(st.text(max_size=80))
def test_no_text_makes_it_raise_and_only_known_names_are_known(said):
    found = languages_in(said)
    assert set(found.known) <= KNOWN
    assert len(set(found.known)) == len(found.known)


@given(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=4))
def test_languages_in_a_row_are_all_read(words):
    found = languages_in("; ".join(words))
    assert found.known == tuple(dict.fromkeys(name for word in words for name in languages_in(word).known))
