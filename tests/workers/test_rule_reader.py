"""How the offline stand-in reads a text and judges criteria, on sentences of our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.rule_reader.asking import read_criterion
from workers.rule_reader.extraction import read_items
from workers.rule_reader.lexicon import DISEASES, is_kind_of, mentions
from workers.rule_reader.numbers import says
from workers.rule_reader.screening import judge_all
from workers.rule_reader.text import QUOTE_LIMIT, Text
from workers.rule_reader.words import stem


def judged(criterion, text, kind="include"):
    (judgement,) = judge_all([{"id": "1", "kind": kind, "label": "L", "text": criterion}], text)
    return judgement


def verdict(criterion, text, kind="include"):
    return judged(criterion, text, kind)["verdict"]


# Text


def test_a_quote_is_cut_from_the_original_across_line_ends_and_hyphens():
    raw = "A short title\n\nWe ran a non-interven-\ntional  study in\nadults with gout. It was small."
    text = Text(raw)
    assert "non-interventional study in adults" in text.low
    sentence = next(s for s in text.sentences if "gout" in s.low)
    assert (
        text.quote(sentence.start, sentence.end)
        == "We ran a non-interven-\ntional  study in\nadults with gout."
    )


@pytest.mark.parametrize(
    ("raw", "sentences"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("Doses of 1.3 mg, e.g. Monday. Next.", ["Doses of 1.3 mg, e.g. Monday.", "Next."]),
        ("Smith et al. Found it. Then", ["Smith et al. Found it.", "Then"]),
        ("As shown.2 Later it changed.", ["As shown.2", "Later it changed."]),
        (
            "Publication types\n\n  • Clinical Trial\n  • Review",
            ["Publication types", "Clinical Trial", "Review"],
        ),
        (
            "Like Share\nA long sentence about the trial that was done here.",
            ["Like Share", "A long sentence about the trial that was done here."],
        ),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(raw, sentences):
    text = Text(raw)
    assert [text.flat[s.start : s.end] for s in text.sentences] == sentences


@given(st.text(alphabet=st.sampled_from("aB1. ,;-\n()•é\u00adﬁ%"), max_size=400))
@settings(max_examples=150, deadline=None)
def test_every_sentence_is_a_verbatim_piece_of_the_text(raw):
    text = Text(raw)
    assert len(text.flat) == len(text.low) == len(text.source)
    for sentence in text.sentences:
        quote = text.quote(sentence.start, sentence.end)
        assert quote in raw
        assert len(quote) <= QUOTE_LIMIT


@given(st.integers(min_value=0, max_value=120))
def test_a_long_sentence_is_cut_between_words_around_what_matters(position):
    words = [f"word{n}" for n in range(120)]
    words[min(position, 119)] = "NEEDLE"
    raw = " ".join(words)
    text = Text(raw)
    at = text.flat.index("NEEDLE")
    quote = text.quote(0, len(text.flat), keep=(at, at + 6))
    assert "NEEDLE" in quote.split()
    assert len(quote) <= QUOTE_LIMIT
    assert set(quote.split()) <= set(words)


def test_the_list_of_references_is_not_read():
    body = "A trial of walking\n\nWe enrolled 20 adults with gout." + " It rained." * 20
    raw = f"{body}\n\nReferences\n\n1. Doe J. A randomised trial in asthma. 2001."
    assert not any("asthma" in sentence.low for sentence in Text(raw).sentences)


@pytest.mark.parametrize(
    "words", ["enrolled enrolment enrol enrolling", "randomised randomized", "tumour tumor tumours"]
)
def test_forms_of_a_word_share_a_stem(words):
    assert len({stem(word) for word in words.split()}) == 1


# Diseases


def test_the_lexicon_is_broad_and_hangs_together():
    names = {disease.name for disease in DISEASES}
    assert len(names) == len(DISEASES) >= 60
    assert all(set(disease.broader) <= names for disease in DISEASES)
    assert is_kind_of("acute myeloid leukaemia", "cancer")
    assert not is_kind_of("cancer", "acute myeloid leukaemia")


def test_a_longer_name_is_not_counted_for_the_shorter_one_inside_it():
    text = "Acute myelogenous leukemia and non-Hodgkin lymphoma"
    assert [m.name for m in mentions(text, text.lower())] == [
        "acute myeloid leukaemia",
        "non-Hodgkin lymphoma",
    ]


def test_an_abbreviation_counts_once_the_text_explains_it():
    text = "Rheumatoid arthritis (RA) is common. RA hurts. A 5 mm spot, 5 MM wide."
    assert [m.name for m in mentions(text, text.lower())] == ["rheumatoid arthritis"] * 3


GOUT_TRIAL = "Diet for asthma: a pilot\n\nWe enrolled 30 adults with asthma at one clinic."


@pytest.mark.parametrize(
    ("criterion", "text", "expected"),
    [
        ("People with asthma.", GOUT_TRIAL, "met"),
        ("People with epilepsy.", GOUT_TRIAL, "not_met"),
        ("People with epilepsy or asthma.", GOUT_TRIAL, "met"),
        ("Cancer.", "Walking after breast cancer\n\nWe enrolled 30 women with breast cancer.", "met"),
        ("Leukaemia.", "Ice for nausea\n\nWe treated 9 adults with haematological malignancies.", "unclear"),
        ("Asthma.", "Ice for nausea\n\nWe treated 9 adults at one clinic.", "unclear"),
        ("Lymphoma.", "A new drug\n\nWe treated 9 adults with lymphoma or with multiple myeloma.", "met"),
        ("Gout.", "A new drug\n\nWe studied pumps.", "unclear"),
    ],
)
def test_the_disease_rule(criterion, text, expected):
    assert verdict(criterion, text) == expected


def test_a_disease_named_only_in_the_background_is_not_the_population():
    text = (
        "Tablets for migraine: a randomised trial\n\nThe drug is approved in epilepsy. We randomised 40 adults with"
        " migraine. Migraine days fell."
    )
    found = judged("Adults with epilepsy.", text)
    assert found["verdict"] == "not_met"
    assert found["quote"] == "Tablets for migraine: a randomised trial"
    assert "migraine, not epilepsy" in found["reasoning"]


def test_a_disease_that_is_silent_about_age_does_not_fail_for_it():
    found = judged("Adults with asthma.", "Diet for asthma\n\nWe enrolled 30 patients with asthma.")
    assert found["verdict"] == "met"
    assert "age is not stated" in found["reasoning"]


def test_another_age_group_alone_speaks_against():
    text = "Diet for asthma\n\nWe enrolled 30 children with asthma."
    assert verdict("Adults with asthma.", text) == "not_met"
    assert verdict("Children with asthma.", text) == "met"


# Designs

TRIAL = "A prospective clinical trial; observational and non-interventional studies do not qualify."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ice for pain: a randomised trial\n\nWe randomised 30 adults.", "met"),
        ("Ice for pain\n\nIn this phase II study, 30 patients were treated.", "met"),
        ("Ice for pain\n\nThis prospective, non-interventional study enrolled 30 adults.", "not_met"),
        ("Ice for pain: a phase 2 trial\n\nThis was a non-interventional study of 30 adults.", "not_met"),
        ("Ice for pain\n\nWe performed a retrospective cohort study of 30 adults.", "not_met"),
        ("Ice for pain\n\nThe aim of our observational study was to watch 30 adults.", "not_met"),
        ("Ice in mice\n\nWe tested ice in mice in vitro.", "not_met"),
        ("Ice for pain\n\nTwo randomised trials have shown an effect. We treated 30 adults.", "unclear"),
        ("Ice for pain\n\nData come from retrospective studies. We ran a phase 1 trial in 12 adults.", "met"),
        ("Ice for pain\n\nThirty adults took part.", "unclear"),
        ("Ice for pain: a trial\n\nWe retrospectively read the notes of our trial.", "unclear"),
    ],
)
def test_the_design_rule(text, expected):
    assert verdict(TRIAL, text) == expected


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("A phase 3 trial.", "not_met"),
        ("A phase I or phase II trial.", "met"),
        ("A randomised trial.", "not_met"),
        ("A cohort study or a trial.", "met"),
        ("A cohort study or a case-control study.", "not_met"),
    ],
)
def test_phases_and_kinds_of_trial(criterion, expected):
    text = "Ice for pain: a single-arm phase II trial\n\nWe treated 30 adults with ice."
    if criterion.startswith("A cohort study or a case"):
        text = text.replace("single-arm phase II", "randomised")
    assert verdict(criterion, text) == expected


def test_publication_types_count():
    text = "Ice for pain\n\nPatients got ice.\n\nPublication types\n\n  • Randomized Controlled Trial\n"
    found = judged("A randomised trial.", text)
    assert (found["verdict"], found["quote"]) == ("met", "Randomized Controlled Trial")


def test_an_exclusion_of_animal_studies():
    assert verdict("Animal or in vitro studies.", "Ice in mice\n\nWe tested ice in mice.", "exclude") == "met"
    human = "Ice for pain: a trial\n\nWe treated 30 adults. In vitro, ice is cold."
    assert verdict("Animal or in vitro studies.", human, "exclude") == "not_met"


# Kinds of document

SECOND_HAND = "A news item, commentary, editorial or review that reports somebody else's study."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ice may help, according to a study published in a cold journal. The authors concluded that it may.",
            "met",
        ),
        ("Ice for pain: what is known\n\nIn this review we discuss ice.", "met"),
        ("In this issue of the journal, Doe and colleagues show that ice helps.", "met"),
        ("Comment on: ice for pain\n\nIce is nice.", "met"),
        ("Ice for pain\n\nWe randomised 30 adults to ice or none.", "not_met"),
        ("Ice for pain\n\nThe aim of this phase 1 trial was to find the dose.", "not_met"),
        ("Ice for pain\n\nIce is cold.", "unclear"),
        ("Ice for pain\n\nWe enrolled 30 adults. All authors reviewed the draft. Like Comment", "not_met"),
    ],
)
def test_the_document_rule(text, expected):
    assert verdict(SECOND_HAND, text, "exclude") == expected


def test_a_criterion_may_ask_for_primary_reports():
    assert verdict("A primary report.", "Ice\n\nWe enrolled 30 adults.") == "met"
    assert verdict("A primary report.", "Ice\n\nIn this review we discuss ice.") == "not_met"


# Drugs and other words


@pytest.mark.parametrize(
    ("criterion", "text", "expected"),
    [
        ("Ibuprofen or rituximab is given.", "Rituximab for gout: a trial\n\nWe gave it.", "met"),
        ("Rituximab plus carfilzomib.", "Rituximab for gout: a trial\n\nWe gave it.", "unclear"),
        (
            "Rituximab plus carfilzomib.",
            "Two drugs\n\nWe treated 9 adults with rituximab and carfilzomib.",
            "met",
        ),
        ("Rituximab.", "Ice for gout\n\nAll 9 patients had received prior rituximab.", "unclear"),
        ("Rituximab.", "Ice for gout\n\nRituximab is approved for other uses.", "unclear"),
        ("Hot packs or cold packs.", "Gout\n\nWe gave cold packs to 9 adults.", "met"),
        ("Hot packs or cold packs.", "Gout\n\nWe gave tea to 9 adults.", "unclear"),
    ],
)
def test_words_of_the_criterion_are_looked_for_and_silence_is_unclear(criterion, text, expected):
    assert verdict(criterion, text) == expected


def test_an_exclusion_by_words_needs_a_sentence_without_a_negation():
    criterion = "Earlier kidney transplant."
    assert verdict(criterion, "Gout\n\nAll had an earlier kidney transplant.", "exclude") == "met"
    assert verdict(criterion, "Gout\n\nNo patient had an earlier kidney transplant.", "exclude") == "unclear"


def test_a_criterion_beyond_the_rules_is_left_to_people():
    assert verdict("Adults with asthma who do not smoke.", GOUT_TRIAL) == "unclear"
    assert verdict("...", GOUT_TRIAL) == "unclear"
    assert verdict("", "") == "unclear"


def test_a_criterion_is_read_in_clauses():
    ask = read_criterion("Design", TRIAL)
    assert ask.designs == (frozenset({"prospective", "trial"}),)
    assert ask.unwanted_designs == {"observational", "non-interventional"}
    assert read_criterion("Population", "Adults with asthma, but not with epilepsy").diseases == ("asthma",)


LINES = st.sampled_from(
    [
        "We enrolled 12 adults with asthma.",
        "a phase II trial",
        "References",
        "1. Doe J. 2001.",
        "• Review",
        "n = 5 (3%)",
        "non-interven-\ntional",
        "according to a study published in",
        "",
        "μ = 3·5 [95% CI 1–9]",
        "(((",
        "İ ẞ ﬁ 🙂",
    ]
)


@given(st.lists(LINES, max_size=12).map("\n".join))
@settings(max_examples=100, deadline=None)
def test_whatever_the_text_the_answer_is_whole_and_its_quotes_are_verbatim(text):
    criteria = [
        {"id": "1", "kind": "include", "label": "P", "text": "Adults with asthma."},
        {"id": "2", "kind": "include", "label": "D", "text": TRIAL},
        {"id": "3", "kind": "exclude", "label": "K", "text": SECOND_HAND},
    ]
    for judgement in judge_all(criteria, text):
        assert judgement["quote"] in text
        assert bool(judgement["quote"]) == (judgement["verdict"] != "unclear")
        assert 0 < len(judgement["reasoning"].split()) <= 40
    for found in read_items([{"key": "n", "label": "People enrolled", "kind": "number"}], text):
        assert found["quote"] in text
        assert found["value"] is None or says(found["quote"], found["value"])
