"""Real exports and the five original texts. They are not part of the project: see the `shared` fixture."""

import re

import pytest

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source


def the_page(shared, number):
    (path,) = shared("abstracts").glob(f"{number}_*.txt")
    source = open_source(path.read_bytes())
    assert source.format == "pasted"
    (record,) = source.records
    assert record.raw == path.read_text()
    return record


def exports(shared):
    """(path, number of records, what the manifest says it is) of every export listed in the manifest."""
    folder = shared("data/import-fixtures")
    listed = re.findall(
        r"^\| (\S[^|]*?) \| (\d*) \| [^|]* \| [^|]* \| ([^|]*) \|",
        shared("data/MANIFEST.md").read_text(),
        re.M,
    )
    found = [
        (folder / name, int(count or 0), what) for name, count, what in listed if (folder / name).is_file()
    ]
    assert len(found) > 90
    return found


def test_every_ris_export_yields_as_many_records_as_the_manifest_counts(shared):
    counted = {path: count for path, count, what in exports(shared) if what.startswith("RIS ")}
    assert len(counted) > 40
    read = {}
    for path in counted:
        source = open_source(path.read_bytes())
        rows = list(source.records)
        assert source.format == "ris"
        assert [row for row in rows if isinstance(row, Problem)] == []
        read[path] = len(rows)
    assert read == counted


def test_every_ris_export_of_a_whole_review_is_read_to_the_last_record(shared):
    for path in shared("data/prisma/citesource-wildfire-stages").glob("*.ris"):
        rows = list(open_source(path.read_bytes()).records)
        assert [type(row) for row in rows] == [ParsedRecord] * int(path.stem.split("_")[1])


def test_no_export_in_another_format_is_taken_for_a_page(shared):
    others = [path for path, count, what in exports(shared) if count and not what.startswith("RIS ")]
    assert len(others) > 30
    for path in others:
        # One Ovid reference could be a page; a list of several would lose all but the first.
        with pytest.raises(UnreadableFile):
            open_source(path.read_bytes())


def test_the_fields_of_real_dialects(shared):
    folder = shared("data/import-fixtures/citation-file-formatting/RIS")
    told = {}
    for path in folder.glob("*.ris"):
        try:
            records = list(open_source(path.read_bytes()).records)
        except UnreadableFile:
            continue
        fields = ("title", "abstract", "authors", "year", "journal", "doi", "pmid")
        told[path.stem.removeprefix("_baseline_")] = [
            sum(bool(getattr(r, f)) for r in records) for f in fields
        ]
    assert told == {
        "cinahl": [9, 9, 9, 9, 9, 9, 0],
        "citavi": [100, 98, 100, 100, 100, 100, 84],
        "cochrane_endnote": [3, 3, 3, 3, 3, 3, 3],
        "cochrane_procite": [3, 3, 3, 3, 3, 3, 3],
        "cochrane_refman": [3, 3, 3, 3, 3, 3, 3],
        "covidence_endnote": [10, 8, 10, 10, 10, 10, 0],
        "covidence_mendeley": [10, 8, 10, 10, 10, 10, 0],
        "covidence_refworks": [10, 8, 10, 10, 10, 10, 0],
        "covidence_zotero": [10, 8, 10, 10, 10, 10, 0],
        "embase": [10, 8, 10, 10, 10, 10, 10],
        "endnote": [10, 8, 10, 10, 10, 10, 0],
        "eppireviewer": [10, 8, 10, 10, 10, 10, 0],
        "eric_ovid": [10, 10, 9, 10, 9, 3, 0],
        "googlescholar": [10, 0, 10, 10, 10, 0, 0],
        "mdpi": [11, 11, 11, 11, 11, 11, 0],
        "mendeley": [10, 8, 10, 10, 10, 10, 0],
        "openalex": [9, 9, 9, 9, 9, 9, 0],
        "psychInfo_ovid": [10, 10, 10, 10, 10, 10, 0],
        "rayyan": [10, 8, 10, 10, 10, 10, 0],
        "refworks": [10, 8, 10, 10, 10, 10, 0],
        "scopus": [10, 10, 10, 10, 10, 10, 7],
        "webofscience": [10, 7, 10, 10, 10, 10, 0],
        "zotero": [10, 8, 10, 10, 10, 10, 0],
    }


def test_the_page_of_a_database(shared):
    record = the_page(shared, "000")
    lines = record.raw.split("\n")
    assert record.title == lines[0]
    assert record.abstract == lines[5]
    assert (record.journal, record.year, record.doi) == ("Am J Hematol", 2019, "10.1002/ajh.25627")
    assert (record.volume, record.issue, record.pages) == ("94", "11", "1244-1253")
    assert record.registry_ids == ("NCT00903968",)
    assert (len(record.publication_types), len(record.mesh)) == (5, 36)
    assert (record.publication_types[0], record.mesh[-1]) == (
        "Clinical Trial, Phase I",
        "Tumor Microenvironment / drug effects",
    )


def test_the_text_of_a_pdf(shared):
    record = the_page(shared, "001")
    begin, end = record.raw.index("Introduction Despite"), record.raw.index("\n 1 Introduction")
    assert record.abstract == record.raw[begin:end].strip()
    assert record.title.startswith(
        "Non-interventional Study Evaluating the Mobilization of Stem Cells by Plerixafor"
    )
    assert record.title.endswith("(IFM-2015-03)")
    assert record.registry_ids == ("NCT02439476",)
    assert (record.doi, record.year, record.journal, record.authors) == ("", None, "", ())


def test_the_scraped_page(shared):
    record = the_page(shared, "002")
    assert record.title == record.raw.split("\n")[0]
    assert record.abstract.startswith("Stroma-leukemia interactions")
    assert record.abstract.endswith("which warrants further evaluation in the front-line setting.")
    assert record.abstract in record.raw
    assert (record.doi, record.year) == ("", None)


def test_the_conference_abstract(shared):
    record = the_page(shared, "003")
    assert record.title == ""
    assert record.abstract.startswith("Introduction: Bortezomib and lenalidomide")
    assert record.abstract.endswith("1.0\xa015\xa02 SD, 1 NE")
    assert record.abstract.count("CohortBortezomib") == 1
    assert record.abstract in record.raw


def test_the_news_item(shared):
    record = the_page(shared, "004")
    assert (record.title, record.doi, record.year, record.journal) == ("", "", None, "")
    assert record.abstract.startswith("Biweekly bortezomib maintenance therapy")
    assert record.abstract.endswith("after bortezomib induction therapy.”")
    assert "Continue Reading" not in record.abstract
    assert "Related Articles" not in record.abstract
    assert "Isoda" not in record.abstract
    assert len(record.abstract.split("\n\n")) == 6
