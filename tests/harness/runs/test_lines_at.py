from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.json_lines import lines, place_of
from harness.data.sources import source_from, source_of
from harness.rollouts.read import read_rollouts
from harness.runs.lines_at import lines_at

LINE = st.sampled_from(
    [b"", b" ", b'{"a": 1}', b'{"messages": [{"role": "assistant"}]}', b"x" * 700, b"\xc3"]
)
END = st.sampled_from([b"\n", b"\r\n"])
PART = st.tuples(st.lists(st.tuples(LINE, END), max_size=8), st.booleans())


def text_of(part: tuple[list[tuple[bytes, bytes]], bool]) -> bytes:
    found = b"".join(line + end for line, end in part[0])
    return found if part[1] else found.removesuffix(b"\n")


@settings(max_examples=60)
@given(
    parts=st.lists(PART, min_size=1, max_size=4),
    share=st.lists(st.floats(0, 1), max_size=5),
    packed=st.booleans(),
    chosen=st.randoms(),
)
def test_shards_and_single_lines_are_those_of_the_files_together(
    parts: list[tuple[list[tuple[bytes, bytes]], bool]],
    share: list[float],
    packed: bool,
    chosen: random.Random,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    texts = [text_of(part) for part in parts]
    for number, text in enumerate(texts):
        name = folder / f"{number}.jsonl"
        name.write_bytes(text)
    joined = b"".join(text if text.endswith(b"\n") or not text else text + b"\n" for text in texts)
    (folder / "whole.jsonl").write_bytes(joined)
    source = source_of(*(folder / f"{number}.jsonl" for number in range(len(texts))))
    again = source_from(source.facts)
    assert again.size is not None
    cuts = [0, *sorted(int(again.size * part) for part in share), again.size]
    shards = [
        one for start, end in zip(cuts, cuts[1:], strict=False) for one in read_rollouts(again, start, end)
    ]
    assert shards == list(read_rollouts(folder / "whole.jsonl"))
    whole = list(lines(folder / "whole.jsonl"))
    wanted = sorted(chosen.sample(whole, len(whole) // 2))
    if packed:
        (folder / "packed").write_bytes(gzip.compress(joined))
        again = source_of(folder / "packed")
    assert list(lines_at(again, [at for at, _ in reversed(wanted)])) == wanted


def test_lines_far_apart_are_read_without_what_lies_between(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"one\n" + b"x" * 3_000_000 + b"\ntwo\nthree")
    source = source_of(path)
    found = list(lines_at(source, [3_000_005, 0, 3_000_009, 0]))
    assert found == [(0, b"one"), (3_000_005, b"two"), (3_000_009, b"three")]
    assert place_of(source, 3_000_009) == f"{path}:4"
