r"""Finds the number that a completion settles on: in its box, in its claim, or its last number.

Text after a claim is considered an explanation unless it makes a claim. If different numbers are claimed or a
claim is revised, there is no answer.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cache
from itertools import islice

from ._blocks import TAKEN_BACK, box_span, is_retracted
from ._conjunctions import OR
from ._late import late
from ._missing import Missing
from ._notes import number_alone
from ._numbers import (
    DIGIT,
    MAX_LINE,
    booked,
    is_approximation,
    ordinary_number,
    parse_number,
    readers,
    several_equations,
    unread,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._numbers import Decimal
    from ._readings import Numeral
    from ._runs import Number

_MOST = 64
_FILLERS = 4  # at most four words between a claim and its number: the answer is about x = 72

_CITATION = late(r"(?<=\S)\s?\[[0-9]{1,3}\](?=[\s.,;]|\Z)")
_SEE = late(
    r"\((?:see|sources?|cf|refs?|references?|pages?|pp?|notes?|as of|eqs?|tables?|fig(?:ure)?s?"
    r"|sections?|steps?|lines?|mod)\b[^()]{0,200}\)",
    re.IGNORECASE,
)
_CLAIM = late(
    r"\b(?:final\s)?answer\b(?:\s(?:to|for|of)\b[^.\n:=]{0,60}?)?[\s*_]{0,4}"
    r"(?:\b(?:is|was|(?:would|should|must|has to) be)\b|[=:])[\s*_:]{0,6}",
    re.IGNORECASE,
)
_NO_LETTER = late(r"[^\W_A-Za-z]?[^A-Za-z]*")
_PLAIN_WORD = late(r"(?<=[a-z] )[a-z]{2,12}\Z")
_TELLING = frozenset(  # words that may change the number after them
    """not never than least most over under above below exceed exceeds plus times minus negative by of or vs
    versus half twice double triple thrice between sqrt log ln sin cos tan to and may be out
    mod modulo choose nicht kein keine pas jamais es son
    als de di dari von que menos moins mais meno mindestens halb zweimal hasta almeno setidaknya""".split()
)
_FINAL = late(
    r"\bfinal\sanswer\b|\b(?:respuesta|resposta|réponse|risposta)\sfinale?\b|\bendgültige\santwort\b"
    r"|最[终終后後]的?答案|최종\s?(?:정답|답)|(?:итоговый|окончательный)\sответ|(?:الإجابة|الجواب)\sالنهائية?",
    re.IGNORECASE,
)
_SENTENCE = late(r"(?<![A-Z])[.;?!]\s+(?=[A-Z(\[]|[^\W\d_a-z])|(?<=[\u0590-\uffff])[.?!]\s+|[。！？；।]")
# Every claim of a number in another language contains one of these parts of words, in lower case. They are
# searched first, for speed. A test compares them with the table of announcements.
_ABROAD = "ntwort espuesta sposta eponse awaban jibu".split()
_ABROAD_BEYOND_ASCII = [
    *_ABROAD,
    *"ösung éponse твет 答 正解 답 جاب جواب उत्तर जवाब lời án ตอบ উত্তর సమాధ ідповідь".split(),
]
_SPACELESS = late("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_LETTERS_A_WORD = 3  # in unspaced scripts
_BOX = late(r"\\(?:boxed|fbox)\s?\{([^{}]{0,200})\}")
_BEFORE_BOX = late(
    r"(?:[-+\u2212\u2013*/^<>]|(?<![A-Za-z]{2})[\w)}\]](?=\Z|\$\Z)|\\(?:[lg]eq?|neq?|times|cdot|pm)|\b(?:not|minus|negative)\s?)\s?\$?\s?\Z"
)
_REVISED = late(
    r"(?=[acmnosw])\b(?:wait|actually|correction|corrected|oops|sorry|mistaken?|scratch that|no,)",
    re.IGNORECASE,
)
_CLOSING = late(  # a sentence that offers the reader more help; its numbers are not answers
    r"(?<![^.!?。！？\"')*_])(?:\A|(?<=[.!?。！？])\s|(?<=[.!?。！？][\"')*_])\s|(?<=[。！？]))[\s*_>#-]{0,6}(?:"
    r"(?:(?:please|just)\s)?(?:let\sme\sknow|feel\sfree\sto|(?:i\s)?hope\s(?:this|that|it)\shelp)"
    r"|would\syou\slike[^.!?\n]{0,100}\?\W{0,3}\Z|if\syou(?:\shave|\sneed|\swant|\swould\slike|'d\slike)[\s,][^.!?\n]{0,40}"
    r"(?:question|help|explanation|example|clarif|detail|assistance)"
    r"|(?:i(?:'m|\sam|'d\sbe|\swould\sbe)\s)?(?:happy|glad)\sto\s(?:help|answer|explain|show|assist)"
    r"|如果(?:你|您|还)[^。！？\n]{0,30}(?:问题|疑问|帮助|告诉)|希望(?:这|以上)?[^。！？\n]{0,8}帮助|请(?:告诉我|随时)"
    r"|lass\smich\swissen|falls\sdu\s[^.!?\n]{0,40}fragen|n'hésite[sz]?\spas|si\s(?:tienes|vous\savez)\s"
    r"[^.!?\n]{0,40}(?:pregunta|question)|se\stiver\s[^.!?\n]{0,40}(?:pergunta|dúvida)|fammi\ssapere"
    r"|если\s(?:у\sвас|есть)[^.!?\n]{0,40}вопрос|ご質問|궁금한\s점)",
    re.IGNORECASE,
)
_NOT_LAST = late(r"[*$]{0,3}(?:\s[^\W\d_]{1,16}){0,3}[*$]{0,3}, not [*$]{0,3}")
_OR = frozenset(OR.split("|"))
_LEAD = 60
# Parts of words that may deny or doubt, in lower case; most claims have none before them.
_DOUBTS = (
    *"not n't n\u2019t never cannot hardly if whether unless suppose assum doubt".split(),
    *"wrong deny false incorrect untrue old previous earlier original initial ample".split(),
)
_SHORTEST_CLOSING = 10
_CLOSERS = " \t\r.*_$)"
_LONGEST_QUESTION = 240


def last_number(text: str, *, decimal: Decimal = ".", scale: bool = False) -> Number | Missing:
    r"""Return the number that a completion settles on. See `parse_number` for the accepted formats.

    This is the number in its box. If there is no box, it is the number claimed last (`the answer is 72`). If
    there is no claim, it is the last number. Claims of different numbers give no answer, but a `final answer`
    overrides earlier claims.

    Args:
        text: A completion. If it makes no claim, the last 10,000 characters of the last line with digits are
            searched.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.

    Returns:
        An int, or a Fraction if the number is not whole. `Missing` if the text has no number, claims
        different numbers, or its answer cannot be read exactly.
    """
    if "box" in text or "\x08" in text:
        span = box_span(text)
        if not isinstance(span, Missing):
            start, end = span
            found = _box_number(text, start, end, decimal, scale)
            if isinstance(found, Missing):
                return found
            behind = text[end + 1 :]
            later = _claimed(behind, decimal, scale)
            if later is not None and _FINAL.search(behind):
                return later
            others = [*_other_boxes(text, decimal, scale), later]
            return _unless_revised(found, text[start:end], behind, decimal, scale, others)
        if span.kind != "none":
            return span
    claimed = _claimed(text, decimal, scale)
    return _last(text, decimal, scale) if claimed is None else claimed


def boxed_number_of(text: str, *, decimal: Decimal = ".", scale: bool = False) -> Number | Missing:
    r"""Return the number in the last box. It is unread if the text around the box changes it: `-\boxed{5}`.

    Args:
        text: A completion.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.
    """
    span = box_span(text)
    if isinstance(span, Missing):
        return span
    start, end = span
    value = _box_number(text, start, end, decimal, scale)
    if isinstance(value, Missing):
        return value
    return _unless_unclaimed(value, text[start:end], text[end + 1 :])


def _box_number(text: str, start: int, end: int, decimal: Decimal, scale: bool) -> Number | Missing:
    """Return the number in the box whose content is at a position."""
    content = text[start:end].strip()
    value: Number | Missing | None = ordinary_number(content) if decimal == "." else None
    if value is None:
        value = parse_number(content, decimal=decimal, scale=scale)
    if isinstance(value, Missing):
        return Missing(f"in the box {value.reason}", "several" if value.kind == "several" else "not exact")
    behind = text[end + 1 : end + 81]
    command = text.rfind("ox", 0, start)
    lead = text[max(0, command - 32) : command].removesuffix("\\b").removesuffix("\\fb")
    if _changed_before(lead.rstrip("\x08\x0cb") if lead[-1:] in "\x08b" else lead) or (
        behind.strip("$. \n)]*") and _changed_behind(behind)
    ):
        return unread("the text around the box changes its number")
    return value


def _changed_behind(text: str) -> bool:
    """Return True if the text after a box changes the number in the box."""
    plain, _, _, changed_behind = readers()
    return changed_behind(plain(text))


def _changed_before(lead: str) -> bool:
    """Return True if the text before a box changes the value of the number in it, as a minus sign does."""
    said = lead.rstrip(" $\n")
    if not said or said[-1] in ":=.,;":
        return False
    word = _PLAIN_WORD.search(said, max(0, len(said) - 16))
    if word is not None:
        return word[0] in ("not", "minus", "negative")
    return _BEFORE_BOX.search(lead) is not None


def _last(text: str, decimal: Decimal, scale: bool) -> Number | Missing:
    """Return the last number on the last line with digits, ignoring closing remarks to the reader."""
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if DIGIT.search(text, start, end):
            line = text[start:end]
            if len(line) > MAX_LINE:
                cut = line.find(" ", len(line) - MAX_LINE)
                line = line[cut:] if cut >= 0 else ""
            behind = end
            if len(line) > _SHORTEST_CLOSING:
                closing = _CLOSING.search(line)
                if closing:
                    behind -= len(line) - closing.start()
                    line = line[: closing.start()]
                if closing and not DIGIT.search(line):
                    end = start - 1
                    continue
            ordinary = _ordinary_end(line) if decimal == "." else None
            found = _last_of_line(line, decimal, scale) if ordinary is None else ordinary
            if found is not None:
                alone = number_alone(text, found, start, decimal, scale) if start else None
                if isinstance(alone, Missing):
                    return alone
                if alone is not None:
                    value, own, note = alone
                    return _unless_revised(value, own, note, decimal, scale, [])
                return _unless_unclaimed(found, line, _behind_digits(line) + text[behind:])
        end = start - 1
    return Missing("there is no number")


def _unless_unclaimed(value: Number | Missing, found: str, behind: str) -> Number | Missing:
    """Return a number unless the text after it takes it back or makes it a question (`Is it 72?`)."""
    if "?" in behind or not behind.isascii():
        from ._denials import is_asked, is_denied
        from ._phrases import plain_width

        near = plain_width(behind[:_LONGEST_QUESTION])
        if is_asked(near, 0):
            return unread("it is a question, not a claim")
        if not near.isascii() and is_denied(f"0{near}", 0, 1):
            return unread("it is denied")
    return TAKEN_BACK if is_retracted(found, behind) else value


def _behind_digits(line: str) -> str:
    """Return the text after the last digit on a line."""
    bare = line.rstrip(_CLOSERS)
    if bare and not bare[-1].isdecimal():
        digits = deque(DIGIT.finditer(line), 1)  # none if the digits are superscripts or entities: x&#50;
        bare = line[: digits[0].end()] if digits else bare
    return line[len(bare) :]


def _last_of_line(line: str, decimal: Decimal, scale: bool) -> Number | Missing | None:
    """Return the last number on a line, or None if all of its digits belong to words."""
    plain, numerals, read_numeral, changed_behind = readers()
    line = plain(line)
    if "[" in line or "(" in line:
        line = _SEE.sub(" ", _CITATION.sub("", line))
    found = list(numerals(line))
    if not found:
        return None
    found = [one for one in found if one["date"] is None] or found
    # Earlier numbers matter if brackets explain one of them, or if this number approximates one of them.
    beside = 4 if "(" in line else 2 if "≈" in line or "~" in line or ", not " in line else 1
    read = [read_numeral(line, one, decimal, scale) for one in found[-beside:]]
    last = read.pop()
    if read and is_approximation(line, read[-1], last):
        last = read[-1]
    if read and _NOT_LAST.fullmatch(line, read[-1].end, last.start):  # `It is 72, not 70.`
        last = read.pop()
    equals = line.rfind("=", 0, last.start + 1) + 1
    if equals and not line[equals : last.start].strip(" $") and several_equations(line, equals):
        return Missing("there are several equations", "several")
    remarked = _remarked(line, read, last)
    if remarked is not None:
        if remarked.value is None:
            return unread(remarked.reason)
        closed = line.find(")", last.end - 1) + 1
        value = parse_number(line[remarked.start : closed], decimal=decimal, scale=scale)
        return unread("other text follows its remark") if changed_behind(line[closed:]) else value
    return booked(line, last)


def _remarked(line: str, read: list[Numeral], last: Numeral) -> Numeral | None:
    """Return the number explained by a line's last brackets, as in `72 (48 + 24)`, or None."""
    opened = line.rfind("(", 0, last.start + 1)
    closed = line.find(")", opened)
    before = [one for one in read if one.end <= opened]
    if not before or closed < last.end or DIGIT.search(line, closed):
        return None
    return before[-1] if line[before[-1].end : opened].strip(" *_$").count(" ") < 2 else None


def _ordinary_end(line: str) -> Number | None:
    """Return the number at the end of a simple line, such as `and so it is $72.`. None for other lines."""
    before, _, token = line.rstrip().rpartition(" ")
    if before.rpartition(" ")[2].lower() in _OR or " or " in before[-24:]:
        return None
    if before and before[-1] != ":" and not (before[-1] == "=" and _NO_LETTER.fullmatch(before[-24:])):
        word = _PLAIN_WORD.search(before, max(0, len(before) - 16))
        if word is None or word[0] in _TELLING:
            return None
    return ordinary_number(token)


def _claimed(text: str, decimal: Decimal, scale: bool) -> Number | Missing | None:
    """Return the number that a text claims in words, or None if it makes no such claim."""
    if _is_claimed_abroad(text):
        pattern = _claims_of_all_languages()
    elif "nswer" in text or "NSWER" in text:
        pattern = _CLAIM
    else:
        return None
    plain, *_ = readers()
    claims = []
    for claim in deque(pattern.finditer(text), _MOST):
        line = text[claim.end() : claim.end() + 400].lstrip().partition("\n")[0]
        slot = _SENTENCE.split(line, maxsplit=1)[0]
        if slot.endswith("!") and claim[0].rstrip("\t *_")[-1:].isalpha():
            slot = slot[:-1]  # `The answer is 72!` ends a sentence; `Answer: 5!` may be a factorial
        before, digit, _ = _first_digit(plain(slot))
        if digit and _words(before) <= _FILLERS:
            claims.append((claim, slot, parse_number(slot, decimal=decimal, scale=scale)))
    if not claims:
        return None
    claims = [one for one in claims if not _is_unsaid(text, one[0].start())]
    if not claims:
        return unread("what it claims is denied or doubted")
    claims = [one for one in claims if _FINAL.search(one[0][0])] or claims
    last, slot, value = claims[-1]
    at = text.find(slot, last.end())
    behind = _behind_digits(slot) + text[at + len(slot) :]
    return _unless_revised(value, slot, behind, decimal, scale, [one[2] for one in claims[:-1]])


def _is_unsaid(text: str, start: int) -> bool:
    """Return True if the clause before a claim denies or doubts it: `Suppose the answer is 72`."""
    lead = text[max(0, start - _LEAD) : start]
    near = lead.lower()
    if not any(cue in near for cue in _DOUBTS):
        return False
    from ._denials import is_doubted
    from ._phrases import plain_width

    lead = plain_width(lead)
    return is_doubted(lead, len(lead))


def _is_claimed_abroad(text: str) -> bool:
    """Return True if a text contains words that may claim a number in a language other than English."""
    if " the " in text and text.isascii():  # in most texts, this is found sooner than the nouns
        return False
    small = text.lower()
    for noun in _ABROAD if text.isascii() else _ABROAD_BEYOND_ASCII:  # `any` would take twice the time
        if noun in small:
            return True
    return False


@cache
def _claims_of_all_languages() -> re.Pattern[str]:
    """Return a pattern for the words that claim a number, in all languages."""
    from ._phrases import number_claims

    return re.compile(f"{_CLAIM.pattern}|{number_claims()}", re.IGNORECASE)


def _words(text: str) -> int:
    """Return the number of words in a text. In scripts without spaces, three letters count as a word."""
    spaceless = 0 if text.isascii() else len(_SPACELESS.findall(text))
    return len(text.split()) + spaceless // _LETTERS_A_WORD


def _first_digit(text: str) -> tuple[str, str, str]:
    """Split a text into the part before its first digit, the digit and the rest."""
    digit = next((each for each in text if each.isdecimal()), "")
    return text.partition(digit) if digit else (text, "", "")


def _unless_revised(
    value: Number | Missing,
    found: str,
    behind: str,
    decimal: Decimal,
    scale: bool,
    others: Sequence[Number | Missing | None],
) -> Number | Missing:
    """Return the claimed number unless the same claim or a later result gives a different one."""
    if isinstance(value, Missing):
        return value
    claims = list(others)
    if "=" in behind:
        lines = [line[-400:] for line in behind.split("\n") if "=" in line]
        claims += [parse_number(line, decimal=decimal, scale=scale) for line in lines[-_MOST:]]
    if any(not (one is None or isinstance(one, Missing)) and one != value for one in claims):
        return Missing("different numbers are claimed", "several")
    if _REVISED.search(behind) and any(map(str.isdecimal, behind)):
        return Missing("the text revises it", "several")
    return _unless_unclaimed(value, found, behind)


def _other_boxes(text: str, decimal: Decimal, scale: bool) -> list[Number | Missing]:
    """Return the numbers in the boxes of a text."""
    contents = [found[1] for found in islice(_BOX.finditer(text), _MOST)]
    return [parse_number(one, decimal=decimal, scale=scale) for one in contents]
