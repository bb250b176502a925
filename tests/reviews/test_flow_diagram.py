"""The diagram: pure, escaped, every number a link, no style of its own on a page."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reviews import prisma
from reviews.flow_diagram import svg, wrapped
from reviews.models import Review

SVG = "{http://www.w3.org/2000/svg}"


def flow(**numbers):
    """A flow of zeros but for `numbers`; no database."""
    boxes = {box: numbers.pop(box, 0) for box in [*prisma.BOXES, "new_studies"]}
    counts = {box: n for box, n in boxes.items() if box not in prisma.OPEN}
    return prisma.Flow(
        review=Review(slug="myeloma", title="Plerixafor in myeloma"),
        at=datetime(2026, 5, 3, 14, 2, tzinfo=UTC),
        events=3,
        head="3f9a" * 16,
        counts=counts,
        open={box: boxes[box] for box in prisma.OPEN},
        sources=tuple(numbers.pop("sources", ())),
        reasons=tuple(numbers.pop("reasons", ())),
        rules=tuple(numbers.pop("rules", ())),
    )


def source(kind, label, n=1):
    return prisma.Source(kind, label, n, f"source-{n}")


def parsed(text):
    return ET.fromstring(
        text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) if "xmlns" not in text else text
    )


def words(text):
    return [" ".join(element.itertext()) for element in parsed(text).iter(f"{SVG}text")]


def test_one_arm_without_other_searches_two_with():
    left = svg(flow(sources=[source("database", "PubMed")]))
    both = svg(flow(sources=[source("database", "PubMed"), source("website", "Google", 2)]))
    assert "via other methods" not in left
    assert "Identification of new studies via other methods" in words(both)
    assert (words(left).count("Reports not retrieved"), words(both).count("Reports excluded")) == (1, 2)


def test_every_number_is_a_link_and_is_told_to_screen_readers():
    drawn = flow(
        database_results=1841, duplicates=402, dbr_in_screening=528, records_screened=911,
        sources=[source("database", "PubMed", 1841)],
        reasons=[prisma.Reason("dbr", "Wrong design", 9, "dbr_excluded-4")],
    )  # fmt: skip
    picture = parsed(svg(drawn, lambda box: f"/r/myeloma/prisma/{box}/"))
    links = {a.get("href"): a.get("aria-label") for a in picture.iter(f"{SVG}a")}
    assert links["/r/myeloma/prisma/database_results/"] == "Databases: 1,841"
    assert links["/r/myeloma/prisma/source-1841/"] == "PubMed: 1,841"
    assert links["/r/myeloma/prisma/dbr_excluded-4/"] == "Wrong design: 9"
    assert links["/r/myeloma/prisma/dbr_in_screening/"] == "still open: 528 in screening"
    assert links["/r/myeloma/prisma/new_studies/"] == "New studies included in review: 0"
    figures = [
        t for t in picture.iter(f"{SVG}text") if t.get("class") in ("flow-n", "flow-figure", "flow-open")
    ]
    inside = [t for a in picture.iter(f"{SVG}a") for t in a.iter(f"{SVG}text")]
    assert [t.text for t in figures if t not in inside] == []
    assert picture.find(f"{SVG}title").text == "PRISMA 2020 flow diagram: Plerixafor in myeloma"
    assert "911 screened" in picture.find(f"{SVG}desc").text


def test_a_box_without_an_address_is_drawn_without_a_link():
    assert "<a " not in svg(flow())
    assert "<a " not in svg(flow(), lambda box: "")


def test_a_page_gets_no_style_and_a_file_brings_its_own():
    on_page, alone = svg(flow()), svg(flow(), alone=True)
    assert re.search(r"<style|style=|\son\w+=", on_page) is None
    assert "<style>" in alone
    assert re.search(r"style=|<script|\shref=", alone) is None
    assert parsed(alone).tag == f"{SVG}svg"
    assert "As of 03 May 2026, 14:02 UTC" in words(alone)


def test_a_file_says_when_it_is_not_final():
    assert any(
        "not final: 528 still open" in text for text in words(svg(flow(dbr_in_screening=528), alone=True))
    )


@pytest.mark.parametrize(
    "evil", ["</text><script>alert(1)</script>", '"><a href="javascript:x">', "a & b < c", "bell\x07\x00"]
)
def test_text_of_people_is_escaped(evil):
    drawn = flow(
        sources=[source("database", evil)], reasons=[prisma.Reason("dbr", evil, 1, "dbr_excluded-1")]
    )
    drawn = replace(drawn, review=Review(slug="myeloma", title=evil))
    for text in (svg(drawn, lambda box: f"/{box}"), svg(drawn, alone=True)):
        picture = parsed(text)
        assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {
            "svg", "title", "desc", "style", "rect", "path", "text", "a",
        }  # fmt: skip
        assert all(a.get("href").startswith("/") for a in picture.iter(f"{SVG}a"))
        assert "\x00" not in text


def test_the_box_of_reasons_grows_and_what_stands_below_moves_down():
    def included(reasons):
        drawn = flow(
            reasons=[prisma.Reason("dbr", f"Reason {n}", n, f"dbr_excluded-{n}") for n in range(reasons)]
        )
        picture = parsed(svg(drawn))
        (box,) = [r for r in picture.iter(f"{SVG}rect") if r.get("class") == "flow-box flow-box--end"]
        return int(box.get("y")), int(picture.get("viewBox").split()[3])

    (few, small), (many, large) = included(1), included(12)
    assert many - few == large - small == 11 * 18


def test_no_two_boxes_overlap_and_none_leaves_the_picture():
    reasons = [
        prisma.Reason(arm, f"A reason of some length, number {n}", n, "x")
        for arm in prisma.ARMS
        for n in range(9)
    ]
    sources = [
        source(kind, "A source with quite a long name, by a publisher", 2)
        for kind in ("database", "register", "website", "citation")
    ]
    drawn = flow(
        reasons=reasons, sources=sources, dbr_in_screening=4, unlinked_reports=2, records_excluded_by_ai=3
    )
    picture = parsed(svg(drawn))
    width, height = (int(side) for side in picture.get("viewBox").split()[2:])
    boxes = [
        [int(rect.get(side)) for side in ("x", "y", "width", "height")]
        for rect in picture.iter(f"{SVG}rect")
        if rect.get("class").startswith("flow-box")
    ]
    assert len(boxes) == 14
    for n, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for x2, y2, w2, h2 in boxes[n + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_long_words_are_cut_and_no_letter_is_lost():
    label = "Thrombozytenaggregationshemmungsuntersuchungsergebnisse and more"
    lines = wrapped(label, 120, 14)
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == label.replace(" ", "")
    assert wrapped("", 100, 14) == [""]


def test_the_part_of_the_model_is_shown_only_where_there_is_one():
    assert "by a person with a model" not in words(svg(flow(records_excluded=3)))
    assert "by a person with a model" in words(svg(flow(records_excluded=3, records_excluded_by_ai=1)))
