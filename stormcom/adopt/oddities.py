"""Oddities: what legacy data may say that contradicts itself. Nothing is changed; the report names it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Oddity:
    """One kind of oddity: its name, what it means, and the question that finds it (columns old_key, detail)."""

    kind: str
    table: str
    meaning: str
    sql: str


_PRICED = "JOIN ready_stores st ON st.id = r.owner_id JOIN currency_choice c ON c.was = st.currency"


def _json(kind: str, table: str, column: str, wanted: str, meaning: str) -> Oddity:
    """A text that should be JSON of one kind (`wanted`: ARRAY or OBJECT) and is not."""
    return Oddity(kind, table, meaning, f"""
        SELECT old_key, jsonb_build_object('column', '{column}', 'is', left("{column}", 200)) AS detail
        FROM ready_{table} WHERE "{column}" IS NOT NULL AND NOT "{column}" IS JSON {wanted}""")


IMAGE_MEANINGS = {
    "images are one bare address": "read as a list of one",
    "images are invalid JSON": "read as a list of one text",
    "images are null": "read as an empty list",
    "images are empty text": "read as an empty list",
    "images are JSON but no list": "read as a list of one text",
}
# One reading of the text for all kinds.
IMAGES = """
    SELECT CASE WHEN trim(r.images) = '' THEN 'images are empty text' WHEN r.images IS JSON ARRAY THEN NULL
        WHEN trim(r.images) = 'null' THEN 'images are null' WHEN r.images IS JSON THEN 'images are JSON but no list'
        WHEN trim(r.images) ~ '^(https?://|/|data:)[^ ]*$' THEN 'images are one bare address'
        ELSE 'images are invalid JSON' END AS kind,
      r.old_key, jsonb_build_object('is', left(r.images, 200)) AS detail
    FROM ready_products r WHERE r.images <> '[]'"""


def _same_but_for_case(table: str, owner: str) -> Oddity:
    return Oddity(f"e-mail of {table} differs only in case", table, "two rows of one person, or two people", f"""
        SELECT old_key, jsonb_build_object('email', email, 'same_as', first) AS detail FROM (
          SELECT old_key, email, first_value(old_key) OVER (PARTITION BY {owner} lower(email) ORDER BY old_key)
            AS first FROM ready_{table} WHERE email IS NOT NULL) e WHERE first <> old_key""")


_ORDERS = (
    Oddity("header differs from lines", "orders", "the order's subtotal is not the sum of its lines'", f"""
        SELECT r.old_key, jsonb_build_object('number', r.order_number, 'subtotal', r.subtotal, 'lines', l.subtotal)
          AS detail
        FROM ready_orders r {_PRICED}
        JOIN (SELECT order_id, sum(subtotal) AS subtotal FROM ready_order_items GROUP BY 1) l ON l.order_id = r.id
        WHERE abs(r.subtotal - l.subtotal) * c.scale >= 0.5"""),
    Oddity("total differs from its parts", "orders", "total is not subtotal + tax + shipping - discount", f"""
        SELECT r.old_key, jsonb_build_object('number', r.order_number, 'total', r.total_amount, 'parts', s.parts)
          AS detail
        FROM ready_orders r {_PRICED} CROSS JOIN LATERAL (VALUES (
          r.subtotal + r.tax_amount + r.shipping_amount - r.discount_amount)) s (parts)
        WHERE abs(s.parts - r.total_amount) * c.scale >= 0.5"""),
    Oddity("order without lines", "orders", "an order that sells nothing", """
        SELECT r.old_key, jsonb_build_object('number', r.order_number, 'total', r.total_amount) AS detail
        FROM ready_orders r WHERE NOT EXISTS (SELECT FROM ready_order_items i WHERE i.order_id = r.id)"""),
    Oddity("line differs from price × quantity", "order_items", "the line's subtotal is kept as it is", f"""
        SELECT r.old_key, jsonb_build_object('price', r.price, 'quantity', r.quantity, 'subtotal', r.subtotal) AS detail
        FROM ready_order_items r {_PRICED} WHERE abs(r.price * r.quantity - r.subtotal) * c.scale >= 0.5"""),
    Oddity("line without units", "order_items", "a quantity of 0 or less", """
        SELECT old_key, jsonb_build_object('sku', sku, 'quantity', quantity) AS detail
        FROM ready_order_items WHERE quantity <= 0"""),
)

_PRICES = (
    Oddity("price is 100 times what it sells for", "products", "it may be in minor units; nothing was divided", """
        SELECT r.old_key, jsonb_build_object('sku', r.sku, 'price', r.price, 'sold_at', min(i.price)) AS detail
        FROM ready_products r JOIN ready_order_items i ON i.product_id = r.id
        WHERE r.price > 0 AND abs(r.price - 100 * i.price) < 0.5 GROUP BY 1, r.sku, r.price"""),
    Oddity("all prices look like minor units", "stores",
           "whole numbers of 100 and more throughout; if they are cents, correct them in the source", """
        SELECT st.old_key, jsonb_build_object('slug', st.slug, 'currency', st.currency, 'products', count(*), 'median',
          percentile_cont(0.5) WITHIN GROUP (ORDER BY r.price)) AS detail
        FROM ready_products r JOIN ready_stores st ON st.id = r.store_id JOIN currency_choice c ON c.was = st.currency
        WHERE c.exponent > 0 AND r.price <> 0 GROUP BY 1, st.slug, st.currency
        HAVING bool_and(r.price >= 100 AND r.price = floor(r.price)) AND count(*) >= 3"""),
    Oddity("negative price", "products", "kept as it is; correct it, or the store's pricing can't go past shadow", """
        SELECT old_key, jsonb_build_object('sku', sku, 'price', price) AS detail
        FROM ready_products WHERE price < 0"""),
)

_CATALOGUE = (
    Oddity("attribute value given twice", "product_attribute_values",
           "a product says the same thing twice; both are kept", """
        SELECT old_key, jsonb_build_object('value', value, 'same_as', first) AS detail FROM (
          SELECT old_key, value, first_value(old_key) OVER same AS first
          FROM ready_product_attribute_values
          WINDOW same AS (PARTITION BY product_id, attribute_id, value ORDER BY old_key)
        ) v WHERE first <> old_key"""),
    Oddity("several default variants", "products", "the phases keep the flags; only one can be shown first", """
        SELECT r.old_key, jsonb_build_object('sku', r.sku, 'defaults', v.number) AS detail FROM ready_products r JOIN (
          SELECT product_id, count(*) AS number FROM ready_product_variants WHERE is_default GROUP BY 1
          HAVING count(*) > 1) v ON v.product_id = r.id"""),
    Oddity("variant has another product's SKU", "product_variants",
           "legacy kept them apart; that product's own variant gets its id behind its SKU", """
        SELECT v.old_key, jsonb_build_object('sku', v.sku, 'product', p.old_key) AS detail FROM ready_product_variants v
        JOIN ready_products p ON p.store_id = v.owner_id AND p.sku = v.sku AND p.id <> v.product_id"""),
    Oddity("negative stock", "products", "kept as it is", """
        SELECT old_key, jsonb_build_object('sku', sku, 'stock', inventory_qty) AS detail
        FROM ready_products WHERE inventory_qty < 0"""),
    Oddity("negative stock", "product_variants", "kept as it is", """
        SELECT old_key, jsonb_build_object('sku', sku, 'stock', inventory_qty) AS detail
        FROM ready_product_variants WHERE inventory_qty < 0"""),
    Oddity("stock differs from variants", "products",
           "stock of the product itself goes to a variant of its own when stock is by variant", """
        SELECT r.old_key, jsonb_build_object('sku', r.sku, 'stock', r.inventory_qty, 'variants', v.stock) AS detail
        FROM ready_products r
        JOIN (SELECT product_id, sum(inventory_qty) AS stock FROM ready_product_variants GROUP BY 1) v
          ON v.product_id = r.id WHERE v.stock <> r.inventory_qty"""),
    _json("options are no JSON object", "product_variants", "options", "OBJECT", "kept as it is"),
    _json("values are no JSON list", "product_attributes", "values", "ARRAY", "kept as it is"),
    _json("address is no JSON object", "orders", "shipping_address", "OBJECT", "kept as it is; a guest stays nameless"),
)

_PEOPLE = (
    _same_but_for_case("customers", "store_id,"),
    _same_but_for_case("users", ""),
    Oddity("customer is a user", "customers", "an account that signs in and buys", """
        SELECT c.old_key, jsonb_build_object('user', u.old_key) AS detail
        FROM ready_customers c JOIN ready_users u ON u.id = c.user_id"""),
    Oddity("rating outside 1 to 5", "reviews", "kept as it is", """
        SELECT old_key, jsonb_build_object('rating', rating) AS detail FROM ready_reviews
        WHERE rating NOT BETWEEN 1 AND 5"""),
)

ODDITIES = (*_ORDERS, *_PRICES, *_CATALOGUE, *_PEOPLE)
