"""A repetition brings over what changed and nothing else; one that dies changes nothing."""

from typing import Any

import psycopg
import pytest
from rich.console import Console

from oltp.db.locking import try_lock
from oltp.db.session import Database
from stormcom.adopt.errors import AdoptionRuns, AnotherShop
from stormcom.adopt.keys import adopted_id
from stormcom.adopt.ledger import find_last_run
from stormcom.adopt.report import render_run
from stormcom.adopt.run import _Job
from stormcom.adopt.source import Source
from stormcom.adopt.tables import TABLES
from tests.stormcom.adopt.conftest import SMALL, Adoption
from tests.stormcom.adopt.legacy_shop import make_legacy_shop


def _versions(pair: Adoption) -> list[tuple[Any, ...]]:
    """Which transaction wrote each row last."""
    return [row for table in TABLES
            for row in pair.new(f"SELECT {table.key}::text, xmin::text FROM {table.name} ORDER BY 1")]


def _content(pair: Adoption) -> list[tuple[Any, ...]]:
    return [row for table in TABLES for row in pair.new(f"SELECT t::text FROM {table.name} t ORDER BY 1")]


def _key(kind: str, number: int) -> str:
    return f"'c' || substr(md5('{kind}:{number}'), 1, 24)"


def _old_key(pair: Adoption, kind: str, number: int) -> str:
    ((key,),) = pair.legacy(f"SELECT {_key(kind, number)}")
    return str(key)


def _counts(done: Any, table: str) -> tuple[int, ...]:
    counts = done.run.report["tables"][table]
    return tuple(counts[name] for name in ("inserted", "updated", "deleted", "set_aside"))


def test_nothing_new_writes_nothing(adopted_shop: Adoption) -> None:
    shop = adopted_shop
    before = _versions(shop)
    done = shop.repeat()
    assert _versions(shop) == before
    for counts in done.run.report["tables"].values():
        assert (counts["inserted"], counts["updated"], counts["deleted"]) == (0, 0, 0)
        assert counts["source"] == counts["unchanged"] + counts["set_aside"]


def test_the_same_source_gives_the_same_rows(adopted_shop: Adoption, other_database: str) -> None:
    shop = adopted_shop
    other = Adoption(shop.source, Database(other_database))
    other.repeat()
    other.target.dispose()
    assert _content(other) == _content(shop)


def test_changes_come_over(adopted_shop: Adoption) -> None:
    shop = adopted_shop
    before = dict(_versions(shop))
    shop.legacy(f"""
        UPDATE "Product" SET price = 4.2, "inventoryQty" = 99 WHERE id = {_key('product', 1)};
        DELETE FROM "Product" WHERE id = {_key('product', 12)};
        INSERT INTO "Product" (id, "storeId", name, slug, sku, price, images, "updatedAt")
          VALUES ('cnew', {_key('store', 1)}, 'New', 'new', 'P-12', 5, '[]', now());
        DELETE FROM "Order" WHERE id = {_key('order', 7)}""")
    done = shop.repeat()
    assert _counts(done, "products") == (1, 1, 1, 1)
    assert _counts(done, "orders")[2] == 1
    assert shop.new("SELECT price, inventory_qty FROM products WHERE sku = 'P-1'") == [(4.2, 99)]
    assert shop.new("SELECT id FROM products WHERE sku = 'P-12'") == [(adopted_id("products", "cnew"),)]
    gone = _old_key(shop, "product", 12)
    assert shop.new(f"SELECT gone_run IS NOT NULL FROM adoption.adopted_key WHERE old_key = '{gone}'") == [(True,)]
    # Lines of the deleted product stay, known by their snapshot; its variants went with it.
    assert shop.new("SELECT count(*) FROM order_items WHERE product_id IS NULL AND sku = 'P-12'") != [(0,)]
    assert shop.new("SELECT count(*) FROM product_variants WHERE sku LIKE 'V-12-%'") == [(0,)]
    after = dict(_versions(shop))
    assert sum(before[key] != version for key, version in after.items() if key in before) == sum(
        counts["updated"] for counts in done.run.report["tables"].values())


def test_unique_values_may_change_places(adopted_shop: Adoption) -> None:
    shop = adopted_shop
    one, two = _key("product", 1), _key("product", 2)
    shop.legacy(f"""
        UPDATE "Product" SET sku = 'x', slug = 'x' WHERE id = {one};
        UPDATE "Product" SET sku = 'P-1', slug = 'product-1' WHERE id = {two};
        UPDATE "Product" SET sku = 'P-2', slug = 'product-2' WHERE id = {one};
        UPDATE "Customer" SET "userId" = NULL WHERE id = {_key('customer', 3)};
        UPDATE "Customer" SET "userId" = (SELECT id FROM "User" WHERE email = 'user20@example.test')
          WHERE id = {_key('customer', 4)};
        DELETE FROM "Membership" WHERE id = {_key('membership', 3)};
        INSERT INTO "Membership" (id, "userId", "organizationId", "updatedAt")
          VALUES ('cagain', {_key('user', 3)}, {_key('organization', 4)}, now());
        DELETE FROM "VerificationToken" WHERE token = 'verify1'""")
    done = shop.repeat()
    assert _counts(done, "products")[:3] == (0, 2, 0)
    assert _counts(done, "memberships")[:3] == (1, 0, 1)
    assert _counts(done, "verification_tokens")[:3] == (0, 0, 1)
    named = shop.new("SELECT name, sku FROM products WHERE sku IN ('P-1', 'P-2')")
    assert dict(named) == {"Product 1": "P-2", "Product 2": "P-1"}


def test_a_store_may_go_and_come_back_with_the_same_ids(adopted_shop: Adoption) -> None:
    shop = adopted_shop
    before = set(shop.new("SELECT id FROM products"))
    shop.legacy("""CREATE TABLE kept AS SELECT * FROM "Store"; CREATE TABLE kept_products AS SELECT * FROM "Product";
                   DELETE FROM "Store" WHERE slug = 'shop-3'""")
    done = shop.repeat()
    assert _counts(done, "stores")[2] == 1 and _counts(done, "products")[2] == SMALL[0] // 10
    assert set(shop.new("SELECT id FROM products")) < before
    shop.legacy("""
        SET session_replication_role = replica;
        INSERT INTO "Store" SELECT * FROM kept WHERE slug = 'shop-3';
        INSERT INTO "Product" SELECT * FROM kept_products k WHERE NOT EXISTS (SELECT FROM "Product" p WHERE p.id = k.id)
          AND "storeId" IN (SELECT id FROM "Store" WHERE slug = 'shop-3')""")
    shop.repeat()
    assert set(shop.new("SELECT id FROM products")) == before
    assert shop.new("""SELECT count(*) FROM adoption.adopted_key
                       WHERE table_name = 'products' AND gone_run IS NOT NULL""") == [(0,)]


def test_a_row_that_can_no_longer_be_held_leaves_the_target(adopted_shop: Adoption) -> None:
    shop = adopted_shop
    shop.legacy(f"""UPDATE "Product" SET price = 'Infinity' WHERE id = {_key('product', 1)}""")
    done = shop.repeat()
    assert _counts(done, "products") == (0, 0, 1, 2)
    shop.legacy(f"""UPDATE "Product" SET price = 1 WHERE id = {_key('product', 1)}""")
    assert _counts(shop.repeat(), "products") == (1, 0, 0, 1)


@pytest.mark.parametrize("table", ["stores", "orders", "audit_logs"])
def test_a_repetition_that_dies_changes_nothing(adopted_shop: Adoption, table: str) -> None:
    shop = adopted_shop
    ledger = "SELECT (SELECT count(*) FROM adoption.finding), (SELECT count(*) FROM adoption.run)"
    before = _content(shop), shop.new(ledger)
    shop.legacy(f"""UPDATE "Product" SET price = 1 WHERE id = {_key('product', 1)};
                    DELETE FROM "Order" WHERE "totalAmount" > 100""")

    def die(name: str, done: int, total: int) -> None:
        if name == table and done >= total > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.repeat(progress=die)
    assert (_content(shop), shop.new(ledger)) == before
    assert _counts(shop.repeat(), "products")[1] == 1


def test_only_one_runs_at_a_time(adopted_shop: Adoption) -> None:
    with adopted_shop.target.owner_session() as session:
        assert try_lock(session, scope="adoption", key="target")
        with pytest.raises(AdoptionRuns, match="Wait for its end"):
            adopted_shop.repeat()


def test_a_report_that_dies_leaves_the_rows(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    adopted_shop.legacy(f"""UPDATE "Product" SET price = 7 WHERE id = {_key('product', 1)}""")
    monkeypatch.setattr(_Job, "look_up", _fail)
    with pytest.raises(RuntimeError):
        adopted_shop.repeat()
    assert adopted_shop.new("SELECT price FROM products WHERE sku = 'P-1'") == [(7.0,)]
    with psycopg.connect(adopted_shop.target.url) as connection:
        last = find_last_run(connection)
    assert last is not None and last.report["findings"] is None
    console = Console(width=160)
    with console.capture() as said:
        console.print(render_run(last))
    assert "ended before it looked for what is odd" in said.get()
    monkeypatch.undo()
    assert adopted_shop.repeat().run.report["findings"]


def _fail(*_: object) -> None:
    raise RuntimeError("the disk is full")


def test_another_shop_is_refused(adopted_shop: Adoption, other_database: str) -> None:
    shop = adopted_shop
    make_legacy_shop(other_database, size=(20, 40, 20))
    with psycopg.connect(other_database) as connection:
        connection.execute('UPDATE "Store" SET id = \'x\' || id')
    before = _content(shop)
    with pytest.raises(AnotherShop, match="database of its own"):
        Adoption(other_database, shop.target).repeat()
    assert _content(shop) == before
    assert Source(shop.source).name.startswith("stormcom_legacy_")
