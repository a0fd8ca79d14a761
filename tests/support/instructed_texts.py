"""Generates texts that follow a record's verifiable instructions, or break exactly one of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

SENTENCES = {
    "en": "the team came back to the town and it was good for all of us that we had a plan with them",
    "bg": "кучето тича в парка и не иска да се прибира защото е много щастливо и това е добре за всички",
    "bn": "কুকুরটি পার্কে দৌড়াচ্ছে এবং বাড়ি ফিরতে চায় না কারণ সে খুব খুশি",
    "de": "der Hund ist im Park und will nicht nach Hause weil er sehr froh ist und das ist auch gut für uns",
    "fa": "سگ در پارک است و این برای ما خوب است که او از آن خوشحال است",
    "fi": "koira juoksee puistossa eikä halua palata kotiin koska se on hyvin iloinen ja me olemme myös",
    "gu": "કૂતરો બગીચામાં દોડી રહ્યો છે અને તે ખૂબ ખુશ છે",
    "hi": "कुत्ता पार्क में है और वह घर वापस नहीं जाना चाहता क्योंकि वह बहुत खुश है",
    "it": "il cane corre nel parco e non vuole tornare a casa perché è molto contento di questo",
    "kn": "ನಾಯಿ ಉದ್ಯಾನದಲ್ಲಿ ಓಡುತ್ತಿದೆ ಮತ್ತು ಅದು ತುಂಬಾ ಸಂತೋಷವಾಗಿದೆ",
    "ko": "개가 공원에서 뛰고 있고 집에 가고 싶어하지 않습니다",
    "mr": "कुत्रा उद्यानात धावत आहे आणि त्याला घरी परत जायचे नाही कारण तो खूप आनंदी आहे",
    "ne": "कुकुर पार्कमा दौडिरहेको छ र घर फर्कन चाहँदैन तर यो धेरै खुसी छ",
    "pa": "ਕੁੱਤਾ ਪਾਰਕ ਵਿੱਚ ਦੌੜ ਰਿਹਾ ਹੈ ਅਤੇ ਬਹੁਤ ਖੁਸ਼ ਹੈ",
    "pt": "o cachorro corre pelo parque e não quer voltar para casa porque está muito feliz com isso",
    "ru": "собака бежит по парку и не хочет возвращаться домой потому что она очень рада и это хорошо",
    "sw": "mbwa anakimbia katika bustani na hataki kurudi nyumbani kwa sababu ana furaha sana na ni mzuri",
    "ta": "நாய் பூங்காவில் ஓடுகிறது அது மிகவும் மகிழ்ச்சியாக உள்ளது",
    "te": "కుక్క పార్కులో పరుగెత్తుతోంది అది చాలా సంతోషంగా ఉంది",
    "th": "สุนัขวิ่งในสวนและไม่อยากกลับบ้านเพราะมันมีความสุขมาก",
    "ur": "کتا پارک میں ہے اور وہ گھر واپس نہیں جانا چاہتا کیونکہ وہ بہت خوش ہے",
    "vi": "con chó chạy trong công viên và không muốn về nhà vì nó rất vui",
    "ar": "الكلب في الحديقة ولا يريد العودة إلى البيت لأنه سعيد جدا وهذا جيد لنا",
}
"""For each language, a text without capitals and punctuation."""


@dataclass(frozen=True)
class TextPlan:
    """The properties of a text to generate."""

    language: str = "en"
    least_words: int = 0
    most_words: int | None = None
    least_sentences: int = 1
    most_sentences: int | None = None
    starred: int = 0
    paragraphs: int = 0
    nth: int = 0
    first_word: str = ""
    parts: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    prompt: str = ""
    bullets: int = 0
    sections: tuple[str, int] = ("", 0)
    postscript: str = ""
    end: str = ""
    quotes: tuple[str, str] = ("", "")
    responses: int = 0
    case: str = ""
    json: str | None = None
    times: tuple[tuple[str, int], ...] = ()
    capitals: int = 0

    def saying(self, word: str, number: int) -> TextPlan:
        """Return this plan with a word this many times, including those in the prompt."""
        number = max(number - self.prompt.lower().count(word.lower()), dict(self.times).get(word, 0), 0)
        return replace(self, times=tuple({**dict(self.times), word: number}.items()))

    def text(self) -> str:
        words = _words(self)
        name, sections = self.sections
        head = [self.prompt] * bool(self.prompt) + [*self.parts]
        head += [" ".join([word] * number) for word, number in self.times if number]
        head += [" ".join(["GOOD"] * self.capitals)] * bool(self.capitals)
        head += (f"{name} {number}\n{next(words)} {next(words)}" for number in range(1, sections + 1))
        tail = [f"* {next(words)} {next(words)}" for _ in range(self.bullets)]
        tail += [f"{self.postscript} {next(words)}"] * bool(self.postscript) + [self.end] * bool(self.end)
        groups = max(self.starred, self.paragraphs, 1)
        filled = self._sentences(words, len(re.findall(r"\w+", "\n".join((*head, *tail, self.first_word)))))
        made = [filled[at::groups] for at in range(groups)]
        if self.first_word:
            made[self.nth - 1].insert(0, self.first_word)
        at = -1 if self.nth == 1 else 0
        made[at] = head + made[at]
        made[-1] += tail
        body = ("\n***\n" if self.starred else "\n\n").join("\n".join(lines) for lines in made)
        if self.responses:
            body = f"{body}\n******\n{body if self.responses == 1 else next(words)}"
        body = {"lower": body.lower(), "upper": body.upper()}.get(self.case, body)
        body = f"{self.quotes[0]}{body}{self.quotes[1]}"
        return body if self.json is None else json.dumps({"text": body}) + self.json

    def _sentences(self, words: Iterator[str], taken: int) -> list[str]:
        """Return the required number of sentences, with the words that are still missing."""
        count = max(self.least_sentences, self.starred, self.paragraphs)
        if self.most_sentences is not None:
            count = min(count, self.most_sentences)
        size = max(self.least_words - taken, 3 * count, 14 if self.language == "en" else 5 * taken + 14)
        if self.most_words is not None:
            size = min(size, self.most_words - taken)
        sizes = [size // count + (at < size % count) for at in range(count)]
        made = [" ".join(islice(words, one)) for one in sizes]
        return [f"{one[:1].upper()}{one[1:]}." for one in made] if self.least_sentences > 1 else made


def _words(plan: TextPlan) -> Iterator[str]:
    """Cycle through the words of the language that contain no forbidden string."""
    words = SENTENCES[plan.language].split()
    kept = [word for word in words if not any(one.lower() in word.lower() for one in plan.without)]
    return cycle(kept or ["mmm"])


def plans(kinds: list[str], tables: list[dict[str, Any]]) -> tuple[TextPlan, list[TextPlan | None]]:
    """Return a plan that follows all instructions, and for each instruction a plan that breaks only that one.

    None stands for an instruction that cannot be broken alone because another one demands the same.
    """
    instructions = list(zip(kinds, tables, strict=True))
    return _plan(instructions, None), [
        None if _is_shared(at, instructions) else _plan(instructions, at) for at in range(len(instructions))
    ]


def _is_shared(at: int, instructions: list[tuple[str, dict[str, Any]]]) -> bool:
    """Return True if the repeated prompt or another instruction already demands the same."""
    kind, given = instructions[at]
    others = [other for number, (_, other) in enumerate(instructions) if number != at]
    prompt = next(
        (other["prompt_to_repeat"].lower() for other in others if other.get("prompt_to_repeat")), ""
    )
    if kind == "detectable_format:title":
        return "<<" in prompt
    if kind == "keywords:letter_frequency":
        return prompt.count(given["letter"]) >= given["let_frequency"]
    if kind == "keywords:frequency":
        return prompt.count(given["keyword"].lower()) >= given["frequency"]
    if kind == "keywords:existence":
        first = given["keywords"][0].lower()
        repeated = [other for other in others if (other.get("keyword") or "").lower() == first]
        return first in prompt or any(other.get("relation") == "at least" for other in repeated)
    return False


def _plan(instructions: list[tuple[str, dict[str, Any]]], broken: int | None) -> TextPlan:
    plan = TextPlan()
    prompts_first = sorted(enumerate(instructions), key=lambda one: one[1][0] != "combination:repeat_prompt")
    for at, (kind, given) in prompts_first:
        plan = _STEPS[kind](
            plan, {name: value for name, value in given.items() if value is not None}, at == broken
        )
    return plan


Given = dict[str, Any]


def _existence(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    for word in given["keywords"][off:]:
        plan = plan.saying(word, 1)
    return replace(plan, without=(*plan.without, *given["keywords"]))


def _frequency(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    number, word, less = given["frequency"], given["keyword"], given["relation"] == "less than"
    plan = plan.saying(word, number * off if less else number - off)
    return replace(plan, without=(*plan.without, word))


def _forbidden(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    words = given["forbidden_words"]
    return replace(plan, parts=(*plan.parts, *words[:off]), without=(*plan.without, *words))


def _letters(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    sign, number, less = given["letter"], given["let_frequency"], given["let_relation"] == "less than"
    number = (number * off if less else number - off) - plan.prompt.lower().count(sign)
    word = sign * number if sign.isalpha() else f"well{sign * number}"
    return replace(plan, parts=(*plan.parts, *[word] * (number > 0)), without=(*plan.without, sign))


def _language(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    return replace(
        plan, language=given["language"] if not off else "en" if given["language"] != "en" else "fi"
    )


def _bounds(unit: str) -> Callable[[TextPlan, Given, bool], TextPlan]:
    def step(plan: TextPlan, given: Given, off: bool) -> TextPlan:
        number = given[f"num_{unit}"]
        if (given["relation"] == "less than") == off:
            return replace(plan, **{f"least_{unit}": max(getattr(plan, f"least_{unit}"), number)})
        return replace(plan, **{f"most_{unit}": number - 1})

    return step


def _capitals(plan: TextPlan, given: Given, off: bool) -> TextPlan:
    number, less = given["capital_frequency"], given["capital_relation"] == "less than"
    return replace(plan, capitals=max(plan.capitals, number * off if less else number - off))


def _part(
    kept: Callable[[Given], str], off: Callable[[Given], str]
) -> Callable[[TextPlan, Given, bool], TextPlan]:
    return lambda plan, given, broken: replace(plan, parts=(*plan.parts, (off if broken else kept)(given)))


_STEPS: dict[str, Callable[[TextPlan, Given, bool], TextPlan]] = {
    "keywords:existence": _existence,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letters,
    "language:response_language": _language,
    "length_constraints:number_words": _bounds("words"),
    "length_constraints:number_sentences": _bounds("sentences"),
    "length_constraints:number_paragraphs": lambda plan, given, off: replace(
        plan, starred=given["num_paragraphs"] + off
    ),
    "length_constraints:nth_paragraph_first_word": lambda plan, given, off: replace(
        plan,
        paragraphs=given["num_paragraphs"],
        nth=given["nth_paragraph"],
        first_word="other" if off else given["first_word"],
    ),
    "detectable_content:number_placeholders": _part(
        lambda given: "see" + " [name]" * given["num_placeholders"],
        lambda given: "see" + " [name]" * (given["num_placeholders"] - 1),
    ),
    "detectable_content:postscript": lambda plan, given, off: replace(
        plan, postscript="" if off else given["postscript_marker"]
    ),
    "detectable_format:number_bullet_lists": lambda plan, given, off: replace(
        plan, bullets=given["num_bullets"] + off
    ),
    "detectable_format:constrained_response": _part(
        lambda given: "My answer is no.", lambda given: "My answer is perhaps."
    ),
    "detectable_format:number_highlighted_sections": _part(
        lambda given: "see" + " *this part*" * given["num_highlights"],
        lambda given: "see" + " *this part*" * (given["num_highlights"] - 1),
    ),
    "detectable_format:multiple_sections": lambda plan, given, off: replace(
        plan, sections=(given["section_spliter"], given["num_sections"] - off)
    ),
    "detectable_format:json_format": lambda plan, given, off: replace(plan, json=" and more" * off),
    "detectable_format:title": _part(lambda given: "<<a title>>", lambda given: "<< >>"),
    "combination:two_responses": lambda plan, given, off: replace(plan, responses=1 if off else 2),
    "combination:repeat_prompt": lambda plan, given, off: replace(
        plan, prompt=given["prompt_to_repeat"][off:]
    ),
    "startend:end_checker": lambda plan, given, off: replace(
        plan, end=given["end_phrase"] + " so long" * off
    ),
    "startend:quotation": lambda plan, given, off: replace(plan, quotes=('"', '"' * (not off))),
    "change_case:capital_word_frequency": _capitals,
    "change_case:english_capital": lambda plan, given, off: replace(plan, case="" if off else "upper"),
    "change_case:english_lowercase": lambda plan, given, off: replace(
        plan, case="" if off else "lower", parts=(*plan.parts, *["Hello"] * off)
    ),
    "punctuation:no_comma": lambda plan, given, off: replace(
        plan, parts=(*plan.parts, *["well, well"] * off)
    ),
}
