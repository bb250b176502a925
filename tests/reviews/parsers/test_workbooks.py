"""Excel workbooks: what stands in their cells, never what they would compute; bombs are refused."""

import io
import json
import struct
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from reviews.parsers import ParsedRecord, Problem, ReadAs, UnreadableFile, open_source, workbooks

HEAD = ["Title", "Authors", "Year", "Date added", "Included"]


def book(*sheets):
    """The bytes of a workbook; each sheet is (name, rows)."""
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(data, name, change):
    """The workbook with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(old.read(part)) if part.filename == name else old.read(part))
    return out.getvalue()


def shared_strings(strings, rows):
    """The bytes of a workbook as Excel writes it: every text is a number in a list of texts."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {main}>"
        + "".join(f"<si><t>{text}</t></si>" for text in strings)
        + "</sst>",
        SHEET: f"<worksheet {main}><sheetData>"
        + "".join("<row>" + "".join(f'<c t="s"><v>{at}</v></c>' for at in row) + "</row>" for row in rows)
        + "</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, f'<?xml version="1.0"?>{part}')
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ONE = book(("Refs", [HEAD, ["A", "Smith, J.; Doe, K.", 2019, datetime(2024, 5, 28), True]]))


def test_a_row_becomes_a_record_with_its_cells_as_text():
    source = open_source(ONE)
    (record,) = source.records
    assert (source.format, source.encoding) == ("xlsx", "")
    assert record == ParsedRecord(
        position=1,
        line=2,
        raw=json.dumps(
            {
                "Title": "A",
                "Authors": "Smith, J.; Doe, K.",
                "Year": "2019",
                "Date added": "2024-05-28",
                "Included": "TRUE",
            }
        ),
        title="A",
        authors=("Smith, J.", "Doe, K."),
        year=2019,
        extra=(("Date added", "2024-05-28"), ("Included", "TRUE")),
    )


def test_numbers_dates_and_times_are_written_plainly():
    cells = [2019.0, 1.5, 10**12, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), None, "  kept  ", False]
    names = ["Title", *"abcdefg"]
    (record,) = open_source(book(("S", [names, cells]))).records
    assert record.title == "2019"
    assert [text for _, text in record.extra] == [
        "1.5",
        "1000000000000",
        "2020-01-02",
        "2020-01-02 03:04:00",
        "kept",
        "FALSE",
    ]


def test_rows_in_front_of_the_column_names_and_blank_rows_are_no_records():
    data = book(
        ("S", [["A review"], [], HEAD, ["A", "", 2019], [], ["B", "", 2020], ["", "", "only a year"]])
    )
    source = open_source(data)
    rows = list(source.records)
    assert (source.table.header_line, source.table.preamble) == (3, ("A review", ""))
    assert [(row.line, row.title) for row in rows if isinstance(row, ParsedRecord)] == [(4, "A"), (6, "B")]
    assert [row.line for row in rows if isinstance(row, Problem)] == [7]


def test_the_sheet_with_the_best_column_names_is_read_and_another_can_be_chosen():
    data = book(
        ("About", [["Our review"], ["Source", "Year"]]),
        ("Screening", [HEAD, ["A", "Doe J", 2019]]),
        ("Full text", [["Title", "Year"], ["B", 2020]]),
    )
    source = open_source(data)
    assert (source.table.sheet, source.table.sheets) == ("Screening", ("About", "Screening", "Full text"))
    assert [record.title for record in source.records] == ["A"]
    assert [record.title for record in open_source(data, read_as=ReadAs(sheet="Full text")).records] == ["B"]
    with pytest.raises(UnreadableFile, match="no sheet “Other”"):
        open_source(data, read_as=ReadAs(sheet="Other"))


def test_columns_are_corrected_as_in_any_table():
    data = book(("S", [["x", "y"], ["A", 2019], ["B", 2020]]))
    assert open_source(data).table.trouble.startswith("No column is read as Title or Abstract")
    one, _ = open_source(data, read_as=ReadAs(mapping={1: "title", "y": "year"})).records
    assert (one.title, one.year) == ("A", 2019)
    one, *_ = open_source(data, read_as=ReadAs(header_line=0, mapping={1: "title"})).records
    assert (one.title, one.raw) == ("x", '{"column 1": "x", "column 2": "y"}')


def test_two_columns_of_one_name_are_both_in_the_raw_entry():
    (record,) = open_source(book(("S", [["Title", "Label", "Label"], ["A", "x", "y"]]))).records
    assert json.loads(record.raw) == {"Title": "A", "Label": "x", "Label (2)": "y"}
    assert record.extra == (("Label", "x"), ("Label", "y"))


def test_a_formula_gives_its_stored_value_or_its_own_text_and_is_never_computed():
    formulas = book(("S", [["Title", "Notes"], ['=HYPERLINK("http://x","A")', "=1+1"], ["B", "n"]]))
    one, two = open_source(formulas).records
    assert (one.title, one.extra) == ('=HYPERLINK("http://x","A")', (("Notes", "=1+1"),))
    assert two.title == "B"
    stored = with_part(formulas, SHEET, lambda xml: xml.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>7</v>"))
    assert stored != formulas
    one, _ = open_source(stored).records
    assert one.extra == (("Notes", "7"),)


def test_a_workbook_that_lies_about_its_size_is_read_to_the_end():
    lying = with_part(ONE, SHEET, lambda xml: xml.replace(b'ref="A1:E2"', b'ref="A1"'))
    assert lying != ONE
    assert [record.title for record in open_source(lying).records] == ["A"]


def test_a_cell_far_outside_costs_nothing():
    far = with_part(
        ONE,
        SHEET,
        lambda xml: xml.replace(
            b"</sheetData>",
            b'<row r="900000"><c r="XFD900000" t="inlineStr"><is><t>x</t></is></c></row></sheetData>',
        ),
    )
    assert [row.title for row in open_source(far).records if isinstance(row, ParsedRecord)] == ["A"]


def test_a_workbook_as_excel_writes_it():
    (record,) = open_source(shared_strings(["Title", "Abstract", "A", "B &amp; C"], [(0, 1), (2, 3)])).records
    assert (record.title, record.abstract) == ("A", "B & C")


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_an_xml_bomb_is_refused(part):
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<worksheet>&b;</worksheet>"
    )
    with pytest.raises(UnreadableFile, match="defines XML entities"):
        list(
            open_source(with_part(shared_strings(["Title", "A"], [(0,), (1,)]), part, lambda _: bomb)).records
        )


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    bomb = with_part(
        ONE, SHEET, lambda xml: xml.replace(b"</sheetData>", b" " * (30 << 20) + b"</sheetData>")
    )
    assert len(bomb) < 1 << 20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(UnreadableFile, match=r"would unpack to 30 MB in \d+ parts"):
        open_source(bomb)


def test_many_parts_together_are_counted(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_BYTES", 1000)
    with pytest.raises(UnreadableFile, match="would unpack"):
        open_source(ONE)


def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked_beyond_it():
    bomb = with_part(
        ONE, SHEET, lambda xml: xml.replace(b"</sheetData>", b" " * (30 << 20) + b"</sheetData>")
    )
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        size = archive.getinfo(SHEET).file_size
    lying = bomb.replace(struct.pack("<L", size), struct.pack("<L", 600))
    assert lying != bomb
    with pytest.raises(UnreadableFile, match="is damaged"):
        list(open_source(lying).records)


@pytest.mark.parametrize("cut", [100, 1000, 3000])
def test_half_a_workbook_is_refused(cut):
    with pytest.raises(UnreadableFile):
        list(open_source(ONE[:cut]).records)


def test_a_part_that_is_damaged_is_said():
    for change in (lambda xml: xml[:-40], lambda xml: b"", lambda xml: xml.replace(b"<v>2019", b"<v>20x9")):
        with pytest.raises(UnreadableFile, match="damaged"):
            list(open_source(with_part(ONE, SHEET, change)).records)


def test_an_empty_workbook_is_said():
    with pytest.raises(UnreadableFile, match="is empty"):
        open_source(book(("S", [])))


def test_openpyxl_is_not_loaded_before_a_workbook_comes():
    import subprocess
    import sys

    said = subprocess.run(
        [sys.executable, "-c", "import reviews.parsers, sys; print('openpyxl' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False\n"
