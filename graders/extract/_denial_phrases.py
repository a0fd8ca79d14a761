"""Phrases that deny, doubt or take back an answer, with one row per language.

A row contains parts of regular expressions for lowercase text that `plain_width` has normalized.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Denying(NamedTuple):
        """A language's phrases that deny an answer or that doubt or take back a claim.

        The phrases in `alone` take back a claim if they are a whole clause. The phrases in `opening` do so
        even if other words follow. The phrases in `pointing` say that the claim is wrong.
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

_BE = r"(?:is|was|are|were|seems?|looks?|would\sbe|must\sbe|has\sbeen|can\sbe|has\sto\sbe)"
_NOT = r"(?:\snot|n['’]t)"
_WRONG = (
    r"(?:wrong|incorrect|false|invalid|untrue|inaccurate|excluded|eliminated|ruled|rejected|impossible|unlikely"
    r"|implausible|mistaken|an?\s(?:distractor|trap|mistake|error|lie|joke))"
)
_RIGHT = r"(?:right|correct|true|so|it|valid|accurate|possible|the\s(?:\w+\s)?(?:answer|one|solution|case))"

DENYING = {
    "English": Denying(
        r"\b(?:not|never|cannot|neither|nor|hardly|rarely|seldom|non|none|nothing|nobody|no\sone|lack\w{0,3}"
        r"|part(?:ly|ially)|opposite\sis|except|without|unlike|against"
        r"|(?:rather|less|(?<!none\s)other)\s(?:than|then)|instead\sof|far\sfrom|(?:all|any(?:thing)?|every(?:thing)?)\sbut"
        r"|rul(?:es?|ed|ing)\sout|eliminat\w{1,4}|exclud\w{1,4}|reject\w{0,4}|doubt)\b|n['’]t\b",
        rf"(?:{_BE}|can|could|does|do)?(?:\s(?:[a-z]{{2,12}}ly|also|just|still|indeed|in\sfact|of\scourse))?"
        r"\s?(?:n['’]t\b|\b(?:not(?!\s(?:only|just|merely|simply)\b)|cannot|can['’]t|never)\b)"
        rf"|{_BE}\s(?:[a-z]{{2,12}}\s){{0,2}}?(?:{_WRONG}|out\b)",
        r"\b(?:not|never|cannot|hardly|if|whether|unless|suppose|assum\w{1,3}|doubt\w{0,3}|wrong|deny"
        r"|(?:false|incorrect|untrue)(?=\s(?:that|to)\b)"
        r"|(?:false|incorrect|untrue|old|previous|earlier|original|initial)(?=\sa?\Z))\b"
        r"|\b(?:example|sample):?\s(?:the\s)?a?(?=\Z)|n['’]t\b",
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
        r"\b(?:pas|(?<!jibu\s)ni|sauf|hormis|jamais|excepté|sans)\b",
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
        r"\b(?:no\s(?:es|son|puede|será|sería|era|la|el)|nunca|(?<!jibu\s)ni|excepto|menos|salvo|tampoco|jamás)\b",
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
        r"(?:\s?(?:तो|भी|ही|विकल्प|उत्तर|सही|यह))?\s?(?:है\s)?(?:गलत|ग़लत|नहीं|नाही|चूक|के\sअलावा|को\sछोड़|के\sसिवा|छोड़)",
        r"यदि|अगर|नहीं",
        r"नहीं|गलत|ग़लत|रुको|रुकिए|माफ़\sकीजिए",
        r"मैं\s(?:गलत|ग़लत)|मुझसे\s(?:गलती|ग़लती)|गलती\sहो",
        r"(?:(?:यह|ये|वह|मेरा|उत्तर|जवाब)\s){1,2}(?:\S+\s){0,2}?(?:गलत|ग़लत|सही\sनहीं|ठीक\sनहीं|नहीं\sहै)",
    ),
    "Vietnamese": Denying(
        r"\b(?:không|chẳng|trừ|đừng)\b",
        r"(?:(?:là|cũng)\s)?(?:sai|không|chưa\sđúng|bị\sloại)\b",
        r"\b(?:không|nếu|giả\ssử|nghi\sngờ)\b",
        r"không(?:\s(?:phải|đúng))?|sai(?:\srồi)?|nhầm(?:\srồi)?|khoan(?:\sđã)?",
        r"tôi\s(?:đã\s)?(?:tính\s)?(?:nhầm|sai)|bỏ\squa",
        r"(?:điều\s(?:này|đó)|(?:câu\strả\slời|đáp\sán)(?:\s(?:này|đó))?|nó)\s(?:là\s|bị\s)?(?:sai|không\s(?:đúng|chính\sxác|phải))",
    ),
    "Indonesian": Denying(
        r"\b(?:bukan(?:lah)?|tidak|kecuali|selain|jangan)\b",
        r"\b(?:itu\s)?(?:adalah\s)?(?:salah|bukan|tidak|keliru)\b",
        r"\b(?:bukan|tidak|jika|kalau|apakah|meragukan)\b",
        r"tidak|bukan|salah|keliru|tunggu",
        r"saya\s(?:salah|keliru)|abaikan|lupakan",
        r"(?:itu|ini|jawaban\s(?:itu|ini|saya))\s(?:adalah\s)?(?:salah|keliru|tidak\s(?:benar|tepat)|bukan\sjawaban)",
    ),
    "Swahili": Denying(
        r"\b(?:jibu\ssi|siyo|isipokuwa|hapana)\b",
        r"\b(?:(?:si|siyo)\s(?:sahihi|jibu)|ni\s(?:makosa|kosa)\b)",
        r"\b(?:siyo|ikiwa|sidhani)\b",
        r"hapana|siyo|makosa",
        r"nimekosea",
        r"(?:hilo|hii|hiyo|jibu\s(?:hili|hilo|langu))\s(?:ni\s(?:makosa|kosa)|(?:si|siyo)\ssahihi)",
    ),
    "Thai": Denying(
        "(?:ไม่ใช่|มิใช่|ไม่ได้เป็น|ไม่เลือก|ไม่สามารถเป็น|ไม่น่าจะเป็น|ยกเว้น|นอกจาก)",
        "(?:นั้น|ก็)?(?:เป็นตัวเลือกที่|เป็นข้อที่)?(?:ผิด|ไม่|มิใช่)",
        "(?:ไม่|ถ้า|หาก|สมมติ|สงสัย)",
        "ไม่|ไม่ใช่|ผิด|ไม่ถูกต้อง|เดี๋ยวก่อน|ขอโทษ",
        "(?:ฉัน|ผม)(?:ทำ|คิด|ท\u0e4d\u0e32)?ผิด|คิดผิด|ขอแก้ไข",
        "(?:ไม่(?:ใช่)?\\s)?(?:นี่|นั่น|มัน|ค\u0e4d\u0e32ตอบ(?:นี้|นั้น)?)(?:เป็น|คือ)?(?:ผิด|ไม่ถูก|ไม่ใช่ค\u0e4d\u0e32ตอบ)",
    ),
    "Bengali": Denying(
        r"(?!)",
        r"(?:\s?(?:টি|ও|উত্তর|সঠিক|বিকল্প)){0,3}\s?(?:হতে\sপারে\s)?(?:নয|না|ভুল|বাদে|ছাড|ব্যতীত)",
        r"যদি|সন্দেহ|মনে\sকরি\sনা|মনে\sহয\S{0,2}\sনা",
        r"না|ভুল",
        r"আমি\sভুল|আমার\sভুল",
        r"(?:এটি|এটা|এই\sউত্তর(?:টি)?|উত্তরটি|আমার\sউত্তর)\s(?:\S+\s)?(?:ভুল|সঠিক\sনয|ঠিক\sনয)",
    ),
    "Telugu": Denying(
        r"(?!)",
        r"(?:\s?(?:సరైన|సమాధానం|సరైనది|కూడా|అనేది)){0,3}\s?(?:కాదు|కాకూడదు|తప్పు|తప్ప|మినహా|కాలేదు)",
        r"ఒకవేళ|అయితే|అనుకోను",
        r"కాదు|తప్పు|లేదు",
        r"నేను\sతప్పు|నాది\sతప్పు",
        r"(?:ఇది|అది|ఈ\sసమాధానం|నా\sసమాధానం)\s(?:\S+\s)?(?:తప్పు|కాదు|సరికాదు)",
    ),
    "Ukrainian": Denying(
        r"\b(?:не|ані|крім|окрім)\b",
        r"(?:це\s|-\s?|є\s)?(?:не\b|невірн|неправильн|хибн|помилк|виключен|неможлив)",
        r"\b(?:не|якщо|сумніва\w{0,4}|навряд)\b",
        r"ні|невірно|неправильно|помилка|не\sтак",
        r"я\sпомили(?:вся|лася|лась)|моя\sпомилка",
        r"(?:це|(?:ця\s|моя\s)?відповідь)\s(?:є\s)?(?:невірн|неправильн|хибн|помилк|неможлив|не\s(?:вірн|правильн|так))",
    ),
}


def is_latin(row: Denying) -> bool:
    """Return True if a row is written in Latin letters and so can match ASCII text.

    Args:
        row: A language's row in the table.
    """
    return re.search("[A-Za-z]", re.sub(r"\\.", "", "".join(row))) is not None


class Scripts(dict[bool, "re.Pattern[str]"]):
    """A pattern built from columns of the table, with one version for ASCII text and one for all other text.

    Most texts are ASCII, and phrases in other scripts would double the search time. Text is searched in
    lowercase, because the regular expression engine can skip alternatives by their first character only in
    case-sensitive patterns. Each version is compiled when it is first needed.

    Args:
        form: A regular expression that contains column names, as in `%before%`.
    """

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, is_ascii: bool) -> re.Pattern[str]:
        rows = [row for row in DENYING.values() if not is_ascii or is_latin(row)]
        form = re.sub(r"%(\w+)%", lambda part: "|".join(getattr(row, part[1]) for row in rows), self._form)
        compiled = self[is_ascii] = re.compile(form)
        return compiled


def small(text: str) -> str:
    """Convert a text to lowercase without changing its length: `İ` becomes `i`, not two characters."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()
