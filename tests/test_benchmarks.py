"""The benchmark of imports prints what the database really holds."""

import pytest

from benchmarks.imports import imported, table

pytestmark = pytest.mark.django_db


def row_of(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return {name: value for name, value in imported(path, tmp_path).items() if name != "seconds"}


def test_a_file_that_is_read(tmp_path):
    text = b"TY  - JOUR\nTI  - One\nER  -\nstray words\nTY  - JOUR\nTI  - Two\nER  -\n"
    assert row_of(tmp_path, "list.ris", text) == {
        "file": "list.ris", "format": "ris", "found": 2, "stored": 2, "problems": 1, "refused": None,
    }  # fmt: skip


def test_a_file_that_is_refused(tmp_path):
    assert row_of(tmp_path, "paper.pdf", b"%PDF-1.7 ...") == {
        "file": "paper.pdf",
        "format": None,
        "found": 0,
        "stored": 0,
        "problems": 0,
        "refused": "This is a PDF, which cannot be imported here; nothing was imported. Open it, copy the text, and "
        "paste it; or export the references as RIS. A full text is added to its report later, on the full-text page.",
    }


def test_the_table_sums_up(tmp_path):
    rows = [
        row_of(tmp_path, "a.ris", b"TY  - JOUR\nER  -\n") | {"seconds": 0.1},
        row_of(tmp_path, "b", b"") | {"seconds": 0},
    ]
    assert [row["stored"] for row in rows] == [1, 0]
    last = table(rows).splitlines()[-1]
    assert last == "2 files, 1 refused: 1 entries found, 1 records stored, 1 problems"
