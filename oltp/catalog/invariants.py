"""What must hold of the catalog at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "every_live_product_has_a_live_variant": """
        SELECT p.store_id, p.id AS entity_id, p.sku FROM products p
        WHERE p.deleted_at IS NULL AND NOT EXISTS (
          SELECT FROM product_variants v
          WHERE v.store_id = p.store_id AND v.product_id = p.id AND v.deleted_at IS NULL)""",
    "no_category_is_below_itself": """
        WITH RECURSIVE above AS (
          SELECT store_id, id, parent_id FROM categories WHERE deleted_at IS NULL AND parent_id IS NOT NULL
          UNION SELECT a.store_id, a.id, c.parent_id FROM above a
          JOIN categories c ON c.store_id = a.store_id AND c.id = a.parent_id)
        SELECT store_id, id AS entity_id FROM above WHERE parent_id = id""",
    "no_live_row_is_in_a_deleted_category_or_brand": """
        SELECT p.store_id, p.id AS entity_id, p.category_id, p.brand_id FROM products p
        LEFT JOIN categories c ON c.store_id = p.store_id AND c.id = p.category_id
        LEFT JOIN brands b ON b.store_id = p.store_id AND b.id = p.brand_id
        WHERE p.deleted_at IS NULL AND (c.deleted_at IS NOT NULL OR b.deleted_at IS NOT NULL)
        UNION ALL
        SELECT k.store_id, k.id, c.id, NULL FROM categories k
        JOIN categories c ON c.store_id = k.store_id AND c.id = k.parent_id
        WHERE k.deleted_at IS NULL AND c.deleted_at IS NOT NULL""",
    "what_belongs_to_a_deleted_product_is_deleted": """
        SELECT v.store_id, v.id AS entity_id, v.product_id FROM product_variants v
        JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
        WHERE p.deleted_at IS NOT NULL AND v.deleted_at IS NULL""",
}
