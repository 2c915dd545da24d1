"""Rules for a revision that meets a living database: what would keep a writer waiting is refused by name."""

import re
from collections.abc import Iterable

from tests.migrations.revisions import STRING, Statement

CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.IGNORECASE)
TIMEOUT = re.compile(r"lock_timeout = '(\d+)(ms|s)'")
LONGEST_TIMEOUT_MS = 1000


def created(statements: Iterable[Statement]) -> set[str]:
    return {found[1] for each in statements if (found := CREATED.match(each.sql))}


def objections(statements: list[Statement], *, existing: set[str], legacy: frozenset[tuple[str, str]]) -> list[str]:
    """Say what is unsafe in one revision's statements; `existing` are the tables that earlier ones made."""
    wrong = _timeout(statements)
    for each in statements:
        wrong += [f"{each.revision}: {reason}: {each.sql[:120]}" for reason in _reasons(each, existing, legacy)]
    return wrong


def _timeout(statements: list[Statement]) -> list[str]:
    plain = [each for each in statements if each.way == "plain"]
    if not plain:
        return []
    found = TIMEOUT.search(plain[0].sql)
    if found is None:
        return [f"{plain[0].revision}: no lock_timeout at its start"]
    length = int(found[1]) * (1000 if found[2] == "s" else 1)
    return [f"{plain[0].revision}: lock_timeout of {length} ms"] if length > LONGEST_TIMEOUT_MS else []


def _reasons(statement: Statement, existing: set[str], legacy: frozenset[tuple[str, str]]) -> Iterable[str]:
    sql = STRING.sub("''", statement.sql)
    if (found := re.match(r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\bON (?:ONLY )?(\w+)", sql)) \
            and found[1] in existing:
        yield "index without CONCURRENTLY"
    if (found := re.match(r"(?:UPDATE|DELETE FROM) (?:ONLY )?(\w+)", sql)) \
            and found[1] in existing and statement.way != "batch":
        yield "rows changed outside of batches"
    if (found := re.match(r"ALTER TABLE (?:ONLY |IF EXISTS )*(\w+) (.*)", sql)) and found[1] in existing:
        for part in actions(found[2]):
            yield from _of_action(found[1], part, legacy)


def actions(text: str) -> list[str]:
    """Cut the part behind ALTER TABLE name at its commas, not at those in brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _of_action(table: str, part: str, legacy: frozenset[tuple[str, str]]) -> Iterable[str]:
    is_column = re.match(r"ADD COLUMN", part) is not None
    verifies = re.search(r"\b(CHECK|FOREIGN KEY|REFERENCES)\b|^ADD (CONSTRAINT \w+ )?NOT NULL", part)
    if part.startswith("ADD") and verifies and "NOT VALID" not in part:
        yield "constraint without NOT VALID"
    if re.match(r"ADD (CONSTRAINT \w+ )?(UNIQUE|PRIMARY KEY|EXCLUDE)", part) and "USING INDEX" not in part:
        yield "unique rule without a ready index"
    if re.search(r"ALTER (COLUMN )?\w+ SET NOT NULL", part):
        yield "SET NOT NULL scans under its lock"
    if re.search(r"ALTER (COLUMN )?\w+ (SET DATA )?TYPE\b", part) and not part.endswith("TYPE timestamptz"):
        yield "change of type that may write rows anew"
    if is_column and (re.search(r"DEFAULT (?!now\(\))[\w.]+\(", part) or re.search(r"GENERATED|IDENTITY|serial", part)):
        yield "computed default writes rows anew"
    if (dropped := re.match(r"DROP (?:COLUMN )?(?:IF EXISTS )?(\w+)", part)) and (table, dropped[1]) in legacy:
        yield "legacy column dropped on the main line"
