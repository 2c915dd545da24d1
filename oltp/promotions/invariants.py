"""What must hold of promotions at all times, as SQL whose rows are offenders. A use is an order, not a line."""

_RULE_USES = """
    SELECT a.store_id, a.promotion_rule_id AS id, count(DISTINCT a.order_id) AS uses,
           sum(coalesce(a.gross_amount, a.amount)) AS spent
    FROM applied_promotion a WHERE a.released_at IS NULL AND a.promotion_rule_id IS NOT NULL GROUP BY 1, 2"""
_PERSON_USES = """
    SELECT a.store_id, o.subject_id, a.{key} AS id, count(DISTINCT a.order_id) AS uses
    FROM applied_promotion a JOIN orders o ON o.store_id = a.store_id AND o.id = a.order_id
    WHERE a.released_at IS NULL AND a.{key} IS NOT NULL AND o.subject_id IS NOT NULL GROUP BY 1, 2, 3"""

INVARIANTS: dict[str, str] = {
    "a_rule_counts_its_orders": f"""
        SELECT r.store_id, r.id AS entity_id, r.used_count, coalesce(u.uses, 0) AS orders
        FROM promotion_rule r LEFT JOIN ({_RULE_USES}) u ON u.store_id = r.store_id AND u.id = r.id
        WHERE r.used_count <> coalesce(u.uses, 0)""",
    "a_budget_is_what_orders_were_given": f"""
        SELECT r.store_id, r.id AS entity_id, r.spent_amount, coalesce(u.spent, 0) AS given
        FROM promotion_rule r LEFT JOIN ({_RULE_USES}) u ON u.store_id = r.store_id AND u.id = r.id
        WHERE r.spent_amount <> coalesce(u.spent, 0)""",
    "a_code_counts_its_orders": """
        SELECT c.store_id, c.id AS entity_id, c.used_count, coalesce(u.uses, 0) AS orders
        FROM discount_code c LEFT JOIN (
          SELECT a.store_id, a.discount_code_id AS id, count(DISTINCT a.order_id) AS uses FROM applied_promotion a
          WHERE a.released_at IS NULL AND a.discount_code_id IS NOT NULL GROUP BY 1, 2) u
          ON u.store_id = c.store_id AND u.id = c.id
        WHERE c.used_count <> coalesce(u.uses, 0)""",
    "a_person_has_used_what_his_orders_show": f"""
        SELECT coalesce(p.store_id, u.store_id) AS store_id, coalesce(p.id, u.id) AS entity_id,
               coalesce(p.used_count, 0) AS used_count, coalesce(u.uses, 0) AS orders
        FROM promotion_usage p
        FULL JOIN ({_PERSON_USES.format(key="promotion_rule_id")}
                   UNION ALL {_PERSON_USES.format(key="discount_code_id")}) u
          ON u.store_id = p.store_id AND u.subject_id = p.subject_id
          AND u.id = coalesce(p.promotion_rule_id, p.discount_code_id)
        WHERE coalesce(p.used_count, 0) <> coalesce(u.uses, 0)""",
}
