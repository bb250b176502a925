"""Names of columns to fields, over the dialects of databases, registers and screening tools.

Names are compared in lower case, punctuation as blanks. Where several columns of a table could carry a field,
the one named first below that has anything in it wins; the others stay unused and are kept as extra. Keywords,
MeSH and registry numbers are taken from every column that has them.

A person can correct each guess. What cannot be meant is refused in words: two columns for a field that has one
value, a field that does not exist, or neither a title nor an abstract.
"""

import re
from collections.abc import Mapping, Sequence

from reviews.parsers.parsed import Column, ReadAs

FIELDS = {
    "title": "Title",
    "abstract": "Abstract",
    "authors": "Authors",
    "year": "Year (also out of a date)",
    "journal": "Journal",
    "volume": "Volume",
    "issue": "Issue",
    "pages": "Pages",
    "first_page": "First page",
    "last_page": "Last page",
    "article_number": "Article number (where there are no pages)",
    "citation": "Citation (volume, issue and pages as PubMed writes them)",
    "doi": "DOI",
    "pmid": "PubMed number",
    "registry_ids": "Trial register number",
    "keywords": "Keywords",
    "mesh": "MeSH headings",
    "publication_types": "Publication type",
    "language": "Language",
    "url": "Link",
}
SEVERAL = frozenset({"authors", "keywords", "mesh", "publication_types", "registry_ids"})
_EVERY = frozenset({"keywords", "mesh", "registry_ids"})

_NAMES: dict[str, str] = {
    "title": """title; article title; document title; item title; title primary; primary title; paper title;
        study title; publication title s; titles; name of article; public title; scientific title; official title;
        brief title; display name; citation title; titel; titre; título; titulo; titolo; название; 标题; タイトル""",
    "abstract": """abstract; abstracts; abstract note; abstract text; brief summary; summary; notes abstract;
        zusammenfassung; résumé; resume; resumen; resumo; riassunto; samenvatting; abstrakt; 摘要; 抄録""",
    "authors": """authors; author; author s; author names; author name s; authors primary; author full names;
        authorships raw author name; authorships author display name; all authors; authors list; creators; creator;
        contributors; first authors; autoren; autor; autores; auteurs; auteur; autori; autore; first author; 作者;
        著者""",
    "year": """year; publication year; published year; pub year; pubyear; year of publication; year published;
        publication date year; date published; publication date; published date; date of publication; pub date;
        pubdate; published; date issued; cover date; date; jahr; année; annee; año; ano; anno; jaar; 年份; 年""",
    "journal": """journal title; source title; journal; periodical full; journal full title; journal name;
        publication title; journal book; primary location source display name; publication name; pubtitle;
        secondary title; periodical; publication; container title; venue; source; booktitle; book title;
        periodical abbrev; journal abbreviation; abbreviated source title; zeitschrift; revue; revista; rivista;
        期刊""",
    "volume": "volume; vol; biblio volume; volume number; journal volume; band",
    "issue": "issue; biblio issue; issue number; journal issue; number; heft; numéro",
    "pages": "pages; pagination; page; page range; page s; seiten; páginas",
    "first_page": "first page; start page; page start; biblio first page; beginning page; startpage; begin page",
    "last_page": "last page; end page; page end; biblio last page; ending page; other pages; endpage",
    "article_number": "art no; article number; article no; artno",
    "citation": "citation",
    "doi": "doi; item doi; doi link; doi url; ids doi; digital object identifier; digital object identifier doi; dois",
    "pmid": "pmid; pubmed id; medline pmid; pubmed; ids pmid; pubmed pmid; pubmedid; pubmed number; pub med id",
    "registry_ids": """nct number; ctgov id; ictrp id; clinical trial numbers; clinical trial number; other ids;
        trialid; trial id; trial registration; trial number; registry id; registration number; isrctn; nct id;
        secondary ids; secondary id s; main id; eudract number; nctid; nct""",
    "keywords": """keywords; author keywords; index keywords; keyword; subjects; subject; subject terms; manual tags;
        automatic tags; keywords display name; keywords plus; ieee terms; indexed keywords; descriptors; conditions;
        interventions; condition; intervention; fields of study; emtree drug index terms major focus;
        emtree drug index terms; emtree medical index terms major focus; emtree medical index terms; key words;
        schlagwörter; schlagworte; mots clés; palabras clave; palavras chave""",
    "mesh": "mesh terms; mesh; mesh headings; mesh descriptor name; mesh heading; medical subject headings",
    "publication_types": """document type; publication type; doctype; publication types; type of article;
        article type; type of publication; item type; reference type; entrytype; type crossref; type; typ; pub type;
        document types; content type; study type""",
    "language": """language of original document; language; languages; article language; sprache; langue; idioma;
        lingua; taal""",
    "url": """url; link; urls; links; study url; full text link; plink; source urls; external url; articleurl;
        article url; document url; documenturl; primary location landing page url; html url; pdf link; embase link;
        web address; trial url; source linkout; dimensions url; website""",
}
# Only in an export of a trial register: elsewhere these dates belong to something else than the publication.
_YEARS_OF_TRIALS = ("first posted", "date registration", "registration date", "start date")
# The tags of Web of Science as column names (its tab-delimited export).
_TAGS = {
    "ti": "title",
    "ab": "abstract",
    "af": "authors",
    "py": "year",
    "so": "journal",
    "vl": "volume",
    "is": "issue",
    "bp": "first_page",
    "ep": "last_page",
    "di": "doi",
    "pm": "pmid",
    "de": "keywords",
    "id": "keywords",
    "dt": "publication_types",
    "la": "language",
}
_DECISIONS = frozenset(
    {
        "included",
        "include",
        "inclusion",
        "label",
        "label included",
        "asreview label",
        "consensus",
        "decision",
        "final decision",
        "screening decision",
        "exclusion reason",
    }
)

# Whose export it is, by columns that all must be there; a register is searched as one (PRISMA's kind of source).
PROFILES: tuple[tuple[str, frozenset[str]], ...] = (
    ("clinicaltrials", frozenset({"nct number", "conditions"})),
    ("clinicaltrials", frozenset({"nct number", "study title"})),
    ("ictrp", frozenset({"trialid", "public title"})),
    ("web_of_science", frozenset({"pt", "au", "ti", "so", "ut"})),
    ("abstrackr", frozenset({"internal id", "source id"})),
    ("rayyan", frozenset({"key", "title", "authors", "notes", "pubmed id"})),
    ("covidence", frozenset({"covidence", "title"})),
    ("asreview", frozenset({"asreview label"})),
    ("asreview", frozenset({"record id", "label included"})),
    ("eppi", frozenset({"shorttitle", "id", "title"})),
    ("embase", frozenset({"pui", "title"})),
    ("scopus", frozenset({"eid", "source title"})),
    ("cochrane", frozenset({"central id"})),
    ("openalex", frozenset({"ids openalex"})),
    ("pubmed", frozenset({"pmid", "journal book"})),
    ("zotero", frozenset({"item type", "abstract note"})),
    ("lens", frozenset({"lens id"})),
)
REGISTERS = frozenset({"clinicaltrials", "ictrp"})

_RANKS: dict[str, dict[str, int]] = {
    named: {name: rank for rank, name in enumerate(" ".join(names.split()).split("; "))}
    for named, names in _NAMES.items()
}
_KNOWN = frozenset(name for ranks in _RANKS.values() for name in ranks) | _DECISIONS
_ORIGINAL = re.compile(
    r"\b(?:original|journal|short|series|book|source|secondary|second|translated|running)\b"
)


def key(name: str) -> str:
    """A column's name as it is compared: "Author(s)" and "author_s" are the same."""
    return " ".join(re.sub(r"[\W_]+", " ", name.casefold()).split())


def known(names: Sequence[str]) -> int:
    """How many of these cells are names of columns we know: what tells a header from a row of data."""
    keys = {key(name) for name in names if len(name) <= 80}
    tags = len(keys & _TAGS.keys()) if {"ti", "so", "py"} <= keys else 0
    return len(keys & _KNOWN) + tags


def profile_of(names: Sequence[str]) -> str:
    """Whose export this is, or ""."""
    keys = {key(name) for name in names}
    return next((name for name, needed in PROFILES if needed <= keys), "")


def guess(names: Sequence[str], filled: Sequence[bool]) -> dict[int, str]:
    """Column (counted from 1) -> field. `filled`: which columns have anything in the rows looked at."""
    profile = profile_of(names)
    keys = [key(name) for name in names]
    chosen: dict[int, str] = {}
    for named in FIELDS:
        ranks = _ranks(named, profile)
        fits = [
            (not filled[at], ranks[name], at)
            for at, name in enumerate(keys)
            if name in ranks and at + 1 not in chosen
        ]
        if not fits and named in ("title", "abstract", "authors"):
            fits = [
                (not filled[at], len(name), at)
                for at, name in enumerate(keys)
                if at + 1 not in chosen and named.rstrip("s") in name and not _ORIGINAL.search(name)
                and not re.search(r"\b(?:notes?|screen\w*|decision|id|ids|count|label|address\w*)\b", name)
            ]  # fmt: skip
        if named in _EVERY:
            chosen |= {at + 1: named for _, _, at in fits}
        elif fits:
            chosen[min(fits)[2] + 1] = named
    if "pages" in chosen.values():
        pages = next(at for at, named in chosen.items() if named == "pages")
        parts = [at for at, named in chosen.items() if named in ("first_page", "last_page")]
        # "Pages" and its parts say the same; the one that has something in it is used.
        gone = parts if filled[pages - 1] or not any(filled[at - 1] for at in parts) else [pages]
        for at in gone:
            del chosen[at]
    return chosen


def _ranks(named: str, profile: str) -> dict[str, int]:
    ranks = dict(_RANKS[named])
    if named == "year" and profile in REGISTERS:
        ranks |= {name: 100 + rank for rank, name in enumerate(_YEARS_OF_TRIALS)}
    if profile == "web_of_science":
        ranks |= {tag: rank for rank, (tag, field) in enumerate(_TAGS.items()) if field == named}
    return ranks


def chosen(names: Sequence[str], filled: Sequence[bool], read_as: ReadAs) -> tuple[dict[int, str], str]:
    """(column -> field, why it cannot be used or ""): the guess, corrected by what a person decided."""
    mapping = guess(names, filled)
    if read_as.mapping:
        told, trouble = _counted(names, read_as.mapping)
        if trouble:
            return mapping, trouble
        said = {named for named in told.values() if named and named not in SEVERAL}
        # A field that a person gave to a column is not also filled from the column that was guessed for it.
        mapping = {at: named for at, named in mapping.items() if at not in told and named not in said}
        mapping |= {at: named for at, named in told.items() if named}
    return mapping, trouble_with(names, mapping)


def _counted(names: Sequence[str], told: Mapping[int | str, str]) -> tuple[dict[int, str], str]:
    """What a person decided with every column counted, and why that is not possible or ""."""
    counted: dict[int, str] = {}
    for column, named in told.items():
        if named and named not in FIELDS:
            return (
                {},
                f"“{named[:60]}” is no field. Use one of: {', '.join(FIELDS)}; or nothing, to leave a column out.",
            )
        if isinstance(column, int):
            places = [column] if 1 <= column <= len(names) else []
        else:
            places = [at for at, name in enumerate(names, start=1) if name == column] or [
                at for at, name in enumerate(names, start=1) if key(name) == key(column)
            ]
        if not places:
            what = f"column {column}" if isinstance(column, int) else f"column “{column[:80]}”"
            return {}, f"There is no {what} in this table. Its columns are: {_listed(names)}."
        if len(places) > 1 and named:
            return {}, (
                f"Several columns are called “{str(column)[:80]}”. Say which by counting: #{places[0]} or #{places[1]}."
            )
        counted |= dict.fromkeys(places, named)
    return counted, ""


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(
        f"#{at} {name[:40]}" if name else f"#{at}" for at, name in enumerate(names[:30], start=1)
    )
    return listed + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def trouble_with(names: Sequence[str], mapping: Mapping[int, str]) -> str:
    """Why rows cannot be read by this mapping, in words; "" when they can."""
    for named in FIELDS:
        places = [at for at, field in mapping.items() if field == named]
        if len(places) > 1 and named not in SEVERAL:
            first, second = (shown_name(names[at - 1], at) for at in places[:2])
            return (
                f"Two columns are read as {FIELDS[named]}: {first} and {second}. A record has one; leave one of "
                "the columns out."
            )
    if not {"title", "abstract"} & set(mapping.values()):
        return (
            "No column is read as Title or Abstract, so nothing could be screened. Say which column holds the "
            f"titles. The columns are: {_listed(names)}."
        )
    return ""


def shown_name(name: str, number: int) -> str:
    """A column's name for a sentence."""
    return f"“{name[:60]}” (column {number})" if name else f"column {number}"


def columns_of(
    names: Sequence[str],
    mapping: Mapping[int, str],
    guessed: Mapping[int, str],
    rows: Sequence[Sequence[str]],
) -> tuple[Column, ...]:
    """The columns with what stands in them in the first rows."""
    return tuple(
        Column(
            number=at,
            name=name,
            field=mapping.get(at, ""),
            guess=guessed.get(at, ""),
            samples=tuple(text for row in rows if at <= len(row) and (text := row[at - 1].strip())),
        )
        for at, name in enumerate(names, start=1)
    )
