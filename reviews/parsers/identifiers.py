"""DOI, PubMed number, trial register number, year: found in a text and brought to one spelling."""

import html
import re
from urllib.parse import unquote

_DOI = re.compile(r"(?<![\d.])10\.\d{4,9}(?:\.\d+)*/[^\s\"]{1,300}")
_PLAIN_DOI = re.compile(r"10\.\d{4,9}/[a-z0-9._-]*[a-z0-9]")  # the usual kind, with nothing to trim
# What publishers hang on a DOI inside the address of a page.
_ADDRESS_TAIL = re.compile(
    r"(?:/(?:full|fulltext|abstract|pdf|epdf|meta|summary)(?:\.html?)?|\.pdf|\.html?)/*$"
)
_CLOSERS = {")": "(", "]": "[", "}": "{", ">": "<"}

_PUBMED_ADDRESS = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|europepmc\.org/(?:article|"
    r"abstract)/med/)(\d{1,8})\b",
    re.I,
)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")

# Trial registers: what must stand in a text for the pattern to be tried at all (trying twenty patterns on
# every abstract would take longer than all the rest); the pattern; how its number is spelt.
# A blank inside a number is what a PDF left in an address; elsewhere the digits must stand together, or a
# following figure would be swallowed.
_Register = tuple[str, re.Pattern[str], str]


def _registers(*named: tuple[str, str, str]) -> tuple[_Register, ...]:
    return tuple((marker, re.compile(pattern, re.I), spelling) for marker, pattern, spelling in named)


_REGISTERS = _registers(
    ("NCT", r"\bNCT[\s:#-]{0,2}(\d{8})\b", "NCT{}"),
    ("nct0", r"\bNCT(\d{8})\b", "NCT{}"),
    ("NCT", r"/\s?NCT((?:\s?\d){8})(?!\d)", "NCT{}"),
    ("ISRCTN", r"\bISRCTN[\s:#-]{0,2}(\d{8})\b", "ISRCTN{}"),
    ("ACTRN", r"\bACTRN[\s:#-]{0,2}(\d{14})p?\b", "ACTRN{}"),
    ("CTR", r"\bChiCTR-?(\d{8,10})\b", "ChiCTR{}"),
    ("CTR", r"\bChiCTR-?([A-Z]{2,5}-?\d{8})\b", "ChiCTR-{}"),
    ("DRKS", r"\bDRKS[\s:#-]{0,2}(\d{8})\b", "DRKS{}"),
    ("CTRI", r"\bCTRI[/-](\d{4}/\d{2,3}/\d{6})\b", "CTRI/{}"),
    ("UMIN", r"\bUMIN[\s:#-]{0,2}(\d{9})\b", "UMIN{}"),
    ("jRCT", r"\bjRCT(s?\d{9,10})\b", "jRCT{}"),
    ("JapicCTI", r"\bJapicCTI-?(\d{6})\b", "JapicCTI-{}"),
    ("PACTR", r"\bPACTR(\d{15,16})\b", "PACTR{}"),
    ("IRCT", r"\bIRCT(\d{8,14}N\d{1,3})\b", "IRCT{}"),
    ("KCT", r"\bKCT(\d{7})\b", "KCT{}"),
    ("TCTR", r"\bTCTR(\d{11})\b", "TCTR{}"),
    ("RBR-", r"\bRBR-([0-9a-z]{6,8})\b", "RBR-{}"),
    ("SLCTR", r"\bSLCTR/(\d{4}/\d{3})\b", "SLCTR/{}"),
    ("RPCEC", r"\bRPCEC(\d{8})\b", "RPCEC{}"),
    ("NTR", r"\bNTR[\s-]?(\d{3,5})\b", "NTR{}"),
)
# Most abstracts have no such letters; trying only these on them saves half the time.
_CT_SIGN = re.compile(r"CT(?:[RNI]|[\s:#-]{0,2}s?\d)")
_WITHOUT_CT = tuple(register for register in _REGISTERS if "CT" not in register[0])
_EUROPEAN_SIGN = re.compile(r"-[05]\d{5}-\d\d")
_EUROPEAN = _registers(
    ("-", r"((?:19|20)(?<![\d-]..)\d{2}-0\d{5}-\d{2})(?![\d-])", "EudraCT {}"),
    ("-", r"(20(?<![\d-]..)\d{2}-5\d{5}-\d{2}-\d{2})(?![\d-])", "EUCT {}"),
)


def dois_in(text: str) -> list[str]:
    """Every DOI of a text in order, bare and lower-case, without repeats; also out of links."""
    if "10." not in text:
        return []
    if "&" in text or "%" in text:
        text = unquote(html.unescape(text))
    found: dict[str, None] = {}
    for match in _DOI.finditer(text):
        doi = _trimmed(match[0])
        if not doi.endswith("/"):
            found[doi] = None
    return list(found)


def the_only(values: list[str]) -> str:
    """The value when exactly one is claimed. Two different ones contradict each other: none is taken."""
    distinct = list(dict.fromkeys(value for value in values if value))
    return distinct[0] if len(distinct) == 1 else ""


def _trimmed(doi: str) -> str:
    """Without the punctuation of the sentence around it and without what an address adds."""
    doi = doi.lower()
    if _PLAIN_DOI.fullmatch(doi) and not doi.endswith(("pdf", "htm", "html")):
        return doi
    doi = re.split(r"[?#]|&(?=\w+=)|<(?=/?[a-z])|,?https?:", doi, maxsplit=1)[0]
    while doi:
        last = doi[-1]
        if last in ".,;:'’”*" or (last in _CLOSERS and doi.count(last) > doi.count(_CLOSERS[last])):
            doi = doi[:-1]
        elif tail := _ADDRESS_TAIL.search(doi):
            doi = doi[: tail.start()]
        else:
            break
    return doi


def pmids_in_addresses(text: str) -> list[str]:
    """PubMed numbers out of links to PubMed or Europe PMC."""
    if "/" not in text or not ("pubmed" in (lower := text.lower()) or "europepmc" in lower):
        return []
    return [number.lstrip("0") for number in _PUBMED_ADDRESS.findall(text)]


def is_pmid(text: str) -> bool:
    """Whether the text could be a PubMed number: one to eight digits, not zero."""
    return text.isascii() and text.isdigit() and len(text) <= 8 and int(text) > 0


def registry_ids_in(text: str) -> tuple[str, ...]:
    """Numbers of trial registers in the order of their first appearance, one spelling each."""
    found: dict[str, int] = {}
    registers = _REGISTERS if _CT_SIGN.search(text) else _WITHOUT_CT
    if _EUROPEAN_SIGN.search(text):
        registers += _EUROPEAN
    for marker, pattern, spelling in registers:
        if marker not in text:
            continue
        for match in pattern.finditer(text):
            number = re.sub(r"\s", "", match[1])
            number = number.lower() if marker in ("jRCT", "RBR-") else number.upper()
            found.setdefault(spelling.format(number), match.start())
    return tuple(sorted(found, key=found.__getitem__)) if found else ()


def year_in(text: str) -> int | None:
    """The first year between 1500 and 2099 written in four digits."""
    match = _YEAR.search(text)
    return int(match[1]) if match else None
