"""Site furniture: the words of the page around an article, told from the article's own.

Furniture is recognised by what a line is for, and only when the whole line serves nothing else; a sentence
of the article that happens to contain "share" or "cookies" is never touched.

- Buttons: lines made up of button words only ("Like Comment", "Share Save Print"), and counters ("12
  Likes").
- Ways to the text: "Get PDF ...", "Sign in via ...", "View the article ...", "Buy this article".
- Ways onward: "Continue Reading", "Related Articles", "Skip to main content", advertisements, cookie
  notices.
- Rights: copyright lines, also as the last sentences of a paragraph.

Some furniture *closes* an article: behind "Sign in ..." or "Author notes" a page only talks about itself,
so an abstract that has begun ends there. Behind "Continue Reading" or "Related Articles" a news item goes
on.
"""

import re

_BUTTONS_WORDS = """
like likes comment comments share save print email tweet facebook twitter linkedin whatsapp reddit wechat x
bluesky mastodon bookmark follow following followers reply report subscribe cite citation citations
favourite favorites favorite copy link permalink search menu home help contact login logout register
download downloads advertisement sponsored metrics tools permissions alerts alert collections clipboard send
options options display pdf html epub xml figures tables previous next close expand collapse article full
text a+ a- and
"""
_BUTTONS = frozenset(_BUTTONS_WORDS.split())
_COUNTED = (
    r"contributions?|followers?|following|likes?|comments?|shares?|views?|downloads?|citations?|reads?|"
    r"posts?|members?|reactions?|accesses|altmetric|mentions?|replies|recommendations?|retweets?"
)
_COUNTER = re.compile(rf"[\d.,]+\s?[km]?\+? (?:{_COUNTED})|(?:{_COUNTED})\W{{0,3}}[\d.,]+\s?[km]?", re.I)

_ONWARD = re.compile(
    r"(?:continue|keep) reading.{0,20}|read (?:more|next|on|also).{0,60}|(?:show|see|load|view) (?:more|all|"
    r"less).{0,30}|(?:related|similar|recommended|popular|trending|latest|more|most read) (?:articles?|"
    r"stories|news|content|posts?|videos?|topics?)(?: .{0,30})?|you (?:may|might) (?:also )?like.{0,30}|"
    r"recommended (?:for you|reading)|(?:this is an )?advertisement.{0,30}|sponsored content|"
    r"skip to .{1,40}|jump to .{1,40}|go to:?(?: .{0,30})?|back to (?:top|.{1,30})|(?:previous|"
    r"next) (?:article|section|page|post)|table of contents|share (?:this|on|via|with) .{1,40}|follow (?:us|"
    r"the .{1,30}|.{1,30} on .{1,20})|leave a (?:comment|reply).{0,20}|(?:add|save|send) to .{1,30}|"
    r"email (?:this|alerts?).{0,30}|copy (?:link|url).{0,20}|open in .{1,30}|(?:sign up|subscribe) (?:for|"
    r"to) .{1,80}|join (?:now|us).{0,30}|search for other works by .{1,60}|(?:pubmed|google scholar|"
    r"crossref|web of science)(?: (?:pubmed|google scholar|crossref|web of science))*|open access|"
    r"free access|peer.reviewed?|check for updates",
    re.I,
)
_COOKIES = re.compile(
    r"(?=.*\bcookies?\b)(?=.*\b(?:accept|policy|preferences|consent|settings|experience|manage|reject|"
    r"essential|(?:our|this) (?:web ?)?site)\b).{1,600}",
    re.I,
)
_CLOSING = re.compile(
    r"(?:get|view|download|open|read|buy|purchase|request|access|rent|see)(?: (?:the|this|full|free|"
    r"complete|entire|original|access to))* (?:pdf|article|text|full[- ]text|abstract|paper|publication|"
    r"version|print|options)\b.{0,80}|(?:full[- ]text|pdf)(?: .{0,20})?(?:links?|sources?|available|"
    r"download)?(?: .{0,30})?|(?:sign|log) ?in\b.{0,80}|(?:create|register for) (?:an |"
    r"a )?(?:free )?account.{0,40}|(?:forgot|reset) (?:your )?password.{0,20}|institutional (?:access|login|"
    r"sign in).{0,40}|get access.{0,40}|pay per view.{0,40}|.{1,60}\((?:sign|"
    r"log)-?in (?:may be )?required\)|author notes?|corresponding authors?|correspondence(?: to)?|"
    r"associated data|article (?:metrics|information|history)|(?:supplementary|supplemental|additional|"
    r"supporting) (?:data|materials?|information|files?)|citing articles?.{0,30}|cited by.{0,30}|"
    r"connected content|rights and permissions|reprints and permissions|(?:cite|about) this (?:article|"
    r"paper)|how to cite.{0,40}|permalink",
    re.I,
)
_RIGHTS = re.compile(
    r"(?:©|\(c\)|copyright\b|℗)(?![^.]*\bwas\b).{0,240}|.{0,80}\ball rights reserved\b.{0,40}|"
    r"this article is protected by copyright.{0,60}|published by .{1,120}(?:©|copyright).{0,80}",
    re.I,
)
_RIGHTS_SENTENCE = re.compile(
    r"\s*(?:This article is protected by copyright\.?|(?:©|Copyright ©|Copyright \(c\)|"
    r"\(c\) (?=\d{4}))[^©]{0,200}|All rights reserved\.?)\s*$",
    re.I,
)
_LONGEST = 600
_MOST_SENTENCES = 5


def is_furniture(line: str) -> bool:
    """Whether the whole line belongs to the page and not to the article. Closing furniture counts as well."""
    line = line.strip()
    if not line or len(line) > _LONGEST:
        return False
    words = re.sub(r"[^\w+-]+", " ", line).casefold().split()
    if words and len(words) <= 10 and all(word in _BUTTONS for word in words):
        return True
    bare = line.rstrip(" .:;>»›→…!|")
    return bool(
        _COUNTER.fullmatch(bare)
        or _ONWARD.fullmatch(bare)
        or _COOKIES.fullmatch(line)
        or _RIGHTS.fullmatch(line)
        or is_closing(line)
    )


def is_closing(line: str) -> bool:
    """Whether the line is furniture behind which a page only talks about itself."""
    bare = line.strip().rstrip(" .:;>»›→…!|")
    return len(bare) <= 160 and len(bare.split()) <= 20 and _CLOSING.fullmatch(bare) is not None


def without_rights(text: str) -> str:
    """The text without the copyright sentences at its end; what stays is the beginning of it, unchanged."""
    for _ in range(_MOST_SENTENCES):
        tail = text[-260:]
        match = _RIGHTS_SENTENCE.search(tail)
        if not match or (match.start() == 0 and len(text) > 260):
            return text
        text = text[: len(text) - len(tail) + match.start()]
    return text
