"""One library of 102 references in many forms says the same in each, field by field; every difference is named.

The library is EndNote's "blue-light" (see the `shared` fixture). As formatted references (.txt, .rtf, .htm) it has
neither the authors behind the first nor any DOI, and is refused: see test_real_exports.py.
"""

import re
import unicodedata

import pytest

from reviews.parsers import open_source

FIELDS = (
    "title", "abstract", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "registry_ids",
    "keywords", "language", "url",
)  # fmt: skip


def library(shared, form):
    """Its records by the letters of their titles."""
    source = open_source((shared("data/import-fixtures/reflib") / f"blue-light.{form}").read_bytes())
    records = list(source.records)
    found = {letters(record.title): record for record in records}
    assert len(found) == len(records)
    return found


def letters(text):
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\W+", "", plain.lower())


def person(name):
    """Family name and first initial."""
    family, _, first = name.partition(",")
    return letters(family), letters(first)[:1]


def agreeing(ours, others, field, alike=lambda value: value):
    pairs = [(getattr(ours[key], field), getattr(others[key], field)) for key in others]
    return sum(alike(one) == alike(two) for one, two in pairs)


def abbreviates(short, full):
    """Whether the words of one are beginnings of words of the other, in order."""
    ahead = iter(re.findall(r"\w+", full.lower()))
    return all(any(word.startswith(begin) for word in ahead) for begin in re.findall(r"\w+", short.lower()))


@pytest.mark.parametrize(
    ("form", "differ"),
    [
        ("ris", {}),
        ("enlx", {}),
        # The JSON has neither accession numbers nor languages.
        ("json", {"pmid": 0, "language": 0}),
    ],
)
def test_all_of_it_to_the_letter(shared, form, differ):
    xml, same = library(shared, "xml"), library(shared, form)
    assert set(xml) == set(same) and len(xml) == 102
    assert {field: agreeing(xml, same, field) for field in FIELDS} == dict.fromkeys(FIELDS, 102) | differ


def test_what_pubmed_itself_says_of_eighty_of_them(shared):
    xml, nbib = library(shared, "xml"), library(shared, "nbib")
    assert set(nbib) < set(xml) and len(nbib) == 80
    exact = ("year", "volume", "issue", "pages", "doi", "pmid", "registry_ids", "language", "abstract")
    assert {field: agreeing(xml, nbib, field) for field in exact} == dict.fromkeys(exact, 80) | {
        "pages": 79,  # EndNote writes CD007917 as Cd007917
        "language": 79,  # "eng ger" against "eng; ger"
        "abstract": 78,  # two have a double blank, which MEDLINE's broken lines cannot keep
    }
    assert agreeing(xml, nbib, "abstract", lambda text: text.split()) == 80
    # A full stop ends PubMed's titles; EndNote's authors have initials and its journals are abbreviated.
    assert agreeing(xml, nbib, "title", lambda text: text.rstrip(".")) == 80
    assert agreeing(xml, nbib, "authors", lambda names: [person(name) for name in names]) == 79
    assert (
        agreeing(xml, nbib, "authors", lambda names: [person(name) for name in names[:1]]) == 80
    )  # EndNote dropped a task force
    shortened = {xml[key].journal for key in nbib if not abbreviates(xml[key].journal, nbib[key].journal)}
    assert shortened == {"J Dtsch Dermatol Ges", "Dermatol Monatsschr"}  # German is shortened from within
