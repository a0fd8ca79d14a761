import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.declared import declared_templates, prompt_of
from harness.audit.formats import SLOT, WORKING, Format

ASKED = [
    ('Think step by step and output the final answer after "####".', "#### {a}"),
    ("End with #### and the number.", "#### {a}"),
    ("Show your reasoning, then write it in the format: ANSWER: <your answer>", "ANSWER: {a}"),
    ("Provide your final answer between <answer> and </answer> tags.", "<answer>{a}</answer>"),
    ("Put the letter in <final> tags, like <final>X</final>.", "<final>{a}</final>"),
    ("Put the final answer in \\boxed{}.", "\\boxed{{a}}"),
    (
        "Think in <think></think>, then answer in <answer></answer>.",
        f"<think>{WORKING}</think>\n<answer>{{a}}</answer>",
    ),
    ("Answer in <answer>\\boxed{...}</answer>.", "<answer>\\boxed{{a}}</answer>"),
    ("End with the line 'Final answer: X' where X is the letter.", "Final answer: {a}"),
    ("Finish with a line that says Answer: and the number.", "Answer: {a}"),
    ("End with a line that says Answer: yes or Answer: no.", "Answer: {a}"),
    ('Finish with "The answer is N."', "The answer is {a}."),
    ('Write "So the total is" followed by the number.', "So the total is {a}"),
    ("Start your answer with `Verdict:`", "Verdict: {a}"),
    ("Reply with a letter such as (B).", "({a})"),
    ("Return [[A]] or [[B]].", "[[{a}]]"),
    ("Format:\nReasoning: ...\nAnswer: <yes or no>", f"Reasoning: {WORKING}\nAnswer: {{a}}"),
    (
        'Respond with JSON: {"reasoning": "...", "label": "spam"}',
        f'{{"reasoning": "{WORKING}", "label": "{{a}}"}}',
    ),
    ('Reply with a JSON object with the key "team".', '{"team": "{a}"}'),
    (
        "Answer like this:\n<reasoning>\n...\n</reasoning>\n<answer>\n...\n</answer>\nUse \\boxed{} in it.",
        f"<reasoning>\n{WORKING}\n</reasoning>\n<answer>\n\\boxed{{{{a}}}}\n</answer>",
    ),
    ("Reply with two lines:\nAnswer: <number>\nConfidence: <0-100>", "Answer: {a}\nConfidence: 90"),
    ("Choose Option A, Option B or Option C.", "Option {a}"),
    ("请回答，最后写“答案：”加数字。", "答案： {a}"),
    ("Put the code in a ```python block.", "```python\n{a}\n```"),
    ("Give the JSON object in a ```json block.", "```json\n{a}\n```"),
    ("Write the answer in bold.", "**{a}**"),
    ("Write the answer on the last line.", f"{WORKING}\n{{a}}"),
    ("Reply with the name only.", "{a}"),
]


@pytest.mark.parametrize(("prompt", "template"), ASKED)
def test_the_format_that_prompts_ask_for_is_among_the_first(prompt, template):
    found = declared_templates([f"What is {n}? {prompt}" for n in range(4)])
    assert template in found[:4]


def test_a_phrase_in_few_prompts_is_about_their_content():
    prompts = ['He said "the price is:" and left. Reply in <answer> tags.', *["Reply in <answer> tags."] * 7]
    assert declared_templates(prompts) == ["<answer>{a}</answer>"]


def test_the_prompt_includes_all_messages_to_the_model():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What?"}, {"type": "image"}]},
        {"role": "assistant", "content": "An example."},
    ]
    assert prompt_of({"messages": messages}) == "Be brief.\nWhat?"
    assert prompt_of({"messages": None}) == ""


def test_a_text_in_a_json_format_is_escaped():
    assert Format('{"answer": "{a}"}').fill('say "hi"') == '{"answer": "say \\"hi\\""}'


@given(st.text(max_size=200))
def test_every_template_of_any_prompt_has_one_slot(prompt):
    for template in declared_templates([prompt]):
        assert template.replace(WORKING, "").count(SLOT) >= 1
