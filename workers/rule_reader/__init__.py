"""The rules behind the offline stand-in: a transparent reader, not a language model.

It is handed the text of one document and a list of criteria or data items, and nothing else. Each module says in its
docstring which rules it applies, in the order in which they apply.

    text.py        flattens a text without losing the way back, and cuts it into sentences
    words.py       stems, stop words and numbers written as words
    lexicon.py     the diseases it knows, with synonyms and with what each is a kind of
    designs.py     study designs, kinds of document, age groups: how asked for, how shown
    asking.py      reads a criterion: which facets does it ask for
    findings.py    what one document shows for each facet, in which sentence, how plainly
    screening.py   judges each criterion: met, not met or unclear, with the sentence that shows it
    numbers.py     the numbers of a sentence and what they cannot be
    reading.py     finds the sentences that may answer a data item
    answers.py     from such a sentence to a value, one function for each kind of item
    extraction.py  answers each data item with a value and its quote, or says "not reported"
"""
