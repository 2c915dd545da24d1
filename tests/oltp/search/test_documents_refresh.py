"""Documents follow products: composed from all their parts, written only when something changed."""

from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from oltp.search.actions import refresh_documents, refresh_products
from tests.oltp.search.shop import Offer, add_brand, add_category, add_products, add_variant, fill_store


def refresh(database: Database, store: UUID) -> int:
    with database.session_for(store) as session:
        return refresh_documents(session, store_id=store)


def documents(database: Database, store: UUID) -> dict[str, dict[str, object]]:
    with database.session_for(store) as session:
        rows = session.execute(text("SELECT *, document::text AS lexemes FROM product_search_document")).mappings()
        return {str(row["sku"]): dict(row) for row in rows}


def change(database: Database, store: UUID, statement: str) -> None:
    with database.session_for(store) as session:
        session.execute(text(statement))


def test_a_document_holds_title_brand_category_path_keywords_and_the_first_words(
    database: Database, store: UUID
) -> None:
    with database.session_for(store) as session:
        root = add_category(session, store, "Living")
        leaf = add_category(session, store, "Candles", root)
        brand = add_brand(session, store, "Höhle")
        words = " ".join(f"word{n}" for n in range(80))
        offer = Offer(
            "  Café   Lantern",
            "CL-1",
            description=f"<p>Warm&nbsp;light</p> {words}",
            brand_id=brand,
            category_id=leaf,
            barcode="4006381333931",
        )
        (product,) = add_products(session, store, [offer])
        add_variant(session, store, product, "CL-1-RED", options={"Colour": "Crimson"})
        add_variant(session, store, product, "CL-1-BLUE", options="no json at all")
        session.execute(
            text("INSERT INTO product_attributes (store_id, name, values) VALUES (:s, 'Material', '[]')"), {"s": store}
        )
        session.execute(
            text("""INSERT INTO product_attribute_values (store_id, product_id, attribute_id, value)
                    SELECT :s, :p, id, 'Brass' FROM product_attributes"""),
            {"s": store, "p": product},
        )
    refresh(database, store)
    document = documents(database, store)["CL-1"]
    assert document["title"] == "Café Lantern"
    assert (document["brand"], document["category_path"]) == ("Höhle", "Living > Candles")
    assert document["keywords"] == "Brass, Crimson"
    body = str(document["body"])
    assert body.startswith("Warm&nbsp;light word0") and len(body.split(" ")) == 60
    lexemes = str(document["lexemes"])
    for lexeme in (
        "'cafe':",
        "'lantern':",
        "'=cafe':",
        "'hohl",
        "'=candles':",
        "'candl':",
        "'=crimson':",
        "'#cl-1'",
        "'#cl-1-red'",
        "'#4006381333931'",
    ):
        assert lexeme in lexemes, lexeme


def test_only_changed_documents_are_written(database: Database, store: UUID) -> None:
    fill_store(database, store, [Offer(f"Lamp {n}", f"L{n}") for n in range(20)])
    assert refresh(database, store) == 0
    before = documents(database, store)
    change(database, store, "UPDATE products SET name = 'Torch' WHERE sku = 'L3'")
    change(database, store, "UPDATE products SET price_amount = 55 WHERE sku = 'L4'")
    assert refresh(database, store) == 2
    after = documents(database, store)
    assert after["L3"]["content_hash"] != before["L3"]["content_hash"]
    assert after["L3"]["title"] == "Torch" and "'torch'" in str(after["L3"]["lexemes"])
    # A price is no text: the vector need not be made again.
    assert after["L4"]["content_hash"] == before["L4"]["content_hash"] and after["L4"]["price_amount"] == 55
    assert {k: v for k, v in after.items() if k not in ("L3", "L4")} == {
        k: v for k, v in before.items() if k not in ("L3", "L4")
    }


def test_documents_of_products_no_longer_sold_go(database: Database, store: UUID) -> None:
    fill_store(database, store, [*(Offer(f"Lamp {n}", f"L{n}") for n in range(4)), Offer("Draft", "D", status="DRAFT")])
    assert set(documents(database, store)) == {"L0", "L1", "L2", "L3"}
    change(database, store, "UPDATE products SET status = 'ARCHIVED' WHERE sku = 'L0'")
    change(database, store, "UPDATE products SET deleted_at = now() WHERE sku = 'L1'")
    change(database, store, "UPDATE products SET status = 'DRAFT' WHERE sku = 'L2'")
    change(database, store, "UPDATE products SET status = 'ACTIVE' WHERE sku = 'D'")
    assert refresh(database, store) == 4
    assert set(documents(database, store)) == {"L3", "D"}


def test_the_stores_locale_decides_the_stemming(database: Database, store: UUID) -> None:
    fill_store(database, store, [Offer("Wooden Candles", "W")])
    assert "'candl':" in str(documents(database, store)["W"]["lexemes"])
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET locale = 'de-AT'"))
    change(database, store, "UPDATE products SET name = 'Häuser aus Holz'")
    assert refresh(database, store) == 2
    document = documents(database, store)["W"]
    assert document["locale"] == "de-AT" and "'haus':" in str(document["lexemes"])
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET locale = 'ja'"))
    change(database, store, "UPDATE products SET name = 'The 木の家 Dogs'")
    refresh(database, store)
    assert "'dogs':" in str(documents(database, store)["W"]["lexemes"])
    assert "'木の家':" in str(documents(database, store)["W"]["lexemes"])


def test_availability_is_by_variant(database: Database, store: UUID) -> None:
    fill_store(database, store, [Offer("In", "IN", stock=3), Offer("Out", "OUT", stock=0), Offer("Free", "FREE")])
    assert {sku: row["is_available"] for sku, row in documents(database, store).items()} == {
        "IN": True,
        "OUT": False,
        "FREE": True,
    }
    with database.session_for(store) as session:
        product = session.scalar(text("SELECT id FROM products WHERE sku = 'OUT'"))
        add_variant(session, store, product, "OUT-2", options={}, stock=1)
        assert refresh_products(session, store_id=store, product_ids=[product]) == 1
    assert documents(database, store)["OUT"]["is_available"] is True


def test_one_product_is_refreshed_alone(database: Database, store: UUID) -> None:
    ids = fill_store(database, store, [Offer("One", "1"), Offer("Two", "2")])
    change(database, store, "UPDATE products SET name = name || ' changed'")
    with database.session_for(store) as session:
        assert refresh_products(session, store_id=store, product_ids=[ids["1"]]) == 1
    found = {sku: row["title"] for sku, row in documents(database, store).items()}
    assert found == {"1": "One changed", "2": "Two"}


def test_the_pipelines_role_refreshes_one_store_only(database: Database, store: UUID, other_store: UUID) -> None:
    fill_store(database, store, [Offer("Mine", "M")])
    with database.session_for(other_store) as session:
        add_products(session, other_store, [Offer("Theirs", "T")])
    with database.pipelines_session() as session:
        assert refresh_documents(session, store_id=other_store) == 1
    assert set(documents(database, store)) == {"M"}
    assert set(documents(database, other_store)) == {"T"}
