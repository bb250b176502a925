"""Authors and keywords in one cell, parted as their writers meant it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers.lists import commas_part, items, persons

AUTHORS = [
    ("Smith, J.; Doe, K.", ("Smith, J.", "Doe, K.")),
    ("Barrett, Paul M; Willis, Katherine J; ", ("Barrett, Paul M", "Willis, Katherine J")),
    ("Smith J, Doe K", ("Smith J", "Doe K")),
    ("Griffin DK, Larkin DM, O'Connor RE.", ("Griffin DK", "Larkin DM", "O'Connor RE")),
    ("Yang Z., Jiang B., McNamara M.E.", ("Yang Z.", "Jiang B.", "McNamara M.E.")),
    ("Albrecht G., Sartore G.-M., van der Berg L.", ("Albrecht G.", "Sartore G.-M.", "van der Berg L.")),
    ("Smith, J., Doe, K.", ("Smith, J.", "Doe, K.")),
    ("Smith, J., and Doe, K.", ("Smith, J.", "Doe, K.")),
    ("Smith, J., Roe, R. & Doe, K.", ("Smith, J.", "Roe, R.", "Doe, K.")),
    ("Yang, Z. and Jiang, B. and Xu, J.", ("Yang, Z.", "Jiang, B.", "Xu, J.")),
    ("Deng, Chaoqun and Ravichandran, Thiagarajan", ("Deng, Chaoqun", "Ravichandran, Thiagarajan")),
    (
        "Longrich, N.R.\n and Bardet, N.\n and Jalil, N.-E.\n",
        ("Longrich, N.R.", "Bardet, N.", "Jalil, N.-E."),
    ),
    ("Wagner D.N.\n\nMarcon A.R.\n\nCaulfield T.", ("Wagner D.N.", "Marcon A.R.", "Caulfield T.")),
    ("Alba Vicente|Josep Sanjuan", ("Alba Vicente", "Josep Sanjuan")),
    ("Smith, John", ("Smith, John",)),
    ("Garcia Marquez, Gabriel Jose", ("Garcia Marquez, Gabriel Jose",)),
    ("Brownstein, C.D.", ("Brownstein, C.D.",)),
    ("John Smith, Jane Doe, Bob Roe", ("John Smith", "Jane Doe", "Bob Roe")),
    ("John Smith, Jane Doe and Bob Roe", ("John Smith", "Jane Doe", "Bob Roe")),
    ("Smith, John, Jr.", ("Smith, John, Jr.",)),
    ("van den Hoven,null;Smits,Maarten L. J.", ("van den Hoven", "Smits, Maarten L. J.")),
    ("Wilson, Lauren N. (58975547800); Organ, Chris (1234567)", ("Wilson, Lauren N.", "Organ, Chris")),
    ("Smith J; Doe K and Roe R", ("Smith J", "Doe K", "Roe R")),
    ("Smith J, et al.", ("Smith J",)),
    ("World Health Organization", ("World Health Organization",)),
    ("Anderson, K.; Anders, B.", ("Anderson, K.", "Anders, B.")),
    ("", ()),
    ("; ;", ()),
    ("[Anonymous]", ()),
]


@pytest.mark.parametrize(("cell", "named"), AUTHORS)
def test_authors_are_parted_by_the_separator_in_use(cell, named):
    assert persons(cell) == named


def test_a_column_that_knows_no_other_separator_parts_at_commas():
    cells = ["Smith John,Doe Karl", "Roe Rita,Poe Edgar,Low Ann"]
    assert commas_part(cells, persons=True)
    assert commas_part(["A Einstein, B Podolsky", "AG Meyer, J Smith, K Doe"], persons=True)
    assert persons("A Einstein, B Podolsky", commas=True) == ("A Einstein", "B Podolsky")
    assert not commas_part(["Smith, John", "Garcia Marquez, Gabriel Jose", "Roe, R."], persons=True)
    assert persons("Curie,Noether,Hopper", commas=True) == ("Curie", "Noether", "Hopper")
    assert persons("Curie,Noether,Hopper") == ("Curie, Noether, Hopper",)
    for strong in (["Smith, John; Doe, Karl"], ["Smith, John|Doe, Karl"], ["Smith, John and Doe, Karl"]):
        assert not commas_part([*cells, *strong], persons=True)


def test_keywords_are_parted_and_named_once():
    assert items("FEMUR; DINOSAURS;  BODY  size; FEMUR") == ("FEMUR", "DINOSAURS", "BODY size")
    assert items("*Transfer, Psychology [physiology]; x") == ("*Transfer, Psychology [physiology]", "x")
    assert items("Transfer, Psychology") == ("Transfer, Psychology",)
    assert items("phosphate,Africa,animal", commas=True) == ("phosphate", "Africa", "animal")
    assert items("a|b") == ("a", "b")


@given(st.text(max_size=200), st.booleans())
def test_no_text_raises_and_no_name_is_blank(text, commas):
    assert all(name.strip() for name in (*persons(text, commas=commas), *items(text, commas=commas)))
