from __future__ import annotations

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from graders.extract._late import late


@given(st.text("ab ", max_size=8))
def test_a_late_pattern_finds_the_same_as_the_compiled_one(text):
    compiled, lazy = re.compile("A+ ?", re.IGNORECASE), late("A+ ?", re.IGNORECASE)
    assert [one.span() for one in lazy.finditer(text)] == [one.span() for one in compiled.finditer(text)]
    assert lazy.sub("-", text) == compiled.sub("-", text)
    assert lazy.pattern == compiled.pattern


def test_importing_a_grader_of_numbers_compiles_few_patterns():
    code = (
        "import re; made = []; compile = re.compile\n"
        "re.compile = lambda *given: made.append(given) or compile(*given)\n"
        "import graders.extract; print(len(made))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 12
