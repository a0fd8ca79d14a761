"""How people announce, deny, and revise an answer, a row for each language.

A row holds parts of regular expressions for text whose compatibility characters are folded (`plain_width`).
To add a language, add a row to `ANNOUNCED` and its words of yes and no to `YES_NO`.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from .._invisible import INVISIBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Announced(NamedTuple):
        """What stands before an answer: a noun with its adjectives, then a verb or a colon."""

        noun: str
        verb: str
        filler: str
else:
    from collections import namedtuple

    Announced = namedtuple("Announced", "noun verb filler")

ANNOUNCED = {
    "English": Announced(
        r"\b(?:answer(?:\s(?:choice|option|letter))?|ans|choice|option|letter|selection|final|correction"
        r"|label|verdict)(?:\s(?:to|for)\s[^.\n:]{0,60}?)?",
        r"(?:is|was|(?:would|should|must|will|has\sto|might|could|may)\sbe)\b",
        r"(?:option|choice|letter|answer|probably|likely|most|definitely|clearly|therefore|thus|either|still"
        r"|simply|indeed)\b",
    ),
    "Chinese": Announced(
        r"(?:答案|选项|選項|(?<![不勿别別非未没])(?:选择|選擇|选|選))(?:应该|應該|应当|应|應)?",
        r"(?:是|为|為|选择|選擇|选|選|即|项|項|)",
        r"(?:选项|選項|答案)",
    ),
    "German": Announced(
        r"\b(?:antwort|lösung)(?:\svon\s[^.\n:]{0,40}?)?",
        r"(?:ist|lautet|wäre)\b",
        r"(?:die|option|antwort)\b",
    ),
    "French": Announced(
        r"\b(?:r[ée]ponse|choix)(?:\s(?:correcte|exacte|finale|correct|final))?",
        r"(?:est|serait)\b",
        r"(?:la|le|l'option|option|r[ée]ponse|donc)\b",
    ),
    "Spanish": Announced(
        r"\b(?:respuesta|opci[óo]n)(?:\s(?:correcta|final))?",
        r"(?:es|ser[íi]a)\b",
        r"(?:la|el|opci[óo]n|respuesta|letra)\b",
    ),
    "Portuguese": Announced(
        r"\b(?:resposta|alternativa|op[çc][ãa]o)(?:\s(?:correta|certa|final))?",
        r"(?:é|e|seria)\b",
        r"(?:a|op[çc][ãa]o|alternativa|letra)\b",
    ),
    "Italian": Announced(
        r"\b(?:risposta|opzione)(?:\s(?:corretta|giusta|esatta|finale))?",
        r"(?:è|e|sarebbe)\b",
        r"(?:la|l'opzione|opzione|risposta|lettera)\b",
    ),
    "Russian": Announced(r"\b(?:ответ|вариант)", r"(?:это|является)\b", r"(?:вариант|буква)\b"),
    "Japanese": Announced(r"(?:答え|答|正解|解答|回答)", r"(?:は|が)", r"(?:選択肢)"),
    "Korean": Announced(r"(?:정답|답변|답)", r"(?:은|는|이)", r"(?:선택지|보기)"),
    "Arabic": Announced(
        r"(?:الإجابة|الاجابة|الجواب)(?:\s(?:الصحيحة|الصحيح|النهائية|النهائي))?",
        r"(?:هي|هو)\b",
        r"(?:الخيار)\b",
    ),
    "Hindi": Announced(r"(?:उत्तर|जवाब)", r"(?:है|)", r"(?:विकल्प)"),
}

YES_NO = {
    "yes": (
        *("yes", "true", "是", "是的", "对", "對", "正确", "正確", "ja", "oui", "vrai", "sí", "verdadero"),
        *("sim", "verdadeiro", "sì", "vero", "да", "верно", "はい", "예", "네", "نعم", "हाँ", "हां"),
    ),
    "no": (
        *(
            "no",
            "false",
            "否",
            "不是",
            "不对",
            "不對",
            "错",
            "錯",
            "错误",
            "錯誤",
            "不正确",
            "不正確",
            "nein",
        ),
        *(
            "falsch",
            "non",
            "faux",
            "falso",
            "não",
            "нет",
            "неверно",
            "いいえ",
            "아니요",
            "아니오",
            "لا",
            "नहीं",
        ),
    ),
}

DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|never|cannot|neither|nor|hardly|non|except|without|unlike|against"
    r"|(?:rather|other)\s(?:than|then)|instead\sof|rul(?:es?|ed|ing)\sout|eliminat\w{1,4}|exclud\w{1,4}"
    r"|reject\w{0,4}|doubt|nicht|kein\w{0,2}|pas|ni|não|nunca|никак|не)\b|n['’]t\b"
    r"|不是|不选|不選|不为|不為|并非|並非|而非|除了|除|排除|不会是|不能是|不可能是|非)"
    r"(?:[\s-]{0,3}[\w'’]{1,12}){0,3}[\s\"'`*_(\[{$<-]{0,8}\Z",
    re.IGNORECASE,
)
"""What denies an answer right behind it, in the same clause: `It cannot be (B)`."""

DENIED_BEHIND = re.compile(
    r"[)\]}>*_`\"'$]{0,6}\s{0,2}(?:"
    r"(?:(?:is|was|are|seems?|looks?|would\sbe|must\sbe|can|could|does|do|has\sbeen)\s?)?"
    r"(?:n['’]t\b|\b(?:not|cannot|can['’]t|never)\b)"
    r"|(?:is|was|are|seems?|looks?|would\sbe|must\sbe|has\sbeen|can\sbe)\s(?:[a-z]{2,12}\s){0,2}?"
    r"(?:wrong|incorrect|false|invalid|untrue|out\b|excluded|eliminated|ruled|rejected|impossible|unlikely"
    r"|implausible|mistaken|a\s(?:distractor|trap|mistake))"
    r"|\b(?:ist|est|es|é|è)\s(?:falsch|nicht|fausse?|pas|incorrect[ao]?|errad[ao]|sbagliat[ao])"
    r"|n'est\spas|no\ses\b|não\sé|non\sè|не\b|неверн|неправ"
    r"|(?:选项|選項|项|項|是|也|都)?(?:错|錯|不|并不|並不|并非|排除|有误)"
    r"|(?:では|じゃ)(?:ない|ありません)|(?:이|가)\s?아니|(?:이|가)\s?아닙|ليست?\b|(?:गलत|नहीं)"
    r"|(?:吗|嗎|么|呢)"
    r")",
    re.IGNORECASE,
)
"""What denies or doubts an answer right before it: `(B) is not the answer`."""

DOUBTED = re.compile(
    r"(?:\b(?:not|never|cannot|hardly|if|whether|unless|suppose|assum\w{1,3}|doubt\w{0,3}|wrong|deny"
    r"|(?:false|incorrect|untrue)(?=\s(?:that|to)\b))\b"
    r"|n['’]t\b|如果|假如|假设|若|不认为|不覺得|不觉得|并非|nicht|\bpas\b)"
    r"(?:(?!\b(?:so|but|therefore|thus|hence|and|because|since|then)\b)[^.,;:!?。\n]){0,48}\Z",
    re.IGNORECASE,
)
"""A clause that makes an announcement behind it no claim: `I do not think the answer is B`."""

NO_DOUBT = re.compile(
    r"\b(?:no|not|never|without|beyond|n['’]t)\s(?:a\s|any\s|there\s)?"
    r"(?:doubt|question|wonder|problems?|worries|need|matter|way\saround)\b",
    re.IGNORECASE,
)
"""Idioms whose `no` denies nothing."""

REVISED = re.compile(
    r"\b(?:wait|actually|corrections?|corrected|oops|sorry|mistaken?|scratch\sthat|on\ssecond\sthought"
    r"|re-?consider\w{0,3}|i\smean|but|however|no,|no\.|hold\son|korrektur|moment|pardon|perd[óo]n)"
    r"|不对|不對|等等|等一下|更正|修正|改为|改為|改成|其实|其實|抱歉|但是|而是|かし|待って|잠깐|아니",
    re.IGNORECASE,
)
"""What takes back the claim before it, so that the claim behind it counts."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_BRACKETS = str.maketrans(
    {
        **dict.fromkeys("【〔［〖「『《〈（", "("),
        **dict.fromkeys("】〕］〗」』》〉）", ")"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("–—−‑‐", "-"),
        "。": ".",
        "、": ",",
        "→": "=>",
        "⇒": "=>",
        "،": ",",
    }
)


def plain_width(text: str) -> str:
    """Fold the widths of letters and punctuation, and brackets, quotes and dashes to those of ASCII.

    Invisible characters are left out.

    Args:
        text: Any text. Letters of other alphabets that look like Latin ones stay what they are.
    """
    if text.isascii():
        return text
    return normalize("NFKC", _INVISIBLE.sub("", text).translate(_BRACKETS))


def announced(rows: bool) -> str:
    """Return a pattern of what announces an answer; bounded, so that it takes linear time.

    Args:
        rows: Whether the rows of all languages count, or English alone.
    """
    languages = ANNOUNCED.values() if rows else (ANNOUNCED["English"],)
    fillers = "|".join(row.filler for row in languages)
    lead = "|".join(
        rf"{row.noun}[\s*_\"'`)]{{0,4}}(?:{row.verb}|->|=>|[:=]|-(?=[\s*(]))" for row in languages
    )
    return rf"(?i:{lead})[\s*_:=>-]{{0,6}}(?i:(?:{fillers})[\s:,]{{0,3}}){{0,3}}"


CLAIMED = announced(rows=True) + r"|<answer>\s{0,8}|\\(?:boxed|fbox)\s?\{\s{0,4}"
"""A pattern of what announces an answer of a whole line, in words or by its markup."""


def is_foreign(text: str) -> bool:
    """Whether a text may hold announcements of another language than English."""
    if not text.isascii():
        return True
    small = text.lower()
    return any(noun in small for noun in _FOREIGN)


_FOREIGN = "antwort reponse choix respuesta opcion resposta alternativa opcao risposta opzione".split()
# What every clause holds that denies or doubts; looked for first, since most clauses hold none of it.
_CUES = (
    *("not", "n't", "n’t", "ne", "nor", "hardly", "non", "except", "without", "unlike", "against", "than"),
    *("then", "instead", "rul", "elimin", "exclu", "reject", "doubt", "nicht", "kein", "pas", "ni", "não"),
    *("nunca", "ник", "не", "不", "非", "除", "if ", "whether", "suppose", "assum", "wrong", "deny"),
    *("false", "incorrect", "untrue"),
    *("如果", "假", "若", "unless"),
)
_ASCII_CUES = tuple(cue for cue in _CUES if cue.isascii())
_CLAUSE = 60


def is_denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at a place of a text is denied right before or behind it.

    Args:
        text: A text with folded widths.
        start: Where it starts.
        end: Where it ends.
    """
    if text[end : end + 2] not in ("", ".", ".\n") and DENIED_BEHIND.match(text, end):
        return True
    clause = _denying_clause(text, start)
    return bool(clause) and DENIED_BEFORE.search(clause) is not None


def is_doubted(text: str, start: int) -> bool:
    """Whether the clause before an announcement makes it no claim.

    Args:
        text: A text with folded widths.
        start: Where the announcement starts.
    """
    clause = _denying_clause(text, start)
    return bool(clause) and DOUBTED.search(clause) is not None


def _denying_clause(text: str, end: int) -> str:
    """What stands before a place in its clause, 60 characters at most; "" where nothing in it can deny."""
    if not may_deny(text, end, end):
        return ""
    return NO_DOUBT.sub("", _CLAUSE_END.split(text[max(0, end - _CLAUSE) : end])[-1])


def may_deny(text: str, start: int, end: int) -> bool:
    """Whether words stand in a span, or in what is read of the clause before it, that may deny or doubt.

    Args:
        text: A text with folded widths.
        start: Where the span starts.
        end: Where it ends.
    """
    near = text[max(0, start - _CLAUSE) : end].lower()
    for cue in _ASCII_CUES if near.isascii() else _CUES:
        if cue in near:
            return True
    return False


_CLAUSE_END = re.compile(r"[.;!?\n]\s?|,\s(?!or\b|nor\b)|\b(?:so|but|therefore|thus|hence)\b")
