"""Packages installed for Lambda from a local index."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import zipfile

import pytest

from harness.deploy import vendor
from harness.deploy.artifact import Recipe, build
from harness.deploy.vendor import included_files, install_requirements
from harness.errors import InputError


def _digest(text):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class Index:
    """A folder of packages that pip uses as its index."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def wheel(self, name, version="1.0", tag="py3-none-any", requires=(), held=None, python=">=3.8"):
        file = self.folder / f"{name}-{version}-{tag}.whl"
        information = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}\n"
        metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
        files = {
            f"{name}.py": f"VERSION = {version!r}\n",
            f"{name}-{version}.data/scripts/{name}-script": "#!python\n",
            **(held or {}),
            f"{information}/METADATA": metadata,
            f"{information}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        record = "".join(f"{each},{_digest(text)},{len(text)}\n" for each, text in files.items())
        with zipfile.ZipFile(file, "w") as archive:
            for each, text in files.items():
                archive.writestr(each, text)
            archive.writestr(f"{information}/RECORD", f"{record}{information}/RECORD,,\n")
        return file

    def source(self, name, version="1.0"):
        with tarfile.open(self.folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
            entry = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))

    def asking(self, *lines, name="requirements.txt"):
        file = self.folder.parent / name
        file.write_text("\n".join(["--no-index", f"--find-links {self.folder}", *lines, ""]))
        return file


@pytest.fixture
def index(tmp_path):
    return Index(tmp_path / "index")


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "artifact"
    folder.mkdir()
    return folder


def install(into, *files, runtime="python3.13", architecture="x86_64"):
    install_requirements(files, into, runtime=runtime, architecture=architecture)
    return {entry.name for entry in into.iterdir()}


CONDITIONS = {
    "newer": ('python_version >= "3.13"', True),
    "older": ('python_version < "3.13"', False),
    "linux": ('sys_platform == "linux"', True),
    "arm": ('platform_machine == "aarch64"', True),
    "intel": ('platform_machine == "x86_64"', False),
}


def test_wheels_are_chosen_for_the_function_and_not_for_this_machine(index, into):
    """Wheel tags, markers and Python versions fit the function. Scripts and pip's records are left out."""
    tags = ["cp313-cp313-manylinux_2_34_aarch64", "cp38-abi3-manylinux2014_aarch64", "py3-none-any"]
    for name, tag in zip(("newest", "oldest", "pure"), tags, strict=True):
        index.wheel(name, tag=tag)
        index.wheel(name, "2.0", tag="cp313-cp313-manylinux_2_35_aarch64")
        index.wheel(name, "3.0", tag="cp313-cp313-manylinux_2_28_x86_64")
        index.wheel(name, "4.0", python="<3.13")
    for name in CONDITIONS:
        index.wheel(name, python=">=3.13")
    requires = [f"{name}; {marker}" for name, (marker, _) in CONDITIONS.items()]
    index.wheel("mine", requires=[*requires, "newest", "oldest", "pure"])
    names = install(into, index.asking("mine"), architecture="arm64")
    wanted = ["mine", "newest", "oldest", "pure", *(name for name, (_, there) in CONDITIONS.items() if there)]
    assert names == {f"{name}.py" for name in wanted} | {f"{name}-1.0.dist-info" for name in wanted}
    assert {file.name for file in (into / "mine-1.0.dist-info").iterdir()} == {"METADATA", "WHEEL"}


def without_module(index, program):
    index.wheel("program", held={"program-1.0.data/scripts/program": program})
    with zipfile.ZipFile(index.folder / "program-1.0-py3-none-any.whl") as archive:
        held = {name: archive.read(name) for name in archive.namelist() if name != "program.py"}
    held["program-1.0.dist-info/RECORD"] = b"".join(f"{name},,\n".encode() for name in held)
    with zipfile.ZipFile(index.folder / "program-1.0-py3-none-any.whl", "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def test_a_package_of_scripts_alone_is_named(index, into):
    index.wheel("both")
    without_module(index, "#!python\n")
    wanted = [index.asking("both\nprogram")]
    assert install_requirements(wanted, into, runtime="python3.13", architecture="x86_64") == ["program-1.0"]
    assert not (into / "bin").exists()


def test_a_compiled_program_stays_with_the_package_that_may_start_it(index, into):
    without_module(index, "\x7fELF")
    wanted = [index.asking("program")]
    assert install_requirements(wanted, into, runtime="python3.13", architecture="x86_64") == []
    assert (into / "bin" / "program").read_bytes() == b"\x7fELF"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\n  # nothing\n\n"])
def test_a_file_without_a_requirement_needs_no_pip(tmp_path, into, text, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    assert install(into, file) == set()


def test_a_hash_is_enforced(index, into):
    index.wheel("tiny")
    with pytest.raises(InputError, match=r"pip could not install it.*hashes"):
        install(into, index.asking(f"tiny==1.0 --hash=sha256:{'0' * 64}"))


def test_what_one_file_pins_with_its_hash_another_gets_or_conflicts_with(index, into):
    one = index.wheel("shared", "1.0")
    index.wheel("shared", "2.0")
    index.wheel("mine", requires=["shared"])
    digest = hashlib.sha256(one.read_bytes()).hexdigest()
    pins = index.asking(f"shared==1.0 --hash=sha256:{digest}", name="lambda.txt")
    assert {"mine.py", "shared.py"} <= install(into, pins, index.asking("mine", name="mine.txt"))
    assert (into / "shared.py").read_text() == "VERSION = '1.0'\n"
    with pytest.raises(InputError, match=r"mine\.txt: its packages conflict against .*lambda\.txt") as error:
        install(into, pins, index.asking("shared==2.0", name="mine.txt"))
    assert "shared==1.0" in str(error.value)
    assert "shared==2.0" in str(error.value)


@pytest.mark.slow
def test_files_without_hashes_are_resolved_together(index, into):
    for version in ("1.0", "2.0"):
        index.wheel("shared", version)
    install(into, index.asking("shared", name="a.txt"), index.asking("shared<2", name="b.txt"))
    assert (into / "shared.py").read_text() == "VERSION = '1.0'\n"


@pytest.mark.slow
def test_packages_that_hold_the_same_file_are_refused(index, into):
    pins = index.wheel("one", held={"same.py": "1"})
    index.wheel("two", held={"same.py": "2"})
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    hashed = index.asking(f"one==1.0 --hash=sha256:{digest}", name="lambda.txt")
    with pytest.raises(InputError, match=r"two packages contain different files at same\.py"):
        install(into, hashed, index.asking("two"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tag", "runtime", "architecture", "fits"),
    [
        ("cp313-cp313-manylinux_2_34_x86_64", "python3.13", "x86_64", True),
        ("cp313-cp313-manylinux_2_28_aarch64", "python3.13", "arm64", True),
        ("cp313-cp313-manylinux_2_28_aarch64", "python3.13", "x86_64", False),
        ("cp313-cp313-manylinux_2_35_x86_64", "python3.13", "x86_64", False),
        ("cp311-cp311-manylinux_2_28_x86_64", "python3.11", "x86_64", False),
        ("cp311-cp311-manylinux_2_26_x86_64", "python3.11", "x86_64", True),
        ("cp311-cp311-manylinux2014_x86_64", "python3.11", "x86_64", True),
        ("cp38-abi3-manylinux_2_17_aarch64", "python3.14", "arm64", True),
        ("cp312-cp312-manylinux_2_17_x86_64", "python3.13", "x86_64", False),
        ("cp313-cp313-musllinux_1_2_x86_64", "python3.13", "x86_64", False),
    ],
)
def test_only_wheels_that_the_function_can_load_are_taken(index, into, tag, runtime, architecture, fits):
    index.wheel("fast", tag=tag)
    if fits:
        assert "fast.py" in install(into, index.asking("fast"), runtime=runtime, architecture=architecture)
        return
    with pytest.raises(InputError, match="fast has no wheel that the function can load.*pip wheel"):
        install(into, index.asking("fast"), runtime=runtime, architecture=architecture)


def test_a_wheel_for_newer_systems_than_the_function_s_is_refused(index, into):
    """Recent numpy wheels need a newer glibc than Lambda's python3.11 runtime has."""
    index.wheel("fast", tag="cp311-cp311-manylinux_2_27_x86_64")
    with pytest.raises(InputError, match="fast has no wheel that the function can load.*pip wheel"):
        install(into, index.asking("fast"), runtime="python3.11")


def test_a_package_that_is_source_only_is_said_with_what_to_do(index, into):
    index.source("old")
    with pytest.raises(InputError, match=r"old is published as source only.*pip wheel .*--find-links wheels"):
        install(into, index.asking("old"))


@pytest.mark.slow
def test_a_dependency_that_is_source_only_is_said_by_its_name(index, into):
    index.source("old-thing")
    index.wheel("tiny", requires=["old_thing"])
    with pytest.raises(InputError, match=r"old.thing is published as source only"):
        install(into, index.asking("tiny"))


def test_a_package_that_is_not_to_be_had_is_refused(index, into):
    with pytest.raises(InputError, match=r"no-such-package.*Check the name"):
        install(into, index.asking("no-such-package==1.0"))


@pytest.mark.slow
@pytest.mark.parametrize("text", ["tiny ==== 1", "--no-such-option", "\x00"])
def test_rubbish_is_refused_in_one_sentence(tmp_path, into, text):
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=r"requirements\.txt"):
        install(into, file)


def test_a_missing_requirements_file_is_refused(into, tmp_path):
    with pytest.raises(InputError, match="no such requirements file"):
        install(into, tmp_path / "none.txt")


def test_a_python_without_pip_is_said(into, index, monkeypatch):
    index.wheel("tiny")
    monkeypatch.setattr(vendor, "_PIP", "import no_pip_here")
    with pytest.raises(InputError, match="pip could not install it: .*no_pip_here"):
        install(into, index.asking("tiny"))
    monkeypatch.setattr(vendor, "_PIP", "raise ModuleNotFoundError(\"No module named 'pip'\")")
    with pytest.raises(InputError, match="this Python has no pip"):
        install(into, index.asking("tiny"))


def test_included_files_are_found_once_each(tmp_path):
    (tmp_path / "sub").mkdir()
    files = {"a.txt": "-r sub/b.txt\n--constraint=c.txt\n", "sub/b.txt": "-r ../a.txt\nx\n", "c.txt": "y<2\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = [file.resolve() for file in included_files(tmp_path / "a.txt")]
    assert sorted(found) == sorted((tmp_path / name).resolve() for name in files)


def test_powertools_of_this_environment_is_not_replaced(index, tmp_path):
    index.wheel("typing_extensions", "99.0")
    asking = index.asking("typing-extensions==99.0")
    recipe = Recipe(runtime="python3.99", powertools_installed=True, requirements=(asking,))
    with pytest.raises(InputError, match=r"conflict against .*typing-extensions==99\.0"):
        build(recipe, tmp_path / "built")


def test_a_package_that_would_hide_the_library_is_refused(index, tmp_path):
    index.wheel("tiny", held={"graders/__init__.py": ""})
    with pytest.raises(InputError, match=r"requirements\.txt: a package contains its own `graders`"):
        build(Recipe(runtime="python3.99", requirements=(index.asking("tiny"),)), tmp_path / "built")


# --- Out of the running environment -----------------------------------------------------------------


def test_a_distribution_that_is_not_installed_is_refused(into):
    with pytest.raises(InputError, match="no-such-package is not installed"):
        vendor.copy_installed(("no-such-package",), into)


def test_compiled_code_of_this_machine_is_refused(into):
    with pytest.raises(InputError, match="orjson has code compiled for this machine"):
        vendor.copy_installed(("orjson",), into)
