"""Phrases that deny an answer, in every language of the table."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.checks.choices import choice, choice_set, label, yes_no
from graders.checks.numbers import number
from graders.extract import _denials, choice_letter
from graders.extract._denial_phrases import DENYING, is_latin, small
from graders.extract._denials import is_denied, is_doubted, may_deny
from graders.extract._phrases import ANNOUNCED
from graders.testing import make_sample

DENIALS = {
    "English": [
        "not B",
        "B is wrong",
        "the answer is not B",
        "it cannot be B",
        "all but B",
        "B isn't right",
        "Anything but B",
        "I doubt that the answer is B",
        "B is out",
        "no B",
        "B can be ruled out",
        "neither A nor B",
        "B is unlikely",
    ],
    "Chinese": [
        "不是B",
        "B错",
        "B是错的",
        "答案不是B",
        "不可能是B",
        "除了B",
        "除B外都对",
        "B不对",
        "B是错误的",
        "选项B不正确",
        "我不认为答案是B",
        "不选B",
        "B以外都对",
        "答案不可能是B",
        "B是错误选项",
        "我怀疑答案是B",
    ],
    "German": [
        "nicht B",
        "B ist falsch",
        "Die Antwort ist nicht B",
        "Es kann nicht B sein",
        "Alle außer B",
        "Antwort B ist falsch",
        "B stimmt nicht",
        "B ist nicht richtig",
        "Ich glaube nicht, dass die Antwort B ist",
        "B kann es nicht sein",
        "kein B",
    ],
    "French": [
        "pas B",
        "B est faux",
        "La réponse n'est pas B",
        "Ce ne peut pas être B",
        "Tout sauf B",
        "B n'est pas correct",
        "la réponse B est fausse",
        "Je ne pense pas que la réponse est B",
        "B est incorrecte",
        "Ce n'est pas la B",
    ],
    "Spanish": [
        "no es B",
        "B es incorrecta",
        "La respuesta no es B",
        "No puede ser B",
        "Todas menos B",
        "Todas excepto B",
        "B no es correcta",
        "B es falsa",
        "No creo que la respuesta es B",
        "no B",
        "La opción B está mal",
        "La respuesta no es la B",
    ],
    "Portuguese": [
        "não é B",
        "B está errada",
        "A resposta não é B",
        "Não pode ser B",
        "Todas menos B",
        "Todas exceto B",
        "B não é correta",
        "B é falsa",
        "Não acho que a resposta é B",
        "não B",
        "A alternativa B está errada",
    ],
    "Italian": [
        "non B",
        "B è sbagliata",
        "La risposta non è B",
        "Non può essere B",
        "Tutte tranne B",
        "Tutte eccetto B",
        "B non è corretta",
        "B è falsa",
        "Non credo che la risposta è B",
        "La risposta non è la B",
    ],
    "Russian": [
        "не B",
        "B неверно",
        "Ответ не B",
        "Это не может быть B",
        "Все кроме B",
        "B — неверный ответ",
        "B не подходит",
        "Ответ: не B",
        "Я не думаю, что ответ: B",
        "Ответ B неверен",
        "B является неправильным",
    ],
    "Japanese": [
        "Bではない",
        "Bは間違い",
        "答えはBではありません",
        "Bのはずがない",
        "B以外",
        "Bは正しくない",
        "答えはBではない",
        "Bは違います",
        "Bは誤り",
        "答えはBだとは思わない",
        "Bじゃない",
        "Bはありえない",
        "B以外すべて",
        "選択肢Bは不正解です",
    ],
    "Korean": [
        "B가 아니다",
        "B는 틀렸다",
        "정답은 B가 아닙니다",
        "B일 리가 없다",
        "B일 수 없다",
        "B를 제외한 모두",
        "B 빼고",
        "B는 오답이다",
        "정답은 B라고 생각하지 않습니다",
        "B는 정답이 아니다",
        "B는 아니다",
        "B는 맞지 않다",
    ],
    "Arabic": [
        "ليس B",
        "B خطأ",
        "الإجابة ليست B",
        "لا يمكن أن تكون B",
        "كل شيء ما عدا B",
        "الكل إلا B",
        "B غير صحيح",
        "B ليست صحيحة",
        "لا أعتقد أن الإجابة هي B",
        "الإجابة B خاطئة",
        "ليست الإجابة B",
        "B هي إجابة خاطئة",
    ],
    "Hindi": [
        "B नहीं",
        "B गलत है",
        "उत्तर B नहीं है",
        "B नहीं हो सकता",
        "B को छोड़कर",
        "B के अलावा सभी",
        "विकल्प B गलत है",
        "B सही नहीं है",
        "मुझे नहीं लगता कि उत्तर B है",
        "सही उत्तर B नहीं",
    ],
    "Vietnamese": [
        "không phải B",
        "B là sai",
        "Câu trả lời không phải là B",
        "Đáp án không thể là B",
        "B không đúng",
        "Tất cả trừ B",
        "Tôi không nghĩ đáp án là B",
    ],
    "Indonesian": [
        "bukan B",
        "B salah",
        "Jawabannya bukan B",
        "Jawabannya tidak mungkin B",
        "B tidak benar",
        "Semua kecuali B",
        "Saya tidak yakin jawabannya adalah B",
    ],
    "Swahili": ["siyo B", "B si sahihi", "Jibu si B", "Jibu siyo B", "Yote isipokuwa B", "Sidhani jibu ni B"],
    "Thai": [
        "ไม่ใช่ B",
        "B ผิด",
        "คำตอบไม่ใช่ B",
        "B ไม่ถูกต้อง",
        "ทุกข้อยกเว้น B",
        "ฉันไม่คิดว่าคำตอบคือ B",
    ],
    "Bengali": ["B নয়", "B ভুল", "উত্তর B নয়", "B সঠিক নয়", "B ছাড়া সব", "B হতে পারে না"],
    "Telugu": ["B కాదు", "B తప్పు", "సమాధానం B కాదు", "B సరైన సమాధానం కాదు", "B తప్ప అన్నీ"],
    "Ukrainian": [
        "не B",
        "B неправильно",
        "Відповідь не B",
        "Усі крім B",
        "B не підходить",
        "Я не думаю, що відповідь: B",
    ],
}


def paid(check, completion, reference):
    return float(check(make_sample(completion, reference))) > 0


def test_every_language_that_announces_an_answer_can_deny_it():
    assert DENYING.keys() == ANNOUNCED.keys() == DENIALS.keys()


@pytest.mark.parametrize("language", DENIALS)
def test_a_denied_answer_is_never_paid(language):
    for text in DENIALS[language]:
        for form in ("B", "(B)", "**B**", '"B"', "B)"):
            for end in ("", ".", "\nThis is explained above"):
                denial = text.replace("B", form) + end
                assert not choice_letter(denial), denial
                assert not paid(choice_set(), denial, "B"), denial
                word = denial.replace("B", "dog")
                assert not paid(label(["cat", "dog"]), word, "dog"), word


QUESTIONS = [
    "Is it {}?",
    "{}?",
    "Could it be {} then?",
    "Answer: {}?",
    "<answer>{}?</answer>",
    "**{}**?",
    "Ist es {}?",
    "\u00bfEs {}?",
    "\u5b83\u662f{}\u5417\uff1f",
    "{}\u3067\u3059\u304b\uff1f",
    "{}\uc785\ub2c8\uae4c?",
    "\u0647\u0644 \u0647\u0648 {}\u061f",
]
ASKED = [
    (choice(), "B"),
    (label(["cat", "dog"]), "dog"),
    (yes_no(), "yes"),
    (number(), "72"),
    (choice(options="options"), "B"),
]


@pytest.mark.parametrize(("check", "answer"), ASKED)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_claims_nothing(question, check, answer):
    for spelled in (answer, f"({answer})"):
        sample = make_sample(question.format(spelled), answer, options=["cat", "dog"])
        assert check(sample).metrics["unread"] or not check(sample).value, sample.completion


@pytest.mark.parametrize("said", ["{}", "It is {}.", "Answer: {}", "{}. Does that help?"])
@pytest.mark.parametrize("question", ["Which one?", "Is it so in all 3 cases?", "Who knows?\n"])
@pytest.mark.parametrize(("check", "answer"), ASKED[:4])
def test_an_answer_after_a_question_counts(question, said, check, answer):
    if answer == "B" and said != "Answer: {}":
        said = said.replace("{}", "**{}**")
    assert paid(check, f"{question} {said.format(answer)}", answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Is it true? Yes.", "yes"),
        ("Is it true? No.", "no"),
        ("Is it true or false? True.", "yes"),
        ("Do you want a yes or a no? No.", "no"),
        ("True?\n\nFalse.", "no"),
        ("\u662f\u5417\uff1f\u4e0d\u662f\u3002", "no"),
    ],
)
def test_the_answer_to_a_question_counts(text, answer):
    for other in ("yes", "no"):
        assert paid(yes_no(), text, other) is (other == answer)


def test_a_yes_claims_the_answer_in_the_question():
    assert paid(label(["cat", "dog"]), "Is it a dog? Yes.", "dog")
    assert not paid(label(["cat", "dog"]), "Is it a dog? No.", "dog")
    assert paid(choice(), "Is it (B)? Yes.", "B")


def test_an_option_that_is_a_question_is_still_an_answer():
    texts = ["Who wrote it?", "What is it?"]
    for text in ("B) What is it?", "Answer: B) What is it?", "What is it?", "Answer: What is it?"):
        assert float(choice(options="options")(make_sample(text, "B", options=texts))), text
    assert paid(choice(), "Answer: B) What is it?", "B")


WORDS = sorted({word for rows in DENIALS.values() for text in rows for word in re.findall(r"[^\sB.]+", text)})
PIECES = st.sampled_from(WORDS) | st.sampled_from(
    ["B", "A", "Suppose", "if", "so", "but", "dog", "I", "no doubt"]
)
ENDS = st.sampled_from([" ", " ", " ", "", "\t", "\n", ". ", ".", ", ", "; ", "\u0130 ", "**", "(", ") "])
TEXTS = st.lists(st.tuples(PIECES, ENDS), max_size=14).map(lambda pairs: "".join(map("".join, pairs)))


def clause_before(text, end):
    """Return the clause before a position, computed without shortcuts."""
    words = small(text[max(0, end - _denials._CLAUSE) : end])
    return _denials.NO_DOUBT.sub("", _denials._CLAUSE_END.split(words)[-1])


@settings(max_examples=150)
@given(TEXTS, TEXTS)
def test_the_shortcuts_find_the_same_denials_and_doubts_as_the_full_analysis(before, behind):
    text, start, end = f"{before}B{behind}", len(before), len(before) + 1
    clause = clause_before(text, start)
    behind_it = _denials._DENIED_BEHIND[False].match(small(text), end)
    before_it = _denials._DENIED_BEFORE[False].search(clause)
    assert is_denied(text, start, end) == bool(behind_it or before_it), text
    assert is_doubted(text, start) == bool(_denials._DOUBTED[False].search(clause)), text
    assert may_deny(text, start, start) or not (before_it or is_doubted(text, start)), text


def test_lower_case_keeps_positions():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert len(small(every)) == len(every)


COLUMNS = [
    (language, column)
    for language, row in DENYING.items()
    for column in row._fields
    if getattr(row, column) != "(?!)"
]


def generated(language, column):
    return st.from_regex(re.compile(getattr(DENYING[language], column)), fullmatch=True)


def holds(language, column, said):
    """Check that the shortcuts' assumptions hold for a match of a column."""
    if column in ("before", "doubt"):
        assert _denials._find_cue(said)
    if column == "behind":
        assert said[:1] not in _denials._NEVER_DENYING
    if not is_latin(DENYING[language]):
        assert not said.isascii()


@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.data())
def test_no_generated_denial_escapes_the_shortcuts(data):
    language, column = data.draw(st.sampled_from(COLUMNS))
    holds(language, column, data.draw(generated(language, column)))


@pytest.mark.slow
@pytest.mark.parametrize(("language", "column"), COLUMNS)
def test_no_denial_of_a_column_escapes_the_shortcuts(language, column):
    @settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
    @given(generated(language, column))
    def check(said):
        holds(language, column, said)

    check()


def test_every_row_is_in_lower_case():
    for row in DENYING.values():
        for part in row:
            bare = re.sub(r"\\.", "", part)
            assert bare == small(bare)
