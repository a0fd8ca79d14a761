from __future__ import annotations

from importlib.metadata import version

import pytest

from harness.errors import InputError
from harness.projects.handler_file import read_handler

HANDLER = "def lambda_handler(event, context):\n    return []\n"


@pytest.fixture
def read(tmp_path):
    """Write files, and read the first one as a handler."""

    def read_files(files, named=None):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return read_handler(tmp_path / next(iter(files)), named)

    return read_files


@pytest.mark.parametrize(
    ("source", "function"),
    [
        (HANDLER, "lambda_handler"),
        ("def score(a, b): pass\n" + HANDLER, "lambda_handler"),
        ("def grade(event, context): pass\n" + HANDLER, "lambda_handler"),
        ("def reward(event, _context): pass\ndef score(a, b): pass", "reward"),
        ("def reward(input_event, c=None): pass", "reward"),
        ("def reward(event, context, *, extra=1): pass", "reward"),
        ("@logged\ndef handler(event, context): pass", "handler"),
        ("try:\n    import x\n    def handler(event, context): pass\nexcept ImportError: raise", "handler"),
        ("lambda_handler = lambda e, c: []", "lambda_handler"),
        ("lambda_handler = wrap(main)", "lambda_handler"),
        ("from app import lambda_handler", "lambda_handler"),
        ("from app import main as lambda_handler", "lambda_handler"),
        ("from graders import grader\n@grader\ndef g(sample): pass\n" + HANDLER, "lambda_handler"),
    ],
)
def test_the_handler_is_found(read, source, function):
    assert read({"reward.py": source}).function == function


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "has no handler. A handler is a function"),
        ("def score(prediction, reference): pass", "has no handler"),
        ("def _hidden(event, context): pass", "has no handler"),
        ("class A:\n    def handler(self, event, context): pass", "has no handler"),
        ("def handler(event, context, more): pass", "has no handler"),
        ("def handler(event, context, *, more): pass", "has no handler"),
        ("def a(event, context): pass\ndef b(event, context): pass", "--handler reward.a. It could be a, b"),
        ("async def handler(event, context): pass", "handler is async, but Lambda does not await handlers"),
        ("def (", r"reward.py:1: is not valid Python: invalid syntax"),
        ("x = " + "(" * 300 + ")" * 300, "is not valid Python: too many nested"),
        ("a\0b", "reward.py: is not valid Python: source code"),
        ("from . import x\n" + HANDLER, "uses relative imports, as part of a package"),
    ],
)
def test_a_file_without_one_handler_is_refused(read, source, message):
    with pytest.raises(InputError, match=message) as refused:
        read({"reward.py": source})
    assert "None:" not in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "from graders import grader\n@grader\ndef g(sample): pass",
        "from graders import grader as g2\n@g2(timeout_s=5)\ndef g(sample): pass",
        "import graders\n@graders.grader\nasync def g(sample): pass",
        "from graders import grader\ng = grader(make(1))",
        "from graders import grader\ng = grader(timeout_s=5)(function)",
    ],
)
@pytest.mark.parametrize("named", [None, "g", "reward.g"])
def test_a_grader_of_this_library_is_told_from_a_handler(read, source, named):
    with pytest.raises(InputError, match="g is a grader of this library"):
        read({"reward.py": source}, named)


@pytest.mark.parametrize("named", ["b", "reward.b"])
def test_the_one_that_is_named_is_taken(read, named):
    assert read({"reward.py": "def a(event, context): pass\ndef b(x, y): pass"}, named).function == "b"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nope", "there is no function nope. It defines a."),
        ("", "there is no function"),
        ("other.a", r"another module than reward.py. Use --handler reward.a"),
        ("one", r"reward.py:2: one is not a handler. Lambda calls a handler with two arguments"),
        ("late", "late is async"),
    ],
)
def test_one_that_is_named_and_cannot_be_it_is_refused(read, named, message):
    source = "def a(event, context): pass\ndef one(x): pass\nasync def late(event, context): pass"
    with pytest.raises(InputError, match=message):
        read({"reward.py": source}, named)


def test_what_it_imports_beside_itself_belongs_to_it_however_far(read):
    files = {
        "reward.py": "import prices\n" + HANDLER,
        "prices.py": "def late():\n    from tables.europe import rows\n",
        "tables/__init__.py": "",
        "tables/europe/__init__.py": "from . import more\nrows = open('tables/europe/rows.csv')",
        "tables/europe/more.py": "import taxes",
        "tables/europe/rows.csv": "1",
        "tables/.secret": "",
        "tables/__pycache__/europe.pyc": "",
        "taxes.py": "",
        "unused.py": "",
        ".env": "",
    }
    found = read(files)
    left = {"unused.py", ".env", "tables/.secret", "tables/__pycache__/europe.pyc"}
    assert set(found.files) == set(files) - left
    assert found.sources == ["prices.py", "reward.py", "tables", "taxes.py"]


@pytest.mark.parametrize("name", ["prices.json", "data/prices.json"])
def test_a_file_that_it_names_belongs_to_it(read, name):
    found = read({"reward.py": f"open({name!r})\n" + HANDLER, name: "{}"})
    assert set(found.files) == {"reward.py", name}


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", ".env.txt", "data", "./prices.json"])
def test_nothing_outside_its_folder_and_nothing_hidden_belongs_to_it(read, tmp_path, name):
    (tmp_path.parent / "secret.txt").write_text("")
    found = read(
        {"reward.py": f"open({name!r})\n" + HANDLER, ".env.txt": "", "data/x": "", "prices.json": ""}
    )
    assert set(found.files) == {"reward.py"}


def test_a_file_that_the_makefile_could_not_name_is_refused(read):
    with pytest.raises(
        InputError, match=r"price list.csv: make, which .sam build. runs, cannot .*to price_list.csv"
    ):
        read({"reward.py": "open('price list.csv')\n" + HANDLER, "price list.csv": ""})


def test_packages_are_what_neither_lambda_nor_the_folder_has(read):
    source = "import json, boto3, graders, numpy.linalg, nowhere\nfrom yaml import load\nimport prices\n"
    found = read({"reward.py": source + HANDLER, "prices.py": ""})
    installed = {"numpy": f"numpy=={version('numpy')}", "yaml": f"PyYAML=={version('PyYAML')}"}
    assert found.packages == {"nowhere": None, **installed}


@pytest.mark.parametrize("name", ["json.py", "graders.py", "a-b.py", "class.py"])
def test_a_file_that_cannot_be_imported_under_its_name_is_refused(read, name):
    with pytest.raises(InputError, match=f"{name}: .*Rename it"):
        read({name: HANDLER})


def test_a_module_beside_it_that_hides_another_is_refused(read):
    with pytest.raises(InputError, match="json.py: a module called json would hide the standard library's"):
        read({"reward.py": "import json\n" + HANDLER, "json.py": ""})


def test_what_is_no_python_file_is_refused_as_what_it_is(tmp_path):
    for name in ("code.zip", "code.PY"):
        (tmp_path / name).touch()
    for name, message in [
        ("nope.py", "no such file"),
        ("", "is a folder"),
        ("code.zip", "is not a Python file. Name the Python file that contains the handler. Unpack it first"),
        ("code.PY", "Rename it to code.py"),
    ]:
        with pytest.raises(InputError, match=message):
            read_handler(tmp_path / name)
