"""Detects answers that a text denies or doubts, as in `It cannot be (B)`."""

from __future__ import annotations

import re
from functools import lru_cache

from ._denial_phrases import Scripts, small
from ._phrases import YES_NO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

# Phrases that deny the answer right after them, in the same clause: `It cannot be (B)`.
_DENIED_BEFORE = Scripts(
    r"(?:(?:%before%)(?:[\s-]{0,3}[\w'’]{1,12}){0,3}|\bno)[\s\"'`*_(\[{$<-]{0,8}\Z",
)
# Phrases that deny or doubt the answer right before them: `(B) is not the answer`.
_DENIED_BEHIND = Scripts(r"(?:</answer>)?[)\]}>*_`\"'$]{0,6}+\s{0,2}+(?:%behind%)")
# Phrases that deny the block or value after them, with a few words between: `The answer is not {"a": 1}`.
_DENIED_AT_ONCE = Scripts(
    r"(?:%before%)(?:\s(?:the|my|an?|this|correct|right|answer|value|result|json|object|is|be)\b){0,4}"
    r"[\s:\"'`*_($<-]{0,8}\Z",
)
_NEVER_DENYING = frozenset(("", *".,;:!?"))  # characters that cannot begin a denial after an answer
# Clauses after which an announcement is not a claim: `I do not think the answer is B`.
_DOUBTED = Scripts(
    r"(?:%doubt%)"
    r"(?:(?!\b(?:so|but|therefore|thus|hence|and|because|since|then)\b)[^.,;:!?。\n]"
    r"|,(?=\s(?:dass|что|що)\b)){0,48}:?[\s(*]{0,4}\Z"
)

NO_DOUBT = re.compile(
    r"(?:n(?<!\wn)(?:ot?|ever|['’]t)|w(?<!\ww)ithout|b(?<!\wb)eyond)\s(?:a\s|any\s|there\s)?"
    r"(?:doubt|question|wonder|problems?|worries|need|matter|way\saround)\b|not(?<!\wnot)\s(?:only|just|merely)\b"
)
"""Idioms, in lowercase, whose `no` or `not` does not deny anything.

They start with a letter so that the regular expression engine can skip places that cannot match.
"""

# The rest of a question, and the words that affirm it. Korean, Japanese and Chinese questions may have no
# question mark.
_ASKED = re.compile(r"(?:[^.!?;\n]|\.(?=\w)){0,200}?(?:\?|(?:[吗嗎]|[でま]すか|까)(?=[\s.]|\Z))")
_ASKED_NEAR = re.compile(
    r"(?:</answer>|[)\]}>*_`\"'$]){0,6}+\s?(?:ですか|でしょうか|입니까|인가요|吗|嗎|么"
    r"|,?\s(?:right|correct|then|maybe|perhaps|or\snot|isn['’]t\sit|is\sit|oder|non|no|verdad|certo|да))?\s?\?"
)
_AFFIRMED = re.compile(
    rf"[?\s*_`\"')\]}}$]{{0,8}}+({'|'.join(map(re.escape, YES_NO['yes']))}|correct|right)(?![A-Za-z])",
    re.IGNORECASE,
)
_CLAUSE, _BEHIND, _SHORT = 60, 120, 32
_CLAUSE_END = re.compile(
    r"[.;!?\n]\s?|,\s(?!(?:or|nor|dass|что|що)\b)|\b(?:so|(?<!\ball )(?<!\bany )(?<!thing )but|therefore|thus"
    r"|hence)\b"
)
# Every ASCII clause with a denial or a doubt contains one of these cues. They are searched first, because
# most clauses contain none. A test generates denials from the table and looks for a cue in each.
_CUES = (
    *"not n't ne nor hardly non exce without unlike against than then instead rul elimin exclu".split(),
    *"reject doubt nicht kein pas ni nunca whether suppose assum wrong deny false incorrect untrue".split(),
    *"auss weder ohne statt wenn falls bezw angen sauf hormis jam sans salvo tampo tranne meno".split(),
    *"unless eccett far dubit dud duvid doute rarely seldom nobody lack partly partial opposite".split(),
    *"previous earlier original initial ample".split(),
    *"bukan tidak kecuali selain jangan jika kalau apakah ragukan siyo isipokuwa hapana ikiwa".split(),
    "sidhani",
)
_SHORT_CUE = re.compile(r"\bold\b|if\b|no\b|ob\b|mai\b|but\b|si\s[le]|se\s[la]|jibu\ssi")
_WIDE_CUE = re.compile(
    "[不除非并並而若如假怀懷ßéã’]|не|ни|кром|исключ|нельзя|если|сомн|вряд|もし|仮に|만[약일]|ليس|لا|لن|غير|سوى|عدا|إ|باست|لو|أشك"
    "|यदि|अगर|नहीं|không|chẳng|trừ|đừng|nếu|giả|nghi|ไม่|มิใช่|ยกเว้น|นอกจาก|ถ้า|หาก|สมมติ|สงสัย|যদি|সন্দেহ|মনে|ఒకవేళ|అయితే"
    "|అనుకోను|ані|крім|якщо|навряд|сумн"
)


def is_denied(text: str, start: int, end: int) -> bool:
    """Return True if the answer at a position is denied right before or after it.

    Args:
        text: A text that `plain_width` has normalized.
        start: The start of the answer.
        end: The end of the answer.
    """
    is_ascii = text.isascii()
    if text[end : end + 1] not in _NEVER_DENYING:
        begin = end - 1 if end else 0
        if _DENIED_BEHIND[is_ascii].match(small(text[begin : end + _BEHIND]), end - begin):
            return True
    clause = _denying_clause(text, start)
    return bool(clause) and _DENIED_BEFORE[is_ascii].search(clause) is not None


def is_denied_at_once(text: str, start: int) -> bool:
    """Return True if the words right before a value deny it. Words earlier in the clause do not count.

    Args:
        text: A text that `plain_width` has normalized.
        start: The start of the value.
    """
    clause = _denying_clause(text, start)
    return bool(clause) and _DENIED_AT_ONCE[text.isascii()].search(clause) is not None


def is_doubted(text: str, start: int) -> bool:
    """Return True if the clause before an announcement keeps it from being a claim.

    Args:
        text: A text that `plain_width` has normalized.
        start: The start of the announcement.
    """
    clause = _denying_clause(text, start)
    return bool(clause) and _DOUBTED[text.isascii()].search(clause) is not None


def is_asked(text: str, end: int, *, near: bool = False, answers: Container[int] = ()) -> bool:
    """Return True if an answer is part of a question (`Is it positive?`) that is not followed by `Yes.`.

    Args:
        text: A text that `plain_width` has normalized.
        end: The end of the answer.
        near: Whether the question mark must be right after the answer, because the words after the answer may
            be an option's text.
        answers: The starts of all answers. A `yes` that is itself an answer does not confirm another one.
    """
    asked = (_ASKED_NEAR if near else _ASKED).match(text, end) if not text.isascii() or "?" in text else None
    if asked is None:
        return False
    affirmed = _AFFIRMED.match(text, asked.end())
    return affirmed is None or affirmed.start(1) in answers


def _denying_clause(text: str, end: int) -> str:
    """Return the last 60 characters of the clause before a position, if they contain a word that may deny."""
    words = text[_begin(text, end) : end]
    if not _holds_cue(words):
        return ""
    return NO_DOUBT.sub("", _CLAUSE_END.split(small(words))[-1])


def may_deny(text: str, start: int, end: int) -> bool:
    """Return True if a span or the clause before it contains words that may express denial or doubt.

    Args:
        text: A text that `plain_width` has normalized.
        start: The start of the span.
        end: The end of the span.
    """
    return _holds_cue(text[_begin(text, start) : end])


def _begin(text: str, end: int) -> int:
    """Quickly estimate where the clause at a position starts: after a line break or a period."""
    begin = end - _CLAUSE if end > _CLAUSE else 0
    begin = text.rfind("\n", begin, end) + 1 or begin
    return text.rfind(". ", begin, end) + 1 or begin


def _holds_cue(words: str) -> bool:
    """Return True if a string contains one of the cues. Results for short strings are cached."""
    return _short_holds_cue(words) if len(words) <= _SHORT else _find_cue(words)


def _find_cue(words: str) -> bool:
    near = small(words)
    for cue in _CUES:
        if cue in near:
            return True
    return bool(_SHORT_CUE.search(near)) or (not near.isascii() and _WIDE_CUE.search(near) is not None)


_short_holds_cue = lru_cache(maxsize=1024)(_find_cue)  # completions announce their answers in few ways
