"""Real exports and the five original texts. They are not part of the project: see the `shared` fixture."""

import pytest

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source


def the_page(shared, number):
    (path,) = shared("abstracts").glob(f"{number}_*.txt")
    source = open_source(path.read_bytes())
    assert source.format == "pasted"
    (record,) = source.records
    assert record.raw == path.read_text()
    return record


# What each file is, and how many records MANIFEST.md of the shared data says it has. Tables: test_real_tables.py.
EXPORTS = {
    "citation-file-formatting/RIS/_baseline_cinahl.ris": ("ris", 9),
    "citation-file-formatting/RIS/_baseline_citavi.ris": ("ris", 100),
    "citation-file-formatting/RIS/_baseline_cochrane_endnote.ris": ("ris", 3),
    "citation-file-formatting/RIS/_baseline_cochrane_procite.ris": ("ris", 3),
    "citation-file-formatting/RIS/_baseline_cochrane_refman.ris": ("ris", 3),
    "citation-file-formatting/RIS/_baseline_covidence_endnote.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_covidence_mendeley.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_covidence_refworks.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_covidence_zotero.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_embase.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_endnote.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_eppireviewer.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_eric_ovid.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_googlescholar.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_mdpi.ris": ("ris", 11),
    "citation-file-formatting/RIS/_baseline_mendeley.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_openalex.ris": ("ris", 9),
    "citation-file-formatting/RIS/_baseline_psychInfo_ovid.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_pubmed.ris": ("medline", 50),
    "citation-file-formatting/RIS/_baseline_rayyan.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_refworks.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_scopus.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_webofscience.ris": ("ris", 10),
    "citation-file-formatting/RIS/_baseline_zotero.ris": ("ris", 10),
    "citesource-gambling/20221207_gambling-harms_crimjust_41.ris": ("ris", 41),
    "citesource-gambling/20221207_gambling-harms_lens_49.ris": ("ris", 49),
    "citesource-gambling/20221207_gambling-harms_psycinfo_124.ris": ("ris", 124),
    "citesource-messy/AGRIS.ris": ("ris", 12),
    "citesource-messy/EconLit.ris": ("ris", 50),
    "citesource-messy/GreenFile.ris": ("ris", 139),
    "jabref/EndnoteXmlImporterTestArticle.xml": ("endnote_xml", 1),
    "jabref/IsiImporterTestWOS.isi": ("web_of_science", 2),
    "jabref/MedlineImporterTestMeshHeadingList.xml": ("pubmed_xml", 1),
    "jabref/MedlinePlainImporterTestMultipleEntries.txt": ("medline", 5),
    "jabref/RisImporterTest5a.ris": ("ris", 1),
    "jabref/RisImporterTestDOI.ris": ("ris", 1),
    "jabref/BibtexImporter.examples.bib": ("bibtex", 4),
    "jabref/EndnoteXmlImporterTestArticle.bib": ("bibtex", 1),
    "jabref/RisImporterTest5a.bib": ("bibtex", 1),
    "jabref/RisImporterTestDOI.bib": ("bibtex", 1),
    "jabref/tiny-BE-withBOM.bib": ("bibtex", 1),
    "jabref/tiny-LE-withBOM.bib": ("bibtex", 1),
    "jabref/OvidImporterTest1.txt": ("ovid", 5),
    "jabref/OvidImporterTest3.txt": ("ovid", 1),
    "jabref/refer.bibIX.ref": ("endnote", 4),  # not counted in the manifest
    "nbib/pmc_medlars.txt": ("medline", 5),
    "nbib/pubmed-balloongui-set.nbib": ("medline", 75),
    "nbib/single.nbib": ("medline", 1),
    "reflib/Dump-Converted test.xml": ("endnote_xml", 25),
    "reflib/SpiderCite demo.xml": ("endnote_xml", 10),
    "reflib/blue-light.enlx": ("endnote_library", 102),  # not counted in the manifest
    "reflib/blue-light.json": ("json", 102),
    "reflib/blue-light.nbib": ("medline", 80),
    "reflib/blue-light.ris": ("ris", 102),
    "reflib/blue-light.xml": ("endnote_xml", 102),
    "reflib/bold.xml": ("endnote_xml", 3),
    "reflib/language-LF.nbib": ("medline", 40),
    "reflib/multipart.xml": ("endnote_xml", 1),
    "rispy/example_basic.ris": ("ris", 1),
    "rispy/example_bom.ris": ("ris", 1),
    "rispy/example_custom_list_tags.ris": ("ris", 1),
    "rispy/example_empty_tag.ris": ("ris", 1),
    "rispy/example_extraneous_data.ris": ("ris", 2),
    "rispy/example_full.ris": ("ris", 2),
    "rispy/example_full_without_whitespace.ris": ("ris", 2),
    "rispy/example_full_write.ris": ("ris", 2),
    "rispy/example_multi_unknown_tags.ris": ("ris", 1),
    "rispy/example_multiline.ris": ("ris", 3),
    "rispy/example_single_unknown_tag.ris": ("ris", 1),
    "rispy/example_starting_newlines.ris": ("ris", 1),
    "rispy/example_urls.ris": ("ris", 4),
    "rispy/example_utf_chars.ris": ("ris", 1),
    "rispy/example_wos.ris": ("web_of_science", 2),
}
# Lines of a file that stand outside every entry: told, not swallowed.
OUTSIDE = {"jabref/MedlinePlainImporterTestMultipleEntries.txt": [53, 55, 77]}


def test_every_export_yields_as_many_records_as_the_manifest_counts(shared):
    folder = shared("data/import-fixtures")
    read, problems = {}, {}
    for name in EXPORTS:
        source = open_source((folder / name).read_bytes())
        rows = list(source.records)
        read[name] = (source.format, sum(isinstance(row, ParsedRecord) for row in rows))
        problems[name] = [row.line for row in rows if isinstance(row, Problem)]
    assert read == EXPORTS
    assert {name: lines for name, lines in problems.items() if lines} == OUTSIDE


def test_every_ris_export_of_a_whole_review_is_read_to_the_last_record(shared):
    for path in shared("data/prisma/citesource-wildfire-stages").glob("*.ris"):
        rows = list(open_source(path.read_bytes()).records)
        assert [type(row) for row in rows] == [ParsedRecord] * int(path.stem.split("_")[1])


@pytest.mark.parametrize(
    ("other", "differ"),
    [
        # JabRef made the number out of M1: a copyright notice in the one, the PubMed number in the other.
        ("RisImporterTest5a.ris", {"issue"}),
        ("RisImporterTestDOI.ris", {"issue"}),
        ("EndnoteXmlImporterTestArticle.xml", set()),
    ],
)
def test_a_reference_says_the_same_as_bibtex_and_in_its_other_form(shared, other, differ):
    folder = shared("data/import-fixtures/jabref")
    (one,) = open_source((folder / other).read_bytes()).records
    (two,) = open_source((folder / other).with_suffix(".bib").read_bytes()).records
    fields = (
        "title",
        "abstract",
        "authors",
        "year",
        "journal",
        "doi",
        "pmid",
        "volume",
        "issue",
        "pages",
        "keywords",
    )
    assert {name for name in fields if getattr(one, name) != getattr(two, name)} == differ


REFUSED = {
    "jabref/OvidImporterTest2Invalid.txt": "an Ovid export in which no number",
    "pdf-edge-cases/broken-pdf.pdf": "too little to be a reference",
    "pdf-edge-cases/zero-size-pdf.pdf": "The file is empty",
    "reflib/blue-light.htm": "a list of formatted references",
    "reflib/blue-light.rtf": "a rich text document",
    "reflib/blue-light.txt": "a list of formatted references",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_name(shared, name):
    with pytest.raises(UnreadableFile, match=REFUSED[name]) as refusal:
        open_source((shared("data/import-fixtures") / name).read_bytes())
    assert "nothing was imported" in str(refusal.value)


def test_no_export_is_forgotten(shared):
    folder = shared("data/import-fixtures")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    tables = {name for name in found if name.endswith((".csv", ".tsv", ".xlsx"))}
    assert set(EXPORTS) | set(REFUSED) == found - tables


def test_the_fields_of_real_dialects(shared):
    folder = shared("data/import-fixtures/citation-file-formatting/RIS")
    told = {}
    for path in folder.glob("*.ris"):
        records = list(open_source(path.read_bytes()).records)
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
        "pubmed": [50, 49, 50, 50, 50, 50, 50],
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
