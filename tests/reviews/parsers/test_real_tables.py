"""Real exports as tables. They are not part of the project: see the `shared` fixture."""

import gzip
import re

import pytest

from reviews.parsers import ParsedRecord, Problem, ReadAs, open_source

# Records that are in the file; the manifest counts rows, among them a heading (Abstrackr) or a preamble (Embase).
FILES = {
    "CSV/_baseline_abstrackr.csv": (",", 1, 10),
    "CSV/_baseline_cinahl.csv": (",", 1, 10),
    "CSV/_baseline_cochrane.csv": (",", 1, 3),
    "CSV/_baseline_covidence.csv": (",", 1, 10),
    "CSV/_baseline_embase.csv": (",", 4, 10),
    "CSV/_baseline_excel.csv": (";", 4, 10),
    "CSV/_baseline_googlescholar.csv": (",", 1, 10),
    "CSV/_baseline_openalex.csv": (",", 1, 9),
    "CSV/_baseline_pubmed.csv": (",", 1, 10),
    "CSV/_baseline_rayyan.csv": (",", 1, 10),
    "CSV/_baseline_scopus.csv": (",", 1, 10),
    "CSV/_baseline_zotero.csv": (",", 1, 10),
    "TSV/_baseline_refworks.tsv": ("\t", 1, 100),
    "XLSX/_baseline_embase.xlsx": ("", 4, 10),
    "XLSX/_baseline_eppireviewer.xlsx": ("", 1, 10),
}
COUNTED = (
    "title", "abstract", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "keywords",
    "publication_types", "language", "url",
)  # fmt: skip


def records_in(path, read_as=None):
    rows = list(open_source(path.read_bytes(), read_as=read_as).records)
    return [row for row in rows if isinstance(row, ParsedRecord)]


def test_every_table_yields_the_records_that_are_in_it(shared):
    folder = shared("data/import-fixtures/citation-file-formatting")
    found = {}
    for name in FILES:
        source = open_source((folder / name).read_bytes())
        rows = list(source.records)
        records = [row for row in rows if isinstance(row, ParsedRecord)]
        assert all(record.title for record in records)
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        found[name] = (source.table.separator, source.table.header_line, len(records))
        told = [(row.line, row.excerpt) for row in rows if isinstance(row, Problem)]
        heading = [(36, "citations that are not yet labeled by anyone")]
        assert told == (heading if "abstrackr" in name else [])
    assert found == FILES


def test_the_fields_of_real_tables(shared):
    folder = shared("data/import-fixtures/citation-file-formatting")
    told = {
        name.split("_")[-1]: [sum(bool(getattr(r, f)) for r in records_in(folder / name)) for f in COUNTED]
        for name in FILES
    }
    assert told == {
        "abstrackr.csv": [10, 8, 10, 0, 10, 0, 0, 0, 0, 0, 9, 0, 0, 0],
        "cinahl.csv": [10, 10, 10, 10, 10, 10, 10, 10, 10, 0, 10, 10, 0, 10],
        "cochrane.csv": [3, 3, 3, 3, 3, 3, 2, 3, 3, 3, 2, 3, 0, 3],
        "covidence.csv": [10, 8, 10, 10, 10, 9, 10, 5, 10, 0, 0, 0, 0, 0],
        "embase.csv": [10, 8, 10, 10, 10, 9, 9, 7, 10, 10, 10, 10, 10, 10],
        "excel.csv": [10, 8, 10, 10, 10, 9, 9, 7, 10, 10, 10, 10, 10, 10],
        "googlescholar.csv": [10, 0, 10, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0, 0],
        "openalex.csv": [9, 9, 9, 9, 9, 6, 2, 3, 9, 2, 9, 9, 9, 9],
        "pubmed.csv": [10, 0, 10, 10, 10, 10, 8, 10, 10, 10, 0, 0, 0, 0],
        "rayyan.csv": [10, 8, 10, 10, 10, 9, 9, 7, 10, 0, 9, 0, 10, 10],
        "scopus.csv": [10, 10, 10, 10, 10, 10, 9, 10, 10, 7, 10, 10, 10, 10],
        "zotero.csv": [10, 8, 10, 10, 10, 9, 10, 7, 10, 0, 9, 10, 10, 10],
        "refworks.tsv": [100, 98, 100, 100, 100, 100, 75, 99, 100, 84, 0, 100, 0, 100],
        "embase.xlsx": [10, 8, 10, 10, 10, 9, 9, 7, 10, 10, 10, 10, 10, 10],
        "eppireviewer.xlsx": [10, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }


def letters(text):
    return re.sub(r"\W+", "", text.lower())


def surname(author):
    return letters(re.split(r",| (?=[A-Z]\.)", author)[0])


@pytest.mark.parametrize(
    "table", ["CSV/_baseline_embase.csv", "CSV/_baseline_excel.csv", "XLSX/_baseline_embase.xlsx"]
)
def test_the_same_references_say_the_same_as_a_table_and_as_ris(shared, table):
    folder = shared("data/import-fixtures/citation-file-formatting")
    ris = {letters(r.title): r for r in records_in(folder / "RIS/_baseline_embase.ris")}
    rows = records_in(folder / table)
    assert len(rows) == len(ris) == 10
    for row in rows:
        same = ris[letters(row.title)]
        assert (row.year, row.doi, row.pmid, row.volume, row.issue, letters(row.abstract)) == (
            same.year,
            same.doi,
            same.pmid,
            same.volume,
            same.issue,
            letters(same.abstract),
        )
        assert [surname(author) for author in row.authors] == [surname(author) for author in same.authors]


@pytest.mark.parametrize(
    ("table", "other", "fields"),
    [
        ("CSV/_baseline_scopus.csv", "RIS/_baseline_scopus.ris", "year doi pmid volume issue pages journal language"),
        ("CSV/_baseline_openalex.csv", "RIS/_baseline_openalex.ris", "year doi volume issue"),
        ("CSV/_baseline_cochrane.csv", "RIS/_baseline_cochrane_refman.ris", "year doi pmid volume issue pages journal"),
        ("CSV/_baseline_covidence.csv", "RIS/_baseline_covidence_zotero.ris", "year doi volume issue journal authors"),
        ("CSV/_baseline_zotero.csv", "RIS/_baseline_zotero.ris", "year doi volume journal authors"),
        ("CSV/_baseline_rayyan.csv", "RIS/_baseline_rayyan.ris", "year doi volume issue authors"),
    ],
)  # fmt: skip
def test_the_same_references_as_a_table_and_as_ris_of_one_tool(shared, table, other, fields):
    folder = shared("data/import-fixtures/citation-file-formatting")
    ris = {letters(r.title): r for r in records_in(folder / other)}
    for row in records_in(folder / table):
        same = ris[letters(row.title)]
        assert {field: getattr(row, field) for field in fields.split()} == {
            field: getattr(same, field) for field in fields.split()
        }
        assert letters(row.abstract) == letters(same.abstract)


def test_a_covidence_export_with_its_mixed_line_ends(shared):
    path = shared("data/import-fixtures/covidence-real/iddo_malaria_covidence_export.csv")
    source = open_source(path.read_bytes())
    rows = list(source.records)
    assert (source.table.profile, [type(row) for row in rows]) == ("covidence", [ParsedRecord] * 362)
    assert sum(dict(row.extra)["Notes"].startswith("Exclusion reason: ") for row in rows) == 362
    assert dict(rows[0].extra)["Covidence #"] == "#112"
    assert "".join(row.raw for row in rows).count("Exclusion reason") == 362


def test_clinicaltrials_gov(shared):
    path = shared("data/import-fixtures/clinicaltrials-gov/ctg-studies_first100.csv")
    source = open_source(path.read_bytes())
    rows = list(source.records)
    assert (source.table.profile, len(rows)) == ("clinicaltrials", 100)
    assert all(row.registry_ids[0] == row.raw[:11] for row in rows)
    assert all(row.url == f"https://clinicaltrials.gov/study/{row.raw[:11]}" for row in rows)


def test_a_table_of_semicolons_in_cp1252(shared):
    path = shared("data/screening/cdss-ro-2024/dataset_CDSS_in_RO.csv")
    source = open_source(path.read_bytes())
    rows = list(source.records)
    assert (source.encoding, source.table.separator, len(rows)) == ("cp1252", ";", 521)
    assert sum(dict(row.extra)["label_included"] == "1" for row in rows) == 36
    assert [row.abstract for row in rows].count("") == 1


def test_workbooks_of_whole_reviews(shared):
    covid = shared("data/screening/gptscreenr-covid/screening_decisions_original.xlsx")
    records = records_in(covid)
    assert (len(records), records[0].authors) == (671, ("Wagner D.N.", "Marcon A.R.", "Caulfield T."))
    assert [dict(record.extra)["Final Decision"].strip().lower() for record in records].count("yes") == 130
    assert len(records_in(covid, ReadAs(sheet="Full Text Screening"))) == 144
    solastalgia = shared("data/screening/gptscreenr-solastalgia/screening_and_extraction_original.xlsx")
    assert len(records_in(solastalgia)) == 150
    assert len(records_in(solastalgia, ReadAs(sheet="Included papers"))) == 18


def test_labelled_sets(shared):
    for name, count, included in (
        ("wilson-2020/wilson", 2333, 23),
        ("bannach-brown-2019/Bannach-Brown_2019", 1993, 280),
    ):
        data = gzip.decompress(shared(f"data/screening/{name}.csv.gz").read_bytes())
        rows = list(open_source(data).records)
        labels = [dict(row.extra).get("included", dict(row.extra).get("label_included")) for row in rows]
        assert ([type(row) for row in rows], labels.count("1")) == ([ParsedRecord] * count, included)
