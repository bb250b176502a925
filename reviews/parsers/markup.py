"""Markup that databases leave in titles and abstracts, taken out; the raw entry keeps it.

Only tags of a closed list are touched, so "p < 0.05 and n > 12" stays as it is.
"""

import html
import re

_NAMES = (
    "abstracttext|copyrightinformation|abstract|p|i|b|u|em|strong|italic|bold|sub|sup|sc|inf|br|div|span|"
    "sec|title|h[1-6]|ul|ol|li|list|list-item"
)
_ANY_TAG = re.compile(r"</?[A-Za-z]")
_LABELLED = re.compile(r"<AbstractText\b[^<>]*?\bLabel\s*=\s*\"([^\"<>]*)\"[^<>]*>", re.I)
_COPYRIGHT = re.compile(r"<CopyrightInformation>[^<]*</CopyrightInformation>", re.I)
_TAG = re.compile(rf"</?(?:jats:|mml:)?(?:{_NAMES})(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>", re.I)
_BLOCK_END = re.compile(r"</(?:jats:)?(?:p|div|sec|li|h[1-6]|title)>|<br\s*/?>", re.I)
_BLANKS_AT_END = re.compile(r"[ \t]+\n[ \t]*")  # what a tag leaves where it was all of a line
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.I)


def without_markup(text: str) -> str:
    """Plain text: labels of PubMed's XML become "METHODS: ", other known tags go, entities are resolved."""
    if "<" in text and _ANY_TAG.search(text):
        text = _COPYRIGHT.sub("", text)
        text = _LABELLED.sub(lambda label: f"{label[1]}: ", text)
        text = _BLOCK_END.sub(" ", text)
        text = _BLANKS_AT_END.sub("\n", _TAG.sub("", text))
    if "&" in text:
        text = _ENTITY.sub(_resolved, text)
    return text


def _resolved(entity: re.Match[str]) -> str:
    sign = html.unescape(entity[0])
    return sign if sign.isprintable() or sign.isspace() else "\ufffd"
