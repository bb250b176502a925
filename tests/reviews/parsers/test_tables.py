"""CSV and TSV, whoever wrote them: every row is a record or is told, and a person can say how to read them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, ReadAs, UnreadableFile, open_source

HEAD = "Title,Authors,Abstract,Year,DOI,Notes"


def opened(text, read_as=None, codec="utf-8"):
    return open_source(text.encode(codec), read_as=read_as)


def rows_of(text, read_as=None):
    source = opened(text, read_as)
    assert source.format in ("csv", "tsv")
    return list(source.records)


def records_of(text, read_as=None):
    rows = rows_of(text, read_as)
    assert [row for row in rows if isinstance(row, Problem)] == []
    return rows


def test_a_row_becomes_a_record_with_its_place_its_line_and_its_own_text():
    one, two = records_of(
        f'{HEAD}\n"A, B","Smith, J.; Doe, K.",Some text,2020,https://doi.org/10.1000/X1,keep me\nC,,,,,\n'
    )
    assert one == ParsedRecord(
        position=1,
        line=2,
        raw='"A, B","Smith, J.; Doe, K.",Some text,2020,https://doi.org/10.1000/X1,keep me',
        title="A, B",
        abstract="Some text",
        authors=("Smith, J.", "Doe, K."),
        year=2020,
        doi="10.1000/x1",
        extra=(("Notes", "keep me"),),
    )
    assert (two.position, two.line, two.raw, two.title) == (2, 3, "C,,,,,", "C")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n",
        f"{HEAD}\r\nÉa,B,C,2019,,\r\nD,E,F,2020,,\r\n",
        f"{HEAD}\rÉa,B,C,2019,,\rD,E,F,2020,,\r",
        f"{HEAD}\nÉa,B,C,2019,,\r\nD,E,F,2020,,",
        f"{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n".replace(",", ";"),
        f"{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n".replace(",", "\t"),
        f"{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n".replace(",", "|"),
        "\ufeff" + f"{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n",
        f"\n\n{HEAD}\n\nÉa,B,C,2019,,\n\n,,,,,\nD,E,F,2020,,\n\n",
        f'"SEARCH QUERY","a ""quoted"" phrase"\n-------\n\n{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n',
        f"sep=,\n{HEAD}\nÉa,B,C,2019,,\nD,E,F,2020,,\n",
        HEAD.upper() + "\nÉa,B,C,2019,,\nD,E,F,2020,,\n",
        '"Title","Authors","Abstract","Year","DOI","Notes"\n"Éa","B","C","2019","",""\n"D","E","F","2020","",""\n',
        f"{HEAD},,,\nÉa,B,C,2019,,,,,\nD,E,F,2020,,,,,\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252"])
def test_separator_line_ends_preamble_and_encoding_are_found(text, codec):
    if codec == "cp1252":
        text = text.replace("\ufeff", "")
    source = opened(text, codec=codec)
    assert [(row.title, row.year) for row in source.records] == [("Éa", 2019), ("D", 2020)]
    assert source.encoding.startswith(codec)


def test_quoted_cells_hold_separators_quotes_and_line_breaks_of_every_kind():
    text = f'{HEAD}\r\nA,"Roe, R.","One.\r\nTwo, ""x"".\nThree.\rFour.",2019,,\r\nB,,,,,\r\n'
    one, two = records_of(text)
    assert one.abstract == 'One.\nTwo, "x".\nThree.\nFour.'
    assert one.raw == 'A,"Roe, R.","One.\r\nTwo, ""x"".\nThree.\rFour.",2019,,'
    assert (two.title, two.line) == ("B", 6)


def test_what_is_no_field_stays_with_the_name_and_order_of_the_file():
    text = (
        "Title,labeled_at,Anonymous,labeled_at,Tags,asreview_label,\n"
        "A,2024-01-01,1,2024-01-02, x ;y ,0,behind\n"
    )
    (record,) = records_of(text)
    assert record.extra == (
        ("labeled_at", "2024-01-01"),
        ("Anonymous", "1"),
        ("labeled_at", "2024-01-02"),
        ("Tags", "x ;y"),
        ("asreview_label", "0"),
        ("", "behind"),
    )


def test_a_row_with_one_cell_is_told_and_is_no_record():
    rows = rows_of(f"{HEAD}\nA,B,C,2019,,\ncitations nobody labelled\n,,,,,only a note\nD,E,F,2020,,\n")
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["A", "D"]
    assert [(row.line, row.excerpt) for row in rows if isinstance(row, Problem)] == [
        (3, "citations nobody labelled"),
        (4, ",,,,,only a note"),
    ]
    assert [row.position for row in rows if isinstance(row, ParsedRecord)] == [1, 2]


def test_a_row_without_title_is_a_record():
    (record,) = records_of(f"{HEAD}\n,Smith J,,2019,,\n")
    assert (record.title, record.year) == ("", 2019)


def test_a_row_with_too_few_or_too_many_cells_is_kept_and_told():
    rows = rows_of(f"{HEAD}\nA,B\nC,D,E,2019,,n,surplus\nF,G,H,2020,10.1/x\n")
    assert [(type(row).__name__, row.line) for row in rows] == [
        ("ParsedRecord", 2),
        ("Problem", 2),
        ("ParsedRecord", 3),
        ("Problem", 3),
        ("ParsedRecord", 4),  # only its note is missing, which is no field
    ]
    assert rows[1].reason.startswith("This row has 2 cells where there are 6 columns.")
    assert rows[3].reason.startswith("This row has 7 cells where there are 6 columns:")
    assert rows[2].extra == (("Notes", "n"), ("", "surplus"))


def test_names_of_columns_that_come_again_are_left_out_and_told():
    rows = rows_of(f"{HEAD}\nA,B,C,2019,,\n{HEAD}\nD,E,F,2020,,\n")
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["A", "D"]
    (again,) = [row for row in rows if isinstance(row, Problem)]
    assert (again.line, again.reason) == (
        3,
        "This row repeats the names of the columns; it was left out.",
    )


@pytest.mark.parametrize("quoted", [True, False])
def test_an_open_quotation_mark_does_not_swallow_the_rows_behind_it(quoted):
    def row(title):
        return f'"{title}","Doe, K.",text,2020,,\n' if quoted else f"{title},Doe K,text,2020,,\n"

    text = f"{HEAD}\n{row('One')}" + '"Torn,Smith,text,2020,,\n' + row("Three") + row("Four")
    rows = rows_of(text)
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == [
        "One",
        '"Torn',
        "Three",
        "Four",
    ]
    text = f"{HEAD}\n{row('One')}" + '"Torn, in two,Smith,text,2020,,\n' + row("Three") + row("Four")
    rows = rows_of(text)
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["One", "Three", "Four"]
    (torn,) = [row for row in rows if isinstance(row, Problem)]
    assert (torn.line, torn.excerpt) == (3, '"Torn, in two,Smith,text,2020,,')
    assert torn.reason.startswith("A quotation mark opens in this row and is not closed")


def test_a_torn_row_far_from_the_end_costs_itself_only():
    many = "".join(f"T{n},Doe K,text,2020,,\n" for n in range(5000))
    rows = rows_of(f"{HEAD}\n" + 'First,"open,text,x,2020,,\n' + many)
    assert sum(isinstance(row, ParsedRecord) for row in rows) == 5000
    assert [row.line for row in rows if isinstance(row, Problem)] == [2]


def test_an_open_quotation_mark_in_the_last_row_is_told():
    rows = rows_of(f'{HEAD}\nA,B,C,2019,,\nB,"open,1,2019,,,x')
    assert [type(row) for row in rows] == [ParsedRecord, Problem]


def test_unescaped_quotation_marks_inside_a_cell_tear_nothing():
    one, two = records_of(f'{HEAD}\nA,"The "best" of them",C,2019,,\n"C" is it,D,E,2020,,\n')
    assert (one.authors, one.year, two.title) == (('The "best" of them',), 2019, '"C" is it')
    (row,) = records_of('Title\tYear\tNotes\n"Smart" homes\t2019\t5" tubes\n')
    assert (row.title, row.extra) == ('"Smart" homes', (("Notes", '5" tubes'),))


def test_a_quotation_mark_in_every_row_merges_no_rows():
    rows = rows_of("Title,Abstract,Year\n" + '"Tubes of 6,text,2019\n' * 20)
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ['"Tubes of 6'] * 20


def test_cells_of_any_length_are_read():
    (record,) = records_of(f'{HEAD}\nA,B,"{"word " * 60000}",2019,,\n')
    assert len(record.abstract) == 5 * 60000 - 1


def test_zero_bytes_are_shown_and_stop_nothing():
    one, two = records_of(f"{HEAD}\nA\0A,B,C,2019,,\nD,E,F,2020,,\n")
    assert (one.title, two.title) == ("A\ufffdA", "D")


def test_a_table_knows_how_it_was_read():
    table = opened(f"SEARCH QUERY;x\n\n{HEAD.replace(',', ';')}\nA;B;C;2019;;n\n").table
    assert (table.kind, table.separator, table.header_line, table.preamble) == (
        "csv",
        ";",
        3,
        ("SEARCH QUERY;x", ""),
    )
    assert [(column.number, column.name, column.field) for column in table.columns] == [
        (1, "Title", "title"),
        (2, "Authors", "authors"),
        (3, "Abstract", "abstract"),
        (4, "Year", "year"),
        (5, "DOI", "doi"),
        (6, "Notes", ""),
    ]
    assert (table.columns[0].samples, table.columns[4].samples) == (("A",), ())
    assert (table.rows, table.trouble) == ((("A", "B", "C", "2019", "", "n"),), "")


def test_a_person_corrects_the_columns_by_name_or_by_number():
    text = "Title,Label,Label,Text\nA,x,y,B\n"
    (record,) = records_of(text, ReadAs(mapping={"Text": "abstract", 3: "keywords", "Title": ""}))
    assert (record.title, record.abstract, record.keywords) == ("", "B", ("y",))
    assert record.extra == (("Title", "A"), ("Label", "x"))
    (record,) = records_of(text, ReadAs(mapping={"Text": "title"}))
    assert (record.title, record.extra[0]) == ("B", ("Title", "A"))


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (
            {"Title": "abstract", "Text": "abstract"},
            "Two columns are read as Abstract: “Title” (column 1) and ",
        ),
        ({"Title": ""}, "No column is read as Title or Abstract"),
        ({"Text": "heading"}, "“heading” is no field."),
        ({"Body": "title"}, "There is no column “Body” in this table. Its columns are: #1 Title, "),
        ({9: "title"}, "There is no column 9 in this table."),
        ({"Label": "keywords"}, "Several columns are called “Label”. Say which by counting: #2 or #3."),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_in_words(mapping, said):
    source = opened("Title,Label,Label,Text\nA,x,y,B\n", ReadAs(mapping=mapping))
    assert source.table.trouble.startswith(said)
    with pytest.raises(UnreadableFile) as refusal:
        list(source.records)
    assert str(refusal.value) == f"{source.table.trouble} Nothing was imported."


def test_a_table_in_words_nobody_taught_us_is_a_table_and_asks():
    source = opened("Nimi,Kuvaus,Vuosiluku\nA,B,2019\nC,D,2020\n")
    assert source.table.trouble.startswith("No column is read as Title or Abstract")
    (one, two) = records_of(
        "Nimi,Kuvaus,Vuosiluku\nA,B,2019\nC,D,2020\n", ReadAs(mapping={"Nimi": "title", 3: "year"})
    )
    assert (one.title, two.year) == ("A", 2020)


def test_a_table_without_column_names_is_read_when_a_person_says_so():
    text = "A title,Some text,2019\nAnother,More,2020\n"
    one, two = records_of(text, ReadAs(header_line=0, separator=",", mapping={1: "title", 3: "year"}))
    assert (one.title, one.year, one.line, two.extra) == ("A title", 2019, 1, (("", "More"),))


def test_a_person_says_which_line_names_the_columns_and_what_parts_them():
    text = "Title,Year\nfirst,1999\n\nTitle;Abstract;Year\nA;B;2019\n"
    (record,) = records_of(text, ReadAs(header_line=4, separator=";"))
    assert (record.title, record.abstract, record.year) == ("A", "B", 2019)
    with pytest.raises(UnreadableFile, match="no line 99"):
        opened(text, ReadAs(header_line=99))
    with pytest.raises(UnreadableFile, match="no separator"):
        opened(text, ReadAs(separator="#"))


def test_a_person_says_the_encoding_of_any_text():
    data = f"{HEAD}\nПривет,B,C,2019,,\n".encode("cp1251")
    (record,) = open_source(data, read_as=ReadAs(encoding="cp1251")).records
    assert record.title == "Привет"
    assert open_source(data, read_as=ReadAs(encoding="Windows-1251")).encoding == "cp1251"
    ris = "TY  - JOUR\nTI  - Łódź\nER  - \n".encode("cp1250")
    (record,) = open_source(ris, read_as=ReadAs(encoding="cp1250")).records
    assert record.title == "Łódź"
    assert open_source(ris, read_as=ReadAs(encoding="utf-8")).encoding == "utf-8 (damaged)"
    for name in ("unicode_escape", "rot13", "idna", "no such", "../x"):
        with pytest.raises(UnreadableFile, match="is no encoding that is read here"):
            open_source(ris, read_as=ReadAs(encoding=name))


def test_what_was_decided_survives_json():
    decided = ReadAs("cp1252", "Sheet 1", "\t", 0, {"Title": "title", 3: ""})
    assert ReadAs.from_json(decided.as_json()) == decided
    assert decided.as_json()["columns"] == {"Title": "title", "#3": ""}
    assert (ReadAs().as_json(), ReadAs.from_json(None), ReadAs.from_json({})) == ({}, ReadAs(), ReadAs())
    for wrong in (
        [],
        {"codec": "x"},
        {"encoding": 1},
        {"header_line": -1},
        {"header_line": True},
        {"columns": ["title"]},
        {"columns": {"a": 1}},
    ):
        with pytest.raises(ValueError, match=r"\.$"):
            ReadAs.from_json(wrong)


def test_how_a_table_was_read_reads_it_the_same_again():
    text = f"x\n{HEAD}\nA,B,C,2019,,n\n"
    first = opened(text)
    again = opened(text, ReadAs.from_json(first.table.as_read(first.encoding).as_json()))
    assert (again.table, list(again.records)) == (first.table, list(opened(text).records))


EMBASE_BY_ROW = """"SEARCH QUERY","'statin'/exp AND [2020-2021]/py"

"TITLE","Statins in the very old"
"AUTHOR NAMES","Smith J.","Doe K."
"SOURCE TITLE","A Journal"
"PUBLICATION YEAR","2020"
"ABSTRACT","One ""quoted"" text,
in two lines."
"AUTHOR KEYWORDS","statin","old age"
"MEDLINE PMID","123456"

"TITLE","A second one"
"AUTHOR NAMES","Roe R."
"PUBLICATION YEAR","2021"
"CLINICAL TRIAL NUMBERS","ClinicalTrials.gov (NCT01234567)"
"""


def test_a_table_with_each_field_in_a_row_of_its_own():
    source = opened(EMBASE_BY_ROW)
    assert (source.format, source.table.by_row, source.table.header_line) == ("csv", True, 3)
    one, two = source.records
    assert (one.title, one.authors, one.year, one.pmid) == (
        "Statins in the very old",
        ("Smith J.", "Doe K."),
        2020,
        "123456",
    )
    assert one.abstract == 'One "quoted" text,\nin two lines.'
    assert one.keywords == ("statin", "old age")
    assert one.raw == EMBASE_BY_ROW.split("\n\n")[1]
    assert (two.title, two.registry_ids, two.line) == ("A second one", ("NCT01234567",), 12)


CLINICALTRIALS = (
    "NCT Number,Study Title,Study URL,Conditions,Interventions,Brief Summary,Study Type,First Posted,Start Date\r\n"
    "NCT01234567,A trial,https://clinicaltrials.gov/study/NCT01234567,Malaria|Fever,DRUG: A|DRUG: B,"
    '"What, and why.",INTERVENTIONAL,2019-02-01,2018-12\r\n'
)


def test_clinicaltrials_gov_is_a_register_with_its_numbers():
    source = opened(CLINICALTRIALS)
    assert source.table.profile == "clinicaltrials"
    (record,) = source.records
    assert (record.title, record.abstract, record.registry_ids, record.year, record.doi) == (
        "A trial",
        "What, and why.",
        ("NCT01234567",),
        2019,
        "",
    )
    assert record.keywords == ("Malaria", "Fever", "DRUG: A", "DRUG: B")
    assert record.url == "https://clinicaltrials.gov/study/NCT01234567"


def test_prose_with_commas_is_no_table():
    for text in (
        "Title, abstract, authors and year of each record were noted by two persons.\nThen they met.\n",
        "We did this, that, and more.\nThey did it, too, of course.\n",
    ):
        assert opened(text).format == "pasted"


cell = st.text(st.characters(exclude_categories=("C",), include_characters="\n\r\t"), max_size=40)


@given(
    rows=st.lists(st.tuples(st.text("abc xyz", min_size=3, max_size=20), cell, cell), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_csv_wrote_comes_back_whole(rows, separator, end):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["Title", "Abstract", "Authors", "Note"])
    written = [("t" + title.strip(), abstract, note) for title, abstract, note in rows]
    for title, abstract, note in written:
        writer.writerow([title, abstract, "Doe, J.", note])
    records = list(open_source(out.getvalue().encode()).records)
    assert [type(record) for record in records] == [ParsedRecord] * len(rows)
    assert [" ".join(title.split()) for title, _, _ in written] == [record.title for record in records]
    assert [dict(record.extra).get("Note", "") for record in records] == [
        note.strip() for *_, note in written
    ]
    whole = out.getvalue().split(end, 1)[1]
    for record in records:  # the rows as found, in order, with nothing but line ends between them
        before, whole = whole.split(record.raw, 1)
        assert before.strip("\r\n") == ""
    assert whole.strip("\r\n") == ""


@given(st.binary(max_size=400))
def test_no_bytes_behind_a_header_raise_anything(data):
    head = f"{HEAD}\nA,B,{'word ' * 1000},2019,,\n".encode()
    for encoding in ("", "cp1252", "utf-8", "gb18030"):
        rows = list(open_source(head + data, read_as=ReadAs(encoding=encoding)).records)
        assert rows[0].title == "A"


@given(st.text('",\n\r ab', max_size=150))
def test_no_quotation_marks_raise_anything_or_lose_a_letter(text):
    source = open_source(
        f"Title,Abstract,Year\n{text}".encode(), read_as=ReadAs(separator=",", header_line=1)
    )
    rows = list(source.records)
    told = [row.raw if isinstance(row, ParsedRecord) else row.excerpt for row in rows if not is_note(row)]
    assert letters("".join(told)) == letters(text)


def letters(text):
    return "".join(sign for sign in text if sign in "ab")


def is_note(row):
    """Whether it says something about a record that was kept."""
    return isinstance(row, Problem) and "Its record was imported" in row.reason
