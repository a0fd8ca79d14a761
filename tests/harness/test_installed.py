from __future__ import annotations

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from harness.installed import owners


def test_every_module_is_held_by_whom_the_standard_library_names() -> None:
    told, found = packages_distributions(), owners()
    assert {"boto3", "openai", "orjson", "yaml", "dateutil", "re2"} <= found.keys()
    assert {module: sorted(names) for module, names in found.items()} == {
        module: sorted(names) for module, names in told.items() if module in found
    }


def add(folder: Path, name: str, **files: str) -> None:
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n\nName: a description\n"
    )
    for file, text in files.items():
        (info / file.replace("_txt", ".txt")).write_text(text)


def test_modules_are_folders_files_and_compiled_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = (
        'pack/inner/deep.py,,\nlone.py,,\nfast.abi3.so,,\n"odd, name/x.py",,\npack.libs/libz.so,,\n'
        "../../bin/tool.py,,\npack/data.json,,\nmade-1.dist-info/METADATA,,\n"
    )
    add(tmp_path, "made", RECORD=record)
    add(tmp_path, "told", top_level_txt="first\n_second\n", RECORD="other.py,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    owners.cache_clear()
    try:
        found = {module for module, names in owners().items() if {"made", "told"} & set(names)}
    finally:
        owners.cache_clear()
    assert found == {"pack", "lone", "fast", "odd, name", "first", "_second"}
