"""What other tools write into an entry about who judged it, and what only looks like that."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviews.parsers import UnreadableFile, open_source
from reviews.parsers.carried import Carried, Said, carried_by
from reviews.parsers.parsed import ParsedRecord

RAYYAN = (
    'RAYYAN-INCLUSION: {"Ann"=>"Included", "Ben Ó"=>"Excluded", "Cem"=>"Maybe"} | RAYYAN-LABELS: rct, Phase II '
    "| RAYYAN-EXCLUSION-REASONS: wrong population,foreign language | USER-NOTES: "
    '{"Ann"=>["ask the \\"authors\\"", "two"], "Dee"=>["only a note | RAYYAN-INCLUSION: {\\"Eve\\"=>\\"Included\\"}"]}'
)
ABSTRACKR = [
    ("(internal) id", "7"),
    ("(source) id", "1"),
    ("tags", "rct, old"),
    ("consensus", "-1"),
    ("labeled_at", "2026-01-02 10:00:00"),
    ("Ann", "1"),
    ("labeled_at", "2026-01-01 10:00:00"),
    ("Ben", "o"),
    ("Cem", "0"),
    ("general notes (Ann)", "check"),
    ("population notes (Ann)", "children"),
    ("general notes (Ben)", ""),
]
COVIDENCE = [("Covidence #", "#12"), ("Study", "Bee 2020")]


def carried(*extra, **fields):
    return carried_by(ParsedRecord(position=1, line=1, raw="", extra=tuple(extra), **fields))


def said(*extra):
    found = carried(*extra)
    return found.said if found else None


# ---------------------------------------------------------------- Rayyan


@pytest.mark.parametrize("tag", ["N1", "notes", "note", "U2"])
def test_rayyan_tells_each_persons_verdict_the_records_reasons_labels_and_each_ones_notes(tag):
    reasons = ("wrong population", "foreign language")
    assert carried((tag, RAYYAN)) == Carried(
        "rayyan",
        (
            Said("Ann", "include", notes=('ask the "authors"', "two")),
            Said("Ben Ó", "exclude", reasons),
            Said("Cem", "maybe"),
            Said("Dee", notes=('only a note | RAYYAN-INCLUSION: {"Eve"=>"Included"}',)),
        ),
        ("rct", "Phase II"),
    )


@pytest.mark.parametrize(
    "text",
    [
        'RAYYAN-INCLUSION: {"Ann"=>"Excluded"}',
        'An old note. | RAYYAN-INCLUSION: {"Ann"=>"Excluded"}',
        'An old note.\nRAYYAN-INCLUSION: {"Ann"=>"Excluded"}\n',
        'RAYYAN-INCLUSION:{ "Ann" => "excluded" }',
        "RAYYAN-INCLUSION: {&quot;Ann&quot;=&gt;&quot;Excluded&quot;}",
        'RAYYAN-INCLUSION: \\{"Ann"=\\>"Excluded"\\}',
        'RAYYAN-INCLUSION: {"Ann"=>"Excluded", "Ben"=>"Undecided"}',
        'RAYYAN-INCLUSION: {"Ann"=>"Excluded"',
    ],
)
def test_rayyans_line_is_read_however_it_was_wrapped(text):
    assert said(("N1", text)) == (Said("Ann", "exclude"),)


def test_labels_and_notes_are_carried_without_any_verdict():
    assert carried(("N1", "RAYYAN-LABELS: rct,rct, adults")) == Carried("rayyan", (), ("rct", "adults"))
    assert said(("N1", 'RAYYAN-INCLUSION: {} | USER-NOTES: {"Ann"=>["see p. 3"]}')) == (
        Said("Ann", notes=("see p. 3",)),
    )


# ---------------------------------------------------------------- Covidence


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("", [Said("")]),
        ("Exclusion reason: Wrong drug; ", [Said("", "exclude", ("Wrong drug",), "full_text")]),
        ("Exclusion reason: <7 days; ", [Said("", "exclude", ("<7 days",), "full_text")]),
        (
            "Exclusion reason: Duplicate; Ann Bee (2020-12-19 04:58:50)(Select): of #3;\nreally; "
            "Ben (2020-12-20 04:58:50)(Screen): hm; ",
            [
                Said("", "exclude", ("Duplicate",), "full_text"),
                Said("Ann Bee", stage="full_text", notes=("of #3;\nreally",)),
                Said("Ben", stage="title_abstract", notes=("hm",)),
            ],
        ),
        (
            "Ann (2020-12-19 04:58:50)(Extract): table 2; ",
            [Said(""), Said("Ann", notes=("table 2",))],
        ),
        ("Read me", [Said("", notes=("Read me",))]),
    ],
)
def test_covidence_gives_a_reason_at_full_text_and_signed_notes_and_never_who_voted(notes, expected):
    found = carried(*COVIDENCE, ("Notes", notes), ("Tags", "Jul 21; Ongoing study"))
    assert found == Carried("covidence", tuple(expected), ("Jul 21", "Ongoing study"))


def test_covidences_ris_is_known_by_its_reason_alone():
    assert said(("N1", "Exclusion reason: Wrong drug; ")) == (
        Said("", "exclude", ("Wrong drug",), "full_text"),
    )


# ---------------------------------------------------------------- ASReview


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([("N1", "ASReview_relevant")], [Said("", "include")]),
        ([("N1", "Epub 2020"), ("N1", "ASReview_prior"), ("N1", "ASReview_irrelevant")], [Said("", "exclude")]),
        ([("N1", "ASReview_not_seen")], None),
        ([("N1", "ASReview_relevant"), ("N1", "ASReview_irrelevant")], None),
        ([("N1", "We trained it with the word ASReview_relevant by mistake")], None),
        ([("record_id", "3"), ("included", "1")], [Said("", "include")]),
        ([("record_id", "3"), ("included", "0.0")], [Said("", "exclude")]),
        ([("record_id", "3"), ("exported_notes_1", "animals")], [Said("", notes=("animals",))]),
        ([("asreview_label", "0"), ("asreview_note", "animals")], [Said("", "exclude", notes=("animals",))]),
        ([("asreview_label", "-1"), ("asreview_note", "")], None),
        ([("label_included", "1")], [Said("", "include")]),
        ([("included", "1")], None),
        ([("record_id", "3"), ("included", "17 studies")], None),
    ],
)  # fmt: skip
def test_asreview_names_nobody(extra, expected):
    assert said(*extra) == (tuple(expected) if expected else None)


# ---------------------------------------------------------------- Abstrackr and EPPI-Reviewer


def test_abstrackr_has_a_column_for_each_screener_and_one_for_the_consensus():
    assert carried(*ABSTRACKR) == Carried(
        "abstrackr",
        (
            Said("", "exclude"),
            Said("Ann", "include", notes=("check", "population: children")),
            Said("Cem", "maybe"),
        ),
        ("rct", "old"),
    )


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([("Included", "I"), ("ID", "5"), ("ShortTitle", "Bee (2024)")], [Said("", "include")]),
        ([("Included", "E"), ("ShortTitle", "Bee (2024)")], [Said("", "exclude")]),
        ([("Included", "D"), ("ShortTitle", "Bee (2024)")], None),
        ([("Included", "U"), ("ShortTitle", "Bee (2024)")], None),
        ([("Included", "I")], None),
        (
            [("I/E/D/U flag", "E"), ("EXCLUDE on people", "1"), ("EXCLUDE x", ""), ("Code", "EXCLUDE on date; RCT")],
            [Said("", "exclude", ("people", "date"))],
        ),
    ],
)  # fmt: skip
def test_eppi_flags_an_item_and_its_codes_of_exclusion_are_the_reasons(extra, expected):
    assert said(*extra) == (tuple(expected) if expected else None)


@pytest.mark.parametrize("left_out", ["consensus", "labeled_at", "tags"])
def test_an_empty_cell_of_abstrackr_which_a_table_leaves_out_changes_nothing_else(left_out):
    found = carried(*((name, text) for name, text in ABSTRACKR if name != left_out))
    assert {each.by: each.verdict for each in found.said if each.by} == {"Ann": "include", "Cem": "maybe"}


# ---------------------------------------------------------------- files of the tools themselves


def tally(path):
    """Of a file: entries; how often each name gives each verdict; entries with labels, reasons, a note."""
    rows = [row for row in open_source(path.read_bytes()).records if isinstance(row, ParsedRecord)]
    found = [told for row in rows if (told := carried_by(row))]
    verdicts = Counter(
        (said.by, said.verdict, said.stage) for told in found for said in told.said if said.verdict
    )
    labels = sum(bool(told.labels) for told in found)
    reasons = sum(any(said.reasons for said in told.said) for told in found)
    notes = sum(any(said.notes for said in told.said) for told in found)
    return len(rows), dict(verdicts), labels, reasons, notes


EMILY = {("Emily", "include", ""): 2, ("Emily", "maybe", ""): 2, ("Emily", "exclude", ""): 2}
BY_ONE = {("Anonymous", verdict, ""): 2 for verdict in ("include", "maybe", "exclude")}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("citation-file-formatting/CSV/_baseline_rayyan.csv", (10, EMILY, 0, 0, 0)),
        ("citation-file-formatting/RIS/_baseline_rayyan.ris", (10, EMILY, 0, 0, 0)),
        ("citation-file-formatting/CSV/_baseline_abstrackr.csv", (10, BY_ONE, 0, 0, 0)),
        ("citation-file-formatting/CSV/_baseline_covidence.csv", (10, {}, 0, 0, 0)),
        (
            "citation-file-formatting/XLSX/_baseline_eppireviewer.xlsx",
            (10, {("", "include", ""): 8, ("", "exclude", ""): 2}, 0, 0, 0),
        ),
        ("citation-file-formatting/RIS/_baseline_eppireviewer.ris", (10, {}, 0, 0, 0)),
        (
            "covidence-real/iddo_malaria_covidence_export.csv",
            (362, {("", "exclude", "full_text"): 362}, 172, 362, 20),
        ),
    ],
)
def test_files_of_the_tools_carry_what_stands_in_them(shared, file, expected):
    assert tally(shared("data/import-fixtures") / file) == expected


def test_of_all_other_files_none_carries_anything(shared):
    """A search result of a database is never taken for somebody's judgement."""
    files = [path for path in sorted(shared("data/import-fixtures").rglob("*")) if path.is_file()]
    found = set()
    for path in files:
        try:
            if tally(path)[1:] != ({}, 0, 0, 0):
                found.add(path.name)
        except UnreadableFile:
            continue
    assert found == {
        "_baseline_rayyan.csv", "_baseline_rayyan.ris", "_baseline_abstrackr.csv",
        "_baseline_eppireviewer.xlsx", "iddo_malaria_covidence_export.csv",
    }  # fmt: skip
    assert len(files) > 60


# ---------------------------------------------------------------- what is no judgement


@pytest.mark.parametrize(
    "extra",
    [
        [],
        [("N1", "Two reviewers included 12 studies and excluded 3; exclusion reason: wrong drug.")],
        [("N1", "We used Rayyan. RAYYAN-INCLUSION was exported.")],
        [("N1", "Included in Cochrane CENTRAL")],
        [("N1", "The RAYYAN-INCLUSION: field holds votes")],
        [("KW", "eppi-reviewer"), ("U1", "102199191")],
        [("Included", "yes"), ("Title of the trial", "E")],
        [("consensus", "1")],
        [("Tags", "excluded; rct"), ("Notes", "Exclude this?")],
        [("label", "1")],
    ],
)
def test_an_ordinary_note_is_no_judgement(extra):
    assert carried(*extra) is None


def test_an_abstract_is_never_looked_at():
    assert carried(abstract=RAYYAN, title=RAYYAN) is None


# ---------------------------------------------------------------- any text at all

NAMES = st.sampled_from(
    ["N1", "notes", "Notes", "Tags", "Covidence #", "consensus", "(internal) id", "included", "record_id",
     "asreview_label", "Included", "ShortTitle", "general notes (Ann)", "Ann", "I/E/D/U flag", "EXCLUDE on x"]
)  # fmt: skip
PIECES = st.sampled_from(
    ["RAYYAN-INCLUSION: {", "RAYYAN-LABELS: ", "USER-NOTES: {", '"Ann"=>', '"Included"', "[", "]", "}", " | ", '"',
     "\\", "Exclusion reason: ", "; ", "Ann (2020-12-19 04:58:50)(Select): ", "ASReview_relevant", "1", "-1", "I",
     "\n", ","]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join))


@given(st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=20)), TEXTS), max_size=8))
@example([("N1", 'USER-NOTES: RAYYAN-INCLUSION: {"a"=>[' + '"b"  ' * 4000)])
def test_no_text_raises_and_whoever_is_said_to_have_judged_has_one_of_the_three_verdicts(extra):
    found = carried(*extra)
    if found is not None:
        assert found.said or found.labels
        assert {each.verdict for each in found.said} <= {"", "include", "exclude", "maybe"}
        assert len({(each.by, each.stage) for each in found.said}) == len(found.said)
        for each in found.said:
            assert not each.reasons or each.verdict == "exclude"


ANY_NAME = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="&\\"),
    min_size=1,
    max_size=20,
)  # an ampersand could be HTML and a backslash BibTeX: then the spelling of a name is a guess


@given(st.dictionaries(ANY_NAME, st.sampled_from(["Included", "Excluded", "Maybe"]), max_size=5))
def test_what_rayyan_writes_of_any_names_comes_back(votes):
    escaped = {name: name.replace('"', '\\"') for name in votes}
    pairs = [f'"{escaped[name]}"=>"{verdict}"' for name, verdict in votes.items()]
    found = said(("N1", "RAYYAN-INCLUSION: {" + ", ".join(pairs) + "}")) or ()
    words = {"Included": "include", "Excluded": "exclude", "Maybe": "maybe"}
    assert {each.by: each.verdict for each in found} == {
        name: words[verdict] for name, verdict in votes.items()
    }
