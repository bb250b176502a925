"""The rules themselves: what they match in a record, what they leave alone, and how they say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.rule_kinds import KINDS, YEARS, Facts, Lists, Unusable, checked, in_words, matcher, type_key


def said(kind: str, settings: dict, lists: Lists = Lists(), **facts) -> str:  # noqa: B008
    return matcher(kind, checked(kind, settings), lists)(Facts(**facts))


# ---------------------------------------------------------------- language

ONLY_ENGLISH = {"mode": "only", "languages": ["English"]}
NOT_THREE = {"mode": "not", "languages": ["German", "French", "Polish"]}
NOT_GERMAN = {"mode": "not", "languages": ["German"]}


@pytest.mark.parametrize(
    ("rule", "language", "words"),
    [
        (ONLY_ENGLISH, "eng", ""),
        (ONLY_ENGLISH, "ger", "ger"),
        (ONLY_ENGLISH, "English; French", ""),
        (ONLY_ENGLISH, "Chinese (English abstract)", "Chinese (English abstract)"),
        (ONLY_ENGLISH, "", ""),
        (ONLY_ENGLISH, "und", ""),
        (ONLY_ENGLISH, "Engl", ""),
        (ONLY_ENGLISH, "German; Engl", ""),
        ({"languages": ["eng", "Français"]}, "French", ""),
        ({"languages": ["eng", "Français"]}, "pol", "pol"),
        (NOT_GERMAN, "ger", "ger"),
        (NOT_GERMAN, "German; English", ""),
        (NOT_GERMAN, "Deutsch", "Deutsch"),
        (NOT_GERMAN, "eng", ""),
        (NOT_GERMAN, "", ""),
        ({"mode": "not", "languages": ["German", "French"]}, "fre; ger", "fre; ger"),
        ({"mode": "not", "languages": ["Klingon"]}, "klingon", "klingon"),
    ],
)
def test_a_language_is_ruled_out_only_where_all_that_the_record_says_is(rule, language, words):
    assert said("language", rule, language=language) == words


# ---------------------------------------------------------------- publication type


@pytest.mark.parametrize(
    ("rule", "types", "words"),
    [
        ({"types": ["Editorial"]}, ["editorial"], "editorial"),
        ({"types": ["Editorial"]}, ["Journal Article"], ""),
        ({"types": ["Editorial"]}, [], ""),
        ({"types": ["Editorial", "Comment"]}, ["Comment", "Editorial"], "Comment; Editorial"),
        ({"types": ["Conference Abstract"]}, ["conference-abstracts"], "conference-abstracts"),
        ({"types": ["Letter"]}, ["Letter", "Randomized Controlled Trial"], "Letter"),
        ({"types": ["Letter"], "unless": ["clinical trial"]}, ["Letter", "Clinical Trial"], ""),
        ({"types": ["Letter"], "unless": ["Clinical Trial"]}, ["letter"], "letter"),
        ({"types": ["Review"]}, ["Systematic Review"], ""),
    ],
)  # fmt: skip
def test_one_type_that_is_named_is_enough_unless_another_keeps_the_record(rule, types, words):
    assert said("publication_type", rule, publication_types=tuple(types)) == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Case Reports", "case report", True),
        ("Journal Article", "journal-article", True),
        ("Meta-Analysis", "meta analysis", True),
        ("Editorial", "Letter", False),
        ("News", "New", False),
        ("Congress", "Congres", False),
    ],
)
def test_spelling_variants_of_a_type_share_a_key(one, other, same):
    assert (type_key(one) == type_key(other)) is same


# ---------------------------------------------------------------- year


@pytest.mark.parametrize(
    ("rule", "year", "words"),
    [
        ({"from": 1990}, 1989, "1989"),
        ({"from": 1990}, 1990, ""),
        ({"from": 1990}, None, ""),
        ({"to": 2020}, 2021, "2021"),
        ({"to": 2020}, 2020, ""),
        ({"from": 1990, "to": 2020}, 2005, ""),
        ({"from": 1990, "to": 2020}, 1985, "1985"),
        ({"from": 1990, "to": None}, 2100, ""),
    ],
)
def test_a_year_is_out_only_beyond_the_ends_which_are_kept(rule, year, words):
    assert said("year", rule, year=year) == words


# ---------------------------------------------------------------- retraction

BOTH, PAPERS, NOTICES = (
    {"papers": True, "notices": True},
    {"papers": True},
    {"notices": True},
)
LISTED = Lists("RW", frozenset(["10.1/bad", "4711"]), frozenset(["10.1/notice"]))


@pytest.mark.parametrize(
    ("rule", "facts", "words"),
    [
        (BOTH, {"publication_types": ("Retracted Publication",)}, "publication type Retracted Publication"),
        (
            BOTH,
            {"publication_types": ("retraction of publication",)},
            "publication type retraction of publication",
        ),
        (PAPERS, {"publication_types": ("Retraction of Publication",)}, ""),
        (NOTICES, {"publication_types": ("Retracted Publication",)}, ""),
        (PAPERS, {"title": "RETRACTED: Ice and fire"}, "title begins with “RETRACTED:”"),
        (PAPERS, {"title": "[Retracted] Ice and fire"}, "title begins with “[Retracted]”"),
        (PAPERS, {"title": "Retracted Article: Ice"}, "title begins with “Retracted Article:”"),
        (NOTICES, {"title": "Retraction Note to: Ice"}, "title begins with “Retraction Note”"),
        (NOTICES, {"title": "Retraction: Ice"}, "title begins with “Retraction:”"),
        (NOTICES, {"title": "Notice of retraction: Ice"}, "title begins with “Notice of retraction”"),
        (BOTH, {"title": "Retraction of the tongue in sleep"}, ""),
        (BOTH, {"title": "Retracted clots seen by ultrasound"}, ""),
        (BOTH, {"title": "Citing papers that were RETRACTED: a study"}, ""),
        (BOTH, {"doi": "10.1/BAD"}, "DOI 10.1/bad is in the list as a retracted paper"),
        (BOTH, {"pmid": "04711"}, "PMID 4711 is in the list as a retracted paper"),
        (BOTH, {"doi": "10.1/notice"}, "DOI 10.1/notice is in the list as a notice of retraction"),
        (PAPERS, {"doi": "10.1/notice"}, ""),
        (BOTH, {"doi": "10.1/good", "pmid": "1"}, ""),
        (BOTH, {}, ""),
    ],
)
def test_a_retraction_is_told_by_the_record_itself_or_by_the_list(rule, facts, words):
    assert said("retraction", rule, LISTED, **facts) == words


# ---------------------------------------------------------------- title


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Protocol for a trial of ice", "Protocol"),
        ("Study  protocol\nof a trial", "Study protocol"),
        ("Protocols for trials", ""),
        ("Corrigendum to “Ice”", "Corrigendum to"),
        ("", ""),
    ],
)
def test_a_title_matches_by_whole_words(title, words):
    settings = {"phrases": ["study protocol", "protocol", "corrigendum to"]}
    assert said("title", settings, title=title) == words


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("colour", {}, "no kind of rule"),
        ("language", {}, "at least one language"),
        ("language", {"mode": "some", "languages": ["English"]}, "only"),
        ("language", {"mode": "only", "languages": ["Klingon"]}, "no language known here"),
        ("language", {"languages": "English"}, "list of words"),
        ("language", {"languages": ["x" * 201]}, "at most"),
        ("publication_type", {"types": []}, "at least one"),
        ("publication_type", {"types": ["Letter"], "unless": ["letters"]}, "both"),
        ("year", {}, "first year"),
        ("year", {"from": None, "to": None}, "first year"),
        ("year", {"from": "1990"}, "four figures"),
        ("year", {"from": True}, "four figures"),
        ("year", {"to": 90}, "four figures"),
        ("year", {"from": 2020, "to": 1990}, "exchange"),
        ("retraction", {}, "Choose"),
        ("retraction", {"papers": "yes"}, "true or false"),
        ("title", {"phrases": ["--"]}, "at least one"),
        ("title", {"phrases": ["of"]}, "too short"),
        ("title", {"phrase": ["protocol"]}, "no setting “phrase”"),
        ("title", ["protocol"], "object"),
    ],
)  # fmt: skip
def test_settings_that_are_no_rule_say_why(kind, given, words):
    with pytest.raises(Unusable, match=words):
        checked(kind, given)


def test_settings_are_kept_in_one_spelling_and_order():
    assert checked("language", {"languages": ["ger", "German", " eng "]}) == {
        "mode": "only",
        "languages": ["German", "English"],
    }
    assert checked("publication_type", {"types": ["Editorial", "editorials", "Letter\x00"]}) == {
        "types": ["Editorial", "Letter"],
        "unless": [],
    }


@pytest.mark.parametrize(
    ("kind", "rule", "words"),
    [
        ("language", ONLY_ENGLISH, "language is not English"),
        ("language", NOT_THREE, "language is German, French or Polish"),
        ("publication_type", {"types": ["Editorial", "Letter"]}, "publication type is Editorial or Letter"),
        ("publication_type", {"types": ["Letter"], "unless": ["Clinical Trial"]},
         "publication type is Letter, unless it is also Clinical Trial"),
        ("year", {"from": 1990, "to": 2020}, "year is before 1990 or after 2020"),
        ("year", {"to": 2020}, "year is after 2020"),
        ("retraction", BOTH, "retracted paper or notice of retraction"),
        ("title", {"phrases": ["protocol"]}, "title contains “protocol”"),
    ],
)  # fmt: skip
def test_a_rule_says_itself_in_words(kind, rule, words):
    assert in_words(kind, checked(kind, rule)) == words


def test_a_rule_about_retractions_names_its_list():
    assert (
        in_words("retraction", checked("retraction", PAPERS), "RW 2026")
        == "retracted paper (also by the list “RW 2026”)"
    )


# ---------------------------------------------------------------- whatever comes

TEXT = st.text(max_size=40)
FACTS = st.builds(
    Facts,
    title=TEXT,
    language=TEXT | st.sampled_from(["eng", "ger; eng", "English", ""]),
    publication_types=st.lists(TEXT | st.sampled_from(["Editorial", "Letter"]), max_size=4).map(tuple),
    year=st.none() | st.integers(1400, 2100),
    doi=TEXT,
    pmid=TEXT,
)
RULES = st.one_of(
    st.tuples(st.just("language"), st.sampled_from([ONLY_ENGLISH, NOT_GERMAN])),
    st.tuples(st.just("publication_type"), st.just({"types": ["Editorial"]})),
    st.tuples(st.just("year"), st.just({"from": 1990, "to": 2000})),
    st.tuples(st.just("retraction"), st.just(BOTH)),
    st.tuples(st.just("title"), st.lists(TEXT.filter(lambda t: len(type_key(t)) > 2), min_size=1, max_size=3)
              .map(lambda words: {"phrases": words})),
)  # fmt: skip


@given(RULES, FACTS)
def test_no_record_makes_a_rule_raise(rule, facts):
    kind, settings = rule
    assert isinstance(matcher(kind, checked(kind, settings), LISTED)(facts), str)


@given(RULES)
def test_a_record_that_says_nothing_is_removed_by_no_rule(rule):
    kind, settings = rule
    assert matcher(kind, checked(kind, settings), LISTED)(Facts(language="und", title="")) == ""


@given(RULES)
def test_checking_checked_settings_changes_nothing(rule):
    kind, settings = rule
    once = checked(kind, settings)
    assert checked(kind, once) == once
    assert in_words(kind, once)


@given(st.integers(min_value=YEARS.start, max_value=YEARS.stop - 1), st.integers(1400, 2100))
def test_every_year_is_either_kept_or_told(first, year):
    words = said("year", {"from": first}, year=year)
    assert words == (str(year) if year < first else "")


def test_there_is_a_kind_for_each_choice_of_the_model():
    from reviews.models import AutomationRule

    assert tuple(AutomationRule.Kind.values) == KINDS
