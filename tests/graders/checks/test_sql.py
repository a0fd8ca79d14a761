"""SQL compared as text and by result, refused queries and schemas, and limits."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Reward, grader
from graders.checks import sql as module
from graders.checks.sql import sql_equal, sql_result
from graders.errors import DecorationError, RecordError
from graders.testing import invoke, make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear
from support.readme import README, blocks

PAGE = page("sql.md")
[SCRIPT] = blocks("sql", README.parent / "docs" / "sql.md")
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
FAULTS = ("refused", "failed", "stopped")

EQUAL = sql_equal()
RESULT = sql_result(script=SCRIPT, steps=1_000_000)


def said(check, completion: str, reference: str, **fields: Any) -> str:
    answer = check(make_sample(completion, reference, **fields))
    faults = [name for name in ("unread", *FAULTS) if answer.metrics.get(name)]
    assert answer.value in (0.0, 1.0)
    assert len(faults) <= 1 - answer.value
    return faults[0] if faults else "yes" if answer.value else "no"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (spans(one)[0], other, expected.partition(":")[0])
        for one, others, expected in rows(PAGE, "How `sql_equal` compares queries", 3)
        for other in spans(others)
    ],
)
def test_queries_are_the_same_as_the_table_says(one, other, expected):
    assert said(EQUAL, other, one) == expected
    if expected != "unread":
        assert said(EQUAL, one, other) == expected


@pytest.mark.parametrize(
    ("reference", "completion", "expected"),
    [
        (spans(reference)[0], completion, expected)
        for reference, completions, expected in rows(PAGE, "How `sql_result` compares results", 3)
        for completion in spans(completions)
    ],
)
def test_results_are_paid_as_the_table_says(reference, completion, expected):
    assert said(RESULT, completion, reference) == expected


@pytest.mark.parametrize("number", range(len(blocks("python", README.parent / "docs" / "sql.md"))))
def test_the_page_s_code_runs(number):
    exec(blocks("python", README.parent / "docs" / "sql.md")[number], {})


@pytest.mark.parametrize("check", [EQUAL, RESULT])
@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("```sql\nSELECT name FROM staff\n```", "yes"),
        ("So:\n```\nselect name\nfrom staff\n```\nwhich finds\n```\nAnn\nBob\n```\nand so on.", "yes"),
        ("```sql\nSELECT 1\n```\nNo:\n```sqlite\nSELECT name FROM staff;\n```", "yes"),
        ("-- all names\n/* of the\nstaff */ SELECT name FROM staff", "yes"),
        ("```sql\nSELECT name FROM staff\n```\n```sql\nSELECT city FROM staff\n```", "no"),
        ("```sql\nSELECT name FROM staff", "unread"),
        ("```python\nSELECT name FROM staff\n```", "unread"),
        ("The query: SELECT name FROM staff", "unread"),
        ("```sql\n```", "unread"),
        ("SELECT name FROM staff WHERE " + "(" * 200 + "1" + ")" * 200, "unread"),
        ("SELECT name FROM staff -- " + "x" * 10_000, "unread"),
        ("", "unread"),
    ],
)
def test_the_query_is_found_in_its_block_or_is_the_whole_text(check, completion, expected):
    assert said(check, completion, "SELECT name FROM staff") == expected


@pytest.mark.parametrize("check", [EQUAL, RESULT])
@pytest.mark.parametrize(
    "reference",
    ["Paris", "SELECT", "SELECT a FROM t; SELECT b FROM t", "DROP TABLE staff", "```sql\n```", "72"],
)
def test_a_reference_that_is_no_query_is_the_records_fault(check, reference):
    with pytest.raises(RecordError, match="the reference answer is not"):
        check(make_sample("SELECT name FROM staff", reference))


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("SELECT name FROM staff WHERE age > 99", "no row"),
        ("SELECT max(age) FROM staff WHERE age > 99", "nothing but NULL"),
        ("SELECT salary FROM staff", "no such column: salary"),
        ("SELECT random() FROM staff", r"may not use random\(\)"),
        (ENDLESS, "too many steps"),
        (
            "SELECT * FROM staff a, staff b, staff c, staff d, staff e, staff f, staff g",
            "more than 10,000 rows",
        ),
    ],
)
def test_a_reference_that_nothing_can_be_compared_with_is_the_records_fault(reference, why):
    with pytest.raises(RecordError, match=why):
        RESULT(make_sample("SELECT name FROM staff", reference))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "contains no SQL script"),
        ("", "contains no SQL script"),
        ([], "lists no SQL script"),
        ([SCRIPT, 7], "contains no SQL script"),
        ("CREATE TABLE", "incomplete input"),
        ("SELECT 1", "creates no table"),
        (f"{SCRIPT}; ATTACH '/tmp/other.db' AS other", "too many attached databases"),
    ],
)
def test_a_script_that_makes_no_database_is_the_records_fault_or_the_option_s(script, why):
    with pytest.raises(RecordError, match=f"the record's field 'script' .*{why}"):
        sql_result()(make_sample("SELECT name FROM staff", "SELECT name FROM staff", script=script))
    if isinstance(script, str):
        with pytest.raises(DecorationError, match="script="):
            sql_result(script=script)


UNTYPED: Any = module


@pytest.mark.parametrize(
    ("factory", "options", "message"),
    [
        ("sql_equal", {"dialect": "klingon"}, "such as 'sqlite', 'postgres'"),
        ("sql_equal", {"dialect": ""}, "not blank"),
        ("sql_equal", {"take": "json"}, "pass a function"),
        ("sql_result", {"order": True}, "'reference', 'always', 'never'"),
        ("sql_result", {"steps": 0}, "1 or more"),
        ("sql_result", {"tolerance": -1}, "0 or more"),
        ("sql_result", {"field": ""}, "not blank"),
    ],
)
def test_invalid_options_are_refused_immediately(factory, options, message):
    with pytest.raises(DecorationError, match=message):
        getattr(UNTYPED, factory)(**options)


def test_dialects_tell_names_apart_in_their_own_way():
    for dialect, one, other, same in (
        ("sqlite", 'SELECT t."A" FROM t', "SELECT a FROM t", 1),
        ("postgres", 'SELECT "A" FROM t', "SELECT a FROM t", 0),
        ("postgres", 'SELECT "a" FROM t', "SELECT A FROM T", 1),
        ("postgres", "SELECT a FROM t WHERE b ILIKE 'x'", "select a from t where b ilike 'x'", 1),
        ("snowflake", 'SELECT "A" FROM t', "SELECT a FROM t", 1),
        ("mysql", "SELECT `A` FROM t", "SELECT a FROM t", 1),
        ("mysql", "SELECT a FROM T", "SELECT a FROM t", 0),
        ("mysql", 'SELECT a FROM t WHERE b = "x"', "SELECT a FROM t WHERE b = 'x'", 1),
        ("bigquery", "SELECT a FROM T", "SELECT a FROM t", 0),
    ):
        assert sql_equal(dialect=dialect)(make_sample(one, other)).value == same, (dialect, one)


def test_options_set_whether_order_counts_and_how_far_numbers_may_differ():
    up, down = "SELECT age FROM staff ORDER BY age", "SELECT age FROM staff ORDER BY age DESC"
    assert sql_result(script=SCRIPT, order="never")(make_sample(up, down)).value == 1
    assert sql_result(script=SCRIPT, order="always")(make_sample(down, "SELECT age FROM staff")).value == 0
    near, far = "SELECT pay + 0.001 FROM staff", "SELECT pay + 0.1 FROM staff"
    check = sql_result(script=SCRIPT, tolerance=0.01)
    paid = [check(make_sample(one, "SELECT pay FROM staff")).value for one in (near, far)]
    assert (paid, said(RESULT, near, "SELECT pay FROM staff")) == ([1, 0], "no")


ATTACKS = {
    "endless": (ENDLESS, "stopped"),
    "huge": (
        "WITH RECURSIVE c(x) AS (SELECT printf('%19000d', 1) UNION ALL SELECT x FROM c) "
        "SELECT x FROM c ORDER BY x",
        "stopped",
    ),
    "many rows": (
        "SELECT a.age FROM staff a, staff b, staff c, staff d, staff e, staff f, staff g",
        "stopped",
    ),
    "repeated expressions": (
        "WITH c0 AS (SELECT 1 x)"
        + "".join(f", c{n} AS (SELECT a.x FROM c{n - 1} a, c{n - 1} b)" for n in range(1, 25))
        + " SELECT * FROM c24",
        "stopped",
    ),
    "writing": ("INSERT INTO staff VALUES ('Eve', 'Rome', 1, 1)", "refused"),
    "dropping": ("DROP TABLE staff", "refused"),
    "attaching": ("ATTACH '{folder}/other.db' AS other", "refused"),
    "copying": ("VACUUM INTO '{folder}/other.db'", "refused"),
    "loading": ("SELECT load_extension('{folder}/evil.so')", "refused"),
    "setting": ("PRAGMA writable_schema = ON", "refused"),
    "deep": ("SELECT " + "(" * 5000, "unread"),
}


def test_an_attack_costs_its_own_sample_and_touches_no_neighbor(tmp_path):
    right = "SELECT name FROM staff"
    texts = [one.replace("{folder}", str(tmp_path)) for one, _ in ATTACKS.values()]
    samples = [make_sample(text, right) for attack in texts for text in (attack, right)]
    graded = grader(timeout_s=60)(RESULT)
    for _ in range(2):  # the second time, in case the first changed the database
        answers = [one for one in invoke(graded, samples) if isinstance(one, Reward)]
        assert [one.value for one in answers] == [0, 1] * len(ATTACKS)
        for (name, (_, fault)), answer in zip(ATTACKS.items(), answers[::2], strict=True):
            assert answer.metrics[fault] == 1, name
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_is_interrupted_from_outside_has_no_reward():
    slow = grader(timeout_s=0.05)(sql_result(script=SCRIPT, steps=10**9))
    answers = invoke(slow, [make_sample(text, "SELECT name FROM staff") for text in (ENDLESS, "SELECT 1")])
    assert [getattr(one, "kind", None) for one in answers] == ["timeout", None]


NAMES = st.sampled_from(["a", "b", "c"])
ALIASES = st.sampled_from(["a", "b", "t", "u", "x", "y"])
TERMS = st.sampled_from(
    ["a > 1", "b = 2", "c <> 1", "a IN (1, 2)", "b < a", "NOT c = 2", "a IS NULL", "b IN (SELECT i FROM u)"]
)


def _condition(draw: Any, depth: int = 2) -> str:
    if not depth or draw(st.booleans()):
        return draw(TERMS)
    word = draw(st.sampled_from([" AND ", " OR "]))
    made = [_condition(draw, depth - 1) for _ in range(draw(st.integers(2, 3)))]
    return "(" + word.join(made) + ")" if draw(st.booleans()) else word.join(made)


@st.composite
def queries(draw: Any) -> str:
    """Draw a query of the tables `t (a, b, c)` and `u (a, i)`, sometimes an invalid one."""
    kind = draw(st.sampled_from(["plain", "join", "group", "with", "union"]))
    if kind == "join":
        one, other = draw(ALIASES), draw(ALIASES)
        side = draw(st.sampled_from(["JOIN", "LEFT JOIN", "INNER JOIN"]))
        left, right = draw(st.sampled_from([(one, other), (other, one)]))
        return f"SELECT {left}.a FROM t {one} {side} u {other} ON {one}.b = {other}.i WHERE {right}.a > 0"
    if kind == "group":
        name, by = draw(ALIASES), draw(NAMES)
        order = draw(st.sampled_from(["", f" ORDER BY {name}", " ORDER BY 2 DESC", f" ORDER BY {by}"]))
        again = draw(st.sampled_from([by, "1", name]))
        return f"SELECT {by}, sum(a) AS {name} FROM t GROUP BY {again}{order}"
    if kind == "with":
        name, other = draw(ALIASES), draw(ALIASES)
        inner = draw(st.sampled_from(["a", f"b AS {draw(NAMES)}", "a, b", "*"]))
        source = draw(st.sampled_from([name, other]))
        return f"WITH {name} AS (SELECT {inner} FROM t) SELECT {draw(NAMES)} FROM {source}"
    where = _condition(draw)
    columns = ", ".join(
        draw(st.lists(NAMES | st.just("a - (b - c)") | st.just("a - b - c"), min_size=1, max_size=2))
    )
    if kind == "union":
        word = draw(st.sampled_from(["UNION", "UNION ALL", "EXCEPT"]))
        return f"SELECT {draw(NAMES)} FROM t {word} SELECT {draw(NAMES)} FROM t WHERE {where}"
    tail = draw(
        st.sampled_from(["", " ORDER BY a, b, c", " ORDER BY 1", " ORDER BY a, b, c LIMIT 2", " LIMIT 1"])
    )
    return f"SELECT {draw(st.sampled_from(['', 'DISTINCT ']))}{columns} FROM t WHERE {where}{tail}"


def _ran(query: str, values: list[Any]) -> Any:
    database = sqlite3.connect(":memory:")
    try:
        database.executescript("CREATE TABLE t (a, b, c); CREATE TABLE u (a, i)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", zip(values[::3], values[1::3], values[2::3], strict=True)
        )
        database.executemany("INSERT INTO u VALUES (?, ?)", zip(values[::2], values[1::2], strict=True))
        found = database.execute(query).fetchall()
        return found if "ORDER BY a, b, c" in query or "LIMIT" in query else sorted(found, key=repr)
    except sqlite3.OperationalError:
        return None
    finally:
        database.close()


@given(
    st.lists(queries(), min_size=2, max_size=12),
    st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=18, max_size=18),
)
@settings(max_examples=40, deadline=None)
def test_queries_that_are_called_the_same_return_the_same(made, values):
    forms: dict[Any, str] = {}
    for query in made:
        form = module._parser("sqlite")(query)
        if isinstance(form, str):
            other = forms.setdefault(form, query)
            one, two = _ran(query, values), _ran(other, values)
            assert one is None or two is None or one == two, (query, other)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_query_written_otherwise_is_the_same(data):
    terms = data.draw(st.lists(TERMS.filter(lambda one: "SELECT" not in one), min_size=1, max_size=5))
    columns = data.draw(st.lists(NAMES, min_size=1, max_size=3))
    query = f"SELECT {', '.join(columns)} FROM t WHERE {' AND '.join(terms)}"
    shuffled = data.draw(st.permutations(terms))
    bracketed = [f"({one})" if data.draw(st.booleans()) else one for one in shuffled]
    case = data.draw(st.sampled_from([str.upper, str.lower, str.title]))
    shown = [
        f'{name.upper()} AS "col {at}"' if data.draw(st.booleans()) else f"t.{name}"
        for at, name in enumerate(columns)
    ]
    other = case(f"SELECT\n{' ,'.join(shown)} FROM t   WHERE ({' AND '.join(bracketed)})") + ";"
    assert said(EQUAL, f"```sql\n{other}\n```", query) == "yes", other


@given(
    st.text(max_size=80)
    | st.text("SELECT *FROMt()'\"`;-/*\n", max_size=80).map(lambda text: f"SELECT {text}")
)
@settings(max_examples=150, deadline=None)
def test_no_text_raises_and_nothing_else_is_paid(text):
    for check in (EQUAL, RESULT):
        assert said(check, text, "SELECT name FROM staff WHERE age > 30") != "yes"


@pytest.mark.parametrize("check", [EQUAL, RESULT])
@pytest.mark.parametrize(
    "unit", ["```\n", "SELECT 1;\n", "(", "/*", "'", "--\n", "AS (", "```sql\nSELECT 1\n```\n", " "]
)
def test_a_long_text_takes_linear_time(check, unit):
    assert_linear(
        lambda sample: check(sample),
        lambda size: make_sample(f"SELECT {unit * (size // len(unit))}", "SELECT name FROM staff"),
        200_000,
    )
