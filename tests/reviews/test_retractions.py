"""Lists of retractions as people have them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.retractions import Listed, UnreadableList, read_list

HEAD = "Record ID,Title,Author,RetractionDOI,RetractionPubMedID,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature"


def read(text: str | bytes) -> Listed:
    return read_list(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def test_a_retraction_watch_file_gives_papers_and_notices_by_both_numbers():
    listed = read(
        f"{HEAD}\r\n"
        '1,"Ice, and fire","Moss, A;Reed, B",10.1000/Notice.1,311,10.1000/Paper.1,211,Retraction\r\n'
        "2,Snow,Moss,unavailable,0,https://doi.org/10.1000/paper.2,0,Retraction\r\n"
        "3,Rain,Moss,10.1000/c,313,10.1000/corrected,213,Correction\r\n"
        "4,Hail,Moss,10.1000/e,314,10.1000/concern,214,Expression of concern\r\n"
    )
    assert listed.papers == {"10.1000/paper.1", "211", "10.1000/paper.2"}
    assert listed.notices == {"10.1000/notice.1", "311"}
    assert (listed.rows, listed.passed_over) == (4, 2)


def test_a_paper_that_was_reinstated_is_not_retracted_any_more():
    listed = read(
        f"{HEAD}\n"
        "1,Ice,Moss,10.1000/n,1,10.1000/back,2,Retraction\n"
        "2,Ice,Moss,10.1000/m,3,10.1000/back,2,Reinstatement\n"
        "3,Snow,Moss,10.1000/k,5,10.1000/gone,6,Retraction\n"
    )
    assert listed.papers == {"10.1000/gone", "6"}
    assert "10.1000/back" not in listed.notices


def test_a_notice_with_the_papers_own_doi_counts_as_the_paper():
    listed = read(f"{HEAD}\n1,Ice,Moss,10.1000/same,1,10.1000/same,2,Retraction\n")
    assert (listed.papers, listed.notices) == ({"10.1000/same", "2"}, {"1"})


@pytest.mark.parametrize(
    ("text", "papers"),
    [
        ("10.1000/a\n10.1000/B.\n", {"10.1000/a", "10.1000/b"}),
        ("4711\n0815\n", {"4711", "815"}),
        ("PMID: 4711\nhttps://doi.org/10.1000/a\n", {"4711", "10.1000/a"}),
        ("Moss 2019, Ice and fire. PMID 4711; see page 12\n", {"4711"}),
        ("Moss 2019. 12 pages\n10.1000/a", {"10.1000/a"}),
        ("title;DOI\nIce;10.1000/a\nSnow;\n", {"10.1000/a"}),
        ("Title\tPubMed ID\nIce\t4711\n", {"4711"}),
        ("year,pmid\n2019,4711\n", {"4711"}),
        ("\ufeff10.1000/a", {"10.1000/a"}),
        ("1, 22 333", {"1", "22", "333"}),
    ],
)
def test_any_list_of_dois_or_pubmed_numbers_is_read(text, papers):
    listed = read(text)
    assert (listed.papers, listed.notices) == (papers, set())


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"nothing here\n", b"PK\x03\x04\x00\x00", b"\xff\xfe1\x00", b"doi\n\n"]
)
def test_a_list_without_any_number_says_so(data):
    with pytest.raises(UnreadableList, match=r"No DOI|no text"):
        read(data)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise_anything_else(data):
    try:
        listed = read(data)
    except UnreadableList:
        return
    assert listed.papers or listed.notices


def test_the_stream_is_left_open_for_whoever_opened_it():
    stream = io.BytesIO(b"10.1000/a")
    read_list(stream)
    assert not stream.closed
