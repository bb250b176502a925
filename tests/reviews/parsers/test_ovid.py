"""Ovid: labels above indented text, or two-letter tags; each reference behind its number."""

import pytest

from reviews.parsers import ParsedRecord, open_source

LABELLED = """\
<1>
Unique Identifier
  12345678
Database
  Ovid MEDLINE(R)
Authors
  Doe JA. Roe R. Smith MD.
Title
  A first title.[Review] [45 refs].
Source
  Journal of Examples. 28(2):103-6, 2014 Jan.
Abstract
  One paragraph, of trial NCT01234567.

  Another paragraph.
MeSH Subject Headings
  Aged
  *Cattle / bl [Blood]
Author Keywords
  cows;  water.
Language
  English.
Publication Type
  Journal Article. Review.
Digital Object Identifier
  https://dx.doi.org/10.1000/Abc
Link to the Ovid Full Text or citation
 http://ovidsp.ovid.com/x

<2>
Accession Number
  2014000000
Author
  Verbeek, Jan MD *;  Hermans, Erik MD, PhD +;  Poe E. [Ed]
Title
  A second title.
"""

TAGGED = """\
<3001. >
VN  - Ovid Technologies
DB  - Embase
UI  - 621381829
ST  - CONFERENCE ABSTRACT
TI  - Quality of life.
SO  - BMC Proceedings. Conference: 2nd Conference. Spain. 12 (Supplement 3) (no pagination), 2018.
AU  - Behan L.
AU  - Lucas J.S.
IN  - (Behan) An institute
      (Lucas) Another
MH  - adult
MH  - *quality of life
KW  - living
AB  - Background: As in most.
Method(s): We searched.
IS  - 1753-6561
DO  - http://dx.doi.org/10.1186/s12919-018-0099-8
LG  - English
PT  - Conference Abstract
YR  - 2018

<3002. >
VN  - Ovid Technologies
DB  - Ovid MEDLINE(R) 1946 to Present
UI  - 07654321
AU  - Li J
FA  - Li, Jun
TI  - Another.
MH  - Humans
"""


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "ovid"
    return list(source.records)


def test_labels_above_indented_text():
    first, second = rows_of(LABELLED)
    assert (first.title, first.pmid, first.doi) == ("A first title.", "12345678", "10.1000/abc")
    assert first.authors == ("Doe JA", "Roe R", "Smith MD")
    assert first.abstract == "One paragraph, of trial NCT01234567.\nAnother paragraph."
    assert (first.journal, first.volume, first.issue, first.pages, first.year) == (
        "Journal of Examples", "28", "2", "103-6", 2014,
    )  # fmt: skip
    assert (first.mesh, first.keywords) == (("Aged", "*Cattle / bl [Blood]"), ("cows", "water"))
    assert (first.language, first.registry_ids) == ("English", ("NCT01234567",))
    assert first.publication_types == ("Journal Article", "Review")
    assert first.url == "http://ovidsp.ovid.com/x"
    assert (second.title, second.pmid, second.line) == ("A second title.", "", 30)
    assert second.authors == ("Verbeek, Jan", "Hermans, Erik")
    assert second.extra == (("AN", "2014000000"),)
    assert "".join([first.raw, "\n\n", second.raw, "\n"]) == LABELLED


def test_two_letter_tags():
    first, second = rows_of(TAGGED)
    assert (first.title, first.journal, first.year) == ("Quality of life.", "BMC Proceedings", 2018)
    assert first.authors == ("Behan L.", "Lucas J.S.")
    assert first.abstract == "Background: As in most.\nMethod(s): We searched."
    assert (first.doi, first.pmid) == ("10.1186/s12919-018-0099-8", "")
    assert (first.keywords, first.mesh) == (("living", "adult", "*quality of life"), ())
    assert dict(first.extra)["IN"] == "(Behan) An institute (Lucas) Another"
    assert (second.authors, second.pmid, second.mesh) == (("Li, Jun",), "7654321", ("Humans",))
    assert (second.position, second.line) == (2, 23)


def test_without_numbers_a_version_line_begins_a_reference():
    text = "\n".join(line for line in TAGGED.split("\n") if not line.startswith("<"))
    assert [row.title for row in rows_of(text)] == ["Quality of life.", "Another."]


def test_what_stands_in_front_is_told():
    problem, *records = rows_of("Database: Embase\nSearch Strategy:\n1  cows.mp. (12)\n\n" + LABELLED)
    assert (problem.line, problem.excerpt[:16]) == (1, "Database: Embase")
    assert [record.title for record in records] == ["A first title.", "A second title."]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("J Ex. 28:103-106, April 2015.", ("J Ex", "28", "", "103-106", 2015)),
        ("J Ex. Vol 28(2) April 2015, 103-106.", ("J Ex", "28", "2", "103-106", 2015)),
        ("J Ex. Vol.28(2), 2015, pp. 103-106.", ("J Ex", "28", "2", "103-106", 2015)),
        ("Journal of Politics 12, Winter 2007: 7-14.", ("", "", "", "", 2007)),
        ("A Journal.", ("A Journal", "", "", "", None)),
        ("Editor(2015). A book. (pp. 103-106) X pp. Place: Publisher", ("", "", "", "103-106", 2015)),
        ("", ("", "", "", "", None)),
    ],
)
def test_the_source_is_taken_apart_where_it_is_plain(source, place):
    (row,) = rows_of(f"<1>\nTitle\n  A title\nSource\n  {source}\n")
    assert (row.journal, row.volume, row.issue, row.pages, row.year) == place


@pytest.mark.parametrize("name", ["Smith MD", "Jones MA", "Doe, J. P.", "The Example Group"])
def test_initials_are_no_degrees(name):
    (row,) = rows_of(f"<1>\nAuthor\n  {name}\nTitle\n  A title\n")
    assert row.authors == (name,)


def test_ris_behind_such_numbers_is_ris():
    text = "<1>\nTY  - JOUR\nTI  - One\nER  - \n<2>\nTY  - JOUR\nTI  - Two\nER  - \n"
    rows = list(open_source(text.encode()).records)
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["One", "Two"]
