"""Kinds of document and age groups: how a criterion names them, and the signs by which a document shows them.

A sign has a weight: 3 settles the matter alone, 2 nearly, 1 only together with others.
"""

import re

_PAPER = r"(?:study|trial|report|research|findings|results|analysis)"
_SOMEBODY = r"(?:authors|researchers|investigators|study authors|team)"
_DID = (
    "conducted|performed|carried out|tested|enrolled|recruited|randomi[sz]ed|treated|assigned|evaluated|investigated"
    "|assessed|compared|studied|undertook|report|collected|followed|measured"
)
_ONE_CITATION_AT_THE_END = (
    r"(?:^|\n)\s*(?:references?\s*)?1\.\s+[A-Z][^\n]{20,400}\b(?:19|20)\d\d\b[^\n]{0,120}\s*\Z"
)

KINDS_ASKED: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.I)
    for name, pattern in {
        "news item": r"\bnews\b|\bpress releases?\b|\bnewspaper|\bmagazine",
        "commentary": r"\bcommentar(?:y|ies)\b|\bcomments?\b|\bopinions?\b|\bperspectives?\b|\bviewpoints?\b",
        "editorial": r"\beditorials?\b",
        "review": r"(?<!peer )(?<!chart )\breviews?\b|\bmeta-?analys[ei]s\b",
        "letter": r"\bletters?\b",
        "protocol": r"\bprotocols?\b(?! deviation)",
        "guideline": r"\bguidelines?\b|\brecommendations?\b",
        "erratum": r"\berrat(?:um|a)\b|\bcorrections?\b|\bretract(?:ion|ed)\b",
        "primary report": r"\b(?:primary|original) (?:reports?|research|stud(?:y|ies)|articles?|publications?)\b",
    }.items()
}
"""How a criterion names a kind of document."""

_SIGNS: dict[str, dict[str, int]] = {
    "news item": {
        rf"according to (?:a|an|the|new|recent)\b[^.;]{{0,40}}\b{_PAPER}\b[^.;]{{0,40}}\b(?:published|presented)\b": 3,
        rf"\b{_PAPER} (?:was |were )?(?:published|reported) (?:online |today |this week )?in (?:the )?[A-Z]": 1,
        rf"\bthe {_SOMEBODY} (?:concluded|wrote|noted|said|reported|found)\b": 2,
        r"\b(?:researchers|investigators) (?:have found|found|reported|said|report)\b": 2,
        r"\b(?:said|told)\b[^.]{0,60}\b(?:lead author|professor|spokes\w+|in an? (?:statement|interview))\b": 2,
        r"^\s*(?:continue reading|related articles|read more|advertisement)\s*$": 1,
        _ONE_CITATION_AT_THE_END: 1,
    },
    "commentary": {
        r"\bcomment(?:ary)? on\b|\bin this (?:commentary|perspective|viewpoint)\b|\bwe comment on\b": 3
    },
    "editorial": {r"^\s*editorial\b|\bin this editorial\b|\bin this issue of\b": 3},
    "review": {
        r"\bthis (?:\w+ ){0,3}review\b(?! board)|\bthis meta-?analysis\b": 3,
        r"\bwe (?:\w+ )?(?:review|summari[sz]e)(?:ed)? (?:the|current|recent|available)\b": 3,
        r"\b(?:this|our|an?|the|the present) (?:systematic|scoping|narrative|literature) review\b": 3,
        r"^\s*(?:[•*-]\s*)?(?:systematic )?review\s*$": 3,
        r"\bwe searched (?:medline|pubmed|embase|the literature|\w+ databases)\b|\brecords were screened\b": 2,
    },
    "letter": {r"\b(?:letter )?to the editor\b|^\s*(?:dear editor|letter)\s*[,.]?\s*$": 3},
    "protocol": {
        r"\b(?:study|trial|review) protocol\b|\bthis protocol describes\b": 2,
        r"\bwill be (?:randomi[sz]ed|enrolled|recruited|assigned|invited|followed)\b": 2,
    },
    "guideline": {
        r"\b(?:this|these|our) (?:\w+ ){0,2}(?:guidelines?|recommendations?)\b|\bguideline panel\b": 3
    },
    "erratum": {r"^\s*(?:erratum|corrigendum|correction|retraction)\b": 3},
    "primary report": {
        rf"\bwe (?:\w+ly )?(?:{_DID})\b": 2,
        r"\b(?:objectives?|aims?|purposes?) of (?:this|the|our)\b[^.;]{0,80}\b(?:study|trial)\b": 2,
        r"\bthis\b[^.;]{0,60}\b(?:study|trial) (?:aimed|was designed|evaluated|assessed|investigated|enrolled)\b": 2,
        r"\b(?:was|were|been) (?:enrolled|recruited|randomi[sz]ed|included in (?:the|this))\b": 1,
    },
}
KIND_SIGNS: dict[str, tuple[tuple[re.Pattern[str], int], ...]] = {
    name: tuple((re.compile(pattern, re.I | re.M), weight) for pattern, weight in signs.items())
    for name, signs in _SIGNS.items()
}
"""How a document of a kind gives itself away: (sign, weight). Searched in the original's letters, line by line."""

AGE_ASKED: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.I)
    for name, pattern in {
        "adults": r"\badults?\b|\belderly\b|\bolder (?:people|persons)\b|\baged? (?:18|over 18|18 and over)\b",
        "children": r"\bchild(?:ren)?\b|\bpa?ediatrics?\b|\binfants?\b|\bneonat\w+|\badolescents?\b|\bnewborns?\b",
    }.items()
}
"""How a criterion names an age group."""

_MEDIAN_AGE = r"\b(?:median|mean) age\b[^.;]{0,40}?\b"
AGE_SHOWN: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.I)
    for name, pattern in {
        "adults": r"\badults?\b|\belderly\b|\baged? ?(?:≥|>|>=|over|at least|older than) ?18\b"
        r"|\b(?:18|65) years (?:of age )?(?:or|and) (?:older|over)"
        rf"|{_MEDIAN_AGE}(?:[2-9]\d)(?:\.\d+)? ?(?:years|y)\b",
        "children": r"\bchild(?:ren|hood)\b|\bpa?ediatric\b|\binfants?\b|\bneonat\w+|\badolescents?\b|\bnewborns?\b"
        rf"|{_MEDIAN_AGE}(?:\d|1[0-7])(?:\.\d+)? ?(?:years|y|months)\b",
    }.items()
}
"""How a document shows an age group."""
