"""PubMed XML: what each element means, for articles and for books."""

import pytest

from reviews.parsers import open_source

ARTICLE = """\
<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">01234567</PMID>
    <Article PubModel="Print-Electronic">
      <Journal>
        <JournalIssue CitedMedium="Internet">
          <Volume>12</Volume><Issue>3</Issue>
          <PubDate><Year>2019</Year><Month>Mar</Month></PubDate>
        </JournalIssue>
        <Title>The Journal of Examples</Title>
        <ISOAbbreviation>J Ex</ISOAbbreviation>
      </Journal>
      <ArticleTitle>Uptake of H<sub>2</sub>O in <i>Bos
        taurus</i>: a trial.</ArticleTitle>
      <Pagination><StartPage>101</StartPage><EndPage>109</EndPage><MedlinePgn>101-9</MedlinePgn></Pagination>
      <ELocationID EIdType="pii" ValidYN="Y">S0001</ELocationID>
      <ELocationID EIdType="doi" ValidYN="N">10.1000/WRONG</ELocationID>
      <ELocationID EIdType="doi" ValidYN="Y">10.1000/J.Ex.1</ELocationID>
      <Abstract>
        <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Cows drink (p &lt; 0.05).</AbstractText>
        <AbstractText Label="UNLABELLED">More of it.</AbstractText>
        <AbstractText/>
        <CopyrightInformation>Copyright 2019.</CopyrightInformation>
      </Abstract>
      <AuthorList CompleteYN="Y">
        <Author ValidYN="Y"><LastName>Doe</LastName><ForeName>Jane A</ForeName><Initials>JA</Initials></Author>
        <Author ValidYN="Y"><LastName>Li</LastName><Initials>J</Initials><Suffix>Jr</Suffix></Author>
        <Author ValidYN="Y"><LastName>Li</LastName><Initials>J</Initials><Suffix>Jr</Suffix></Author>
        <Author ValidYN="N"><LastName>Do</LastName><ForeName>Jane</ForeName></Author>
        <Author ValidYN="Y"><CollectiveName>The Example Group</CollectiveName></Author>
      </AuthorList>
      <Language>eng</Language><Language>ger</Language>
      <DataBankList>
        <DataBank>
          <DataBankName>ClinicalTrials.gov</DataBankName>
          <AccessionNumberList><AccessionNumber>NCT01234567</AccessionNumber></AccessionNumberList>
        </DataBank>
      </DataBankList>
      <PublicationTypeList>
        <PublicationType UI="D016428">Journal Article</PublicationType>
        <PublicationType UI="D016449">Randomized Controlled Trial</PublicationType>
      </PublicationTypeList>
    </Article>
    <MedlineJournalInfo><MedlineTA>J Ex</MedlineTA></MedlineJournalInfo>
    <MeshHeadingList>
      <MeshHeading><DescriptorName MajorTopicYN="N">Animals</DescriptorName></MeshHeading>
      <MeshHeading>
        <DescriptorName MajorTopicYN="Y">Cattle</DescriptorName>
        <QualifierName MajorTopicYN="N">blood</QualifierName>
        <QualifierName MajorTopicYN="Y">physiology</QualifierName>
      </MeshHeading>
    </MeshHeadingList>
    <KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">cows</Keyword><Keyword>water</Keyword></KeywordList>
  </MedlineCitation>
  <PubmedData>
    <ArticleIdList>
      <ArticleId IdType="pubmed">1234567</ArticleId><ArticleId IdType="doi">10.1000/j.ex.other</ArticleId>
    </ArticleIdList>
    <ReferenceList>
      <Reference><ArticleIdList><ArticleId IdType="doi">10.1000/cited</ArticleId></ArticleIdList></Reference>
    </ReferenceList>
  </PubmedData>
</PubmedArticle>"""

BOOK = """\
<PubmedBookArticle>
  <BookDocument>
    <PMID Version="1">20301295</PMID>
    <ArticleIdList><ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList>
    <Book>
      <Publisher><PublisherName>A Press</PublisherName></Publisher>
      <BookTitle book="gene">GeneExamples</BookTitle>
      <PubDate><Year>1993</Year></PubDate>
      <AuthorList Type="editors"><Author><LastName>Editor</LastName><Initials>E</Initials></Author></AuthorList>
    </Book>
    <ArticleTitle book="gene" part="x">A syndrome</ArticleTitle>
    <Language>eng</Language>
    <AuthorList Type="authors"><Author><LastName>Roe</LastName><ForeName>Rita</ForeName></Author></AuthorList>
    <PublicationType UI="D016454">Review</PublicationType>
    <Abstract><AbstractText>What it is.</AbstractText></Abstract>
    <ContributionDate><Year>2001</Year><Month>05</Month></ContributionDate>
    <KeywordList><Keyword>syndromes</Keyword></KeywordList>
  </BookDocument>
  <PubmedBookData><ArticleIdList><ArticleId IdType="pubmed">20301295</ArticleId></ArticleIdList></PubmedBookData>
</PubmedBookArticle>"""

SET = """\
<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/p.dtd">
<PubmedArticleSet>
{}
</PubmedArticleSet>"""


def rows_of(*entries):
    source = open_source(SET.format("\n".join(entries)).encode())
    assert source.format == "pubmed_xml"
    return list(source.records)


def test_an_article():
    (record,) = rows_of(ARTICLE)
    assert (record.position, record.line, record.raw) == (1, 4, ARTICLE)
    assert record.title == "Uptake of H2O in Bos taurus: a trial."
    assert record.abstract == "BACKGROUND: Cows drink (p < 0.05).\n\nMore of it."
    assert record.authors == ("Doe, Jane A", "Li, J Jr", "Li, J Jr", "The Example Group")
    assert (record.year, record.journal) == (2019, "The Journal of Examples")
    assert (record.volume, record.issue, record.pages) == ("12", "3", "101-9")
    assert (record.doi, record.pmid) == ("10.1000/j.ex.1", "1234567")
    assert record.registry_ids == ("NCT01234567",)
    assert record.language == "eng; ger"
    assert record.keywords == ("cows", "water")
    assert record.mesh == ("Animals", "*Cattle/blood/*physiology")
    assert record.publication_types == ("Journal Article", "Randomized Controlled Trial")


def test_a_chapter_of_a_book():
    (record,) = rows_of(BOOK)
    assert (record.title, record.abstract, record.authors) == ("A syndrome", "What it is.", ("Roe, Rita",))
    assert (record.year, record.journal, record.pmid) == (2001, "GeneExamples", "20301295")
    assert (record.language, record.keywords) == ("eng", ("syndromes",))
    assert (record.publication_types, record.doi) == (("Review",), "")


def test_a_whole_book():
    (record,) = rows_of(BOOK.replace('<ArticleTitle book="gene" part="x">A syndrome</ArticleTitle>', ""))
    assert (record.title, record.journal) == ("GeneExamples", "")


@pytest.mark.parametrize(
    ("instead_of", "stands", "field", "value"),
    [
        ("<ELocationID", "<Left", "doi", "10.1000/j.ex.other"),
        ("<Year>2019</Year>", "<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "year", 1998),
        ("<Title>The Journal of Examples</Title>", "", "journal", "J Ex"),
        ("<MedlinePgn>101-9</MedlinePgn>", "", "pages", "101-109"),
        ("<MedlinePgn>101-9</MedlinePgn>", "<MedlinePgn>e1</MedlinePgn>", "pages", "e1"),
        ("01234567", "none", "pmid", ""),
    ],
)
def test_what_stands_in_for_what_is_missing(instead_of, stands, field, value):
    text = ARTICLE.replace(instead_of, stands)
    if stands == "<Left":
        text = text.replace("</ELocationID>", "</Left>")
    (record,) = rows_of(text)
    assert getattr(record, field) == value


def test_a_title_that_is_not_available_is_told_in_its_own_language():
    title = ARTICLE[ARTICLE.index("<ArticleTitle>") : ARTICLE.index("<Pagination>")]
    (record,) = rows_of(
        ARTICLE.replace(
            title,
            "<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Ein Titel.</VernacularTitle>",
        )
    )
    assert record.title == "Ein Titel."


def test_an_abstract_that_pubmed_got_from_elsewhere_counts_where_there_is_no_other():
    abstract = ARTICLE[ARTICLE.index("<Abstract>") : ARTICLE.index("<AuthorList")]
    other = '<OtherAbstract Type="Publisher"><AbstractText>From the publisher.</AbstractText></OtherAbstract>'
    (record,) = rows_of(ARTICLE.replace(abstract, "").replace("</Article>", f"</Article>{other}"))
    assert record.abstract == "From the publisher."


@pytest.mark.parametrize(
    "entry", ["<PubmedArticle/>", "<PubmedArticle><X/></PubmedArticle>", "<PubmedBookArticle/>"]
)
def test_an_entry_that_says_nothing_is_kept(entry):
    first, second = rows_of(entry, ARTICLE)
    assert (first.position, first.raw, first.title) == (1, entry, "")
    assert (second.position, second.pmid) == (2, "1234567")
