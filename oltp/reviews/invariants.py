"""What must hold of reviews at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "one_live_review_per_customer_and_product": """
        SELECT store_id, (array_agg(id ORDER BY created_at DESC))[1] AS entity_id, product_id, customer_id,
               count(*) AS reviews
        FROM reviews WHERE deleted_at IS NULL AND customer_id IS NOT NULL
        GROUP BY store_id, product_id, customer_id HAVING count(*) > 1""",
    "a_rating_is_from_1_to_5": """
        SELECT store_id, id AS entity_id, rating FROM reviews
        WHERE deleted_at IS NULL AND rating NOT BETWEEN 1 AND 5""",
}
