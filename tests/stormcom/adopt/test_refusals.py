"""What adoption refuses, and that each refusal says what to do; and what it copes with."""

import psycopg
import pytest
from psycopg import sql

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.adopt.errors import (
    NotALegacyDatabase,
    SourceEncodingUnknown,
    SourceIsTarget,
    SourceNotReadable,
    SourceRightMissing,
    SourceUnreachable,
    SourceUrlInvalid,
    TargetInUse,
    TargetMovedOn,
)
from stormcom.adopt.run import adopt
from stormcom.adopt.source import Source
from stormcom.schema import upgrade
from tests.conftest import NOON, drop_database, with_database
from tests.stormcom.adopt.conftest import Adoption


def test_an_orms_url_is_understood(shop: Adoption) -> None:
    with psycopg.connect(shop.source, autocommit=True) as connection:
        connection.execute("ALTER SCHEMA public RENAME TO shop; CREATE SCHEMA public")
    done = Adoption(f"{shop.source}&schema=shop&connection_limit=5", shop.target).repeat()
    assert done.run.report["tables"]["products"]["inserted"] > 0
    with pytest.raises(NotALegacyDatabase, match=r"schema 'public' has no table User. \?schema=… names another"):
        shop.repeat()


@pytest.mark.parametrize("url", ["mysql://root@localhost/shop", "postgresql://localhost", "shop", "postgresql://h/x?a=b"])
def test_what_is_no_url_is_said(shop: Adoption, url: str) -> None:
    with pytest.raises(SourceUrlInvalid, match="is no Postgres URL"):
        Adoption(url, shop.target).repeat()


def test_an_unreachable_source_is_said_without_its_password(shop: Adoption) -> None:
    with pytest.raises(SourceUnreachable, match="Check host, port, name and password") as refusal:
        Adoption("postgresql://me:secret@127.0.0.1:1/shop", shop.target).repeat()
    assert "secret" not in str(refusal.value)


def test_what_is_no_legacy_shop_is_said(shop: Adoption) -> None:
    shop.legacy('ALTER TABLE "Order" RENAME COLUMN "totalAmount" TO total')
    with pytest.raises(NotALegacyDatabase, match="no column totalAmount in table Order"):
        shop.repeat()


def test_source_and_target_must_differ(shop: Adoption) -> None:
    with pytest.raises(SourceIsTarget, match="STORMCOM_DATABASE_URL"):
        adopt(Database(shop.source), Source(shop.source), clock=FixedClock(NOON))


def test_a_database_of_bytes_is_refused(shop: Adoption, server_url: str) -> None:
    name = f"{shop.target.url.rpartition('/')[2].partition('?')[0]}_ascii".replace("adopting", "bytes")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'").format(sql.Identifier(name)))
    try:
        with pytest.raises(SourceEncodingUnknown, match="ENCODING 'UTF8'"):
            Adoption(with_database(server_url, name), shop.target).repeat()
    finally:
        drop_database(server_url, name)


def test_a_value_that_does_not_fit_is_named(shop: Adoption) -> None:
    shop.legacy('ALTER TABLE "Product" ALTER "inventoryQty" TYPE bigint')
    shop.legacy('UPDATE "Product" SET "inventoryQty" = 5000000000 WHERE sku = \'P-1\'')
    with pytest.raises(SourceNotReadable, match=r"Product can't be read .*out of range"):
        shop.repeat()


def test_a_used_target_is_refused(shop: Adoption) -> None:
    shop.new("INSERT INTO organizations (id, name, slug, updated_at) VALUES (uuidv7(), 'x', 'x', now())")
    with pytest.raises(TargetInUse, match=r"stands at 0001 .*empty database"):
        shop.repeat()


def test_a_target_that_moved_on_is_refused(adopted_shop: Adoption, other_database: str) -> None:
    upgrade(adopted_shop.target.url, "0002")
    with pytest.raises(TargetMovedOn, match="stormcom db downgrade 0001"):
        adopted_shop.repeat()
    upgrade(other_database, "0002")
    with pytest.raises(TargetInUse, match="stands at 0002"):
        Adoption(adopted_shop.source, Database(other_database)).repeat()


def test_rights_that_are_missing_are_named(shop: Adoption, server_url: str) -> None:
    role = "stormcom_test_reader"
    with psycopg.connect(shop.source, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}" if connection.execute(
            "SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() else "SELECT 1")
        connection.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        reader = Adoption(shop.source.replace("postgres@", f"{role}@"), shop.target)
        assert reader.repeat().run.report["tables"]["products"]["inserted"] > 0
        with pytest.raises(SourceRightMissing, match=f"{role} may not make it read-only.*pg_signal_backend"):
            reader.repeat(is_final=True)
    finally:
        with psycopg.connect(shop.source, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_missing_log_tables_are_reported(shop: Adoption) -> None:
    shop.legacy('DROP TABLE "InventoryLog", audit_logs')
    done = shop.repeat()
    assert done.run.report["missing_tables"] == ["inventory_logs", "audit_logs"]
    assert "inventory_logs" not in done.run.report["tables"]
    assert shop.new("SELECT count(*) FROM inventory_logs") == [(0,)]


def test_what_other_versions_have_is_named(shop: Adoption) -> None:
    """Later columns and enum values, a column that is not there, keys that nothing guards."""
    shop.legacy("""ALTER TABLE "Product" ADD "seoTitle" text; UPDATE "Product" SET "seoTitle" = 'x' WHERE sku = 'P-2';
                   ALTER TABLE "Customer" DROP "totalOrders"; ALTER TABLE "Brand" DROP CONSTRAINT "Brand_pkey" CASCADE;
                   ALTER TYPE "ProductStatus" ADD VALUE 'PREORDER';
                   ALTER TABLE "Store" ALTER timezone DROP NOT NULL;
                   UPDATE "Store" SET timezone = NULL WHERE slug = 'shop-4';
                   ALTER TABLE "Brand" DROP CONSTRAINT "Brand_storeId_slug_key";
                   CREATE TABLE "Wishlist" (id text)""")
    shop.legacy("UPDATE \"Product\" SET status = 'PREORDER' WHERE sku = 'P-1'")
    shop.legacy('INSERT INTO "Brand" SELECT * FROM "Brand" LIMIT 1')
    report = shop.repeat().run.report
    assert report["left_out_columns"] == {"Product.seoTitle": 1}
    assert report["left_out_tables"]["Wishlist"] == 0
    assert report["lacking_columns"] == {"customers": ["total_orders"]}
    reasons = {(each["table"], each["reason"]) for each in report["set_aside"]}
    assert ("products", "unknown status") in reasons
    assert ("brands", "repeats a row that was adopted") in reasons
    defaults = {(each["table"], each["count"]) for each in report["findings"] if each["kind"] == "default used"}
    assert ("stores", 1) in defaults
    assert report["tables"]["brands"]["source"] == report["tables"]["brands"]["inserted"] + 1
