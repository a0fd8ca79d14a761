"""What denies, doubts or takes back an answer, a row for each language.

A row holds parts of regular expressions for text in small letters whose compatibility characters are folded
(`plain_width`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    class Denying(NamedTuple):
        """How one language denies an answer before it and behind it, doubts a claim, and takes one back.

        `alone` are clauses that take back a claim where nothing else stands in them; `opening` take it back
        whatever follows; `pointing` say of the claim that it is wrong.
        """

        before: str
        behind: str
        doubt: str
        alone: str
        opening: str
        pointing: str
else:
    from collections import namedtuple

    Denying = namedtuple("Denying", "before behind doubt alone opening pointing")

_BE = r"(?:is|was|are|seems?|looks?|would\sbe|must\sbe|has\sbeen|can\sbe|has\sto\sbe)"
_NOT = r"(?:\snot|n['’]t)"
_WRONG = (
    r"(?:wrong|incorrect|false|invalid|untrue|inaccurate|excluded|eliminated|ruled|rejected|impossible|unlikely"
    r"|implausible|mistaken|an?\s(?:distractor|trap|mistake|error|lie|joke))"
)
_RIGHT = r"(?:right|correct|true|so|it|valid|accurate|possible|the\s(?:\w+\s)?(?:answer|one|solution|case))"

DENYING = {
    "English": Denying(
        r"\b(?:not|never|cannot|neither|nor|hardly|non|except|without|unlike|against"
        r"|(?:rather|other)\s(?:than|then)|instead\sof|far\sfrom|(?:all|any(?:thing)?|every(?:thing)?)\sbut"
        r"|rul(?:es?|ed|ing)\sout|eliminat\w{1,4}|exclud\w{1,4}|reject\w{0,4}|doubt)\b|n['’]t\b",
        rf"(?:{_BE}|can|could|does|do)?\s?(?:n['’]t\b|\b(?:not|cannot|can['’]t|never)\b)"
        rf"|{_BE}\s(?:[a-z]{{2,12}}\s){{0,2}}?(?:{_WRONG}|out\b)",
        r"\b(?:not|never|cannot|hardly|if|whether|unless|suppose|assum\w{1,3}|doubt\w{0,3}|wrong|deny"
        r"|(?:false|incorrect|untrue)(?=\s(?:that|to)\b))\b|n['’]t\b",
        r"no|nope|nah|not(?:\s(?:really|quite|exactly|at\sall|so))?|(?:or|maybe|perhaps|probably|surely"
        rf"|certainly)\snot|wrong|incorrect|false|not\s{_RIGHT}|wait|oops|correction|sorry|psych|kidding",
        r"(?:scratch|strike|forget|disregard|ignore|cancel|undo|discard)\s(?:that|this|it|what|the\s(?:above"
        r"|last|previous)|my)|never\s?mind\b|(?:i\swas\s)?(?:just|only)\s(?:kidding|joking)"
        r"|i(?:\swas|\sam|['’]m|\smust\sbe|\s(?:may|might)\sbe)\s(?:wrong|mistaken|incorrect|kidding|joking"
        r"|not\s(?:right|correct))|i(?:\shave|['’]ve)?\s(?:made|see)\s(?:an?|my)\s(?:\w+\s)?(?:mistake|error)"
        r"|my\s(?:mistake|bad|error)|i\s(?:take|took)\s(?:that|it|this)\sback|i\s(?:retract|withdraw|misread"
        r"|misspoke|miscalculated|messed\sup|changed\smy\smind|don['’]t\sthink\sso|do\snot\sthink\sso)\b"
        r"|on\ssecond\sthought|let\sme\s(?:re-?\w+|think\sagain|try\sagain|correct|fix|start\sover)\b",
        r"(?:(?:that|this|it|which|(?:the|my|this|that)\s(?:[a-z]+\s)?(?:answer|claim|choice|conclusion|result"
        r"|guess|statement|reasoning|calculation)|the\sabove)"
        rf"(?:(?:['’]s|\s{_BE})\s(?:[a-z]+\s){{0,2}}?(?:{_WRONG}|not\s(?:[a-z]+\s){{0,2}}?{_RIGHT})"
        rf"|(?:\s(?:is|was|can|could|does|would){_NOT}|\scan(?:not|['’]t))\s(?:[a-z]+\s){{0,3}}?(?:{_RIGHT}"
        r"|work|fit|hold|make\ssense|add\sup|be(?=\s?(?:[.!,;\n]|\Z)))|\smakes\sno\ssense))(?!\s(?:to|that|about|of|for|if|with)\b)\b",
    ),
    "Chinese": Denying(
        r"不是|不选|不選|不为|不為|并非|並非|而非|除了|除|排除|不会是|不能是|不可能是|不可能为|不应该?是|非",
        r"(?:选项|選項|项|項|是|也|都|这个选项)?(?:错|錯|不|并不|並不|并非|排除|有误|以外|之外|除外|外)|(?:吗|嗎|么|呢)",
        r"如果|假如|假设|若|不认为|不認為|不覺得|不觉得|并非|怀疑|懷疑",
        r"不|不是|不是的|不是这样|错|錯|否|等等|等一下|抱歉|并非如此",
        r"不对|不對|错了|錯了|不正确|不正確|我(?:说|算|搞|弄|写|選|选)?(?:错|錯)|(?:算|搞|弄|说|写|选)(?:错|錯)了|更正|我收回"
        r"|忽略|重新(?:计算|算|考虑|想)",
        r"(?:这|這|那|它|此|该答案|上述|上面|以上|我的|答案)(?:个|個|是|就|其实|其實|显然|也|结论|答案|选择|选项|说法|的){0,4}"
        r"(?:不对|不對|错|錯|不正确|不正確|有误|有誤|不成立|不是(?:正确|正確|答案|对|對))",
    ),
    "German": Denying(
        r"\b(?:nicht|kein\w{0,2}|niemals|weder|au(?:ß|ss)er|ohne|statt)\b",
        r"\b(?:ist|wäre|scheint|stimmt|kann|passt)\s(?:\w+\s){0,2}?(?:falsch|nicht|kein\w{0,2}|unmöglich"
        r"|ausgeschlossen)|scheidet\saus",
        r"\b(?:nicht|wenn|falls|ob|bezweifle|angenommen)\b",
        r"nein|falsch|stimmt\snicht|doch\snicht|moment|quatsch|unsinn|korrektur",
        r"vergiss\s(?:das|es)|streich\sdas|ich\shabe\smich\s(?:geirrt|vertan|verrechnet)|ich\s(?:lag|liege)"
        r"\sfalsch|mein\sfehler",
        r"(?:das|dies|es|(?:die|diese|meine)\santwort)\s(?:(?:ist|war)\s(?:\w+\s){0,2}?(?:falsch|inkorrekt|verkehrt"
        r"|unmöglich|ein\sfehler|nicht\s(?:richtig|korrekt|wahr|die))|stimmt\s(?:\w+\s)?nicht"
        r"|kann\s(?:\w+\s)?nicht\s(?:sein|stimmen))",
    ),
    "French": Denying(
        r"\b(?:pas|ni|sauf|hormis|jamais|excepté|sans)\b",
        r"\b(?:est|serait|semble|était)\s(?:\w+\s)?(?:fau(?:x|sse)|pas\b|incorrecte?|inexacte?|erronée?|exclue?|impossible)"
        r"|n['’](?:est|était)\spas|ne\s(?:peut|convient|va|marche)\b",
        r"\bpas\b|\b(?:si\s(?:la|le)|doute)\b",
        r"non|faux|incorrect|pas\sdu\stout|erreur",
        r"oublie\w{0,2}|je\sme\s(?:suis\s)?tromp\w+|mon\serreur|j['’]ai\sfait\sune\serreur",
        r"(?:c['’]est|(?:cela|ceci|elle|(?:cette|la|ma)\sréponse)\sest)\s(?:\w+\s)?(?:fau(?:x|sse)|incorrecte?|inexacte?"
        r"|erronée?|impossible|une\serreur)|(?:ce|cela|elle|(?:cette|la|ma)\sréponse)\sn['’]est\s(?:\w+\s)?pas\s(?:correct|just|vrai"
        r"|bon|ça|la\s|exact|possible)",
    ),
    "Spanish": Denying(
        r"\b(?:no\s(?:es|son|puede|será|sería|era|la|el)|nunca|ni|excepto|menos|salvo|tampoco|jamás)\b",
        r"\b(?:es|está|sería|parece)\s(?:\w+\s)?(?:fals[ao]|incorrect[ao]|errad[ao]|erróne[ao]|equivocad[ao]|imposible|mal\b)"
        r"|no\s(?:es|puede|está|sería)\b",
        r"\b(?:no\s(?:creo|pienso|es|me\sparece)|dudo|si\s(?:la|el)|tampoco)\b",
        r"no|falso|incorrecto|mentira|espera",
        r"me\sequivoqu[ée]|me\she\sequivocado|estoy\sequivocad[ao]|olv[ií]da\w{0,3}|mi\serror",
        r"(?:(?:eso|esto|(?:esa|esta|la|mi)\srespuesta)\s)?(?:(?:es|está|era)\s(?:\w+\s)?(?:mal\b|fals[ao]|incorrect[ao]"
        r"|errad[ao]|erróne[ao]|equivocad[ao]|imposible)|no\s(?:es|está)\s(?:correct|ciert|verdad|así|bien|la\srespuesta|posible))",
    ),
    "Portuguese": Denying(
        r"\b(?:não|nunca|nem|exceto|menos|salvo|tampouco)\b",
        r"\b(?:é|está|seria|parece)\s(?:\w+\s)?(?:fals[ao]|incorret[ao]|errad[ao]|equivocad[ao]|impossível)|não\s(?:é|pode|está|seria)\b",
        r"\b(?:não|duvido|se\sa)\b",
        r"não|falso|errado|incorreto|espera|espere",
        r"(?:eu\s)?me\senganei|enganei-me|eu\serrei|errei\b|esque[çc]\w{1,2}|meu\serro|estou\serrad[ao]|estava\serrad[ao]",
        r"(?:(?:isso|isto|(?:essa|esta|a|minha|a\sminha)\sresposta)\s)?(?:(?:é|está|era|estava)\s(?:\w+\s)?(?:fals[ao]|incorret[ao]"
        r"|errad[ao]|equivocad[ao]|impossível)|não\s(?:é|está)\s(?:cert|corret|verdad|isso|a\sresposta|possível))",
    ),
    "Italian": Denying(
        r"\b(?:non|mai|né|tranne|eccetto|salvo|meno|neanche|nemmeno)\b",
        r"(?:\bè|\bsarebbe|\bsembra)\s(?:\w+\s)?(?:fals[ao]|sbagliat[ao]|errat[ao]|scorrett[ao]|impossibile)|non\s(?:è|può|va|sarebbe)\b",
        r"\b(?:non|dubito|se\sla)\b",
        r"no|falso|sbagliato|errato|aspetta|scherzo",
        r"mi\s(?:sono\ssbagliat[oa]|sbaglio|sbagliavo)|dimentica\w{0,3}|errore\smio|ho\ssbagliato",
        r"(?:(?:questo|questa|ciò|quello|(?:questa|la|la\smia)\srisposta)\s)?(?:è|era)\s(?:\w+\s)?(?:fals[ao]|sbagliat[ao]|errat[ao]"
        r"|scorrett[ao]|impossibile)|(?:(?:questo|questa|ciò|(?:questa|la|la\smia)\srisposta)\s)?non\sè\s(?:corrett|giust|ver[ao]|esatt|così"
        r"|la\srisposta|possibile)",
    ),
    "Russian": Denying(
        r"\b(?:не|ни|никак|кроме|исключая|нельзя)\b",
        r"(?:это\s|-\s?|является\s)?(?:не\b|невер|неправ|ошиб|исключ|невозможн|ложн)",
        r"\b(?:не|если|сомнева\w{0,4}|вряд)\b",
        r"нет|неверно|неправильно|ошибка|стоп|не\sтак|не\sто|отмена",
        r"я\sошиб(?:ся|лась|аюсь)|забудь(?:те)?|моя\sошибка",
        r"(?:это|этот\sответ|мой\sответ|ответ)\s(?:же\s|был[оа]?\s|явно\s)?(?:невер|неправ|ошиб|ложн|невозможн|не\s(?:верн|прав|так|то\b|может))",
    ),
    "Japanese": Denying(
        r"(?!)",
        r"(?:という(?:の|答え)は|の?はず|だ?と)?(?:は|が|も|で(?:は|も)|じゃ)?(?:ない|ありません|ありえ|有り得|あり得|間違|まちが|違|誤|不正解"
        r"|正しくな|正しくあ|正解でな|正解ではな|答えではな|限りません|思わ|思いません|思えな)|以外|を除|か\?",
        r"もし|仮に",
        r"いや|いいえ|違う|違います|ちがう|ちがいます|間違い|まちがい|待って|ではない|じゃない|違った|誤り",
        r"間違え|間違い(?:です|でした|だ)|まちがえ|訂正|違いま|やっぱり違",
        r"(?:それ|これ|この答え|その答え|答え|上記)(?:は|も|が)(?:間違|まちが|違|誤|正しくな|正しくあ|正解では|不正解)",
    ),
    "Korean": Denying(
        r"(?!)",
        r"(?:번|은|는|이|가|도|일|라고|이라고|을|를)?\s?(?:(?:정)?답이\s)?(?:아니|아닙|아닌|틀|맞지|옳지|잘못|오답|리가?\s?없|수\s?(?:가\s)?없|제외|빼고|외에|생각하지|보지\s않)",
        r"만약|만일",
        r"아니요?|아니오|아닙니다|아니야|틀렸다|틀렸어요?|틀렸습니다|틀림|잠깐만?|취소",
        r"틀렸|틀립니다|잘못\s?(?:했|생각|계산|말)|정정|제가\s틀",
        r"(?:그것|그건|이것|이건|이\s답|그\s답|위\s답|제\s답|답|정답)(?:은|는|이|가)?\s?(?:틀|잘못|아니|아닙|정답이\s아|맞지\s않|옳지\s않)",
    ),
    "Arabic": Denying(
        r"(?:ليس(?:ت)?|لا\sيمكن\sأن\s[تي]كون|لن\s[تي]كون|غير|سوى|عدا|إلا|باستثناء|ما\sعدا)\b",
        r"(?:\s?(?:هي|هو))?\s?(?:إجابة\s|جواب\s)?(?:ليس|خطأ|خاطئ|غير\s|مستبعد|لا\sيمكن)",
        r"(?:\bلا|\bإذا|\bلو|\bأشك|ليس)\b",
        r"لا|كلا|خطأ|غير\sصحيح|غير\sصحيحة|عفوا|عذرا|مهلا",
        r"أخطأت|لقد\sأخطأت|تصحيح|أنا\sمخطئ|انس\s",
        r"(?:(?:هذا|هذه|ذلك|تلك|الإجابة|الجواب)\s){1,2}(?:خطأ|خاطئ|غير\s(?:صحيح|دقيق)|ليست?\s)|ليست?\s(?:هذا\s|هذه\s)?صحيح",
    ),
    "Hindi": Denying(
        r"(?!)",
        r"(?:\s?(?:तो|भी|ही|विकल्प|उत्तर|सही|यह))?\s?(?:है\s)?(?:गलत|ग़लत|नहीं|के\sअलावा|को\sछोड़|के\sसिवा|छोड़)",
        r"यदि|अगर|नहीं",
        r"नहीं|गलत|ग़लत|रुको|रुकिए|माफ़\sकीजिए",
        r"मैं\s(?:गलत|ग़लत)|मुझसे\s(?:गलती|ग़लती)|गलती\sहो",
        r"(?:(?:यह|ये|वह|मेरा|उत्तर|जवाब)\s){1,2}(?:\S+\s){0,2}?(?:गलत|ग़लत|सही\sनहीं|ठीक\sनहीं|नहीं\sहै)",
    ),
}


def _is_latin(row: Denying) -> bool:
    """Whether a row can deny anything in a text of ASCII: whether it is written in Latin letters."""
    return re.search("[A-Za-z]", re.sub(r"\\.", "", "".join(row))) is not None


def _compiled(form: str) -> dict[bool, re.Pattern[str]]:
    """A pattern with the columns of the table that it names, by whether a text is ASCII.

    Most texts are, and the rows of other scripts would cost each of them as much time again. They are
    searched in small letters, because the regular expression engine skips alternatives by their first
    character only where a pattern minds case.
    """
    latin = [row for row in DENYING.values() if _is_latin(row)]
    tables = {True: latin, False: list(DENYING.values())}
    return {
        is_ascii: re.compile(
            re.sub(r"%(\w+)%", lambda part: "|".join(getattr(row, part[1]) for row in rows), form)  # noqa: B023
        )
        for is_ascii, rows in tables.items()
    }


# What denies an answer right behind it, in the same clause: `It cannot be (B)`.
_DENIED_BEFORE = _compiled(
    r"(?:(?:%before%)(?:[\s-]{0,3}[\w'’]{1,12}){0,3}|\bno)[\s\"'`*_(\[{$<-]{0,8}\Z",
)
# What denies or doubts an answer right before it: `(B) is not the answer`.
_DENIED_BEHIND = _compiled(r"(?:</answer>)?[)\]}>*_`\"'$]{0,6}+\s{0,2}+(?:%behind%)")
_NEVER_DENYING = frozenset(("", *".,;:!?"))  # what cannot begin a denial behind an answer
# A clause that makes an announcement behind it no claim: `I do not think the answer is B`.
_DOUBTED = _compiled(
    r"(?:%doubt%)"
    r"(?:(?!\b(?:so|but|therefore|thus|hence|and|because|since|then)\b)[^.,;:!?。\n]"
    r"|,(?=\s(?:dass|что)\b)){0,48}:?[\s(*]{0,4}\Z"
)

NO_DOUBT = re.compile(
    r"\b(?:no|not|never|without|beyond|n['’]t)\s(?:a\s|any\s|there\s)?"
    r"(?:doubt|question|wonder|problems?|worries|need|matter|way\saround)\b",
    re.IGNORECASE,
)
"""Idioms whose `no` denies nothing."""

_SAID_FIRST = (
    r"[\s*_\"'(>.,!-]{0,6}+"
    r"(?:(?:actually|wait|hm+|oh|sorry|oops|well|hold\son|but|or|and|however|ok(?:ay)?|um|uh|in\sfact|yet|though"
    r"|so|then|clearly|unfortunately|等等|等一下|哦|啊|其实|其實|但是?|可是|抱歉|对不起|對不起|eigentlich|moment|doch|aber|en\sfait"
    r"|mais|en\srealidad|pero|perd[óo]n|na\sverdade|mas|desculpe|in\srealtà|ma|scusa|на\sсамом\sделе|но|すみません|でも"
    r"|いや|아|죄송합니다|사실|لكن|عفوا|लेकिन|माफ़\sकीजिए)\b[\s,.!-]{0,4}+(?=\w)){0,3}+(?=\w)"
)
_RETRACTION = (
    rf"{_SAID_FIRST}(?:(?P<alone>(?:%alone%)(?=\s{{0,2}}(?:[.!?,;:\n)*_\"<\u2026-]|\Z)))|(?P<opening>%opening%)"
    r"|(?P<pointing>%pointing%))"
)
# The pattern begins with a class of characters, so that the regular expression engine skips all others.
_TAKEN_BACK = _compiled(r"[.!?;:,\n()>}\u2026\"*-](?:(?<!-)|(?<=\s-))" + _RETRACTION)
_TAKEN_BACK_FIRST = _compiled(r"\s?+" + _RETRACTION)
_SENTENCE_END = re.compile(r"[.!?;\n](?=\s|\Z)|[.!?](?![0-9A-Za-z])|\n")
_OTHERS_SAY = re.compile(
    r"\b(?:statements?|some(?:one)?|many|people|students?|others|one\s(?:may|might|could)|(?:may|might)\s(?:seem|think))\b",
    re.IGNORECASE,
)
_TOLD_AT_MOST = 16
_CLAUSE, _BEHIND, _SHORT = 60, 120, 32
_CLAUSE_END = re.compile(
    r"[.;!?\n]\s?|,\s(?!or\b|nor\b|dass\b|что\b)|\b(?:so|(?<!\ball )(?<!\bany )(?<!thing )but|therefore|thus"
    r"|hence)\b"
)
# What every clause of ASCII holds that denies or doubts; looked for first, since most hold none of it.
# A test generates denials from the table and finds a cue in each.
_CUES = (
    *"not n't ne nor hardly non exce without unlike against than then instead rul elimin exclu".split(),
    *"reject doubt nicht kein pas ni nunca whether suppose assum wrong deny false incorrect untrue".split(),
    *"auss weder ohne statt wenn falls bezw angen sauf hormis jam sans salvo tampo tranne meno".split(),
    *"unless eccett far dubit dud duvid doute".split(),
)
_SHORT_CUE = re.compile(r"if\b|no\b|ob\b|mai\b|but\b|si\s[le]|se\s[la]")
_WIDE_CUE = re.compile(
    "[不除非并並而若如假怀懷ßéã’]|не|ни|кром|исключ|нельзя|если|сомн|вряд|もし|仮に|만[약일]|ليس|لا|لن|غير|سوى|عدا|إ|باست|لو|أشك"
    "|यदि|अगर|नहीं"
)


def is_denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at a place of a text is denied right before or behind it.

    Args:
        text: A text with folded widths.
        start: Where it starts.
        end: Where it ends.
    """
    is_ascii = text.isascii()
    if text[end : end + 1] not in _NEVER_DENYING:
        begin = end - 1 if end else 0
        if _DENIED_BEHIND[is_ascii].match(small(text[begin : end + _BEHIND]), end - begin):
            return True
    clause = _denying_clause(text, start)
    return bool(clause) and _DENIED_BEFORE[is_ascii].search(clause) is not None


def is_doubted(text: str, start: int) -> bool:
    """Whether the clause before an announcement makes it no claim.

    Args:
        text: A text with folded widths.
        start: Where the announcement starts.
    """
    clause = _denying_clause(text, start)
    return bool(clause) and _DOUBTED[text.isascii()].search(clause) is not None


def is_taken_back(
    text: str, end: int, names_other: Callable[[str], object], *, is_negative: bool = False
) -> bool:
    """Whether a text takes back the claim before a place: `Answer: B. Scratch that.`.

    A sentence such as `That is wrong` is about the claim, unless the sentence before it is about another
    answer: `The answer is A. Some choose B. That is wrong.`.

    Args:
        text: A text with folded widths.
        end: Where the claimed answer ends.
        names_other: Whether a sentence names another answer than the claimed one.
        is_negative: Whether the claim is itself a `no`, which `That is wrong` explains.
    """
    behind = text[end:]
    if len(behind) < 3:
        return False
    is_ascii, told, said = behind.isascii(), 0, small(behind)
    first = _TAKEN_BACK_FIRST[is_ascii].match(said)
    later = _TAKEN_BACK[is_ascii].finditer(said, first.end() if first else 0)
    for found in chain((first,), later) if first else later:
        if found["opening"] or told >= _TOLD_AT_MOST:
            return True
        told += 1
        if is_negative:
            continue
        begin = max(0, found.start() - 400)
        ends = [one.end() for one in _SENTENCE_END.finditer(behind, begin, found.start())]
        repaired = found[0].lstrip(" .!?;:,\n()>}*-_\"'")
        if found["alone"] and repaired[: len(found["alone"])] != found["alone"]:
            return True  # `Actually, no` answers no question
        if not ends and not repaired.startswith("which"):
            return True
        sentence = behind[ends[-1] if ends else begin : found.start()]
        if not (names_other(sentence) or _OTHERS_SAY.search(sentence)):
            return True
    return False


def small(text: str) -> str:
    """Return a text in small letters, each character in its place; only `İ` would become two."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()


def _denying_clause(text: str, end: int) -> str:
    """What stands before a place in its clause, 60 characters at most; "" where nothing in it can deny."""
    words = text[_begin(text, end) : end]
    if not _holds_cue(words):
        return ""
    return NO_DOUBT.sub("", _CLAUSE_END.split(small(words))[-1])


def may_deny(text: str, start: int, end: int) -> bool:
    """Whether words stand in a span, or in what is read of the clause before it, that may deny or doubt.

    Args:
        text: A text with folded widths.
        start: Where the span starts.
        end: Where it ends.
    """
    return _holds_cue(text[_begin(text, start) : end])


def _begin(text: str, end: int) -> int:
    """Where reading begins for the clause before a place: behind the last line or sentence, cheaply told."""
    begin = end - _CLAUSE if end > _CLAUSE else 0
    begin = text.rfind("\n", begin, end) + 1 or begin
    return text.rfind(". ", begin, end) + 1 or begin


def _holds_cue(words: str) -> bool:
    """Whether words hold what every clause holds that denies or doubts."""
    return _short_holds_cue(words) if len(words) <= _SHORT else _find_cue(words)


def _find_cue(words: str) -> bool:
    """Whether words hold one of the cues."""
    near = small(words)
    for cue in _CUES:
        if cue in near:
            return True
    return bool(_SHORT_CUE.search(near)) or (not near.isascii() and _WIDE_CUE.search(near) is not None)


_short_holds_cue = lru_cache(maxsize=1024)(_find_cue)  # completions announce their answers alike
