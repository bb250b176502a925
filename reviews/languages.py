"""Which languages a record says it is written in: names and codes as databases write them, brought to one name.

Databases write "eng" (MEDLINE), "English" (Scopus, Embase, Web of Science), "en" (OpenAlex, LILACS), "German;
English", "Chinese (English abstract)". A word that is no language known here is given back as it is written and
never guessed at. The codes are ISO 639-1 and 639-2 (both the bibliographic and the terminological ones).
Pure: no Django, no database.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Name, then its codes and other names. MEDLINE's old codes (scr, scc, mol) and the names that national databases
# and localised exports use stand with them; a name with a blank in it is written with "_".
_TABLE = """
Abkhazian ab abk abkhaz|Afar aa aar|Afrikaans af afr|Akan ak aka|Albanian sq alb sqi shqip|Amharic am amh
Arabic ar ara العربية arabe arabisch|Aragonese an arg|Armenian hy arm hye|Assamese as asm|Avaric av ava
Avestan ae ave|Aymara ay aym|Azerbaijani az aze azeri|Bambara bm bam|Bashkir ba bak|Basque eu baq eus euskara
Belarusian be bel byelorussian belorussian|Bengali bn ben bangla|Bislama bi bis|Bosnian bs bos bosanski
Breton br bre|Bulgarian bg bul български|Burmese my bur mya myanmar
Catalan ca cat valencian català catalan;_valencian|Chamorro ch cha|Chechen ce che|Chichewa ny nya nyanja
Chinese zh chi zho mandarin mandarin_chinese simplified_chinese traditional_chinese cmn 中文 chinois chinesisch chino
Chuvash cv chv|Cornish kw cor|Corsican co cos|Cree cr cre|Croatian hr hrv scr hrvatski
Czech cs cze ces čeština česky|Danish da dan dansk|Divehi dv div maldivian dhivehi
Dutch nl dut nld flemish nederlands vlaams dutch;_flemish|Dzongkha dz dzo
English en eng anglais englisch inglés ingles inglese inglês engels engelska engelsk british_english american_english
Esperanto eo epo|Estonian et est eesti|Ewe ee ewe|Faroese fo fao|Fijian fj fij|Filipino fil|Finnish fi fin suomi
French fr fre fra français francais französisch francés frances francese francês|Frisian fy fry western_frisian
Fulah ff ful|Gaelic gd gla scottish_gaelic|Galician gl glg galego|Ganda lg lug luganda|Georgian ka geo kat
German de ger deu deutsch allemand alemán aleman tedesco alemão
Greek el gre ell modern_greek greek,_modern ελληνικά|Guarani gn grn|Gujarati gu guj|Haitian ht hat haitian_creole
Hausa ha hau|Hebrew he heb iw עברית|Herero hz her|Hindi hi hin|Hungarian hu hun magyar|Icelandic is ice isl
Igbo ig ibo|Indonesian id ind bahasa_indonesia|Interlingua ia ina|Inuktitut iu iku|Inupiaq ik ipk|Irish ga gle
Italian it ita italiano italien italienisch|Japanese ja jpn 日本語 japonais japanisch japonés japones
Javanese jv jav|Kannada kn kan|Kanuri kr kau|Kashmiri ks kas|Kazakh kk kaz|Khmer km khm cambodian central_khmer
Kikuyu ki kik|Kinyarwanda rw kin|Kirghiz ky kir kyrgyz|Komi kv kom|Kongo kg kon
Korean ko kor 한국어 coréen koreanisch coreano|Kurdish ku kur|Lao lo lao|Latin la lat|Latvian lv lav
Limburgan li lim|Lingala ln lin|Lithuanian lt lit lietuvių|Luxembourgish lb ltz|Macedonian mk mac mkd
Malagasy mg mlg|Malay ms may msa bahasa_melayu|Malayalam ml mal|Maltese mt mlt|Manx gv glv|Maori mi mao mri māori
Marathi mr mar|Marshallese mh mah|Mongolian mn mon|Nauru na nau|Navajo nv nav|Ndonga ng ndo|Nepali ne nep
Northern_Sami se sme|Norwegian no nor nb nob nn nno norsk bokmål bokmal nynorsk norwegian_bokmål norwegian_nynorsk
Occitan oc oci|Ojibwa oj oji|Oriya or ori odia|Oromo om orm|Ossetian os oss|Pali pi pli|Panjabi pa pan punjabi
Persian fa per fas farsi فارسی|Polish pl pol polski polonais polnisch
Portuguese pt por português portugues portugais portugiesisch portoghese brazilian_portuguese
Pushto ps pus pashto|Quechua qu que|Romanian ro rum ron moldavian moldovan mol română|Romansh rm roh|Rundi rn run
Russian ru rus русский russe russisch ruso russo|Samoan sm smo|Sango sg sag|Sanskrit sa san|Sardinian sc srd
Serbian sr srp scc srpski|Serbo-Croatian sh hbs|Shona sn sna|Sindhi sd snd|Sinhala si sin sinhalese
Slovak sk slo slk slovenčina|Slovenian sl slv slovene slovenščina|Somali so som|Sotho st sot southern_sotho
Spanish es spa castilian español espanol castellano espagnol spanisch spagnolo espanhol spanish;_castilian
Sundanese su sun|Swahili sw swa kiswahili|Swati ss ssw|Swedish sv swe svenska schwedisch|Tagalog tl tgl
Tahitian ty tah|Tajik tg tgk|Tamil ta tam|Tatar tt tat|Telugu te tel|Thai th tha ไทย|Tibetan bo tib bod
Tigrinya ti tir|Tonga to ton|Tsonga ts tso|Tswana tn tsn|Turkish tr tur türkçe turkce turc türkisch
Turkmen tk tuk|Twi tw twi|Uighur ug uig uyghur|Ukrainian uk ukr українська|Urdu ur urd|Uzbek uz uzb|Venda ve ven
Vietnamese vi vie tiếng_việt|Volapük vo vol|Walloon wa wln|Welsh cy wel cym cymraeg|Wolof wo wol|Xhosa xh xho
Yiddish yi yid|Yoruba yo yor|Zhuang za zha|Zulu zu zul isizulu
"""

# What says nothing: not stated, undetermined, several without saying which, nothing linguistic.
_NOTHING = frozenset(
    {
        *("und", "undetermined", "unknown", "unspecified", "unstated", "other", "none", "null", "nan"),
        *("n/a", "na", "-", "not available", "not specified", "not applicable", "not stated", "not reported"),
        *("mul", "multilingual", "multiple", "multiple languages", "various"),
        *("zxx", "no linguistic content", "lang", "language"),
    }
)

_ABOUT_THE_ABSTRACT = re.compile(r"\b(?:abstracts?|summar(?:y|ies)|résumé|zusammenfassung)\b")
_ASIDE = re.compile(r"\([^()]*\)|\[[^][]*\]")
_NO_BRACKETS = str.maketrans("()[]", "    ")
_LEAD = re.compile(r"^(?:(?:the )?(?:article|text|paper|document|publication|published|written) )?in ")
_PARTS = re.compile(r"[;,/|&+\n]|(?<=\w)\s+(?:and|und|et|y|e)\s+(?=\w)", re.IGNORECASE)
_REGION = re.compile(r"^([a-z]{2,3})[-_][a-z]{2,4}(?:[-_][a-z]{2})?$")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _names() -> dict[str, str]:
    """Every spelling, folded, with the English name it stands for."""
    found: dict[str, str] = {}
    for entry in _TABLE.replace("\n", "|").split("|"):
        if words := entry.split():
            name = words[0].replace("_", " ")
            for word in words:
                found[_folded(word.replace("_", " "))] = name
    return found


NAMES = _names()
KNOWN = frozenset(NAMES.values())


@dataclass(frozen=True, slots=True)
class Languages:
    """What a record says of its language: names that are known, and words that are no language known here."""

    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def languages_in(said: str) -> Languages:
    """The languages of what a record says, in its order, each once.

    >>> languages_in("eng; German (English abstract)")
    Languages(known=('English', 'German'), unknown=())
    >>> languages_in("Klingon")
    Languages(known=(), unknown=('Klingon',))
    """
    whole = _folded(said)
    if not whole or whole in _NOTHING:
        return Languages()
    if whole in NAMES:
        return Languages((NAMES[whole],))
    known: dict[str, None] = {}
    unknown: dict[str, str] = {}
    plain = unicodedata.normalize("NFKC", said)
    if not (outside := _ASIDE.sub(" ; ", plain)).strip(" ;."):  # PubMed puts all of it in brackets
        outside = plain.translate(_NO_BRACKETS)
    for part in _PARTS.split(outside):
        _read(" ".join(part.split()), known, unknown)
    return Languages(tuple(known), tuple(unknown.values()))


def _read(part: str, known: dict[str, None], unknown: dict[str, str]) -> None:
    """Sort one part of what was said."""
    folded = _folded(part).strip(" .:")
    if not folded or folded in _NOTHING or _ABOUT_THE_ABSTRACT.search(folded):
        return
    bare = _LEAD.sub("", folded)
    region = _REGION.match(bare)
    if name := NAMES.get(bare) or (NAMES.get(region[1]) if region else None):
        known[name] = None
        return
    words = bare.split()
    if len(words) > 1 and all(word in NAMES and len(word) <= 3 for word in words):  # "eng fre"
        known.update((NAMES[word], None) for word in words)
        return
    unknown.setdefault(folded, part)


def one_name(word: str) -> str:
    """The name under which a person's or a record's word for one language is kept: English's, else as written.

    >>> one_name("ger"), one_name(" Klingon ")
    ('German', 'Klingon')
    """
    said = languages_in(word)
    return said.known[0] if len(said.known) == 1 and not said.unknown else " ".join(word.split())
