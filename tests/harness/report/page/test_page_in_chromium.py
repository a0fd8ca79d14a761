"""The page in a real browser. Skipped without Chromium.

Set `RFT_AXE=path/to/axe.min.js` to also run axe-core's accessibility rules.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report.page.contents import page_of
from harness.report.page.writing import write_page
from support.chromium import CHROMIUM, Tab, chromium
from support.finished_runs import finished_run
from support.rollout_files import rollout
from support.run_records import row_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

AXE = os.environ.get("RFT_AXE")
READY = """new Promise(done => {
  const root = document.documentElement;
  const look = () => root.dataset.ready ? done(true) : setTimeout(look, 10);
  look();
})"""
WAYS_OUT = [
    "</script><script>hit()</script>",
    "<img src=x onerror=hit()><svg onload=hit()>",
    "javascript:hit()",
    "<style>@import url(http://localhost:1/x)</style>",
    "<iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "\u202eright to left\u2066 hidden\u200b \x00\x1b[31m \ud800",
    "{{ hit() }} ${hit()} `hit()` <!-- ]]> &lt;script&gt;",
    "",
]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rollouts: list[Any] = []
    rows: list[Any] = []
    for number, text in enumerate(WAYS_OUT * 3):
        one = rollout(text, text, text)
        one["messages"].insert(0, {"role": text, "content": f"<think>{text}</think>{text}"})
        rollouts.append({**one, "model": text})
        error = {"kind": "exception", "message": text}
        more: dict[str, Any] = {"error": error} if number % 4 == 3 else {"metrics": {text: 0.5, "m": number}}
        more["reason"] = f"because {text}"
        reward = None if number % 4 == 3 else number % 3 / 2
        reward = -1e99 if number == 5 else reward
        rows.append(row_of(text, reward, group=f"{text}{number % 2}", label=text or True, **more))
    folder = tmp_path_factory.mktemp("nasty")
    path = folder / "page.html"
    write_page(page_of(finished_run(folder, rollouts, rows, label="ok")), path)
    return path


def shown(tab: Tab, path: Path, address: str = "") -> None:
    tab.go("about:blank")  # a browser does not reload an address of which only the fragment changes
    tab.go(path.as_uri() + address)
    assert tab.value(READY)


def text_of(tab: Tab, selector: str) -> str:
    return str(tab.value(f"document.querySelector({json.dumps(selector)}).textContent"))


def press(tab: Tab, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        text = {"text": key} if len(key) == 1 and kind == "keyDown" else {}
        tab.ask("Input.dispatchKeyEvent", type=kind, key=key, **text)


def test_nothing_of_the_data_runs_and_nothing_is_loaded(tab: Tab, nasty: Path) -> None:
    tab.ask("Page.addScriptToEvaluateOnNewDocument", source="window.hits = 0; window.hit = () => hits++;")
    shown(tab, nasty, "#difference=1")
    for _ in WAYS_OUT * 3:
        press(tab, "j")
    tab.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.value("hits") == 0
    assert tab.value("document.querySelectorAll('img, iframe, object, embed, link').length") == 0
    assert tab.value("document.querySelectorAll('script').length") == 2
    assert tab.complaints() == []
    assert tab.requests() == [nasty.as_uri()]
    assert not [event for event in tab.events if event.get("method") == "Page.javascriptDialogOpening"]


def test_hidden_characters_are_shown(tab: Tab, nasty: Path) -> None:
    shown(tab, nasty, "#q=right%20to%20left")
    hidden = "[...document.querySelectorAll('#detail pre .hidden-character')].map(each => each.textContent)"
    assert {"U+202E", "U+2066", "U+200B", "U+0000", "U+001B", "U+D800"} <= set(tab.value(hidden))
    assert "\u202e" not in text_of(tab, "main")


def test_a_graders_reason_stands_beside_the_reward(tab: Tab, nasty: Path) -> None:
    shown(tab, nasty, "#sample=1")
    assert f"because {WAYS_OUT[1]}" in text_of(tab, "#detail dl")


def test_an_address_and_the_keys_lead_to_samples(tab: Tab, nasty: Path) -> None:
    shown(tab, nasty, "#show=failed&sample=7")
    assert text_of(tab, "#count").startswith("6 of 24 samples")
    assert "(empty)" not in text_of(tab, "#detail .failure")
    press(tab, "j")
    assert tab.value("location.hash") == "#show=failed&sample=11"
    press(tab, "k")
    press(tab, "k")
    assert tab.value("location.hash") == "#show=failed&sample=3"
    press(tab, "/")
    assert tab.value("document.activeElement.id") == "q"
    press(tab, "j")
    assert tab.value("document.getElementById('q').value") == "j"
    press(tab, "Escape")
    press(tab, "Escape")
    assert text_of(tab, "#count") == "24 samples"
    press(tab, "?")
    assert tab.value("document.getElementById('keys').open")
    assert tab.complaints() == []


@pytest.mark.parametrize(
    "address", ["#samples", "#q=%", "#sample=x&show=no&metric=no&sort=no", "#__proto__=1"]
)
def test_any_address_shows_something(tab: Tab, nasty: Path, address: str) -> None:
    shown(tab, nasty, address)
    assert "sample" in text_of(tab, "#count")
    assert tab.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_fits_every_width(tab: Tab, nasty: Path, width: int, dark: bool) -> None:
    tab.resize(width, dark=dark)
    shown(tab, nasty)
    tab.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.value("document.documentElement.scrollWidth") <= width
    background = tab.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 384) == dark


@pytest.mark.skipif(AXE is None, reason="RFT_AXE does not name axe.min.js")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(tab: Tab, nasty: Path, dark: bool) -> None:
    assert AXE is not None
    tab.resize(1280, dark=dark)
    shown(tab, nasty, "#difference=1")
    tab.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    tab.value(Path(AXE).read_text(encoding="utf-8") + "\n;0")
    found = tab.value(
        "axe.run().then(all => all.violations.map(each => [each.impact, each.id,"
        " each.nodes.slice(0, 3).map(node => node.html + ' ' + node.failureSummary)]))"
    )
    assert tab.value("axe.run().then(all => all.passes.length)") > 10
    assert [each for each in found if each[0] in ("serious", "critical")] == []


def test_twenty_thousand_samples_are_three_megabytes_at_most(
    tab: Tab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = "the of a number is so we add then each day total costs apples left sold dollars week".split()
    folder = tmp_path_factory.mktemp("large")
    rollouts = []
    for number in range(20_000):
        text = " ".join(words[(number * 7 + at * at * (number % 13 + 1)) % len(words)] for at in range(80))
        rollouts.append(rollout(f"s{number}", text[:294] + f"{number:6}", "72", record=f"r{number // 4}"))
    rows = [row_of(f"s{number}", number % 5 / 4, group=f"r{number // 4}") for number in range(20_000)]
    path = folder / "page.html"
    assert write_page(page_of(finished_run(folder, rollouts, rows)), path).bytes <= 3_000_000
    shown(tab, path)
    assert text_of(tab, "#count") == "20,000 samples"
    assert tab.value("document.querySelectorAll('.row').length") < 60
    assert tab.complaints() == []
