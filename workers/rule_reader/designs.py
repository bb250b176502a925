"""Study designs: how a criterion names them, which exclude which, and when a paper claims one for itself.

A design counts for a paper only where the paper speaks of itself: in its title, in its publication types, or in a
sentence with a cue such as "this study", "we conducted", "were enrolled". A design that the paper reports of others
("two phase 3 studies demonstrated ...") does not count.
"""

import re

_ONE_PHASE = r"(?:[1-4]|iv|i{1,3})[ab]?"
_PHASE = rf"phases?[ -]({_ONE_PHASE}(?:\s?[/-]\s?(?:phase )?{_ONE_PHASE})?)"
PHASE = re.compile(rf"\b{_PHASE}(?!\w)", re.I)
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}

DESIGNS: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"(?<![\w-])(?:{pattern})(?![\w])", re.I)
    for name, pattern in {
        "trial": r"(?:clinical |controlled |intervention(?:al)? )*trials?(?! regist)",
        "phase": _PHASE,
        "double-blind": r"(?:double|single|triple)-?\s?blind(?:ed)?|placebo-controlled",
        "dose escalation": r"dose[ -](?:escalation|finding|ranging)",
        "randomised": r"(?:quasi-?)?randomi[sz](?:ed|ation)|randomly (?:assigned|allocated)",
        "non-randomised": r"non-?\s?randomi[sz]ed|single[ -]arm|non-?comparative|uncontrolled",
        "prospective": r"prospective(?:ly)?",
        "interventional": r"interventional",
        "non-interventional": r"non-?\s?interventional",
        "observational": r"observational",
        "retrospective": r"retrospective(?:ly)?|chart reviews?|(?:medical|patient) records were reviewed",
        "cohort study": r"cohort (?:stud(?:y|ies)|analys[ie]s|designs?)|(?:retrospective|prospective|birth) cohorts?",
        "case-control study": r"case[ -]control(?:led)?",
        "cross-sectional study": r"cross[ -]sectional",
        "registry study": r"(?:registry|database)(?:-based)? (?:stud(?:y|ies)|analys[ie]s)",
        "case report": r"case (?:reports?|series)"
        r"|(?:report|describe|present) (?:a|the|an|two|three) (?:\w+ )?cases?(?! of)",
        "animal or laboratory study": r"in vitro|mice|mouse|murine|rats?|xenografts?|zebrafish|cell lines?"
        r"|animals?(?: (?:models?|stud(?:y|ies)|experiments?))?|preclinical|laboratory (?:stud(?:y|ies)|experiments?)",
        "evidence synthesis": r"systematic reviews?|meta-?analys[ei]s|scoping reviews?|narrative reviews?",
        "modelling study": r"cost-?effectiveness|(?:simulation|decision-analytic|economic) (?:models?|stud(?:y|ies))",
        "qualitative study": r"qualitative|focus groups?|interview stud(?:y|ies)",
    }.items()
}

IMPLIES: dict[str, tuple[str, ...]] = {
    "randomised": ("trial",),
    "phase": ("trial",),
    "double-blind": ("trial",),
    "dose escalation": ("trial",),
    "trial": ("interventional", "prospective"),
    "non-interventional": ("observational",),
    "retrospective": ("observational",),
    "cohort study": ("observational",),
    "case-control study": ("observational",),
    "cross-sectional study": ("observational",),
    "registry study": ("observational",),
}

_NOT_A_TRIAL = frozenset(
    {
        "non-interventional",
        "observational",
        "retrospective",
        "cohort study",
        "case-control study",
        "cross-sectional study",
        "registry study",
        "case report",
        "animal or laboratory study",
        "evidence synthesis",
        "modelling study",
        "qualitative study",
    }
)
CONTRARY: dict[str, frozenset[str]] = {
    "trial": _NOT_A_TRIAL,
    "phase": _NOT_A_TRIAL,
    "interventional": _NOT_A_TRIAL,
    "double-blind": _NOT_A_TRIAL,
    "randomised": _NOT_A_TRIAL | {"non-randomised"},
    "non-randomised": frozenset({"randomised"}),
    "prospective": frozenset({"retrospective", "evidence synthesis"}),
    "non-interventional": frozenset({"trial", "randomised", "phase"}),
    "observational": frozenset(
        {"trial", "randomised", "phase", "animal or laboratory study", "evidence synthesis"}
    ),
    "retrospective": frozenset({"prospective", "trial", "randomised", "phase"}),
    "cohort study": frozenset(
        {"randomised", "case report", "animal or laboratory study", "evidence synthesis"}
    ),
    "case-control study": frozenset({"trial", "randomised", "phase", "evidence synthesis"}),
    "cross-sectional study": frozenset({"trial", "randomised", "phase", "evidence synthesis"}),
    "registry study": frozenset({"randomised", "phase", "evidence synthesis"}),
    "case report": frozenset({"trial", "randomised", "phase", "evidence synthesis"}),
    "animal or laboratory study": frozenset({"trial", "randomised", "phase", "non-interventional"}),
    "evidence synthesis": frozenset({"trial", "randomised", "phase"}),
}
OBSERVING = frozenset({"non-interventional", "observational", "retrospective"})
"""Designs that, said of the paper itself, are never outvoted without a person looking."""

OWN = re.compile(
    r"\b(?:this|our|the present|the current|present)\b[^.;]{0,80}?\b(?:study|trial|analysis|report|protocol|series)\b"
    r"|\bwe\b|\bour\b|\b(?:objectives?|aims?|purposes?) of (?:this|the|our)\b"
    r"|\b(?:was|were|have been|been) (?:enrolled|recruited|randomi[sz]ed|randomly|assigned|accrued|included)\b",
    re.I,
)
OTHERS = re.compile(
    r"\b(?:previous|prior|earlier|other|several|two|three|many|recent|published|future|larger|further|most)\b[^.;]{0,50}"
    r"\b(?:studies|trials|reports|series)\b|\b(?:studies|trials|reports)\b[^.;]{0,40}\b(?:have|had|demonstrated|showed"
    r"|suggest|been|were|found)\b|\bcome from\b|\b(?:is|are) (?:planned|needed|warranted|ongoing|under way)\b"
    r"|\bin phase[ -]\w+(?: and \w+)? (?:trials|studies)\b|\bwarrants?\b|\bet al\b",
    re.I,
)

PUBLICATION_TYPES: dict[str, str] = {
    "clinical trial": "trial",
    "clinical trial, phase i": "phase",
    "clinical trial, phase ii": "phase",
    "clinical trial, phase iii": "phase",
    "clinical trial, phase iv": "phase",
    "controlled clinical trial": "trial",
    "randomized controlled trial": "randomised",
    "observational study": "observational",
    "case reports": "case report",
    "meta-analysis": "evidence synthesis",
    "systematic review": "evidence synthesis",
}
"""PubMed's publication types, when they stand as a line of their own, and the design each means."""


def phases(text: str) -> frozenset[int]:
    """The numbers of the phases a text names: "Phase I/II" -> {1, 2}."""
    found: set[int] = set()
    for match in PHASE.finditer(text):
        for part in re.findall(r"iv|i{1,3}|[1-4]", match.group(1).lower().replace("phase", "")):
            found.add(ROMAN.get(part) or int(part))
    return frozenset(found)
