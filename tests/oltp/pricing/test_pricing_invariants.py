"""Each invariant of pricing finds the row that was corrupted, and nothing before that."""

import psycopg
import pytest

from oltp.db.session import Database
from oltp.invariants import check_invariant
from oltp.pricing.invariants import INVARIANTS
from tests.selling import open_shop

# What is broken → how.
CORRUPTIONS = {
    "list_price_is_the_window_that_holds": "UPDATE products SET price_amount = price_amount + 1 WHERE id = %(product)s",
    "windows_of_a_key_do_not_overlap": """
        ALTER TABLE product_price DROP CONSTRAINT product_price_no_overlap;
        INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
        SELECT store_id, product_id, currency, amount, effective_at FROM product_price
        WHERE product_id = %(product)s""",
    "prices_are_exact_everywhere": """
        UPDATE product_price SET compare_at_amount = 9007199254740993 WHERE product_id = %(product)s;
        UPDATE products SET compare_at_amount = 9007199254740993 WHERE id = %(product)s""",
    "tax_regions_are_kept_once": """
        INSERT INTO tax_rate (store_id, name, country, region, rate)
        SELECT store_id, 'Tax', 'US', unnest(ARRAY['ca', 'CA']), 0.05 FROM products WHERE id = %(product)s""",
    "rates_are_of_days_that_have_been":
        "INSERT INTO currency_rate (source, base, quote, rated_on, rate) VALUES ('ecb', 'EUR', 'USD', '2999-01-01', 1)",
}


def test_every_invariant_is_corrupted_here() -> None:
    assert set(CORRUPTIONS) == set(INVARIANTS)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_a_corrupted_row_is_found(database: Database, name: str) -> None:
    shop = open_shop(database)
    goods = shop.product(1000)
    shop.tax("US", "0.05", region="NY")

    def broken() -> set[str]:
        with database.owner_session() as session:
            return {each for each in INVARIANTS if not check_invariant(session, name=f"pricing.{each}").holds}

    assert broken() == set()
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in CORRUPTIONS[name].split(";"):
            connection.execute(statement, {"product": goods.product_id} if "%(" in statement else None)
    assert broken() == {name}
