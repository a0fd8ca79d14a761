"""Finds the letter of the choice that a completion settles on."""

from __future__ import annotations

import re
from collections import deque

from ._conjunctions import AND, OR, OR_ANYWHERE
from ._denial_phrases import small
from ._denials import is_asked, is_denied, is_doubted, may_deny
from ._math_words import math_words
from ._missing import Missing
from ._phrases import REVISED, announced, is_foreign, plain_width
from ._retractions import is_taken_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NamedTuple

    class Patterns(NamedTuple):
        """The patterns that find the letters of one set of choices in a text."""

        named: re.Pattern[str]
        rival: re.Pattern[str]
        label: re.Pattern[str]
else:
    from collections import namedtuple

    Patterns = namedtuple("Patterns", "named rival label")

# Signs that point at an answer or approve of it may surround a letter. Crosses and question marks may not.
_WRAPPING = re.compile(
    r"\\(?:text|textbf|mathrm|mathbf)\s?\{|[*_`$\"'()\[\]{}<>.,:;!\s]|\\[()\[\]]|=>"
    "|[\u25b6\u2611\u2705\u2713\u2714\u27a1\u2b50\U0001f3af\U0001f449\U0001f44d\U0001f7e2\U0001f7e9]"
)
_TAGGED = re.compile(r"\s*<(?!(?:s|del|strike)>)([A-Za-z_]{1,16})>([^<>]*)</\1>\s*", re.IGNORECASE)
SEVERAL_LABELS = "it names several letters"
"""The result if a text has labels for several letters and no claim. A clearer statement overrides it."""

_LONGEST = 64
_MOST = 4000

_OPEN = r"(?:\\(?:text|textbf|mathrm|mathbf)\s?\{|[*_`$\"'(\[{<]|\\[(\[]){0,6}"
_END = r"(?![A-Za-z0-9\u00c0-\u024f\u0370-\u04ff_^]|['’][A-Za-z]|[.,][0-9]|\s?[%%+])"
_SURE_END = re.compile(
    r"[)\]}>*_`\"'$]{0,6}(?:\s?[.,;:!]|\s?$|\s(?:because|since|as|for)\b|\s?\()", re.MULTILINE
)
_LEAD = (
    r"(?:%s|(?i:<answer>)\s{0,8}|\b(?i:correct|solution|result|response|conclusion|output|selected|pick)[\s*_]{0,4}[:=]"
    r"[\s*_]{0,6}|\\(?:boxed|fbox|box)\s?\{\s{0,4})"
    rf"{_OPEN}\Z"
    r"|(?P<weak>\b(?i:(?:it|this|that)(?:\sis|'s|\smust\sbe|\shas\sto\sbe)|so|therefore|thus|hence|correction|no(?=[,.:;])"
    r"|wait|actually|sorry|definitely|clearly|probably|i\s(?:mean|think|believe|guess)|i(?:'d|'ll|\swould|\swill|\sam|'m)?\s"
    r"(?:choose|pick|select|chose|picked|go(?:ing)?\s(?:with|for)))"
    r"|所以|因此|故|应该是|應該是|而是)[\s,:.]{0,3}"
    r"(?:(?i:it(?:\sis|'s|\smust\sbe)|option|choice|letter|answer|definitely|probably)\s){0,2}"
    rf"{_OPEN}\Z"
)
_PLAIN_CLAIM = re.compile(
    r"(?:nswer(?::| is)[ *]{0,3}\(?([A-Za-z0-9])\)?\*{0,2}"
    r"|\\boxed\{(?:\\text\{)?([A-Za-z0-9])\}{1,2}\$?)\.?\$?\s{0,2}\Z"
)
_PLAIN_LEAD = re.compile(r"nswer(?::| is)[ *]{0,3}\(?\Z")
_BOX_LEAD = re.compile(r"box(?:ed)?\s?\{[^{}]{0,8}(?:\{[^{}]{0,4})?\Z")
_BOX_END = re.compile(r"[^{}\n]{0,60}\}")
_TOLD = re.compile(
    r"[)\]*_]{0,3}\s?(?:(?i:is|was|must\sbe|would\sbe|seems|looks)\s(?i:(?:the|clearly|indeed|definitely"
    r"|therefore|thus|also|most|only|our|my)\s){0,3}(?i:correct|right|true|best|answer|valid)\b"
    r"|(?:ist|est|es|é|è)\s(?:(?:die|das|der|la|le|a)\s)?(?i:richtig|korrekt|juste|bonne|correct|corret|certa|giusta)"
    r"|(?:верно|правильн)|\s?が(?:正解|正しい)|(?:项|項|选项)?(?:是|为|為)?(?:正确|正確|对的|對的))"
)
_PLURAL = re.compile(r"[)\]}*_\"']{0,3}\s(?:are|were)\b")
_LONGEST_LIST = 25
_LAST_WORD = re.compile(r"[A-Za-z]{1,16}\Z")
_CUE = 80
_BETWEEN = "\\ \t\n*_`$\"'([{<>-:=,.)"
_CUES = frozenset(
    """answer ans choice option letter selection final correction label verdict is was be probably likely most
    definitely clearly therefore thus either still simply indeed box boxed fbox text textbf mathrm mathbf s so
    hence no wait actually sorry mean choose pick select chose picked with for sure course fact
    certainly surely obviously evidently undoubtedly really just correct solution result response conclusion
    output selected think believe guess""".split()
)
_STOP = r"[)\]}*_`\"'$ ]{0,4}(?:[.,;:!?\n]|\Z)"  # what follows a letter that is not a word in a sentence
_RIVAL = (
    r"[)\]}>*_`\"'$?\s]{0,8}(?:(?P<join>[,/&|;+=-]|\b(?i:%(or)s|%(and)s|maybe|possibly|perhaps|to)\b\.?|%(wide)s|和|与|及)"
    r"|)\s{0,3}\(?(?:(?i:or|and|option|maybe|possibly|perhaps|also|then|choice)\b\s{0,3}|或者?|和){0,3}"
    rf"[(\[{{<*_`\"'$]{{0,6}}(?P<letter>[%(upper)s]|(?(join)[%(either)s]|(?!))(?={_STOP})){_END}"
)
_NOUNS = (
    r"option|choice|answer|antwort|r[ée]ponse|opci[óo]n|op[çc][ãa]o|letra|alternativa|opzione|opsi"
    r"|вариант|ответ"
)
_LABEL = (
    rf"\(([%(upper)s])\)|\*\*([%(upper)s])[.:]?\*\*|\b(?i:{_NOUNS})\s([%(upper)s]){_END}"
    r"|^[\s*_#>-]{0,6}([%(upper)s])(?:[.):](?=[\s*]|[^\x00-\x7f]|$)|\s-\s|,?\s(?:because|since)\b"
    r"|[*_`]{0,3}[ \t]{0,3}$)"
    r"|\A[*_]{0,2}([%(either)s])[.)]\s[^\n]{1,80}\Z"
)
# The letter comes first, so that the regular expression engine skips places that cannot match.
_NAMED = rf"(?P<letter>[%(either)s])(?<![A-Za-z0-9_\u00c0-\u024f\u0370-\u04ff^\\-].)(?<![A-Za-z]['’].){_END}"
_WORD_FOLLOWS = re.compile(r" {1,3}(?!(?:because|since|as|is|are|due|with|or|and)\b)[A-Za-z]")
_LISTED = re.compile(rf"(?: {{1,3}}[A-Z]){{1,8}}(?![A-Za-z0-9_]){_STOP}")  # `C A D` is a list
_JOINED_BEFORE = re.compile(
    r"(?<![A-Za-z0-9\u00c0-\u024f^\\-])([A-Z0-9])[)\]}*_`\"'$,\s]{0,6}(?:\b(?i:or|vs|maybe|perhaps)\b|[/|])[\s(*]{0,4}(?:the\s)?\Z"
)
_leads: dict[bool, re.Pattern[str]] = {}
_compiled: dict[str, Patterns] = {}


def choice_letter(text: str, letters: str = "ABCD") -> str | Missing:
    r"""Return the letter that a text settles on.

    A text that names several choices without settling on one gives no answer. The clearest kind of statement
    in the text decides. The kinds, clearest first, are:

    1. the whole text, ignoring markup: `B`, `b`, `(B)`, `B.`, `**B**`;
    2. its claims: `\boxed{B}`, `<answer>B</answer>`, `{"answer": "B"}`, `Answer: B`, `the answer is (B)`,
       `I choose B`, `B is correct`, `答案是B`, or a first or last line with only the letter. Text after a
       claim is its explanation if it makes no claim itself. Claims of different letters give no answer,
       unless words such as `wait` or `but` take back the earlier one, or the later one is called the
       final answer or is on its own line (`Answer: B`). A claim of several letters (`B or C`, `B, maybe
       C`) gives no answer, and neither does a claim whose letter is an article (`the answer is a dog`);
    3. labels, if they all name the same letter: `(B)`, `**B**`, `option B` or, at the start of a line, `B)`,
       `B.`, `B:`.

    Only the last 4,000 single letters and the last 4,000 labels are considered.

    A denied letter never counts: `not B`, `(B) is wrong`, `除了B`. A lowercase letter counts in 1, and in a
    claim if it is in brackets or is not followed by a word. Full-width letters and brackets are recognized.

    Args:
        text: A completion or a reference answer.
        letters: The uppercase letters, or the digits, to choose from.

    Returns:
        One of the letters, in uppercase, or `Missing` if the text does not settle on one.

    Raises:
        ValueError: The letters are neither two or more different Latin capitals nor two or more different
            digits.
    """
    patterns = _compiled.get(letters) or _compile(letters)
    text = math_words(plain_width(text))
    lone = _lone(text, letters)
    if lone is not None:
        return lone
    return _plain_claim(text, letters, patterns) or _settled(text, letters, patterns)


def _settled(text: str, letters: str, patterns: Patterns) -> str | Missing:
    """Return the letter that a text claims as its answer or, without a claim, the letter in its labels."""
    places = deque(patterns.named.finditer(text), _MOST)
    claims = _claims(text, letters, patterns, places)
    if not claims:
        return _labeled(text, patterns)
    counting = [claims[0]]
    for before, claim in zip(claims, claims[1:], strict=False):
        final = "inal" in text[max(before[1], claim[0] - 8) : claim[1]]
        if final or _is_marked(text, claim) or REVISED.search(small(text[before[1] : claim[1]])):
            counting = []
        counting.append(claim)
    named = {claim[2] for claim in counting}
    joined = _joined_before(text, counting[0][0])
    if joined and joined in letters:
        named.add(joined)
    if len(named) > 1 or "" in named:
        return Missing("it claims several letters", "several")
    letter = named.pop()
    end = counting[-1][1]
    for found in places:
        if found.start() >= end and found["letter"] == letter and is_denied(text, found.start(), found.end()):
            return Missing("it takes back the letter that it claims", "several")
    if is_taken_back(text, end, _names_other(letter, patterns)):
        return Missing("it takes back the letter that it claims", "several")
    return letter


def _joined_before(text: str, end: int) -> str | None:
    """Return the letter joined to the following claim by a conjunction: `A` in `A or Answer: B`."""
    end -= text.startswith("nswer", end)  # its first letter, in upper or lower case
    begin = max(0, end - 24)
    found = _JOINED_BEFORE.search(text[begin:end])
    if found is None or is_denied(text, begin + found.start(1), begin + found.end(1)):
        return None
    return found[1]


def _names_other(letter: str, patterns: Patterns) -> Callable[[str], bool]:
    """Return a function that returns True if a sentence names a different letter."""

    def names(sentence: str) -> bool:
        return any(
            one[0].upper() != letter and not _is_word(sentence, one[0], *one.span())
            for one in patterns.named.finditer(sentence)
        )

    return names


def _is_marked(text: str, claim: tuple[int, int, str]) -> bool:
    """Return True if a claim is at the start of its line and has a colon, as in `Answer: B`."""
    line = text.rfind("\n", max(0, claim[0] - 24), claim[0])
    return line >= 0 and ":" in text[line : claim[1]]


def _compile(letters: str) -> Patterns:
    """Compile and cache the patterns for one set of letters."""
    plain = letters.isascii() and (letters.isdigit() or (letters.isalpha() and letters.isupper()))
    if not plain or len(letters) < 2 or len(set(letters)) < len(letters):
        raise ValueError(
            f"letters={letters!r}: write two or more different capitals, such as 'ABCD', or digits"
        )
    lower = "".join(letter for letter in letters.lower() if letter not in letters)
    names = {"upper": letters, "either": letters + lower, "or": OR, "and": AND, "wide": OR_ANYWHERE}
    patterns = Patterns(*(re.compile(form % names, re.MULTILINE) for form in (_NAMED, _RIVAL, _LABEL)))
    _compiled[letters] = patterns
    return patterns


def _lone(text: str, letters: str) -> str | None:
    """Return the letter in a short text that consists of one letter, markup and punctuation."""
    if len(text) > _LONGEST:
        return None
    tagged = _TAGGED.fullmatch(text)
    core = _WRAPPING.sub("", tagged[2] if tagged else text).upper()
    return core if len(core) == 1 and core in letters else None


def _plain_claim(text: str, letters: str, patterns: Patterns) -> str | None:
    r"""Return the letter of a text that ends in `Answer: B` or `\boxed{B}`, without other letters or denials.

    This is a shortcut that finds the same letter as the full analysis. Returns None if a text needs the full
    analysis.
    """
    claim = _PLAIN_CLAIM.search(text, max(0, len(text) - 32))
    if claim is None:
        return None
    letter, at = claim[1] or claim[2], claim.start(claim.lastindex or 0)
    for found in patterns.named.finditer(text):
        if found.start() == at:
            break
        if not _is_word(text, found[0], *found.span()):
            return None
    else:
        return None
    if may_deny(text, claim.start(), at):
        return None
    head, line_end, _ = text.lstrip().partition("\n")
    return None if line_end and _lone(head, letters) else letter.upper()


def _claims(
    text: str, letters: str, patterns: Patterns, places: Iterable[re.Match[str]]
) -> list[tuple[int, int, str]]:
    """Return the start, end and letter of each claim. The letter is empty if a claim names several."""
    claims = []
    foreign = is_foreign(text)
    for found in places:
        (start, end), named = found.span(), found[0]
        if _is_word(text, named, start, end):
            continue
        lead = _lead(text, start, end, foreign)
        if lead is None or _is_unsaid(text, lead, start, end):
            continue
        letter = named.upper()
        if lead == start and named != letter:
            continue
        settled = _beside_rivals(text, letter, end, patterns)
        if settled is not None:
            claims.append((lead, end, settled))
    stripped = text.strip()
    head, _, rest = stripped.partition("\n")
    if not rest:
        return claims
    first, last = _lone(head, letters), _lone(stripped.rpartition("\n")[2], letters)
    if first and not (claims and claims[0][0] < len(head)):
        claims.insert(0, (0, len(text) - len(text.lstrip()) + len(head), first))
    if last:
        claims.append((len(text.rstrip()) - 1, len(text), last))
    return claims


def _beside_rivals(text: str, letter: str, end: int, patterns: Patterns) -> str | None:
    """Return a claimed letter, or an empty string if another is joined to it, or None if both are denied."""
    other = patterns.rival.match(text, end)
    for _ in range(_LONGEST_LIST):
        if not other or other["letter"].upper() != letter:
            break
        other = patterns.rival.match(text, other.end())
    if (
        not other
        or other["letter"].upper() == letter
        or _is_word(text, other["letter"], *other.span("letter"))
    ):
        return letter
    if _are_denied(text, other, patterns):
        return None
    return letter if is_denied(text, *other.span("letter")) else ""


def _are_denied(text: str, last: re.Match[str], patterns: Patterns) -> bool:
    """Return True if a list of letters is denied as a whole, as in `so (A), (B) and (C) are wrong`."""
    for _ in range(_LONGEST_LIST):
        following = patterns.rival.match(text, last.end())
        if following is None or not following["join"]:
            break
        last = following
    return _PLURAL.match(text, last.end()) is not None and is_denied(text, *last.span("letter"))


def _is_unsaid(text: str, lead: int, start: int, end: int) -> bool:
    """Return True if a claim is denied, doubted or just a question."""
    return is_denied(text, start, end) or is_doubted(text, lead) or is_asked(text, end, near=True)


def _lead(text: str, start: int, end: int, foreign: bool) -> int | None:
    """Return the start of the words that claim the letter at a position, or None if it is not claimed."""
    begin = max(0, start - _CUE)
    before = text[begin:start]
    plain = _PLAIN_LEAD.search(before, max(0, len(before) - 16))
    if plain:
        return begin + plain.start()
    told = start if _TOLD.match(text, end) else None
    core = before.rstrip(_BETWEEN)
    if core and core[-1].isascii() and (not core[-1].isalpha() or (not foreign and _last(core) not in _CUES)):
        return told
    if "box" in before and _BOX_LEAD.search(before) and not _BOX_END.match(text, end):
        return None
    lead = _leads.get(foreign)
    if lead is None:
        lead = _leads[foreign] = re.compile(_LEAD.replace("%s", announced(foreign)))
    found = lead.search(before)
    if found and (found["weak"] is None or (text[start:end].isupper() and _SURE_END.match(text, end))):
        return begin + found.start()
    return told


def _last(text: str) -> str:
    found = _LAST_WORD.search(text, max(0, len(text) - 16))
    return found[0].lower() if found else ""


def _labeled(text: str, patterns: Patterns) -> str | Missing:
    """Return the letter named by all of a text's labels, ignoring labels that the text denies."""
    named, behind = "", 0
    for found in deque(patterns.label.finditer(text), _MOST):
        group = found.lastindex or 0
        letter: str = found[group].upper()
        start, end = found.span(group)
        settled = _beside_rivals(text, letter, end, patterns)
        if settled == "":
            return Missing(SEVERAL_LABELS, "several")
        if settled is None or is_denied(text, start, end):
            if named == letter:
                return Missing("it takes back the letter that it names", "several")
            continue
        if is_doubted(text, start) or is_asked(text, end, near=_begins_line(text, start)):
            continue
        if named and letter != named:
            return Missing(SEVERAL_LABELS, "several")
        named, behind = letter, end
    if named and is_taken_back(text, behind, _names_other(named, patterns)):
        return Missing("it takes back the letter that it names", "several")
    return named or Missing("it settles on no letter")


def _begins_line(text: str, at: int) -> bool:
    """Return True if only markup precedes a position on its line."""
    begin = max(0, at - 12)
    line = text.rfind("\n", begin, at)
    return (line >= 0 or not begin) and not text[max(line, begin) : at].strip(_BETWEEN)


def _is_word(text: str, letter: str, start: int, end: int) -> bool:
    """Return True if a letter is a word in a sentence, such as `a` or `I`, or a digit with a unit."""
    if not (letter in "AI" or letter.islower() or letter.isdigit()) or text[start - 1 : start] in tuple(
        "([{<*_`$\"'"
    ):
        return False
    if letter.isupper() and _LISTED.match(text, end):
        return False
    return _WORD_FOLLOWS.match(text, end) is not None
