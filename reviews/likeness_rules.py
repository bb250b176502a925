"""What proves that two records are one paper, and what is worth a person's look. Pure; likeness.py asks here.

Contradictions are of two kinds. HARD ones are never overruled: other identifiers, other figures, a word such as
"reply" or "protocol" in one title only, a conference abstract against an article. The others are things that
databases do get wrong of one and the same paper (the journal's name, the pages, the year by one, ...); each rule
says which of them it bears.
"""

from dataclasses import dataclass, field

FEW_WORDS = 5  # a title of fewer words tells little: "Introduction", "In reply"
MANY_WORDS = 8
ALIKE = 85.0  # likeness of two titles, of 100, under which nobody is asked for the titles' sake
HARD = frozenset({"pmid", "doi", "figures", "marker", "kind"})


@dataclass(slots=True)
class Agreement:
    """Field by field: True they agree, False they contradict, None nothing can be said."""

    title: float  # likeness of the titles, 0 to 100
    same_title: bool
    near: bool  # the titles differ by spelling only
    part: bool  # one title is the beginning or the end of the other
    lost: bool  # one title is the other less a few words or letters; asked only under one page
    figures: bool  # the titles have the same figures
    words: int  # of the shorter title
    doi: bool | None
    pmid: bool | None
    year: int | None  # how many years apart
    author: bool | None
    shared: float | None  # share of the shorter list of authors found in the other, 0 to 1
    journal: bool | None
    venues: int  # how many of the two name a journal
    volume: bool | None
    issue: bool | None
    page: bool | None
    range: bool  # first and last page are the same, and not one page only
    abstract: float | None  # 0 to 100
    against: dict[str, str] = field(default_factory=dict)  # what contradicts, and in words

    @property
    def close(self) -> bool:
        """Not more than a year apart, as far as is told."""
        return self.year is None or self.year <= 1

    @property
    def kin(self) -> bool:
        """The same first author, or at least half of the authors; nobody named at all is not enough."""
        return bool(self.author) or (self.author is None and self.shared is not None and self.shared >= 0.5)

    @property
    def same_abstract(self) -> bool:
        """Two abstracts, the same but for a few letters."""
        return self.abstract is not None and self.abstract >= 95

    def bears(self, *names: str) -> bool:
        """Whether nothing contradicts except what is named."""
        return self.against.keys() <= set(names)


def proof(fields: Agreement) -> str:
    """The rule that proves two records to be one paper; "" if none does."""
    if not HARD.isdisjoint(fields.against):
        return ""
    if _same_number(fields):
        return "same PubMed number and title"
    if _same_doi(fields):
        return "same DOI and title"
    if said := _same_title(fields):
        return said
    if _same_place(fields):
        return (
            "same volume, page, title and authors"
            if not fields.journal
            else ("same journal, volume, page, title and first author")
        )
    if _same_range(fields):
        return "same journal, volume, page range and authors, like title"
    return ""


def _same_number(fields: Agreement) -> bool:
    bears = fields.bears("year", "journal", "volume", "issue", "page", "abstract", "note")
    return bool(fields.pmid and fields.near and bears and (fields.close or fields.author))


def _same_doi(fields: Agreement) -> bool:
    """All abstracts of a supplement may share a DOI: the title must be the same and long enough, the authors kin;
    and where the records contradict each other, something else of the place or text must agree."""
    if not fields.doi or fields.words < 3 or fields.author is False:
        return False
    if fields.shared is not None and fields.shared < 0.5:
        return False
    elsewhere = fields.page or fields.same_abstract or (fields.journal and fields.volume)
    if not fields.near:
        place = fields.page and (fields.journal or fields.volume) and fields.close
        return bool(fields.part and fields.kin and place and fields.bears("journal", "abstract"))
    if fields.bears() and fields.close:
        return True
    if fields.words < FEW_WORDS or not fields.kin or not elsewhere or len(fields.against) > 2:
        return False
    return not {"page", "abstract"} <= fields.against.keys()


def _same_title(fields: Agreement) -> str:
    if not fields.author or not fields.bears():
        return ""
    if fields.same_title and fields.words >= FEW_WORDS:
        # The same abstract is no proof where only one says where it appeared: it may be the preprint's, the congress's.
        text = fields.same_abstract and fields.venues != 1
        if fields.year == 0 and (fields.journal or fields.page or text):
            third = "journal" if fields.journal else "pages" if fields.page else "abstract"
            return f"same title, year, first author and {third}"
        if fields.close and fields.journal and fields.volume and (fields.shared or 0) >= 0.8:
            return "same title, journal, volume and first author"
    near = fields.near and fields.words >= MANY_WORDS and fields.year == 0
    if near and fields.journal and fields.volume and (fields.shared or 0) >= 0.8:
        return "same title, journal, volume and first author"
    return ""


def _same_place(fields: Agreement) -> bool:
    """Two papers do not begin on one page of one volume under one title; letters on one subject may, by others."""
    if not (fields.volume and fields.page and fields.near and fields.close and fields.words):
        return False
    if not fields.bears("journal", "abstract", "issue", "note"):
        return False
    if fields.words < FEW_WORDS:
        alone = fields.words < 3
        return bool(
            fields.same_title
            and fields.journal
            and fields.year == 0
            and fields.author
            and (fields.range or not alone)
        )
    if fields.journal:
        return fields.kin or (fields.shared is None and fields.same_title and fields.year == 0)
    return fields.year == 0 and fields.kin and (fields.same_title or fields.words >= MANY_WORDS)


def _same_range(fields: Agreement) -> bool:
    """A title that databases cut, or of which they lost letters: proven by where it begins and ends."""
    place = fields.journal and fields.volume and fields.range and fields.close
    authors = fields.author and (fields.shared or 0) >= 0.8
    return bool(
        (fields.part or fields.lost)
        and place
        and authors
        and fields.words >= 4
        and fields.bears("abstract", "issue")
    )


def worth_a_look(fields: Agreement) -> bool:
    """Whether a person should see the pair: much agrees, though not enough to prove it."""
    if fields.pmid:
        return True
    if not fields.words:
        return _untitled(fields)
    if "figures" in fields.against and not fields.page and not fields.doi:
        return _same_but_for_a_figure(fields)  # part 1 and part 2, yearly reports
    if "marker" in fields.against and (fields.page is False or fields.doi is False):
        return False  # the paper, and the reply to it
    if fields.doi and fields.author is not False:
        return fields.title >= 60 or fields.part or bool(fields.page or fields.same_abstract)
    return _alike_titles(fields) or _alike_places(fields) or _translated(fields)


def _same_but_for_a_figure(fields: Agreement) -> bool:
    issue = fields.journal and fields.volume and fields.page is None and fields.close
    return bool(fields.title >= 90 and fields.author and issue and fields.bears("figures", "abstract"))


def _untitled(fields: Agreement) -> bool:
    if fields.doi or (fields.abstract is not None and fields.abstract >= 85):
        return True
    if fields.volume is False or fields.journal is False or not fields.close:
        return False
    if fields.page:
        return bool(fields.volume or fields.journal or fields.author)
    return bool(
        fields.author
        and fields.page is None
        and (fields.shared or 0) >= 0.8
        and fields.journal
        and fields.volume
    )


def _alike_titles(fields: Agreement) -> bool:
    against = len(fields.against)
    if fields.words < FEW_WORDS and not (fields.part and fields.journal):
        # "Introduction": only with its author and year, and nothing against it
        return bool(fields.near and fields.author and fields.year == 0 and not against)
    if fields.near or fields.part:
        if fields.kin:
            return (fields.year or 0) <= 3 or bool(fields.page)
        return against <= (1 if fields.author is False else 2) and fields.close
    if fields.author is False and (fields.shared or 0) < 0.5:
        return False
    return fields.title >= (95 if fields.page is False else ALIKE) and fields.close and against <= 3


def _alike_places(fields: Agreement) -> bool:
    """The same page of the same journal and volume, whatever became of the title."""
    if not fields.page or fields.volume is False or not fields.close:
        return False
    if fields.journal:
        return fields.title >= 50 or fields.author is True
    return bool(fields.volume and fields.year == 0 and fields.kin and fields.title >= 50)


def _translated(fields: Agreement) -> bool:
    """Two titles, one abstract by the same people."""
    return bool(fields.same_abstract and fields.kin and fields.close and len(fields.against) <= 3)
