"""The names of columns of databases, registers and tools are known."""

import re

import pytest

from reviews.parsers.columns import FIELDS, guess, known, profile_of


def read(names):
    """field=name for every column that is read, without those that several columns may give."""
    listed = [name.strip() for name in names.split("|")]
    mapping = guess(listed, [True] * len(listed))
    return {
        f"{field}={listed[at - 1]}"
        for at, field in mapping.items()
        if field not in ("keywords", "mesh", "registry_ids")
    }


DIALECTS = [
    (
        "Publication Type|Authors|Book Authors|Article Title|Source Title|Language|Document Type|Author Keywords"
        "|Keywords Plus|Abstract|Addresses|ISSN|Journal Abbreviation|Publication Year|Volume|Issue|Start Page"
        "|End Page|DOI|Pubmed Id|UT (Unique WOS ID)",
        "authors=Authors title=Article Title journal=Source Title language=Language publication_types=Document Type "
        "abstract=Abstract year=Publication Year volume=Volume issue=Issue first_page=Start Page last_page=End Page "
        "doi=DOI pmid=Pubmed Id",
    ),
    (
        "PT|AU|AF|TI|SO|LA|DT|DE|ID|AB|C1|PY|VL|IS|BP|EP|DI|PM|UT",
        "authors=AF title=TI journal=SO language=LA publication_types=DT abstract=AB year=PY volume=VL issue=IS "
        "first_page=BP last_page=EP doi=DI pmid=PM",
    ),
    (
        "Rank|Publication ID|DOI|PMID|PMCID|Title|Abstract|Source title|Publication date|PubYear|Volume|Issue"
        "|Pagination|Authors|Publication Type|Dimensions URL",
        "doi=DOI pmid=PMID title=Title abstract=Abstract journal=Source title year=PubYear volume=Volume issue=Issue "
        "pages=Pagination authors=Authors publication_types=Publication Type url=Dimensions URL",
    ),
    (
        "Lens ID|Title|Date Published|Publication Year|Publication Type|Source Title|ISSNs|Author/s|Abstract|Volume"
        "|Issue Number|Start Page|End Page|MeSH Terms|Source URLs|PMID|DOI",
        "title=Title year=Publication Year publication_types=Publication Type journal=Source Title authors=Author/s "
        "abstract=Abstract volume=Volume issue=Issue Number first_page=Start Page last_page=End Page "
        "url=Source URLs pmid=PMID doi=DOI",
    ),
    (
        "Document Title|Authors|Author Affiliations|Publication Title|Date Added To Xplore|Publication Year|Volume"
        "|Issue|Start Page|End Page|Abstract|DOI|PDF Link|Author Keywords|Document Identifier",
        "title=Document Title authors=Authors journal=Publication Title year=Publication Year volume=Volume "
        "issue=Issue first_page=Start Page last_page=End Page abstract=Abstract doi=DOI url=PDF Link",
    ),
    (
        "Rank|NCT Number|Title|Acronym|Status|Conditions|Interventions|Sponsor/Collaborators|Phases|Study Type"
        "|Other IDs|Start Date|First Posted|URL",
        "title=Title year=First Posted publication_types=Study Type url=URL",
    ),
    (
        "Refid|Author|Title|Abstract|Notes|Abstract notes|Screened abstract",
        "authors=Author title=Title abstract=Abstract",
    ),
    (
        "Article title (English)|Abstract text|Author list",
        "title=Article title (English) abstract=Abstract text authors=Author list",
    ),
    ("Titel|Autoren|Jahr|Zeitschrift|Zusammenfassung", "title=Titel authors=Autoren year=Jahr journal=Zeitschrift "
     "abstract=Zusammenfassung"),
    ("Cites|Authors|Title|Year|Source|Publisher|ArticleURL|CitesURL|Type", "authors=Authors title=Title year=Year "
     "journal=Source url=ArticleURL publication_types=Type"),
]  # fmt: skip


@pytest.mark.parametrize(("names", "told"), DIALECTS)
def test_the_columns_of_a_dialect(names, told):
    assert read(names) == set(re.split(rf" (?=(?:{'|'.join(FIELDS)})=)", told))


def test_the_column_with_something_in_it_wins():
    names = ["Year", "Date", "Title", "Pages", "Start Page"]
    assert guess(names, [False, True, True, False, True]) == {2: "year", 3: "title", 5: "first_page"}
    assert guess(names, [False] * 5) == {1: "year", 3: "title", 4: "pages"}


def test_a_row_of_data_is_no_header():
    assert known(["Article Title", "Author(s)", "PubMed ID", "label_included"]) == 4
    assert known(["A title about an abstract", "Smith", "2019", "10.1000/x"]) == 0


@pytest.mark.parametrize(
    ("names", "profile"),
    [
        (["NCT Number", "Study Title", "Conditions"], "clinicaltrials"),
        (["TrialID", "Public_title", "Scientific_title"], "ictrp"),
        (["Title", "Covidence #", "Tags"], "covidence"),
        (["Title", "Abstract"], ""),
    ],
)
def test_whose_export_it_is(names, profile):
    assert profile_of(names) == profile
