"""What the tags of the dialects mean."""

import pytest

from reviews.parsers import open_source


def record_of(*lines):
    (record,) = open_source("\n".join(["TY  - JOUR", *lines, "ER  - "]).encode()).records
    return record


def field_of(field, *lines):
    return getattr(record_of(*lines), field)


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (["TI  - A title"], "A title"),
        (["T1  - A title"], "A title"),
        (["BT  - A book"], "A book"),
        (["ST  - A title"], "A title"),
        (["ST  - Doe (2024)"], ""),
        (["TI  - ", "T1  - A title"], "A title"),
        (["TI  - The <i>in vitro</i> effect &amp; more, p < 0.05"], "The in vitro effect & more, p < 0.05"),
    ],
)
def test_the_title(lines, title):
    assert field_of("title", *lines) == title


@pytest.mark.parametrize(
    ("lines", "abstract"),
    [
        (["AB  - Some text."], "Some text."),
        (["N2  - Some text."], "Some text."),
        (["AB  - NA"], ""),
        (["AB  - n/a", "N2  - Some text."], "Some text."),
        (["AB  - [No abstract available]"], ""),
        (["AB  - Nationwide, things happen."], "Nationwide, things happen."),
        (
            ["AB  - Some text.", "AB  - Copyright of Things is the property of A House and its content ..."],
            "Some text.",
        ),
        (["AB  - English text.", "AB  - Texte en français."], "English text.\n\nTexte en français."),
        (
            [
                'AB  - <AbstractText Label="AIM" NlmCategory="X">To do.</AbstractText>',
                "      <AbstractText>Done, n > 5.</AbstractText>",
            ],
            "AIM: To do.\nDone, n > 5.",
        ),
    ],
)
def test_the_abstract(lines, abstract):
    assert field_of("abstract", *lines) == abstract


def test_authors_come_in_order_and_without_editors_and_two_of_the_same_name_are_two():
    lines = [
        "AU  - Doe, Jane",
        "A1  - Roe, R.",
        "AU  - Doe, Jane",
        "A2  - Editor, E.",
        "AU  - Poe, E.; Moe, M.",
    ]
    assert field_of("authors", *lines) == ("Doe, Jane", "Doe, Jane", "Poe, E.", "Moe, M.", "Roe, R.")


@pytest.mark.parametrize(
    ("lines", "year"),
    [
        (["PY  - 1948/07//"], 1948),
        (["Y1  - 2024///"], 2024),
        (["DA  - 2018/12//"], 2018),
        (["DA  - FEB 1", "PY  - 2019"], 2019),
        (["Y2  - 2017//"], 2017),
        (["Y2  - 2021/02/01"], None),  # the day somebody opened the page
        (["PY  - in press"], None),
        (["N1  - 2014"], None),
    ],
)
def test_the_year(lines, year):
    assert field_of("year", *lines) == year


@pytest.mark.parametrize(
    ("lines", "doi"),
    [
        (["DO  - 10.1000/ABC"], "10.1000/abc"),
        (["DO  - http://dx.doi.org/10.1000/abc"], "10.1000/abc"),
        (["DO  - 10.1000/abc     LK  - https://example.org/10.1000/other"], "10.1000/abc"),
        (["L3  - 10.1000/abc", "UR  - https://doi.org/10.1000/other"], "10.1000/abc"),
        (["M3  - 10.1000/abc"], "10.1000/abc"),
        (["UR  - https://example.org/doi/pdf/10.1000/abc"], "10.1000/abc"),
        (["N1  - J Ex. 2018;7:53. doi: 10.1000/abc. eCollection 2018."], "10.1000/abc"),
        (["N1  - Comment on 10.1000/one and 10.1000/two"], ""),
        (["AB  - As shown before (10.1000/abc)."], ""),
        (["DO  - NA"], ""),
    ],
)
def test_the_doi(lines, doi):
    assert field_of("doi", *lines) == doi


@pytest.mark.parametrize(
    ("lines", "pmid"),
    [
        (["PM  - 12345"], "12345"),
        (["AN  - 12345", "DB  - PubMed"], "12345"),
        (["AN  - 12345", "DP  - NLM"], "12345"),
        (["ID  - 12345", "DB  - Ovid MEDLINE(R) <1946 to June 2024>"], "12345"),
        (["ID  - 12345"], ""),
        (["ID  - 963", "DP  - NLM", "DB  - Medline"], ""),
        (["AN  - 12345", "DB  - APA PsycInfo"], ""),
        (["AN  - 52345678", "DB  - Embase", "DB  - Medline"], ""),
        (["C5  - 12345", "U2  - L64", "DB  - Medline"], "12345"),
        (["C5  - 12345"], ""),
        (["C2  - 12345", "DB  - Scopus"], "12345"),
        (["C3  -  PUBMED 12345,EMBASE 678"], "12345"),
        (["U1  - 12345[pmid]", "U2  - PMC99[pmcid]"], "12345"),
        (["AN  - MEDLINE:12345"], "12345"),
        (["UR  - https://pubmed.ncbi.nlm.nih.gov/12345/"], "12345"),
        (
            [
                "L2  - http://europepmc.org/article/MED/12345",
                "L2  - https://www.ncbi.nlm.nih.gov/pubmed/12345",
            ],
            "12345",
        ),
        (["L2  - http://europepmc.org/article/MED/1", "L2  - https://www.ncbi.nlm.nih.gov/pubmed/2"], ""),
        (["N1  - PMID: 12345"], "12345"),
        (["N1  - Comment in: J Ex. 2018;1:1. PMID: 12345"], ""),
    ],
)
def test_the_pubmed_number_is_taken_only_where_the_dialect_says_so(lines, pmid):
    assert field_of("pmid", *lines) == pmid


@pytest.mark.parametrize(
    ("lines", "journal"),
    [
        (["JO  - J Ex", "JF  - Journal of Examples"], "Journal of Examples"),
        (["T2  - Journal of Examples", "J2  - J Ex"], "Journal of Examples"),
        (["JA  - J Ex"], "J Ex"),
    ],
)
def test_the_journal_is_the_full_name_where_there_is_one(lines, journal):
    assert field_of("journal", *lines) == journal


@pytest.mark.parametrize(
    ("lines", "keywords"),
    [
        (["KW  - *one", "KW  - two", "KW  - *one"], ("*one", "two")),
        (["KW  - one", "two words", "three"], ("one", "two words", "three")),
        (["KW  - one long", "      keyword"], ("one long keyword",)),
        (["KW  - one; two"], ("one", "two")),
        (["KW  - "], ()),
    ],
)
def test_keywords_stand_one_per_tag_or_per_line(lines, keywords):
    assert field_of("keywords", *lines) == keywords


@pytest.mark.parametrize(
    ("lines", "pages"),
    [
        (["SP  - 379", "EP  - 423"], "379-423"),
        (["SP  - 783-801"], "783-801"),
        (["SP  - 12", "EP  - 12"], "12"),
        (["SP  - ", "PG  - 14"], "14"),
        (["C7  - e84041"], "e84041"),
        (["EP  - 423"], "423"),
    ],
)
def test_the_pages(lines, pages):
    assert field_of("pages", *lines) == pages


def test_publication_types_leave_out_dois_and_class_codes():
    lines = ["M3  - Article", "M3  - 10.1000/abc", "M3  - Teaching Methods [3530]", "PT  - Review"]
    assert field_of("publication_types", *lines) == ("Review", "Article")


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        (["UR  - http://example.org/1; http://example.org/2"], "http://example.org/1"),
        (["UR  - https://example.org/a?b=1     U2  - L1"], "https://example.org/a?b=1"),
        (["UR  - javascript:alert(1)", "UR  - https://example.org"], "https://example.org"),
        (["UR  - javascript:alert(1)"], ""),
    ],
)
def test_only_addresses_of_the_web_are_taken(lines, url):
    assert field_of("url", *lines) == url


def test_the_rest_is_taken_as_found():
    record = record_of(
        "VL  - v. 40", "IS  - 1 January", "LA  - eng", "MH  - Humans", "AB  - Registered: NCT01234567."
    )
    assert (record.volume, record.issue, record.language, record.mesh) == (
        "v. 40",
        "1 January",
        "eng",
        ("Humans",),
    )
    assert record.registry_ids == ("NCT01234567",)


def test_register_numbers_in_a_list_of_cited_works_are_not_its_own():
    assert field_of("registry_ids", "M1  - Doe, J. (2016). Another trial (NCT01234567).") == ()


def test_what_no_field_of_ours_holds_is_kept_beside_them_in_its_order():
    record = record_of(
        "N1  - RAYYAN-INCLUSION: {\"Bob\"=>\"Included\"}", "TI  - A title", "C1  - Screened", "LB  - A label",
        "N1  - Second note,", "on two lines", "C8  - NA", "U1  - x", "ID  - 12", "RN  - A research note",
        "AU  - Doe, J.", "Z9  - A tag of no dialect",
    )  # fmt: skip
    assert record.extra == (
        ("N1", 'RAYYAN-INCLUSION: {"Bob"=>"Included"}'),
        ("C1", "Screened"),
        ("LB", "A label"),
        ("N1", "Second note,\non two lines"),
        ("U1", "x"),
        ("ID", "12"),
        ("RN", "A research note"),
        ("Z9", "A tag of no dialect"),
    )
