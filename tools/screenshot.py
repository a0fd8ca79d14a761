"""Takes a picture of a report page for the README with headless Chromium: `python -m tools.screenshot`.

The program replays the shipped samples with the grader of `rft demo` and writes their report page. The page's
first screen becomes `docs/images/report.png`. Run it again when the page's design changes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.samples import ROLLOUTS

__all__ = ["main"]

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1100, 780
_RFT = (sys.executable, "-m", "harness.cli.main")
_CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--window-size={WIDTH},{HEIGHT}",
)


def main(picture: Path = PICTURE) -> int:
    """Take the picture.

    Args:
        picture: The PNG file to write.

    Returns:
        The exit code: 0, or 2 without Chromium.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.stderr.write("Chromium is needed for this: install the package chromium.\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        grader = ("--grader", "graders.examples.word_problems:word_problem")
        replay = ("replay", str(ROLLOUTS), *grader, "--label", "is_right", "--name", "word-problems")
        for words in (replay, ("report", "word-problems")):
            subprocess.run([*_RFT, *words], cwd=folder, check=True, capture_output=True)
        page = Path(folder, "runs", "word-problems.html").as_uri()
        picture.parent.mkdir(exist_ok=True)
        screenshot = (f"--user-data-dir={folder}/profile", f"--screenshot={picture}", page)
        subprocess.run([chromium, *_CHROMIUM, *screenshot], check=True, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
