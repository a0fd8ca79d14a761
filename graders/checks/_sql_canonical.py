"""Converts parsed queries to a canonical form.

Queries with equal forms mean the same on every database. The form ignores names that a query itself defines
(aliases of tables and names of common table expressions and result columns) and the order of commutative
terms. Anything whose meaning depends on the schema is left as written, so two queries that might differ never
have equal forms.
"""

from __future__ import annotations

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Node: TypeAlias = Any  # a sqlglot expression (sqlglot is imported only when a check is created)

_VALUES = frozenset({"expression", "expressions", "low", "high", "true", "default"})
_ANY_CASE_COLUMNS = frozenset({"mysql", "doris", "starrocks", "singlestore"})


class Query:
    """Converts parsed queries of one SQL dialect to their canonical forms.

    Args:
        dialect: The dialect object of sqlglot.
        name: The name of the dialect.
        expressions: The module `sqlglot.expressions`.
    """

    def __init__(self, dialect: Any, name: str, expressions: Any) -> None:
        self._dialect, self._name, self._exp = dialect, name, expressions

    def canonical(self, query: Node) -> str:
        """Return the canonical form of a parsed query."""
        return self._query(query, None, {}, outermost=True)

    def _query(
        self, node: Node, outer: _Scope | None, queries: dict[str, str], outermost: bool = False
    ) -> str:
        """Return the form of a SELECT, a set operation or VALUES, with or without parentheses."""
        exp = self._exp
        while isinstance(node, (exp.Subquery, exp.Paren)) and not _has_more(node):
            node = node.this
        named = dict(queries)
        with_ = node.args.get("with_")
        for one in with_.expressions if with_ else ():
            name, *columns = self._alias(one.args["alias"])
            inner = dict(named)
            if with_.args.get("recursive"):
                inner[name] = f"itself {sum(text.startswith('itself') for text in named.values())}"
            named[name] = _digest(f"{self._query(one.this, outer, inner)}{columns or ''}")
        if isinstance(node, exp.Select):
            return self._select(node, outer, named, outermost)
        around = _Scope(outer, named)
        if isinstance(node, exp.SetOperation):
            bare = outermost and node.args.get("order") is None
            sides = [self._query(node.args[side], outer, named, bare) for side in ("this", "expression")]
            return f"{type(node).__name__}{sides}{self._rest(node, around, {'this', 'expression', 'with_'})}"
        return self._generic(node, around, {"with_"})

    def _select(self, node: Node, outer: _Scope | None, queries: dict[str, str], outermost: bool) -> str:
        exp = self._exp
        here = _Scope(outer, queries)
        from_ = node.args.get("from_")
        joins = node.args.get("joins") or []
        places = [*([from_.this] if from_ else []), *(join.this for join in joins)]
        here.sources = [self._source_name(place) for place in places]
        shown = node.expressions
        here.aliases = {
            self._fold(one.args["alias"])
            for one in shown
            if isinstance(one, exp.Alias) and self._column_name(one.this) != self._fold(one.args["alias"])
        }
        sources = [self._source(place, here) for place in places]
        meant = [self._of(one.this if isinstance(one, exp.Alias) else one, here) for one in shown]
        ordered = self._ordering(node.args.get("order"), shown, meant, here)
        grouped = self._grouping(node.args.get("group"), meant, here)
        done = {"with_", "from_", "joins", "expressions", "order", "group"}
        rest = self._rest(node, here, done)
        linked = [self._join(join, here) for join in joins]
        columns = [
            text if outermost and not here.used else f"{text}:{self._column_name(one)}"
            for text, one in zip(meant, shown, strict=True)
        ]
        return f"Select({columns} from {sources} {linked} {grouped} {ordered} {rest})"

    def _column_name(self, shown: Node) -> str:
        """Return the name an outer query can use for a result column, or `?` if there is none."""
        name = shown.args.get("alias") if isinstance(shown, self._exp.Alias) else None
        if name is None and isinstance(shown, self._exp.Column):
            name = shown.this
        return self._fold(name) if isinstance(name, self._exp.Identifier) else "?"

    def _ordering(self, order: Node, shown: list[Node], meant: list[str], here: _Scope) -> str:
        """Return the ORDER BY terms, with result names and positions replaced by their expressions."""
        if order is None:
            return ""
        exp, terms = self._exp, []
        names = {
            self._fold(one.args["alias"]): text
            for one, text in zip(shown, meant, strict=True)
            if isinstance(one, exp.Alias)
        }
        for term in order.expressions:
            what, text = _bare(term.this, exp), None
            if isinstance(what, exp.Column) and len(what.parts) == 1:
                text = names.get(self._fold(what.this))
            text = text or self._by_place(what, meant) or self._of(what, here)
            terms.append(text + self._rest(term, here, {"this"}))
        return f"order {terms}"

    def _grouping(self, group: Node, meant: list[str], here: _Scope) -> str:
        """Return the GROUP BY terms, sorted because their order does not matter."""
        if group is None:
            return ""
        terms = {self._by_place(one, meant) or self._of(one, here) for one in group.expressions}
        return f"group {sorted(terms)} {self._rest(group, here, {'expressions'})}"

    def _by_place(self, node: Node, meant: list[str]) -> str | None:
        """Return the expression at a result position, such as 2 in `ORDER BY 2`, or None."""
        if any(text.startswith(("Star(", "column ")) and "*" in text for text in meant):
            return None
        if isinstance(node, self._exp.Literal) and not node.is_string and node.name.isdecimal():
            place = int(node.name) if len(node.name) < 4 else 0
            return meant[place - 1] if 0 < place <= len(meant) else None
        return None

    def _source_name(self, node: Node) -> str:
        """Return the name under which a query refers to a table or subquery in FROM."""
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("this") is not None:
            return self._fold(alias.this)
        return self._fold(node.this) if isinstance(node.this, self._exp.Identifier) else ""

    def _source(self, node: Node, scope: _Scope) -> str:
        """Return the form of a table or subquery in FROM, without its alias."""
        exp = self._exp
        alias = node.args.get("alias")
        columns = [self._fold(one) for one in (alias.args.get("columns") or ())] if alias else []
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            known = None if node.args.get("db") else scope.queries.get(self._fold(node.this))
            parts = [self._fold(part, is_table=True) for part in node.parts]
            name = known or ".".join(map(repr, parts))
            return f"{name}{columns}{self._rest(node, scope, {'this', 'db', 'catalog', 'alias'})}"
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            body = _digest(f"{self._query(node.this, scope.outer, scope.queries)}{columns or ''}")
            return f"{body}[]{self._rest(node, scope, {'this', 'alias'})}"
        return self._generic(node, scope, {"alias"}) + str(columns)

    def _join(self, join: Node, here: _Scope) -> str:
        """Return the form of a join without its table and redundant INNER, OUTER and CROSS keywords."""
        kind = str(join.args.get("kind") or "").upper()
        side = str(join.args.get("side") or "").upper()
        condition = join.args.get("on")
        on = self._of(condition, here) if condition is not None else ""
        kind = "" if kind in ("INNER", "CROSS", "OUTER") else kind
        return f"join({side} {kind} {on} {self._rest(join, here, {'this', 'kind', 'side', 'on'})})"

    def _of(self, node: Node, scope: _Scope) -> str:
        """Return the form of an expression."""
        exp = self._exp
        node = _bare(node, exp)
        if isinstance(node, (exp.And, exp.Or)):
            kind = exp.And if isinstance(node, exp.And) else exp.Or
            return f"{kind.__name__}{sorted(self._of(one, scope) for one in _terms(node, kind, exp))}"
        if isinstance(node, (exp.EQ, exp.NEQ)):
            sides = sorted((self._of(node.this, scope), self._of(node.expression, scope)))
            return f"{type(node).__name__}{sides}"
        if isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
            low, high = self._of(node.this, scope), self._of(node.expression, scope)
            if isinstance(node, (exp.GT, exp.GTE)):
                low, high = high, low
            return f"{'Less' if isinstance(node, (exp.GT, exp.LT)) else 'LessOrEqual'}{[low, high]}"
        if isinstance(node, exp.In) and node.args.get("expressions"):
            listed = sorted({self._of(one, scope) for one in node.expressions})
            rest = self._rest(node, scope, {"this", "expressions"})
            return f"In({self._of(node.this, scope)} {listed} {rest})"
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Query):
            return self._query(node, scope, scope.queries)
        if isinstance(node, exp.Anonymous) and isinstance(node.this, str):
            return f"{node.this.upper()}{[self._of(one, scope) for one in node.expressions]}"
        return self._generic(node, scope, set())

    def _column(self, node: Node, scope: _Scope) -> str:
        """Return the form of a column: its table's nesting level and position, and its own name."""
        exp = self._exp
        parts = node.parts
        is_star = isinstance(node.this, exp.Star)
        name = "*" if is_star else self._fold(node.this)
        if len(parts) > 2:
            return f"column {[self._fold(part) for part in parts[:-1]]} {name!r}"
        if len(parts) == 2:
            place = scope.place(self._fold(parts[0]))
            where = place if place is not None else repr(self._fold(parts[0]))
            return (
                "Star()"
                if is_star and where == "0.0" and len(scope.sources) == 1
                else f"column {where} {name!r}"
            )
        if scope.is_alias(name):
            return f"column ? {name!r}"
        if node.this.quoted and self._name == "sqlite" and self._is_value(node):
            name = node.this.name  # SQLite reads this as a string if no column has that name
        return f"column {'0.0' if scope.outer is None and len(scope.sources) == 1 else '?'} {name!r}"

    def _is_value(self, node: Node) -> bool:
        """Return True if an expression is probably used as a value rather than to name columns."""
        exp = self._exp
        while isinstance(node.parent, exp.Paren):
            node = node.parent
        named = (exp.Select, exp.Group, exp.Distinct, exp.Order, exp.Window)
        return node.arg_key in _VALUES and not isinstance(node.parent, named)

    def _generic(self, node: Node, scope: _Scope, without: set[str]) -> str:
        if isinstance(node, self._exp.Identifier):
            return repr(self._fold(node))
        return f"{type(node).__name__}({self._rest(node, scope, without)})"

    def _rest(self, node: Node, scope: _Scope, without: set[str]) -> str:
        """Return the contents of a node, leaving out empty parts and the parts in `without`."""
        found = []
        for name in sorted(node.args.keys() - without):
            value = node.args[name]
            if value is None or value is False or value == []:
                continue
            if isinstance(value, list):
                found.append(f"{name}={[self._part(one, scope) for one in value]}")
            else:
                found.append(f"{name}={self._part(value, scope)}")
        return " ".join(found)

    def _part(self, value: Any, scope: _Scope) -> str:
        return self._of(value, scope) if isinstance(value, self._exp.Expr) else repr(value)

    def _alias(self, alias: Node) -> list[str]:
        """Return the name of a common table expression followed by the names of its columns."""
        return [self._fold(alias.this), *map(self._fold, alias.args.get("columns") or ())]

    def _fold(self, name: Node, is_table: bool = False) -> str:
        """Convert a name to the case in which the dialect compares names."""
        if not isinstance(name, self._exp.Identifier):
            return str(name)
        if self._name in _ANY_CASE_COLUMNS and not is_table:
            return str(name.name).lower()
        if self._name == "bigquery" and is_table:
            return str(name.name)
        return str(self._dialect.normalize_identifier(name.copy()).name)


class _Scope:
    """The names that are visible in a query.

    Args:
        outer: The scope of the enclosing query.
        queries: The forms of the common table expressions, by name.
    """

    def __init__(self, outer: _Scope | None, queries: dict[str, str]) -> None:
        self.outer, self.queries = outer, queries
        self.sources: list[str] = []
        self.aliases: set[str] = set()
        self.used: set[str] = set()

    def is_alias(self, name: str) -> bool:
        """Return True if a result column in this or an enclosing query has this name, and record its use."""
        scope: _Scope | None = self
        found = False
        while scope is not None:
            if name in scope.aliases:
                scope.used.add(name)
                found = True
            scope = scope.outer
        return found

    def place(self, name: str) -> str | None:
        """Return the nesting level and position of a table, or None if its name is unknown or ambiguous."""
        scope: _Scope | None = self
        out = 0
        while scope is not None:
            if name in scope.sources:
                return f"{out}.{scope.sources.index(name)}" if scope.sources.count(name) == 1 else None
            out += bool(scope.sources)
            scope = scope.outer
        return None


def _digest(text: str) -> str:
    return f"query {sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _has_more(node: Node) -> bool:
    """Return True if parentheses have a name, a limit or an order in addition to their content."""
    return any(value for name, value in node.args.items() if name != "this")


def _bare(node: Node, exp: Any) -> Node:
    """Remove outer parentheses, which are redundant in a syntax tree."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _terms(node: Node, kind: Any, exp: Any) -> list[Node]:
    """Return the terms of a chain of AND or OR, including those in inner parentheses."""
    found, left = [], [node]
    while left:
        one = _bare(left.pop(), exp)
        if isinstance(one, kind):
            left += (one.this, one.expression)
        else:
            found.append(one)
    return found
