"""What follows from other rows, worked out slowly: for rows_model.py.

`places` follows `nested_set` of formats/profile.md.  `count` stands for a
`derive`: the profile of a made application says in `counts`, beside the SQL
that valise runs, which rows of which table each row of another one counts:

    [table, column, {"of": table.column, "where": {column: value}}]
"""
import collections

from rows_inside import Unclear
from rows_state import NULL, Refused, sort_key, word_cell


def listed(words):
    """One or a list, or nothing."""
    if words is None:
        return []
    return words if isinstance(words, list) else [words]


def places(state, table, words):
    """Gives each row of the table its two places."""
    below = collections.defaultdict(list)
    rows = {row.pk[0]: row for row in state.of_table(table)}
    scope = listed(words.get("scope"))
    order = listed(words.get("order"))
    for row in rows.values():
        parent = row.cells[words["parent"]]
        above = rows.get(parent)
        if above is None:
            parent = NULL
        elif any(above.cells[c] != row.cells[c] for c in scope):
            raise Refused(f"a row of '{table}' stands below one of another "
                          "scope")
        below[parent, tuple(row.cells[c] for c in scope)].append(row)
    seen = 0
    for (parent, group), top in list(below.items()):
        if parent == NULL:
            seen += walk(below, group, sorted_rows(top, order), words, [0])
    if seen != len(rows):
        raise Refused(f"a row of '{table}' stands above itself")


def sorted_rows(rows, order):
    rows = sorted(rows, key=lambda row: (
        [sort_key(row.cells[column]) for column in order],
        sort_key(row.pk[0])))
    for one, two in zip(rows, rows[1:]):
        if all(one.cells[c] == two.cells[c] for c in order):
            raise Unclear("two places that only ids tell apart")
    return rows


def walk(below, group, rows, words, last):
    seen = 0
    for row in rows:
        last[0] += 1
        row.cells[words["left"]] = ("int", last[0])
        inner = sorted_rows(below.get((row.pk[0], group), []),
                            listed(words.get("order")))
        seen += 1 + walk(below, group, inner, words, last)
        last[0] += 1
        row.cells[words["right"]] = ("int", last[0])
    return seen


def count(state, table, column, words):
    of, refers = words["of"].split(".")
    where = {name: word_cell(value)
             for name, value in words.get("where", {}).items()}
    found = collections.Counter(
        row.cells[refers] for row in state.of_table(of)
        if all(row.cells[name] == cell for name, cell in where.items()))
    for row in state.of_table(table):
        row.cells[column] = ("int", found[row.pk[0]])
