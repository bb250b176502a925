"""What a file carries from another tool is kept with its records, and goes with them when they do not arrive."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from reviews import importing
from reviews.jobs import Cancelled
from reviews.models import CarriedJudgement, Record, Search

ABOUT = {"source": "Rayyan", "kind": "database", "searched_on": date(2026, 1, 15)}
RIS = b"""TY  - JOUR
TI  - One
N1  - RAYYAN-INCLUSION: {"Ann"=>"Excluded", "Ben"=>"Included"} | RAYYAN-LABELS: rct | RAYYAN-EXCLUSION-REASONS: old,dull
ER  -

TY  - JOUR
TI  - Two
N1  - Comment in: Lancet 2020
ER  -

TY  - JOUR
TI  - Three
N1  - RAYYAN-LABELS: rct, animals
ER  -
"""


def told():
    rows = CarriedJudgement.objects.order_by("pk").select_related("record")
    return [(r.record.title, r.tool, r.said_by, r.verdict, r.reasons, r.labels, r.note) for r in rows]


def test_each_persons_judgement_is_a_row_beside_the_record_and_its_labels_stand_on_one(review, alice):
    imported = importing.import_search(review=review, by=alice, data=RIS, **ABOUT)
    assert told() == [
        ("One", "rayyan", "Ann", "exclude", ["old", "dull"], ["rct"], ""),
        ("One", "rayyan", "Ben", "include", [], [], ""),
        ("Three", "rayyan", "", "", [], ["rct", "animals"], ""),
    ]
    assert set(CarriedJudgement.objects.values_list("search", flat=True)) == {imported.search.pk}


def test_what_no_sane_judgement_has_is_cut_and_two_names_alike_to_that_point_are_one(review, alice):
    name = "N" * 300
    votes = f'{{"{name}a"=>"Included", "{name}b"=>"Excluded", "Zo"=>"Maybe"}}'
    ris = f"TY  - JOUR\nTI  - One\nN1  - RAYYAN-INCLUSION: {votes}\nER  -\n"
    importing.import_search(review=review, by=alice, data=ris.encode(), **ABOUT)
    assert [(said[2], said[3]) for said in told()] == [("N" * 200, "include"), ("Zo", "maybe")]


def test_a_cancelled_import_leaves_nothing_of_it(review, alice):
    def report(phase, done, of=None):
        if done:
            assert CarriedJudgement.objects.count() == 3
            raise Cancelled

    with pytest.raises(Cancelled):
        importing.import_search(review=review, by=alice, data=RIS, report=report, **ABOUT)
    assert (CarriedJudgement.objects.count(), Record.with_arriving.count(), Search.with_arriving.count()) == (
        0,
        0,
        0,
    )


def test_the_database_refuses_to_change_or_delete_what_arrived(review, alice):
    importing.import_search(review=review, by=alice, data=RIS, **ABOUT)
    before = told()
    for change in (
        lambda: CarriedJudgement.objects.filter(said_by="Ann").update(verdict="include"),
        lambda: CarriedJudgement.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            change()
    assert told() == before


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        # ten records: six of them judged by one person, two in each way
        (
            "RIS/_baseline_rayyan.ris",
            {("Emily", "include"): 2, ("Emily", "maybe"): 2, ("Emily", "exclude"): 2},
        ),
        ("RIS/_baseline_eppireviewer.ris", {}),
        ("RIS/_baseline_covidence_endnote.ris", {}),
        ("RIS/_baseline_endnote.ris", {}),
        ("RIS/_baseline_zotero.ris", {}),
        ("RIS/_baseline_embase.ris", {}),
    ],
)
def test_real_exports_carry_what_their_manifest_says(review, alice, shared, file, expected):
    path = shared("data/import-fixtures/citation-file-formatting") / file
    importing.import_search(review=review, by=alice, data=path.read_bytes(), **ABOUT)
    found: dict = {}
    for row in CarriedJudgement.objects.all():
        found[row.said_by, row.verdict] = found.get((row.said_by, row.verdict), 0) + 1
    assert found == expected
