"""Phrases that announce or revise an answer, with one row per language.

A row contains parts of regular expressions for text that `plain_width` has normalized. To add a language, add
a row to `ANNOUNCED` and its words for yes and no to `YES_NO`.
"""

from __future__ import annotations

import re

from .._invisible import INVISIBLE, composed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Announced(NamedTuple):
        """The words before an answer: a noun with its adjectives, followed by a verb or a colon.

        The words in `choice`, such as `option`, announce only a choice, never a number.
        """

        noun: str
        verb: str
        filler: str
        choice: str
else:
    from collections import namedtuple

    Announced = namedtuple("Announced", "noun verb filler choice")

ANNOUNCED = {
    "English": Announced(
        r"\b(?<!other\s)(?<!no\s)(?<!each\s)(?<!every\s)(?:answer(?:\s(?:choice|option|letter))?|ans|choice|option|letter|selection|final|correction"
        r"|label|verdict)(?:\s(?:to|for)\s[^.\n:]{0,60}?)?",
        r"(?:is|was|(?:would|should|must|will|has\sto|might|could|may)\sbe)\b",
        r"(?:option|choice|letter|answer|probably|likely|most|definitely|clearly|therefore|thus|either|still"
        r"|simply|indeed|for\ssure|of\scourse|in\sfact|certainly|surely|obviously|evidently|undoubtedly|really|hence"
        r"|just)\b",
        "",
    ),
    "Chinese": Announced(
        r"(?<!其他)(?<!其它)(?<!其余)(?:答案|答[复曰]?(?=\s?[:：]))(?:应该|應該|应当|应|應)?",
        r"(?:是|为|為|选择|選擇|选|選|即|项|項|)",
        r"(?:选项|選項|答案)",
        r"(?<!其他)(?<!其它)(?<!其余)(?:选项|選項|(?<![不勿别別非未没])(?:选择|選擇|选|選))(?:应该|應該|应当|应|應)?",
    ),
    "German": Announced(
        r"\b(?:antwort|lösung)(?:\svon\s[^.\n:]{0,40}?)?",
        r"(?:ist|lautet|wäre)\b",
        r"(?:die|option|antwort)\b",
        "",
    ),
    "French": Announced(
        r"\br[ée]ponse(?:\s(?:correcte|exacte|finale))?",
        r"(?:est|serait)\b",
        r"(?:la|le|l'option|option|r[ée]ponse|donc)\b",
        r"\bchoix(?:\s(?:correct|final))?",
    ),
    "Spanish": Announced(
        r"\brespuesta(?:\s(?:correcta|final))?",
        r"(?:es|ser[íi]a)\b",
        r"(?:la|el|opci[óo]n|respuesta|letra)\b",
        r"\bopci[óo]n(?:\s(?:correcta|final))?",
    ),
    "Portuguese": Announced(
        r"\bresposta(?:\s(?:correta|certa|final))?",
        r"(?:é|e|seria)\b",
        r"(?:a|op[çc][ãa]o|alternativa|letra)\b",
        r"\b(?:alternativa|op[çc][ãa]o)(?:\s(?:correta|certa|final))?",
    ),
    "Italian": Announced(
        r"\brisposta(?:\s(?:corretta|giusta|esatta|finale))?",
        r"(?:è|e|sarebbe)\b",
        r"(?:la|l'opzione|opzione|risposta|lettera)\b",
        r"\bopzione(?:\s(?:corretta|giusta|esatta|finale))?",
    ),
    "Russian": Announced(
        r"\bответ", r"(?:это|является|равен|будет|составляет)\b", r"(?:вариант|буква)\b", r"\bвариант"
    ),
    "Japanese": Announced(r"(?:答え|答|正解|解答|回答)", r"(?:は|が)", r"(?:選択肢)", ""),
    "Korean": Announced(r"(?:정답|답변|답)", r"(?:은|는|이)", r"(?:선택지|보기)", ""),
    "Arabic": Announced(
        r"(?:(?:ال)?(?:إجابة|اجابة)|الجواب|جواب(?=\s?[:：]))(?:\s(?:الصحيحة|الصحيح|النهائية|النهائي))?",
        r"(?:هي|هو)\b",
        r"(?:الخيار)\b",
        "",
    ),
    "Hindi": Announced(r"(?:उत्तर|जवाब)", r"(?:है|आहे|हो|)", r"(?:विकल्प)", ""),
    "Vietnamese": Announced(
        r"\b(?:câu\strả\slời|đáp\sán)(?:\s(?:đúng|cuối\scùng|chính\sxác))?",
        r"(?:sẽ\s)?là\b",
        r"(?:phương\sán|lựa\schọn)\b",
        r"\b(?:phương\sán|lựa\schọn)(?:\sđúng)?",
    ),
    "Indonesian": Announced(
        r"\bjawaban(?:nya)?(?:\s(?:yang\s)?(?:benar|tepat|akhir))?",
        r"(?:adalah|ialah|yaitu)\b",
        r"(?:opsi|pilihan|huruf)\b",
        r"\b(?:opsi|pilihan)(?:\syang\sbenar)?",
    ),
    "Swahili": Announced(r"\bjibu(?:\s(?:sahihi|la\smwisho))?", r"ni\b", r"(?:chaguo|herufi)\b", r"\bchaguo"),
    # Folding compatibility characters turns the second letter of this noun into two letters.
    "Thai": Announced(
        "ค(?:ำ|\u0e4d\u0e32)ตอบ(?:ที่ถูกต้อง|สุดท้าย)?",
        "(?:คือ|เป็น|ได้แก่)",
        "(?:ข้อ|ตัวเลือก)",
        "(?:ข้อ|ตัวเลือก)(?:ที่ถูกต้อง)?",
    ),
    "Bengali": Announced("উত্তর(?:টি|ঃ)?", "(?:হলো|হল|হচ্ছে|হবে|)", "বিকল্প", ""),
    "Telugu": Announced("సమాధానం", "(?:అనేది|)", "(?:ఎంపిక)", ""),
    "Ukrainian": Announced(
        r"\bвідповідь", r"(?:це|є|дорівнює|становить)\b", r"(?:варіант|буква|літера)\b", r"\bваріант"
    ),
}

YES_NO = {
    "yes": """yes true 是 是的 对 對 正确 正確 ja wahr oui vrai sí verdadero sim verdadeiro sì
    vero да верно はい 예 네 نعم हाँ हां""".split(),
    "no": """no false 否 不是 不对 不對 错 錯 错误 錯誤 不正确 不正確 nein falsch non faux falso não нет
    неверно いいえ 아니요 아니오 لا नहीं""".split(),
}

BEGINS = "(?=[acefjloprsv\x80-\U0010ffff])"
"""The first characters of announcements in all languages. They are checked first because most positions have
no announcement.

Trying every language at every position would take four times as long. A test generates announcements from the
table and compares their first characters.
"""

_FINAL = r"(?:endgültige|最[终終后後]的?|최종|итоговый|окончательный)"

REVISED = re.compile(
    "(?=[abchikmnoprsw\x80-\U0010ffff])(?:"  # the first characters of the words, which halves the time
    r"\b(?:wait|actually|corrections?|corrected|oops|sorry|mistaken?|scratch\sthat|on\ssecond\sthought"
    r"|re-?consider\w{0,3}|i\smean|but|however|no,|no\.|hold\son|korrektur|moment|pardon|perd[óo]n)"
    r"|不对|不對|等等|等一下|更正|修正|改为|改為|改成|其实|其實|抱歉|但是|而是|かし|待って|잠깐|아니)"
)
"""Words, in lowercase, that take back the claim before them so that the claim after them counts."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_BRACKETS = str.maketrans(
    {
        **dict.fromkeys("【〔［〖「『《〈（", "("),
        **dict.fromkeys("】〕］〗」』》〉）", ")"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("–—−‑‐", "-"),
        "。": ".",
        "।": ".",
        "、": ",",
        "→": "=>",
        "⇒": "=>",
        "،": ",",
        "؟": "?",
    }
)


def plain_width(text: str) -> str:
    """Normalize the width of characters and convert brackets, quotes and dashes to ASCII.

    Invisible characters are removed.

    Args:
        text: Any text. Letters from other alphabets that look like Latin letters are not changed.
    """
    if text.isascii():
        return text
    return composed(_INVISIBLE.sub("", text).translate(_BRACKETS), "NFKC")


def announced(rows: bool, *, every_filler: bool = False) -> str:
    """Return a pattern for the words that announce an answer. Bounded repetition keeps its time linear.

    Args:
        rows: Whether to use the rows of all languages or only the English row.
        every_filler: Whether to also use the fillers of all languages with the English row.
    """
    languages = ANNOUNCED.values() if rows else (ANNOUNCED["English"],)
    fillers = "|".join(row.filler for row in (ANNOUNCED.values() if every_filler else languages))
    lead = "|".join(
        rf"(?:{row.noun}{'|' if row.choice else ''}{row.choice})[\s*_\"'`)]{{0,4}}"
        rf"(?:{row.verb}|->|=>|[:=]|-(?=[\s*(]))"
        for row in languages
    )
    return rf"(?i:{BEGINS}(?:{lead}))[\s*_:=>-]{{0,6}}(?i:(?:{fillers})[\s:,]{{0,3}}){{0,3}}"


def number_claims() -> str:
    """Return a pattern for the words that announce a number in a language other than English.

    A verb that is optional, as in Chinese, may be omitted only if the number follows immediately.
    """
    rows = [row for language, row in ANNOUNCED.items() if language != "English"]
    nouns = "|".join(rf"{row.noun}[\s*_]{{0,4}}(?:{_number_verb(row)}|[=:：]|[-–—](?=\s))" for row in rows)
    return rf"{BEGINS}(?:{_FINAL}\s?)?(?:{nouns})[\s*_:：]{{0,6}}"


def _number_verb(row: Announced) -> str:
    return row.verb.replace("|)", r"|(?=\s?[-$\d]))")


def claim_patterns(more: str = "", *, is_small: bool = False) -> dict[bool, re.Pattern[str]]:
    """Return the patterns that find an announcement in words or in markup.

    Args:
        more: A pattern for an additional announcement.
        is_small: Whether all texts are in lowercase. A search then takes a third of the time.

    Returns:
        A pattern for texts that may contain announcements in a language other than English (`is_foreign`),
        and a faster pattern that finds the same announcements in all other texts.
    """
    markup = r"|<answer>\s{0,8}|\\(?:boxed|fbox)\s?\{\s{0,4}" + more
    words = {rows: announced(rows, every_filler=True) for rows in (False, True)}
    if is_small:
        words = {rows: form.replace("(?i:", "(?:") for rows, form in words.items()}
    return {rows: re.compile(form + markup) for rows, form in words.items()}


def is_foreign(text: str) -> bool:
    """Return True if a text may contain announcements in a language other than English."""
    if not text.isascii():
        return True
    small = text.lower()
    for noun in _FOREIGN:  # `any` with a generator would take twice the time
        if noun in small:
            return True
    return False


_FOREIGN = (
    "antwort reponse choix respuesta opcion resposta alternativa opcao risposta opzione jawaban jibu".split()
)
