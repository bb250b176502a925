"""Lists of authors, told from other lines by the shape of every piece."""

import re

_DEGREES_WORDS = """
md phd ms msc bsc ba ma mph mbbs mbchb do dsc scd drph rn pharmd facp frcp frcpc msce mba dphil jr sr ii iii
dr prof professor
"""
_DEGREES = frozenset(_DEGREES_WORDS.split())
_MARKS = re.compile(r"\(\d{1,2}\)|\[\d{1,2}\]|[\d*†‡§¶#✉]|\bet al\b\.?|\b(?:on behalf of|for) the .*$")
_SPLIT = re.compile(r" ?(?:[;,•·|]|\band\b|&) ?")
_PARTICLE = r"(?:(?:de|van|von|der|den|du|la|le|di|da|dos|del|della|ten|ter|bin|al|el|y|e)\s+)"
_WORD = r"[^\W\d_a-zß-öø-ÿ][\w'’.‐-]*"
_NAME = re.compile(rf"(?:{_PARTICLE}*{_WORD}\s+){{1,4}}{_PARTICLE}*{_WORD}")
_INITIALS_FIRST_OR_LAST = re.compile(r"(?:[A-Z]\.?[ -]?){1,3}")


def author_list(text: str, *, alone: bool = False) -> tuple[str, ...]:
    """The persons a line names; () when any piece of it is not a name.

    One person is enough when `alone` (the line says that it names authors); otherwise two are needed,
    because a lone "Gastrointestinal Diseases" has the shape of a name as well.
    """
    text = text.strip()
    if len(text) > 5000 or text.endswith((":", "?")):
        return ()
    pieces = [piece.strip(" .") for piece in _SPLIT.split(" ".join(_MARKS.sub(" ", text).split()))]
    names = [
        " ".join(piece.split())
        for piece in pieces
        if piece and piece.replace(".", "").lower() not in _DEGREES
    ]
    names = _joined_initials(names)
    if len(names) < (1 if alone else 2) or not all(
        len(name) <= 60 and _NAME.fullmatch(name) for name in names
    ):
        return ()
    if not alone and len(names) == 2 and not re.search(r"\d|\b[A-Z]\b|\b[A-Z]{2}\b|[*†‡;]", text):
        return ()  # "Multiple Myeloma, Bone Marrow": two headings look like two persons
    return tuple(dict.fromkeys(names))


def _joined_initials(pieces: list[str]) -> list[str]:
    """ "Smith, J., Jones, K." was cut at every comma: put initials back behind their surname."""
    joined: list[str] = []
    for piece in pieces:
        if joined and _INITIALS_FIRST_OR_LAST.fullmatch(piece) and " " not in joined[-1]:
            joined[-1] += f" {piece}"
        else:
            joined.append(piece)
    return joined
