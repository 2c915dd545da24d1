"""The SQL of price resolution, in pieces that the listing of products uses too."""

# What applies to one variant and quantity. Windows are compared by their ends, not by `during`: the functions of
# ranges are not leakproof, so row-level security would let them see only rows that are read already, and the index of
# the key finds a handful. Without OR, because the planner would weigh each arm with each index. The two halves have an
# index each. `sold` has variant_id, product_id, quantity, currency (the product's own) and wants (the one asked for).
_CANDIDATE = """
  SELECT r.id AS price_id, r.amount, r.compare_at_amount, r.currency, r.min_quantity, r.segment_id, {place} AS place
  FROM product_price r
  WHERE wanted.reads_new AND r.store_id = :store AND r.{key}_id = sold.{key}_id AND r.{key}_id IS NOT NULL
    AND r.currency IN (sold.wants, sold.currency) AND (r.currency = sold.wants OR wanted.converts)
    AND r.effective_at <= wanted.at AND coalesce(r.expires_at, 'infinity') > wanted.at
    AND CASE WHEN r.segment_id IS NULL THEN true ELSE r.segment_id = ANY(wanted.segments) END
    AND r.min_quantity <= sold.quantity"""
BEST = f"""
  SELECT * FROM ({_CANDIDATE.format(place=0, key="variant")}
  UNION ALL {_CANDIDATE.format(place=1, key="product")}) c
  ORDER BY c.currency <> sold.wants, c.place, c.segment_id IS NULL, c.min_quantity DESC, c.amount, c.price_id LIMIT 1"""

# Who asks, when, and how the store sells; one row. A member is one at the moment asked for.
WANTED = """
wanted AS MATERIALIZED (
  SELECT {at} AS at, capability_reached(:store, 'pricing', 'read_new') AS reads_new,
    coalesce((SELECT converts_currencies FROM selling_settings WHERE store_id = :store), false) AS converts,
    (SELECT rate_source FROM selling_settings WHERE store_id = :store) AS rate_source,
    ARRAY(SELECT m.segment_id FROM customer_segment_member m
          JOIN customer_segment s ON s.store_id = m.store_id AND s.id = m.segment_id
          WHERE m.store_id = :store AND m.customer_id = CAST(:customer AS uuid) AND m.joined_at <= {at}
            AND (m.left_at IS NULL OR m.left_at > {at})
            AND (s.deleted_at IS NULL OR s.deleted_at > {at})) AS segments)"""

# The last day by which the source quotes the two currencies: one against the other, either way round, or both against
# the euro. What was recorded after the moment asked for was not known then. One row per currency to convert from.
RATES = """
rates AS MATERIALIZED (
  SELECT n.currency, x.* FROM wanted
  CROSS JOIN (SELECT DISTINCT currency FROM sold WHERE currency <> :currency) n
  CROSS JOIN LATERAL (
    (SELECT r.rated_on, r.rate AS of_quote, 1::numeric AS of_base, NULL AS via, 0 AS place FROM currency_rate r
     WHERE r.source = wanted.rate_source AND r.base = n.currency AND r.quote = :currency
       AND r.rated_on <= CAST(wanted.at AT TIME ZONE 'UTC' AS date) AND r.recorded_at <= wanted.at
     ORDER BY r.rated_on DESC LIMIT 1)
    UNION ALL
    (SELECT r.rated_on, 1, r.rate, :currency, 1 FROM currency_rate r
     WHERE r.source = wanted.rate_source AND r.base = :currency AND r.quote = n.currency
       AND r.rated_on <= CAST(wanted.at AT TIME ZONE 'UTC' AS date) AND r.recorded_at <= wanted.at
     ORDER BY r.rated_on DESC LIMIT 1)
    UNION ALL
    (SELECT q.rated_on, q.rate, b.rate, 'EUR', 2 FROM currency_rate q
     JOIN currency_rate b ON b.source = q.source AND b.base = 'EUR' AND b.quote = n.currency
      AND b.rated_on = q.rated_on AND b.recorded_at <= wanted.at
     WHERE q.source = wanted.rate_source AND q.base = 'EUR' AND q.quote = :currency
       AND q.rated_on <= CAST(wanted.at AT TIME ZONE 'UTC' AS date) AND q.recorded_at <= wanted.at
     ORDER BY q.rated_on DESC LIMIT 1)
    ORDER BY rated_on DESC, place LIMIT 1) x (rated_on, of_quote, of_base, via, place)
  WHERE wanted.converts)"""

FOUND = f"""LEFT JOIN LATERAL ({BEST}) best ON true
LEFT JOIN rates ON rates.currency = coalesce(best.currency, sold.currency)"""
# Amount and currency as found: the caller converts, in exact decimals. A negative list price, which only a legacy
# program writes, is none.
FOUND_COLUMNS = """best.price_id, coalesce(best.min_quantity, 1) AS min_quantity, best.segment_id,
  CASE WHEN best.price_id IS NOT NULL THEN best.amount WHEN sold.list >= 0 THEN sold.list END AS amount,
  CASE WHEN best.price_id IS NOT NULL THEN best.compare_at_amount WHEN sold.list_compare_at >= 0
    THEN sold.list_compare_at END AS compare_at, coalesce(best.currency, sold.currency) AS found_currency,
  wanted.rate_source, rates.rated_on, rates.of_quote, rates.of_base, rates.via"""
# The list price of variant `v`, which inherits that of product `p`.
LISTED = """p.currency,
    CASE WHEN v.price_amount >= 0 AND v.currency = p.currency THEN v.price_amount ELSE p.price_amount END AS list,
    CASE WHEN v.price_amount >= 0 AND v.currency = p.currency THEN v.compare_at_amount ELSE p.compare_at_amount
      END AS list_compare_at"""
RESOLVE = f"""
WITH {WANTED.format(at="CAST(:at AS timestamptz)")},
sold AS MATERIALIZED (
  SELECT w.place - 1 AS place, w.variant_id, w.quantity, v.product_id, CAST(:currency AS text) AS wants, {LISTED}
  FROM unnest(CAST(:variants AS uuid[]), CAST(:quantities AS integer[])) WITH ORDINALITY w (variant_id, quantity, place)
  JOIN product_variants v ON v.store_id = :store AND v.id = w.variant_id
  JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id),
{RATES}
SELECT sold.place, sold.variant_id, sold.product_id, sold.quantity, sold.wants, {FOUND_COLUMNS}
FROM sold CROSS JOIN wanted {FOUND}"""

# The price for everybody is the variant's row where one holds, else the product's. What holds now began with its row
# or, a product's, when the variant's own ended. A product's row counts where it was not hidden all the time.
LOWEST = """
WITH shown AS (
  SELECT v.id AS variant_id, r.amount, r.effective_at, r.expires_at, r.during, r.variant_id IS NOT NULL AS is_own
  FROM product_variants v CROSS JOIN LATERAL (
    SELECT * FROM product_price x WHERE x.store_id = :store AND x.variant_id = v.id AND x.variant_id IS NOT NULL
      AND x.currency = :currency AND x.segment_id IS NULL AND x.min_quantity = 1
    UNION ALL
    SELECT * FROM product_price x WHERE x.store_id = :store AND x.product_id = v.product_id AND x.product_id IS NOT NULL
      AND x.currency = :currency AND x.segment_id IS NULL AND x.min_quantity = 1) r
  WHERE v.store_id = :store AND v.id = ANY(CAST(:variants AS uuid[])) AND r.effective_at <= :at),
hidden AS (SELECT variant_id, range_agg(during) AS during FROM shown WHERE is_own GROUP BY variant_id),
held AS (
  SELECT DISTINCT ON (s.variant_id) s.variant_id, s.amount,
    CASE WHEN s.is_own THEN s.effective_at ELSE greatest(s.effective_at, (
      SELECT max(o.expires_at) FROM shown o WHERE o.variant_id = s.variant_id AND o.is_own)) END AS since
  FROM shown s WHERE s.expires_at IS NULL OR s.expires_at > :at ORDER BY s.variant_id, s.is_own DESC)
SELECT h.variant_id, coalesce(min(s.amount), h.amount) AS amount
FROM held h LEFT JOIN hidden ON hidden.variant_id = h.variant_id
LEFT JOIN LATERAL (
  SELECT tstzrange(h.since - make_interval(days => :days), h.since, '[)') AS during) days ON true
LEFT JOIN shown s ON s.variant_id = h.variant_id AND s.during && days.during AND (
  s.is_own OR NOT isempty(tstzmultirange(s.during * days.during) - coalesce(hidden.during, '{}')))
GROUP BY h.variant_id, h.amount"""
