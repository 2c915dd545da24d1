"""The SQL of publishing: rows come as JSON, a chunk at a time; what the shop has already stays as it is.

Products are found again by slug, variants by SKU, customers by e-mail, orders by number.
"""

_FROM = "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS s"
# Table of the prepared rows → statement that adds those that are new, in the order of writing.
INSERT = {
    "brands": f"""
        INSERT INTO brands (id, store_id, name, slug, created_at, updated_at)
        SELECT s.id, :store, s.name, s.slug, :now, :now {_FROM} (id uuid, name text, slug text)
        ON CONFLICT DO NOTHING""",
    "categories": f"""
        INSERT INTO categories (id, store_id, name, slug, created_at, updated_at)
        SELECT s.id, :store, s.name, s.slug, :now, :now {_FROM} (id uuid, name text, slug text)
        ON CONFLICT DO NOTHING""",
    "products": f"""
        INSERT INTO products (id, store_id, name, slug, sku, description, barcode, status, published_at, currency,
                              price_amount, compare_at_amount, cost_amount, track_inventory, weight, brand_id,
                              category_id, meta_title, meta_description, meta_keywords, created_at, updated_at)
        SELECT s.id, :store, s.name, s.slug, s.sku, s.description, s.barcode, CAST(s.status AS product_status),
               CASE WHEN s.is_published THEN CAST(:now AS timestamptz) END, :currency, s.price_amount,
               s.compare_at_amount, s.cost_amount, s.track_inventory, s.weight, b.id, c.id, s.meta_title,
               s.meta_description, s.meta_keywords, :now, :now
        {_FROM} (id uuid, name text, slug text, sku text, description text, barcode text, status text,
                 is_published boolean, price_amount bigint, compare_at_amount bigint, cost_amount bigint,
                 track_inventory boolean, weight double precision, brand_id uuid, category_id uuid, meta_title text,
                 meta_description text, meta_keywords text)
        LEFT JOIN brands b ON b.store_id = :store AND b.id = s.brand_id
        LEFT JOIN categories c ON c.store_id = :store AND c.id = s.category_id
        WHERE NOT EXISTS (SELECT FROM products p WHERE p.store_id = :store AND p.slug = s.slug
                          AND p.deleted_at IS NULL)
        ON CONFLICT DO NOTHING""",
    "variants": f"""
        INSERT INTO product_variants (id, store_id, product_id, name, sku, barcode, options, is_default, currency,
                                      price_amount, compare_at_amount, weight, image, created_at, updated_at)
        SELECT s.id, :store, s.product_id, s.name, s.sku, s.barcode, s.options, s.is_default, :currency,
               s.price_amount, s.compare_at_amount, s.weight, s.image, :now, :now
        {_FROM} (id uuid, product_id uuid, name text, sku text, barcode text, options text, is_default boolean,
                 price_amount bigint, compare_at_amount bigint, weight double precision, image text)
        JOIN products p ON p.store_id = :store AND p.id = s.product_id
        ON CONFLICT DO NOTHING""",
    "levels": f"""
        WITH fresh AS MATERIALIZED (
          SELECT s.* {_FROM} (id uuid, is_tracked boolean, on_hand integer, backorder_limit integer)
          JOIN product_variants v ON v.store_id = :store AND v.id = s.id
          WHERE NOT EXISTS (SELECT FROM inventory_adjustment a WHERE a.store_id = :store AND a.variant_id = s.id)),
        levels AS (
          INSERT INTO inventory_level (store_id, variant_id, on_hand, backorder_limit, is_tracked)
          SELECT :store, id, on_hand, backorder_limit, is_tracked FROM fresh
          ON CONFLICT (store_id, variant_id) DO UPDATE SET on_hand = excluded.on_hand,
            backorder_limit = excluded.backorder_limit, is_tracked = excluded.is_tracked
            WHERE inventory_level.on_hand = 0
          RETURNING variant_id, on_hand)
        INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code, reason_detail)
        SELECT :store, variant_id, on_hand, 'initial', 'shopify' FROM levels WHERE on_hand <> 0""",
    "images": f"""
        INSERT INTO product_image (id, store_id, product_id, url, alt, position)
        SELECT s.id, :store, s.product_id, s.url, s.alt, s.position
        {_FROM} (id uuid, product_id uuid, url text, alt text, position integer)
        JOIN products p ON p.store_id = :store AND p.id = s.product_id
        WHERE NOT EXISTS (SELECT FROM product_image i WHERE i.store_id = :store AND i.product_id = s.product_id)""",
    "customers": f"""
        INSERT INTO customers (id, store_id, email, first_name, last_name, phone, accepts_marketing,
                               marketing_opt_in_at, total_spent_amount, average_order_amount, currency, created_at,
                               updated_at)
        SELECT s.id, :store, s.email, s.first_name, s.last_name, s.phone, s.accepts_marketing,
               CASE WHEN s.accepts_marketing THEN CAST(:now AS timestamptz) END, 0, 0, :currency, :now, :now
        {_FROM} (id uuid, email text, first_name text, last_name text, phone text, accepts_marketing boolean)
        WHERE NOT EXISTS (SELECT FROM customers c WHERE c.store_id = :store AND lower(c.email) = s.email
                          AND c.deleted_at IS NULL)
        ON CONFLICT DO NOTHING""",
    "orders": f"""
        INSERT INTO orders (id, store_id, customer_id, order_number, external_ref, status, payment_status,
                            payment_method, origin, placed_at, currency, order_subtotal_amount, order_discount_amount,
                            order_shipping_amount, order_tax_amount, order_total_amount, shipping_tax_amount,
                            prices_include_tax, discount_code, shipping_method, shipping_address, billing_address,
                            customer_note, canceled_at, fulfilled_at, created_at, updated_at)
        SELECT s.id, :store, c.id, s.order_number, s.external_ref, CAST(s.status AS order_status),
               CAST(s.payment_status AS payment_status), CAST(s.payment_method AS payment_method), 'import',
               s.placed_at, :currency, s.order_subtotal_amount, s.order_discount_amount, s.order_shipping_amount,
               s.order_tax_amount, s.order_total_amount, s.shipping_tax_amount, s.prices_include_tax,
               s.discount_code, s.shipping_method, s.shipping_address, s.billing_address, s.customer_note,
               s.canceled_at, s.fulfilled_at, s.placed_at, s.placed_at
        {_FROM} (id uuid, order_number text, external_ref text, status text, payment_status text, payment_method text,
                 email text, placed_at timestamptz, order_subtotal_amount bigint, order_discount_amount bigint,
                 order_shipping_amount bigint, order_tax_amount bigint, order_total_amount bigint,
                 shipping_tax_amount bigint, prices_include_tax boolean, discount_code text, shipping_method text,
                 shipping_address text, billing_address text, customer_note text, canceled_at timestamptz,
                 fulfilled_at timestamptz)
        LEFT JOIN customers c ON c.store_id = :store AND lower(c.email) = s.email AND c.deleted_at IS NULL
        ON CONFLICT DO NOTHING RETURNING id""",
    "items": f"""
        INSERT INTO order_items (id, store_id, order_id, product_id, variant_id, ordinal, product_name, sku, quantity,
                                 unit_price_amount, line_subtotal_amount, line_discount_amount, line_tax_amount,
                                 line_total_amount, currency, created_at, updated_at)
        SELECT s.id, :store, s.order_id, v.product_id, v.id, s.ordinal, s.product_name, s.sku, s.quantity,
               s.unit_price_amount, s.line_subtotal_amount, s.line_discount_amount, s.line_tax_amount,
               s.line_total_amount, :currency, o.placed_at, o.placed_at
        {_FROM} (id uuid, order_id uuid, ordinal integer, product_name text, sku text, quantity integer,
                 unit_price_amount bigint, line_subtotal_amount bigint, line_discount_amount bigint,
                 line_tax_amount bigint, line_total_amount bigint)
        JOIN orders o ON o.store_id = :store AND o.id = s.order_id
        LEFT JOIN product_variants v ON v.store_id = :store AND v.sku = s.sku AND s.sku <> '' AND v.deleted_at IS NULL
        ON CONFLICT DO NOTHING""",
    "refunds": f"""
        INSERT INTO refund (id, store_id, order_id, currency, amount, status, reason, created_at, processed_at)
        SELECT s.id, :store, s.order_id, :currency, s.amount, 'processed', 'shopify', s.processed_at, s.processed_at
        {_FROM} (id uuid, order_id uuid, amount bigint, processed_at timestamptz)
        JOIN orders o ON o.store_id = :store AND o.id = s.order_id ON CONFLICT DO NOTHING""",
    "refund_items": f"""
        INSERT INTO refund_item (id, store_id, refund_id, order_id, kind, amount)
        SELECT s.id, :store, s.refund_id, s.order_id, s.kind, s.amount
        {_FROM} (id uuid, refund_id uuid, order_id uuid, kind text, amount bigint)
        JOIN refund r ON r.store_id = :store AND r.id = s.refund_id ON CONFLICT DO NOTHING""",
    "events": f"""
        INSERT INTO domain_event (id, store_id, name, entity_type, entity_id, payload, occurred_at)
        SELECT s.id, :store, s.name, 'order', s.entity_id, s.payload, s.occurred_at
        {_FROM} (id uuid, name text, entity_id uuid, payload jsonb, occurred_at timestamptz)
        JOIN orders o ON o.store_id = :store AND o.id = s.entity_id ON CONFLICT DO NOTHING""",
}
# A publication lasts longer than a request may.
LIMITS = """SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0;
            SET LOCAL idle_in_transaction_session_timeout = 0"""
CUSTOMER_TOTALS = """
    UPDATE customers c SET total_orders = t.order_count, total_spent_amount = t.spent_amount,
      average_order_amount = t.spent_amount / t.order_count, last_order_at = t.last_at
    FROM (SELECT customer_id, count(*)::integer AS order_count, max(placed_at) AS last_at,
                 sum(order_total_amount)::bigint AS spent_amount
          FROM orders WHERE store_id = :store AND origin <> 'opening' AND status <> 'CANCELED'
            AND deleted_at IS NULL AND customer_id IS NOT NULL GROUP BY 1) t
    WHERE c.store_id = :store AND c.id = t.customer_id"""
