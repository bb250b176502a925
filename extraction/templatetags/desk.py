"""Printing a report's text on the desk: every piece escaped, people's quotes and the model's marked differently."""

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from screening.highlighting import Piece

register = template.Library()


@register.filter
def marked(pieces: Sequence[Piece]) -> SafeString:
    """The pieces as HTML; docs/ui-kit.md, "Reading and evidence", says what the shell does with the marks.

    Names that begin with p are a model's quotes (underlined), with v one's own (washed); a piece may be both.
    """
    return mark_safe("".join(_mark(piece) if piece.names else escape(piece.text) for piece in pieces))  # noqa: S308


@register.filter
def item_prefix(pk: int) -> str:
    """What the ids of an item's fields begin with."""
    return f"item-{pk}"


@register.filter
def settle_prefix(pk: int) -> str:
    """The same on the page of consensus."""
    return f"settle-{pk}"


def _mark(piece: Piece) -> SafeString:
    kinds = [
        word
        for letter, word in (("p", "quote"), ("v", "highlight"))
        if any(n[0] == letter for n in piece.names)
    ]
    first, *others = piece.begins or ("",)
    return format_html(
        '<mark class="{}" tabindex="0" data-quotes="{}"{}>{}{}</mark>',
        " ".join(kinds),
        " ".join(piece.names),
        format_html(' id="quote-{}"', first) if first else "",
        format_html_join("", '<span id="quote-{}"></span>', ((name,) for name in others)),
        piece.text,
    )
