"""Identifiers: one spelling, whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers.identifiers import (
    dois_in,
    is_pmid,
    pmids_in_addresses,
    registry_ids_in,
    the_only,
    year_in,
)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1000/AB.C-1", "10.1000/ab.c-1"),
        ("doi: 10.1000/abc.", "10.1000/abc"),
        ("(see https://doi.org/10.1000/abc)", "10.1000/abc"),
        ("http://dx.doi.org/10.1000/s0140(20)30183-5", "10.1000/s0140(20)30183-5"),
        ("https://example.org/doi/full/10.1000/add.14404?download=true#top", "10.1000/add.14404"),
        ("https://example.org/article/10.1000/s40279-017/fulltext.html", "10.1000/s40279-017"),
        ("id=doi:10.1000%2Fs415-3&atitle=Things", "10.1000/s415-3"),
        ("electronic-resource-num: 10.1000/ch13<br/>isbn: 1", "10.1000/ch13"),
        (
            "10.1000/(SICI)1(1998)17:15<16::AID-2>3.0.CO;2-2",
            "10.1000/(sici)1(1998)17:15<16::aid-2>3.0.co;2-2",
        ),
    ],
)
def test_a_doi_is_found_bare_and_in_lower_case(text, doi):
    assert dois_in(text) == [doi]


@pytest.mark.parametrize("text", ["", "10.1000/", "version 10.2/3", "110.1000/abc", "a dose of 10.5 mg"])
def test_what_is_no_doi_is_none(text):
    assert dois_in(text) == []


@given(st.text())
def test_no_text_breaks_the_search_for_identifiers(text):
    assert all(doi.startswith("10.") and doi == doi.lower() for doi in dois_in(f"10.1000/{text}"))
    assert isinstance(registry_ids_in(text), tuple)
    assert isinstance(pmids_in_addresses(text), list)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("registered as NCT01234567.", "NCT01234567"),
        ("(NCT 01234567)", "NCT01234567"),
        ("https:// clini caltr ials. gov/ ct2/ show/ NCT01 234567.", "NCT01234567"),
        ("clinicaltrials.gov/show/nct01234567", "NCT01234567"),
        ("ISRCTN 12345678", "ISRCTN12345678"),
        ("ACTRN12613000483752", "ACTRN12613000483752"),
        ("ChiCTR2000029308", "ChiCTR2000029308"),
        ("ChiCTR-TRC-08000095", "ChiCTR-TRC-08000095"),
        ("DRKS00021582", "DRKS00021582"),
        ("CTRI/2020/05/025001", "CTRI/2020/05/025001"),
        ("UMIN000012345", "UMIN000012345"),
        ("jRCTs031180001", "jRCTs031180001"),
        ("EudraCT 2005-000417-36", "EudraCT 2005-000417-36"),
        ("EU CT 2022-500123-12-00", "EUCT 2022-500123-12-00"),
        ("PACTR201907744256464", "PACTR201907744256464"),
        ("IRCT20130812014333N145", "IRCT20130812014333N145"),
        ("RBR-6tnwfc", "RBR-6tnwfc"),
    ],
)
def test_a_trial_register_number_is_found_in_one_spelling(text, number):
    assert registry_ids_in(text) == (number,)


@pytest.mark.parametrize(
    "text",
    ["NCT0123456", "NCT012345678", "the function 12345678", "NCT0123456 7 patients", "12005-000417-36", ""],
)
def test_a_number_that_is_not_whole_is_no_register_number(text):
    assert registry_ids_in(text) == ()


def test_register_numbers_come_in_the_order_of_the_text_and_once():
    assert registry_ids_in("ISRCTN12345678, NCT01234567, NCT 01234567") == ("ISRCTN12345678", "NCT01234567")


def test_two_different_claims_are_none():
    assert the_only(["1", "", "1"]) == "1"
    assert the_only(["1", "2"]) == ""
    assert the_only([]) == ""


def test_pubmed_numbers_come_out_of_links():
    assert pmids_in_addresses(
        "https://pubmed.ncbi.nlm.nih.gov/012345/ http://europepmc.org/article/MED/99"
    ) == [
        "12345",
        "99",
    ]
    assert pmids_in_addresses("https://example.org/pubmed/12345") == []


@pytest.mark.parametrize(
    ("text", "fits"),
    [("1", True), ("12345678", True), ("123456789", False), ("0", False), ("١٢", False), ("", False)],
)
def test_a_pubmed_number_has_one_to_eight_digits(text, fits):
    assert is_pmid(text) is fits


@pytest.mark.parametrize(
    ("text", "year"),
    [("1948/07//", 1948), ("FEB 2019", 2019), ("2024///", 2024), ("12019", None), ("May", None)],
)
def test_a_year_has_four_digits(text, year):
    assert year_in(text) == year
