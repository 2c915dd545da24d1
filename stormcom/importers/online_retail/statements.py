"""The SQL of publishing: each entity's temporary table, and how its rows become rows of the shop.

COPY is refused under row-level security, so batches are copied into temporary tables and inserted from
there, as the app. Products, variants and customers are found again by SKU and e-mail, so that a store that
already knows them keeps its own.
"""

STAGED = {
    "products": """id uuid, variant_id uuid, sku text, name text, slug text, price_amount bigint,
        first_at timestamptz""",
    "customers": "id uuid, email text, first_name text, last_name text, first_at timestamptz",
    "orders": """id uuid PRIMARY KEY, invoice text, origin text, email text, country text,
        placed_at timestamptz, subtotal_amount bigint, shipping_amount bigint, item_count bigint""",
    "order_items": """id uuid, order_id uuid, sku text, ordinal integer, description text,
        unit_price_amount bigint, quantity integer, subtotal_amount bigint, placed_at timestamptz""",
    "refunds": """id uuid PRIMARY KEY, order_id uuid, invoice text, target_invoice text, amount bigint,
        processed_at timestamptz""",
    "refund_items": """id uuid, refund_id uuid, order_id uuid, order_item_id uuid, kind text,
        quantity integer, amount bigint""",
    "domain_events": """id uuid, name text, entity_type text, entity_id uuid, reference text, amount bigint,
        occurred_at timestamptz""",
}
"""Entity → columns of its temporary table, in the order of publishing."""

INSERT = {
    "products": """
        INSERT INTO products (id, store_id, name, slug, sku, track_inventory, status, published_at, price_amount,
                              currency, created_at, updated_at)
        SELECT id, :store, name, slug, sku, false, 'ACTIVE', first_at, price_amount, :currency,
               first_at, first_at
        FROM staged_products ON CONFLICT DO NOTHING""",
    "customers": """
        INSERT INTO customers (id, store_id, email, first_name, last_name, total_spent_amount,
                               average_order_amount, currency, created_at, updated_at)
        SELECT id, :store, email, first_name, last_name, 0, 0, :currency, first_at, first_at
        FROM staged_customers ON CONFLICT DO NOTHING""",
    "orders": """
        INSERT INTO orders (id, store_id, customer_id, order_number, external_ref, status, payment_status,
                            origin, placed_at, currency, order_subtotal_amount, order_discount_amount,
                            order_shipping_amount, order_tax_amount, order_total_amount, shipping_address,
                            created_at, updated_at)
        SELECT s.id, :store, c.id, s.invoice, s.invoice, 'DELIVERED',
               (CASE s.origin WHEN 'opening' THEN 'REFUNDED' ELSE 'PAID' END)::payment_status,
               s.origin, s.placed_at, :currency, s.subtotal_amount, 0,
               s.shipping_amount, 0, s.subtotal_amount + s.shipping_amount,
               jsonb_build_object('country', s.country)::text, s.placed_at, s.placed_at
        FROM staged_orders s LEFT JOIN customers c ON c.store_id = :store AND c.email = s.email""",
    "order_items": """
        INSERT INTO order_items (id, store_id, order_id, product_id, variant_id, ordinal, product_name, sku,
                                 unit_price_amount, quantity, line_subtotal_amount, line_discount_amount,
                                 line_tax_amount, line_total_amount, currency, created_at, updated_at)
        SELECT s.id, :store, s.order_id, g.product_id, g.variant_id, s.ordinal,
               coalesce(s.description, g.name), s.sku, s.unit_price_amount, s.quantity, s.subtotal_amount,
               0, 0, s.subtotal_amount, :currency, s.placed_at, s.placed_at
        FROM staged_order_items s JOIN staged_orders o ON o.id = s.order_id JOIN goods g ON g.sku = s.sku""",
    "refunds": """
        INSERT INTO refund (id, store_id, order_id, currency, amount, status, reason, external_ref,
                            created_at, processed_at)
        SELECT id, :store, order_id, :currency, amount, 'processed', 'cancellation', invoice, processed_at,
               processed_at
        FROM staged_refunds""",
    "refund_items": """
        INSERT INTO refund_item (id, store_id, refund_id, order_id, order_item_id, kind, quantity, amount)
        SELECT s.id, :store, s.refund_id, s.order_id, s.order_item_id, s.kind, s.quantity, s.amount
        FROM staged_refund_items s JOIN staged_refunds r ON r.id = s.refund_id""",
    "domain_events": """
        INSERT INTO domain_event (id, store_id, name, entity_type, entity_id, payload, occurred_at)
        SELECT s.id, :store, s.name, s.entity_type, s.entity_id,
               CASE s.entity_type
                 WHEN 'order' THEN jsonb_build_object('order_number', s.reference, 'total_amount', s.amount,
                                                      'currency', CAST(:currency AS text))
                 ELSE jsonb_build_object('external_ref', s.reference, 'amount', s.amount,
                                         'currency', CAST(:currency AS text)) END,
               s.occurred_at
        FROM staged_domain_events s
        WHERE EXISTS (SELECT FROM staged_orders o WHERE o.id = s.entity_id)
           OR EXISTS (SELECT FROM staged_refunds r WHERE r.id = s.entity_id)""",
}

ADD_VARIANTS = """
    INSERT INTO product_variants (id, store_id, product_id, name, sku, currency, options, is_default,
                                  created_at, updated_at)
    SELECT s.variant_id, :store, p.id, 'Default', s.sku, :currency, '{}', true, s.first_at, s.first_at
    FROM staged_products s JOIN products p ON p.store_id = :store AND p.sku = s.sku
    WHERE NOT EXISTS (SELECT FROM product_variants v WHERE v.store_id = :store AND v.product_id = p.id)
    ON CONFLICT DO NOTHING"""

GOODS = """
    CREATE TEMPORARY TABLE goods ON COMMIT DROP AS
    SELECT DISTINCT ON (s.sku) s.sku, s.name, p.id AS product_id, v.id AS variant_id
    FROM staged_products s JOIN products p ON p.store_id = :store AND p.sku = s.sku
    LEFT JOIN product_variants v ON v.store_id = :store AND v.product_id = p.id
    ORDER BY s.sku, v.is_default DESC, v.created_at, v.id"""

GOODS_WITHOUT_PRODUCT = """
    SELECT s.sku FROM staged_products s LEFT JOIN goods g ON g.sku = s.sku
    WHERE g.sku IS NULL ORDER BY 1 LIMIT 3"""

DIFFERING_ORDERS = """
    SELECT s.invoice FROM staged_orders s JOIN orders o ON o.store_id = :store AND o.order_number = s.invoice
    WHERE s.origin = 'import' AND (o.id <> s.id OR o.order_subtotal_amount <> s.subtotal_amount
      OR o.order_shipping_amount <> s.shipping_amount
      OR s.item_count <> (SELECT count(*) FROM order_items i WHERE i.store_id = :store AND i.order_id = o.id))
    ORDER BY 1"""

DIFFERING_REFUNDS = """
    SELECT s.invoice FROM (SELECT invoice, sum(amount) AS amount FROM staged_refunds GROUP BY 1) s
    JOIN (SELECT external_ref, sum(amount) AS amount FROM refund WHERE store_id = :store GROUP BY 1) r
      ON r.external_ref = s.invoice
    WHERE r.amount <> s.amount ORDER BY 1"""

DROP_KNOWN_REFUNDS = """
    DELETE FROM staged_refunds s USING refund r WHERE r.store_id = :store AND r.external_ref = s.invoice"""

# An opening order lives for its refunds: where these are known, so is it, or its lines were matched then.
DROP_KNOWN_ORDERS = """
    DELETE FROM staged_orders s
    WHERE EXISTS (SELECT FROM orders o WHERE o.store_id = :store AND o.order_number = s.invoice)
       OR (s.origin = 'opening' AND NOT EXISTS (SELECT FROM staged_refunds r WHERE r.order_id = s.id))"""

STAGED_ORDER_COUNTS = "SELECT origin, count(*) AS order_count FROM staged_orders GROUP BY 1"

# An opening order was placed before the file begins: it counts for no customer.
CUSTOMER_TOTALS = """
    UPDATE customers c SET total_orders = t.order_count, total_spent_amount = t.spent_amount,
      average_order_amount = t.spent_amount / t.order_count, last_order_at = t.last_at
    FROM (SELECT customer_id, count(*)::integer AS order_count, max(placed_at) AS last_at,
                 sum(order_total_amount)::bigint AS spent_amount
          FROM orders WHERE store_id = :store AND origin <> 'opening' AND status <> 'CANCELED'
            AND deleted_at IS NULL AND customer_id IS NOT NULL GROUP BY 1) t
    WHERE c.store_id = :store AND c.id = t.customer_id AND c.email IN (SELECT email FROM staged_orders)"""
