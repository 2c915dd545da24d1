"""No revision of the main line may keep a legacy writer waiting; and the lint that says so sees what is bad."""

import pytest

from migrations.legacy_columns import LEGACY_COLUMNS
from tests.migrations.lint import created, objections
from tests.migrations.revisions import Statement, main_revisions, split, statements

# (revision, start of the statement): why it stops nobody.
ALLOWED = {
    ("0024", "UPDATE inventory_level"): "no legacy program knows it; an adopted shop has no row in it",
    ("0029", "ALTER TABLE audit_logs ADD PRIMARY KEY"): "the new parent is empty; the old table brings a ready index",
    ("0029", "ALTER TABLE audit_logs ADD FOREIGN KEY"): "the new parent is empty; the old table has the key, valid",
    ("0029", "CREATE INDEX audit_logs_"): "the new parent is empty; the old table has the same indexes",
}


def test_no_revision_keeps_a_writer_waiting() -> None:
    existing: set[str] = set()
    wrong: list[str] = []
    for path in main_revisions():
        found = statements(path)
        checked = [each for each in found if not any(
            each.revision == revision and each.sql.startswith(start) for revision, start in ALLOWED)]
        wrong += objections(checked, existing=existing, legacy=LEGACY_COLUMNS)
        existing |= created(found)
    assert "\n".join(wrong) == ""


def test_every_exception_is_still_needed() -> None:
    begins = [(each.revision, each.sql) for path in main_revisions() for each in statements(path)]
    unused = [key for key in ALLOWED if not any(key[0] == revision and sql.startswith(key[1])
                                                for revision, sql in begins)]
    assert unused == []


@pytest.mark.parametrize(("sql", "reason"), [
    ("CREATE INDEX orders_x_idx ON orders (x)", "index without CONCURRENTLY"),
    ("CREATE UNIQUE INDEX orders_x_key ON orders (x)", "index without CONCURRENTLY"),
    ("ALTER TABLE orders ADD FOREIGN KEY (x) REFERENCES stores", "constraint without NOT VALID"),
    ("ALTER TABLE orders ADD CONSTRAINT c CHECK (x IN ('a, b', 'c'))", "constraint without NOT VALID"),
    ("ALTER TABLE orders ADD COLUMN y int, ADD COLUMN x int CHECK (x > 0)", "constraint without NOT VALID"),
    ("ALTER TABLE orders ADD COLUMN x uuid REFERENCES stores", "constraint without NOT VALID"),
    ("ALTER TABLE orders ADD CONSTRAINT c NOT NULL x", "constraint without NOT VALID"),
    ("ALTER TABLE orders ADD UNIQUE (x)", "unique rule without a ready index"),
    ("ALTER TABLE orders ADD PRIMARY KEY (x, y)", "unique rule without a ready index"),
    ("ALTER TABLE orders ALTER COLUMN x SET NOT NULL", "SET NOT NULL scans under its lock"),
    ("ALTER TABLE orders ALTER COLUMN x TYPE timestamptz USING x AT TIME ZONE 'UTC'", "change of type"),
    ("ALTER TABLE orders ALTER COLUMN x TYPE timestamptz(3)", "change of type"),
    ("ALTER TABLE orders ADD COLUMN x uuid NOT NULL DEFAULT uuidv7()", "computed default"),
    ("ALTER TABLE orders ADD COLUMN x int GENERATED ALWAYS AS (y + 1) STORED", "computed default"),
    ("UPDATE orders SET x = 1", "rows changed outside of batches"),
    ("DELETE FROM orders", "rows changed outside of batches"),
    ("ALTER TABLE products DROP COLUMN price", "legacy column dropped on the main line"),
])
def test_the_lint_sees_what_is_bad(sql: str, reason: str) -> None:
    found = [Statement("0099", "step", each) for each in split(sql)]
    seen = objections(found, existing={"orders", "products"}, legacy=LEGACY_COLUMNS)
    assert len(seen) == 1 and reason in seen[0]
    # On a table of the revision's own nothing waits.
    assert objections(found, existing=set(), legacy=LEGACY_COLUMNS) == []


@pytest.mark.parametrize("sql", [
    "CREATE INDEX CONCURRENTLY orders_x_idx ON orders (x)",
    "ALTER TABLE orders ADD COLUMN x int NOT NULL DEFAULT 0, ADD COLUMN y timestamptz DEFAULT now()",
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (x > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c",
    "ALTER TABLE orders ADD CONSTRAINT c UNIQUE USING INDEX orders_x_key",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE orders SET x = 1; $$",
])
def test_the_lint_passes_what_is_good(sql: str) -> None:
    assert objections([Statement("0099", "step", each) for each in split(sql)],
                      existing={"orders"}, legacy=LEGACY_COLUMNS) == []


@pytest.mark.parametrize(("first", "count"), [
    ("SET LOCAL lock_timeout = '5s'", 1), ("SET LOCAL lock_timeout = '1200ms'", 1), ("SELECT 1", 1),
    ("SET LOCAL lock_timeout = '300ms'", 0), ("SET LOCAL lock_timeout = '1s'", 0),
])
def test_a_plain_revision_opens_with_a_short_timeout(first: str, count: int) -> None:
    plain = [Statement("0099", "plain", first)]
    assert len(objections(plain, existing=set(), legacy=LEGACY_COLUMNS)) == count


def test_batches_may_change_rows() -> None:
    batch = [Statement("0099", "batch", "UPDATE orders SET x = 1 WHERE id = ANY(%(ids)s)")]
    assert objections(batch, existing={"orders"}, legacy=LEGACY_COLUMNS) == []
