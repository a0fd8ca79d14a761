import re
from posixpath import normpath

import pytest

from harness.cli.groups import VERBS
from support.readme import README
from tools.docs_site import first_sentence, main, nav_pages, pages
from tools.reference_pages import fixture_names, plain, public_names

_CODE = re.compile(r"^```.*?^```|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module", name="written")
def _written() -> dict[str, str]:
    return pages()


def test_the_menu_has_every_page_once(written):
    assert sorted(page for _, _, page in nav_pages()) == sorted(written)


def test_every_verb_and_every_public_name_is_in_the_reference(written):
    for verb in VERBS:
        assert written[f"reference/rft/{verb}.md"].startswith(f"# rft {verb}\n")
    for module, names in public_names().items():
        page = written[f"reference/python/{module}.md"]
        assert [name for name in names if f"\n## {name}\n" not in page] == []


def test_every_option_of_a_verb_is_on_its_page_with_its_default(written):
    page = written["reference/rft/replay.md"]
    assert "| `-g, --grader MODULE:NAME` | " in page
    assert re.search(r"^\| `--name NAME` \| \w", page, re.MULTILINE)
    assert "default: runs" in page


def test_the_list_of_commands_has_every_verb_and_the_exit_codes(written):
    page = written["reference/rft/index.md"]
    assert re.findall(r"^\| \[`rft ([a-z-]+)`\]\(\1\.md\) \|", page, re.MULTILINE) == list(VERBS)
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == ["0", "1", "2", "3", "130"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_its_exit_codes(verb, written):
    page = written[f"reference/rft/{verb}.md"]
    assert ("Exit codes: " in page) != ("(index.md#exit-codes)" in page) or verb == "files"


@pytest.mark.parametrize("verb", VERBS)
def test_every_row_of_a_table_has_two_cells(verb, written):
    rows = [line for line in written[f"reference/rft/{verb}.md"].splitlines() if line.startswith("|")]
    assert [row for row in rows if len(re.findall(r"(?<!\\)\|", row)) != 3 or row.endswith("|  |")] == []


def test_the_pytest_fixtures_and_what_they_return_have_a_page(written):
    page = written["reference/python/pytest.md"]
    public = (README.parent / "docs/stability.md").read_text(encoding="utf-8")
    assert len(fixture_names()) == 4
    for name in fixture_names():
        assert f"\n## {name}\n" in page
        assert f"`{name}`" in public
    assert "\n### Replayed.assert_agrees\n\n```python\nassert_agrees(at_least: float = 1.0) -> None\n" in page


def test_examples_are_code(written):
    page = written["reference/python/graders.adapters.md"].partition("\n## as_trl\n")[2].partition("\n## ")[0]
    assert "**Example**\n\n```pycon\n>>> from graders import grader\n" in page


def test_an_error_says_which_error_it_is(written):
    page = written["reference/python/graders.md"]
    assert "## AnswerIdError\n\n```python\nclass AnswerIdError(EventError)\n```" in page
    assert "```python\n\n```" not in page


def test_a_public_function_has_its_signature_arguments_and_errors(written):
    page = written["reference/python/graders.combine.md"].partition("## gated\n")[2].partition("\n## ")[0]
    assert "gated(correct: Part, extras: Mapping[str, Part], *, share: float = 0.2) -> Reward" in page
    assert "| `share` | " in page
    assert "- `ConfigurationError`: " in page


def test_no_page_says_anything_about_a_name_twice(written):
    page = written["reference/python/graders.md"]
    again = written["reference/python/graders.reward.md"]
    assert page.count("\n## Reward\n") == 1
    assert "See [`graders.Reward`](graders.md#reward)." in again


def test_links_of_the_readme_lead_to_pages_of_the_site(written):
    linked = re.findall(r"\]\(([\w./-]+)(?:#[\w-]*)?\)", written["index.md"])
    pages = {path for path in linked if not path.startswith("images/")}
    assert len(pages) > 20
    assert pages <= set(written)


def test_a_link_to_a_file_without_a_page_is_its_text(written):
    assert "](template.yaml)" in README.read_text(encoding="utf-8")
    assert "](template.yaml)" not in written["index.md"]
    assert "template.yaml" in written["index.md"]


@pytest.mark.parametrize("page", [page for _, _, page in nav_pages()])
def test_every_link_leads_to_a_heading_that_exists(page, written):
    prose = _CODE.sub("", written[page])
    for path, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)(?:#([\w-]+))?\)", prose):
        target = normpath(f"{page}/../{path}") if path else page
        assert target in written or target.startswith("images/"), path
        assert not anchor or anchor in anchors(written[target]), f"{path}#{anchor}"


def anchors(text: str) -> set[str]:
    """Return the anchors that Python-Markdown gives to a page's headings."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    plain_headings = (
        re.sub(r"[`*\\]", "", heading) for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    )
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", one).strip().lower()) for one in plain_headings}


def test_pages_and_urls_that_docstrings_name_become_links(written):
    assert "[contract.md](../../contract.md)" in written["reference/python/graders.sample.md"]
    assert "(<https://huggingface.co/docs/trl>)" in written["reference/python/graders.adapters.trl.md"]
    left = [page for page, text in written.items() if page.startswith("reference/") and "`docs/" in text]
    assert left == []


def test_a_link_in_code_stays(written):
    assert "`Two [1](a.html)`" in written["grounding.md"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("`a | b` *c*", r"`a \| b` \*c\*"),
        ("<think> [x](y)", r"&lt;think> \[x\](y)"),
    ],
)
def test_text_that_is_no_markup_stays_text(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("# A\n\n```text\nB. C.\n```\n\nD `e. f` [g](h.md) i. J.\n", "D `e. f` g i."),
        ("# A\n\n**B** and\nc.\n\nD.\n", "B and c."),
        ("# A\n\nB C\\_D? E.\n", "B C_D?"),
        ("# A\n", ""),
    ],
)
def test_the_first_sentence_of_a_page(page, sentence):
    assert first_sentence(page) == sentence


def test_the_list_for_models_has_every_page(tmp_path, written):
    assert main([str(tmp_path / "site")]) == 0
    listed = re.findall(r"^- \[.+?\]\((.+?)\): \S", (tmp_path / "site/llms.txt").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(written)


def test_a_call_without_a_folder_is_refused(capsys):
    assert main([]) == 2
    assert "usage: python -m tools.docs_site FOLDER" in capsys.readouterr().err


def test_the_site_has_the_readme_s_pictures():
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text(encoding="utf-8")):
        assert picture.startswith("docs/images/")
