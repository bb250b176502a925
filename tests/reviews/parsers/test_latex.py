"""LaTeX to plain text: only what is surely LaTeX is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers.latex import plain, verbatim


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{\\"O}zge B\\"{u}y\\"uk', "Özge Büyük"),
        ("Aks{\\i}n, {\\c{C}}etinkaya", "Aksın, Çetinkaya"),
        ("Nu{\\~n}ez, {\\'A}lvarez, Bront{\\\"e}", "Nuñez, Álvarez, Brontë"),
        ("{\\'{\\i}}, \\'\\i, \\v{s}, \\v s, \\H{o}, \\r a, \\k{a}, \\={a}", "í, í, š, š, ő, å, ą, ā"),
        ("{\\aa} {\\AA} \\o{} {\\ss} \\L{}\\'od\\'z {\\ae}", "å Å ø ß Łódź æ"),
        ("Salt \\& pepper, 50\\% \\$5 \\#1 a\\_b \\{c\\}", "Salt & pepper, 50% $5 #1 a_b {c}"),
        ("50 % of all, from $5 to $10, A&B, a_b, #1", "50 % of all, from $5 to $10, A&B, a_b, #1"),
        (
            "$\\alpha$-synuclein, CO$_2$, 10$^{-3}$, $p<0.05$, \\textgreater{} 5",
            "α-synuclein, CO2, 10-3, p<0.05, > 5",
        ),
        ("{\\textless}i{\\textgreater}in vivo{\\textless}/i{\\textgreater}", "<i>in vivo</i>"),
        ("\\emph{In vivo} \\textbf{bold} \\texttt{code} {\\it old}", "In vivo bold code old"),
        ("A \\unheardof{word}, a \\lonely one", "A word, a \\lonely one"),
        ("1--2, a---b, ``quoted'', a~b, \\~{}x, \\textasciitilde", "1–2, a—b, “quoted”, a b, ~x, ~"),
        ("{The {RNA} World}", "The RNA World"),
        ("\\c", "\\c"),
        ("\\", "\\"),
        ("a \\times{} b \\pm 2", "a × b ± 2"),
    ],
)
def test_what_a_reader_would_see(written, read):
    assert plain(written) == read


def test_an_address_is_left_alone():
    assert verbatim("{https://example.org/~x/a\\_b?c=1\\&d=--e}") == "https://example.org/~x/a_b?c=1&d=--e"


@given(
    st.text(st.characters(blacklist_characters="\\{}$~`'-\ue000\ue001\ue002\ue003\ue004\ue005"), max_size=80)
)
def test_text_without_latex_stays_as_it_is(text):
    assert plain(text) == text


@given(st.text("\\{}$~`'^\"-_%&abcivu \n", max_size=40))
def test_no_soup_is_an_error(text):
    assert isinstance(plain(text), str)
    assert isinstance(verbatim(text), str)
