from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.json_lines import lines
from harness.report.page.contents import ReportPage, page_of
from harness.report.page.packing import unpacked
from harness.report.page.unrewarded import FailureCounts
from harness.report.page.writing import html_of, write_page
from harness.runs.store import Run
from support.finished_runs import finished_run
from support.rollout_files import rollout
from support.run_records import row_of, unknown_grader

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e{{ 7 * 7 }}]]><!--"


class Parsed(HTMLParser):
    """The elements, attributes, text and inline blocks of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: list[tuple[str, dict[str, str | None], str]] = []
        self.text = ""
        self._inside: tuple[str, dict[str, str | None]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.text += data
        elif self.blocks and self.blocks[-1][:2] == self._inside:
            self.blocks[-1] = (*self._inside, self.blocks[-1][2] + data)
        else:
            self.blocks.append((*self._inside, data))

    def block(self, tag: str, **attributes: str) -> str:
        found = [text for name, given, text in self.blocks if name == tag and given == attributes]
        assert len(found) == 1
        return found[0]


def nasty_run(folder: Path, **facts: Any) -> Run:
    rollouts = [{**rollout(NASTY, NASTY, NASTY), "record": NASTY}, rollout("b", "7", "72"), b"no rollout"]
    rows = [
        row_of(NASTY, 1.0, group=NASTY, metrics={NASTY: 1.0}, label=NASTY),
        row_of("b", None, error={"kind": "exception", "message": NASTY}),
        row_of(None, None, group=None, error={"kind": "input", "message": "no rollout"}),
    ]
    return finished_run(folder, rollouts, rows, label="ok", **facts)


@pytest.fixture
def page(tmp_path: Path) -> ReportPage:
    return page_of(nasty_run(tmp_path))


def test_the_policy_allows_the_page_s_own_blocks_and_nothing_else(page: ReportPage) -> None:
    parsed = Parsed(html_of(page))
    metas = [given for tag, given in parsed.elements if tag == "meta"]
    policy = next(given["content"] for given in metas if given.get("http-equiv"))
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        digest = base64.b64encode(hashlib.sha256(parsed.block(tag).encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    # The policy governs only what comes after it.
    order = [tag for tag, given in parsed.elements if tag in ("style", "script") or given.get("http-equiv")]
    assert order == ["meta", "style", "script", "script"]


def test_nothing_is_loaded_and_no_attribute_runs(page: ReportPage) -> None:
    html = html_of(page)
    parsed = Parsed(html)
    for tag, attributes in parsed.elements:
        assert tag not in ("img", "link", "iframe", "object", "embed", "base", "audio", "video")
        assert not {"src", "srcset", "style", "srcdoc", "action", "formaction"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#") is not None
        assert str(attributes.get("href", "#")).startswith("#")
    own = parsed.block("script") + parsed.block("style")
    assert set(re.findall(r"https?://[^\s\"')]+", own)) <= {"https://github.com/leeoniya/uPlot"}
    assert "@import" not in own
    assert "url(" not in parsed.block("style")
    for unsafe in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch("):
        assert unsafe not in parsed.block("script")


def test_text_of_the_data_ends_no_block_and_is_no_markup(page: ReportPage) -> None:
    html = html_of(page)
    parsed = Parsed(html)
    assert "alert(1)</script>" not in html
    assert len([tag for tag, _ in parsed.elements if tag == "script"]) == 2
    assert "\u202e" not in html
    assert "\\u202e" in parsed.text
    assert "{{ 7 * 7 }}" in parsed.text
    data = unpacked(parsed.block("script", type="text/plain", id="data"))["samples"]
    assert data["texts"]["completion"] == [NASTY, "7", "no rollout"]
    assert data["errors"] == [["exception", NASTY], ["input", "no rollout"]]
    assert data["groups"] == [NASTY, "g"]


def test_names_of_parts_of_the_page_are_its_own(page: ReportPage) -> None:
    ids = [given["id"] for _, given in Parsed(html_of(page)).elements if "id" in given]
    assert len(ids) == len(set(ids))


def test_a_page_says_what_is_not_known(tmp_path: Path) -> None:
    run = finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", 3.0)], grader=unknown_grader())
    page = page_of(run)
    assert ("Range", "not known") in page.facts
    assert "range is not known" in html_of(page)


def test_a_run_without_rewards_has_a_page(tmp_path: Path) -> None:
    page = page_of(finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", None)]))
    assert page.verdict.word == "Fix the grader"
    assert page.lengths is None
    assert "KeyError" in html_of(page)


def test_an_empty_run_has_a_page(tmp_path: Path) -> None:
    page = page_of(finished_run(tmp_path, [], []))
    assert (page.held, page.gradings, page.groups) == (0, 0, 0)
    assert "first" in html_of(page)


def test_a_run_whose_rollouts_have_gone_has_its_rewards(tmp_path: Path) -> None:
    run = finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", 1.0)])
    for change in (lambda path: path.write_bytes(b"{}\n" * 99), Path.unlink):
        change(Path(run.rollouts_name))
        page = page_of(run)
        assert unpacked(page.data)["samples"]["texts"] is None
        assert [remark for remark in page.remarks if "gone or has changed" in remark]


ODD_IDS = st.none() | st.floats() | st.text(st.characters(), max_size=5) | st.lists(st.none(), max_size=1)
REWARDS = st.none() | st.sampled_from([0.0, 1.0, -1e99, 1e99, 5e-324]) | st.floats(-9, 9)
LINES = st.sampled_from(
    [rollout("a", "7", None), b"{", b"null", {"messages": [5]}, rollout("", "", {"a": 1})]
)
ROWS = st.lists(
    st.tuples(LINES, ODD_IDS, REWARDS, st.sampled_from(["__proto__", "g\ud800", "r"]), ODD_IDS), max_size=30
)


@settings(max_examples=15)
@given(given_rows=ROWS, known=st.booleans())
def test_any_run_has_a_page(
    given_rows: list[Any], known: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [
        row_of(key, reward, group=group, label=label, metrics={group: 1.0} if reward is not None else {})
        for _, key, reward, group, label in given_rows
    ]
    facts = {} if known else {"grader": unknown_grader()}
    rollouts = [each[0] for each in given_rows]
    run = finished_run(tmp_path_factory.mktemp("run"), rollouts, rows, label="ok", **facts)
    page = page_of(run, against=run if rows else None)
    assert page.held == len(rows)
    assert Parsed(html_of(page)).elements


def test_messages_of_failures_are_neither_endless_nor_without_number(tmp_path: Path) -> None:
    counts = FailureCounts()
    for number in range(10_020):
        counts.add(row_of("x", None, error={"kind": "exception", "message": f"{number} " + "m" * 9_000}))
    ordered = counts.ordered()
    assert ordered[0] == (("exception", "(other messages, not counted separately)"), 20)
    assert len(ordered) == 10_001
    assert max(len(message) for (_, message), _ in ordered) < 2_100


def test_a_page_of_excerpts_says_so(tmp_path: Path) -> None:
    texts = [rollout(str(number), f"{number} " + "word " * 900, "72") for number in range(400)]
    run = finished_run(tmp_path, texts, [row_of(number, 1.0) for number in range(400)])
    page = page_of(run, most_characters=100_000)
    assert [remark for remark in page.remarks if "too large for one page" in remark]
    assert len(page.data) < 400 * 900


def test_the_file_is_replaced_in_one_step(tmp_path: Path, page: ReportPage) -> None:
    path = tmp_path / "new" / "page.html"
    written = write_page(page, path)
    assert written == write_page(page, path)
    assert path.stat().st_size == written.bytes
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]
    assert next(lines(path))[1] == b"<!doctype html>"
