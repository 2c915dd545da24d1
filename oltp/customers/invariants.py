"""What must hold of customers at all times, as SQL whose rows are offenders. Run as a role that sees every store."""

INVARIANTS: dict[str, str] = {
    "a_customer_is_in_a_segment_once_at_a_time": """
        SELECT store_id, segment_id AS entity_id, customer_id, count(*) AS open_spells
        FROM customer_segment_member WHERE left_at IS NULL
        GROUP BY store_id, segment_id, customer_id HAVING count(*) > 1""",
    "a_custom_value_is_what_its_field_holds": """
        SELECT v.store_id, v.customer_id AS entity_id, f.key, f.kind
        FROM customer_custom_value v JOIN customer_custom_field f ON f.store_id = v.store_id AND f.id = v.field_id
        WHERE v.kind <> f.kind
          OR num_nonnulls(v.text_value, v.number_value, v.boolean_value, v.date_value) <> 1
          OR CASE f.kind WHEN 'number' THEN v.number_value IS NULL WHEN 'boolean' THEN v.boolean_value IS NULL
             WHEN 'date' THEN v.date_value IS NULL WHEN 'choice' THEN (v.text_value = ANY (f.choices)) IS NOT TRUE
             ELSE v.text_value IS NULL END""",
}
