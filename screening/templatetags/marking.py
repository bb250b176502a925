"""Printing a text that was cut into pieces: every piece escaped, quotes inside <mark>."""

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from screening.highlighting import Piece

register = template.Library()


@register.filter
def marked(pieces: Sequence[Piece]) -> SafeString:
    """The pieces as HTML; docs/ui-kit.md, "Reading and evidence", says what the shell does with the marks.

    A quote's id stands on its first piece; where two quotes begin with the same piece, the second has an empty
    element of its own, because an element has one id.
    """
    return mark_safe("".join(_mark(piece) if piece.names else escape(piece.text) for piece in pieces))  # noqa: S308


def _mark(piece: Piece) -> SafeString:
    first, *others = piece.begins or ("",)
    return format_html(
        '<mark class="quote" tabindex="0" data-quotes="{}"{}>{}{}</mark>',
        " ".join(piece.names),
        format_html(' id="quote-{}"', first) if first else "",
        format_html_join("", '<span id="quote-{}"></span>', ((name,) for name in others)),
        piece.text,
    )
