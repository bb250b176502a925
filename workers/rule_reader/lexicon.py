"""The diseases the reader knows, with synonyms and with what each is a kind of.

Nothing here comes from any particular review: it is a list of conditions that reviews in medicine are often about.
A condition marked as a complication (pain, anaemia, ...) is something that patients with another disease have: naming
it never speaks against the disease that a criterion asks for.
"""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Disease:
    """One condition. `broader` names the entries that it is a kind of; `short` are abbreviations in capitals."""

    name: str
    pattern: str
    broader: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    complication: bool = False


def _of(
    name: str, pattern: str = "", broader: str = "", short: str = "", complication: bool = False
) -> Disease:
    broader_names = tuple(part for part in broader.split(", ") if part)
    return Disease(name, pattern or re.escape(name), broader_names, tuple(short.split()), complication)


_TUMOUR = r"(?:cancers?|carcinomas?|tumou?rs?|neoplasms?|malignanc(?:y|ies))"

DISEASES: tuple[Disease, ...] = (
    _of("cancer", rf"(?<!anti-)(?<!anti)(?:{_TUMOUR}|neoplasia|oncolog(?:y|ical)|metastatic disease)"),
    _of("solid tumour", r"(?:advanced )?solid (?:tumou?rs?|cancers?)", "cancer"),
    _of(
        "blood cancer",
        r"ha?ematolog(?:ic|ical) (?:malignanc(?:y|ies)|neoplasms?|cancers?)|blood cancers?",
        "cancer",
    ),
    _of(
        "multiple myeloma",
        r"(?:multiple |plasma[ -]cell |smou?ldering )*myelomas?|plasmacytomas?",
        "blood cancer",
    ),
    _of("amyloidosis", r"(?:al |light[ -]chain )?amyloidosis"),
    _of("leukaemia", r"leuka?emias?", "blood cancer"),
    _of(
        "acute myeloid leukaemia",
        r"acute (?:myeloid|myelogenous|myelocytic|myeloblastic|non-?lymphocytic) leuka?emias?",
        "leukaemia",
        "AML",
    ),
    _of("acute lymphoblastic leukaemia", r"acute lympho(?:blastic|cytic|id) leuka?emias?", "leukaemia"),
    _of("chronic lymphocytic leukaemia", r"chronic lympho(?:cytic|id) leuka?emias?", "leukaemia", "CLL"),
    _of(
        "chronic myeloid leukaemia",
        r"chronic (?:myeloid|myelogenous|myelocytic) leuka?emias?",
        "leukaemia",
        "CML",
    ),
    _of("lymphoma", r"lymphomas?", "blood cancer"),
    _of("Hodgkin lymphoma", r"(?<!non-)(?<!non )hodgkin(?:'?s)? (?:lymphomas?|disease)", "lymphoma"),
    _of(
        "non-Hodgkin lymphoma",
        r"non-?\s?hodgkin(?:'?s)? lymphomas?|(?:diffuse large b-cell|follicular|mantle cell|burkitt) lymphomas?",
        "lymphoma",
        "NHL DLBCL",
    ),
    _of("myelodysplastic syndrome", r"myelodysplas(?:tic syndromes?|ia)", "blood cancer", "MDS"),
    _of(
        "myeloproliferative neoplasm",
        r"myeloproliferative \w+|myelofibrosis|polycyth?emia vera",
        "blood cancer",
    ),
    _of("breast cancer", rf"(?:breast|mammary) {_TUMOUR}", "cancer"),
    _of("lung cancer", rf"(?:(?:non-)?small[ -]cell )?lung {_TUMOUR}|mesotheliomas?", "cancer", "NSCLC SCLC"),
    _of("prostate cancer", rf"prostat(?:e|ic) {_TUMOUR}", "cancer"),
    _of("colorectal cancer", rf"(?:colorectal|colon|rectal|bowel) {_TUMOUR}", "cancer"),
    _of("stomach cancer", rf"(?:stomach|gastric|(?:gastro-?)?o?esophageal) {_TUMOUR}", "cancer"),
    _of("pancreatic cancer", rf"pancreatic (?:ductal )?(?:adeno)?{_TUMOUR}", "cancer"),
    _of("liver cancer", rf"(?:liver|hepatic|hepatocellular) {_TUMOUR}", "cancer"),
    _of("kidney cancer", rf"(?:kidney|renal(?:[ -]cell)?) {_TUMOUR}", "cancer"),
    _of("bladder cancer", rf"(?:bladder|urothelial) {_TUMOUR}", "cancer"),
    _of("ovarian cancer", rf"ovarian {_TUMOUR}", "cancer"),
    _of("cervical cancer", rf"cervical (?:{_TUMOUR}|intraepithelial neoplasia)", "cancer"),
    _of("endometrial cancer", rf"(?:endometrial|uterine) {_TUMOUR}", "cancer"),
    _of(
        "head and neck cancer",
        rf"(?:head[ -]and[ -]neck|oral|laryngeal|nasopharyngeal) (?:\w+ )?{_TUMOUR}",
        "cancer",
    ),
    _of("thyroid cancer", rf"thyroid {_TUMOUR}", "cancer"),
    _of("melanoma", r"melanomas?", "cancer"),
    _of("brain tumour", rf"gliomas?|glioblastomas?|brain {_TUMOUR}|neuroblastomas?", "cancer"),
    _of("sarcoma", r"\w*sarcomas?", "cancer"),
    _of("diabetes", r"diabet(?:es(?: mellitus)?|ics?)"),
    _of(
        "type 1 diabetes", r"type[ -](?:1|i) diabetes(?: mellitus)?|juvenile diabetes", "diabetes", "T1D T1DM"
    ),
    _of("type 2 diabetes", r"type[ -](?:2|ii) diabetes(?: mellitus)?", "diabetes", "T2D T2DM"),
    _of("gestational diabetes", r"gestational diabetes(?: mellitus)?", "diabetes", "GDM"),
    _of("obesity", r"obes(?:e|ity)|overweight"),
    _of("heart disease", r"cardiovascular diseases?|heart diseases?|cardiac diseases?", short="CVD"),
    _of(
        "heart failure",
        r"(?:congestive )?(?:heart|cardiac) failure|cardiomyopath(?:y|ies)",
        "heart disease",
        "HFrEF HFpEF",
    ),
    _of(
        "coronary disease",
        r"coronary (?:artery |heart )?(?:diseases?|syndromes?)|myocardial infarctions?|angina",
        "heart disease",
    ),
    _of("atrial fibrillation", r"atrial fibrillation", "heart disease"),
    _of(
        "hypertension", r"(?<!pulmonary )(?<!portal )hypertensi(?:on|ve)|high blood pressure", "heart disease"
    ),
    _of("stroke", r"strokes?|cerebrovascular (?:accidents?|diseases?)"),
    _of(
        "venous thromboembolism",
        r"(?:venous )?thromboembol\w+|deep vein thrombos\w+|pulmonary embol\w+",
        short="VTE DVT",
    ),
    _of("asthma", r"asthma(?:tic)?s?"),
    _of("COPD", r"chronic obstructive (?:pulmonary|lung) disease|emphysema", short="COPD"),
    _of("cystic fibrosis", r"cystic fibrosis"),
    _of("pneumonia", r"pneumonias?"),
    _of("tuberculosis", r"tubercul(?:osis|ous)"),
    _of("COVID-19", r"covid(?:-?19)?|sars-cov-2(?: infections?)?|coronavirus disease"),
    _of("influenza", r"influenza"),
    _of("HIV infection", r"hiv(?:-1)?(?: infections?)?|aids|human immunodeficiency virus", short="HIV"),
    _of("hepatitis", r"(?:viral |chronic )?hepatitis(?: [abc])?", short="HBV HCV"),
    _of("malaria", r"malaria"),
    _of("sepsis", r"sepsis|septic shock"),
    _of("cirrhosis", r"cirrhosis|cirrhotic|(?:non-?alcoholic )?fatty liver(?: disease)?", short="NAFLD NASH"),
    _of(
        "kidney disease",
        r"(?:chronic )?(?:kidney|renal) (?:diseases?|failure|insufficiency)|nephropath(?:y|ies)",
        short="CKD",
    ),
    _of("rheumatoid arthritis", r"rheumatoid arthritis"),
    _of("osteoarthritis", r"osteoarthritis"),
    _of("osteoporosis", r"osteoporo(?:sis|tic)"),
    _of("lupus", r"(?:systemic )?lupus(?: erythematosus| nephritis)?", short="SLE"),
    _of("psoriasis", r"psoria(?:sis|tic)(?: arthritis)?"),
    _of("eczema", r"eczema|atopic dermatitis"),
    _of("inflammatory bowel disease", r"inflammatory bowel diseases?", short="IBD"),
    _of("Crohn's disease", r"crohn(?:'?s)?(?: disease)?", "inflammatory bowel disease"),
    _of("ulcerative colitis", r"ulcerative colitis", "inflammatory bowel disease"),
    _of("coeliac disease", r"co?eliac disease"),
    _of("irritable bowel syndrome", r"irritable bowel(?: syndrome)?", short="IBS"),
    _of("dementia", r"dementia"),
    _of("Alzheimer's disease", r"alzheimer(?:'?s)?(?: disease| dementia)?", "dementia"),
    _of("Parkinson's disease", r"parkinson(?:'?s)?(?: disease)?"),
    _of("multiple sclerosis", r"multiple sclerosis"),
    _of("epilepsy", r"epilep(?:sy|tic)|status epilepticus"),
    _of("migraine", r"migraines?"),
    _of("depression", r"depressi(?:on|ve)(?: disorders?)?", short="MDD"),
    _of("anxiety", r"anxiety(?: disorders?)?|panic disorder"),
    _of("schizophrenia", r"schizophreni\w+|psychosis|psychotic disorders?"),
    _of("bipolar disorder", r"bipolar (?:disorders?|depression)"),
    _of("autism", r"autis(?:m|tic)(?: spectrum disorders?)?", short="ASD"),
    _of("ADHD", r"attention[ -]deficit\S* (?:hyperactivity )?disorders?", short="ADHD"),
    _of("PTSD", r"post-?traumatic stress(?: disorder)?", short="PTSD"),
    _of("sickle cell disease", r"sickle[ -]cell (?:disease|an?emia)", short="SCD"),
    _of("thalassaemia", r"thalassa?emias?"),
    _of("haemophilia", r"ha?emophilia"),
    _of("glaucoma", r"glaucoma"),
    _of("macular degeneration", r"macular degeneration", short="AMD"),
    _of("endometriosis", r"endometriosis"),
    _of("pre-eclampsia", r"pre-?eclampsia"),
    _of("infertility", r"infertility|subfertility"),
    _of("anaemia", r"an?aemia|anemia", complication=True),
    _of("neutropenia", r"(?:febrile )?neutropenia", complication=True),
    _of("thrombocytopenia", r"thrombocytopenia", complication=True),
    _of("pain", r"(?:chronic |neuropathic |back |low back )?pain", complication=True),
    _of("neuropathy", r"(?:peripheral )?neuropath(?:y|ies)", complication=True),
    _of("nausea", r"nausea|vomiting", complication=True),
    _of("fatigue", r"fatigue", complication=True),
    _of("infection", r"infections?", complication=True),
)

BY_NAME = {disease.name: disease for disease in DISEASES}


@lru_cache(maxsize=256)
def broader_than(name: str) -> frozenset[str]:
    """Every entry that this one is a kind of, at any remove."""
    found: set[str] = set()
    for parent in BY_NAME[name].broader:
        found |= {parent} | broader_than(parent)
    return frozenset(found)


def is_kind_of(name: str, asked: str) -> bool:
    """Is `name` the condition asked for, or a kind of it?"""
    return name == asked or asked in broader_than(name)


def are_related(one: str, other: str) -> bool:
    """Is either a kind of the other? Only unrelated diseases can speak against each other."""
    return is_kind_of(one, other) or is_kind_of(other, one)


@dataclass(frozen=True)
class Mention:
    """A disease named at `start:end` of the searched text."""

    name: str
    start: int
    end: int


def mentions(flat: str, low: str) -> list[Mention]:
    """Every disease named in a text, in order; a name inside a longer name is not counted for itself.

    `low` is `flat` in lower case. An abbreviation counts when the lexicon has it, or when the text itself explains it:
    "multiple myeloma (MM)". Abbreviations are matched in capitals only.
    """
    found: list[Mention] = []
    for disease in DISEASES:
        own = [Mention(disease.name, m.start(), m.end()) for m in _compiled(disease.pattern).finditer(low)]
        short = set(disease.short)
        for mention in own:
            explained = re.match(r"\s?\(([A-Z][A-Za-z0-9-]{1,6})\b", flat[mention.end : mention.end + 12])
            if explained and sum(letter.isupper() for letter in explained.group(1)) >= 2:
                short.add(explained.group(1))
        found += own
        for abbreviation in short:
            pattern = _compiled(rf"{re.escape(abbreviation)}s?", cased=True)
            found += [Mention(disease.name, m.start(), m.end()) for m in pattern.finditer(flat)]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[Mention] = []
    for mention in found:
        if not kept or mention.end > kept[-1].end:
            kept.append(mention)
    return kept


@lru_cache(maxsize=512)
def _compiled(pattern: str, cased: bool = False) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", 0 if cased else re.I)
