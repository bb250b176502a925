"""LaTeX in BibTeX fields to plain text: accents, symbols, escapes; commands and braces go.

A LaTeX parser would drop what stands behind "50 %" as a comment and take "$5 to $10" for a formula, because
exporters escape only some of what they write. So only what is surely LaTeX is touched, and nothing that is
not understood is lost: an unknown command without an argument stays as it is written.
"""

import re
import unicodedata

from pylatexenc.latex2text import get_default_latex_context_db

_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
}
_OURS = {"textless": "<", "textgreater": ">", "degree": "°", "celsius": "°C", "textunderscore": "_", "i": "ı"}
_SETTINGS_WORDS = (
    "it bf sc tt rm sf em sl itshape bfseries scshape ttfamily upshape normalfont tiny small large"
)
_SETTINGS = frozenset(_SETTINGS_WORDS.split(" "))
_SYMBOLS = get_default_latex_context_db()

_LETTER = r"(?:\{\s*(?:\\([ij])(?![A-Za-z])\s*(?:\{\})?|([^\W\d_]))?\s*\}|\\([ij])(?![A-Za-z])|([^\W\d_]))"
_ACCENT = re.compile(
    rf"\\(?:([`'^~=.\"])\s*|([uvHcdbkr])(?:\s+(?=[\\A-Za-z])|(?=\{{)|(?=\\[ij])))(?:{_LETTER})"
)
_MATH = re.compile(r"(?<!\\)\$([^$]*[\\^_{}=<>][^$]*|[A-Za-z0-9+-])(?<!\\)\$")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?([ \t]*\{\}|[ \t]+(?=[^\s{])|)")
_ESCAPED = re.compile(r"\\([&%$#_{} ~^,;:!/\\-])")
_KEPT = str.maketrans(
    {"{": "\ue000", "}": "\ue001", "$": "\ue002", "\\": "\ue003", "~": "\ue004", "-": "\ue005"}
)
_BACK = str.maketrans(
    {"\ue000": "{", "\ue001": "}", "\ue002": "$", "\ue003": "\\", "\ue004": "~", "\ue005": "-"}
)
_ESCAPES = {" ": " ", ",": " ", ";": " ", ":": " ", "!": "", "/": "", "-": "", "\\": " ", "^": "^"}


def plain(text: str) -> str:
    """The text a reader would see. Never raises."""
    if "\\" in text:
        text = _ACCENT.sub(_accented, text)
        text = _ESCAPED.sub(_unescaped, text)
    if "$" in text:
        text = _MATH.sub(lambda math: re.sub(r"[\^_]", "", math[1]), text)
    if "\\" in text:
        text = _COMMAND.sub(_meant, text)
    for written, read in (
        ("{", ""),
        ("}", ""),
        ("~", " "),
        ("---", "—"),
        ("--", "–"),
        ("``", "“"),
        ("''", "”"),
    ):
        text = text.replace(written, read)
    return text.translate(_BACK)


def verbatim(text: str) -> str:
    """An address or identifier: escapes are taken back and braces go, nothing else is touched."""
    text = re.sub(r"\\([&%$#_{}~])", r"\1", text.replace("\\textasciitilde", "~"))
    return text.replace("{", "").replace("}", "")


def _accented(accent: re.Match[str]) -> str:
    sign = accent[1] or accent[2]
    letter = next((each for each in accent.groups()[2:] if each), "")
    if not letter:
        return sign.translate(_KEPT) if sign in "^~" else ""
    return unicodedata.normalize("NFC", letter + _ACCENTS[sign])


def _unescaped(escape: re.Match[str]) -> str:
    sign = escape[1]
    return _ESCAPES[sign] if sign in _ESCAPES else sign.translate(_KEPT)


def _meant(command: re.Match[str]) -> str:
    """The sign a command stands for; nothing for one that only sets the text behind it."""
    name, behind = command[1], command[2]
    known = _SYMBOLS.get_macro_spec(name)
    meant = _OURS.get(name) or getattr(known, "simplify_repl", None)
    if isinstance(meant, str) and "%" not in meant:
        blank = (
            behind if behind.isspace() and not _is_letter(meant) else ""
        )  # "\\o re" is "øre", "\\pm 2" is "± 2"
        return meant.translate(_KEPT) + blank
    if name in _SETTINGS or command.string[command.end() : command.end() + 1] == "{":
        return ""
    return command[0].translate(_KEPT)


def _is_letter(meant: str) -> bool:
    return len(meant) == 1 and unicodedata.name(meant, "").startswith("LATIN")
