-- One row per store-day on which something happened: both sales views, orders, customers, visits.
WITH zones AS (
  SELECT
    h.store_id,
    h.time_zone,
    h.valid_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.store_id ORDER BY h.valid_from ASC NULLS LAST) AS valid_until
  FROM raw.store_zone_history AS h
),
sales AS (
  SELECT
    o.store_id,
    o.placed_day AS store_day,
    SUM(o.gross_amount) AS gross_amount,
    SUM(o.discounts_amount) AS discounts_amount,
    SUM(o.shipping_amount) AS shipping_amount,
    SUM(o.taxes_amount) AS taxes_amount,
    COUNT(*) AS orders_count,
    SUM(CASE WHEN o.is_cancelled THEN 1 ELSE 0 END) AS orders_cancelled_count,
    SUM(o.units_count) AS units_count,
    COUNT(DISTINCT CASE WHEN c.first_day = o.placed_day THEN o.person END) AS new_customers_count,
    COUNT(DISTINCT CASE WHEN c.first_day < o.placed_day THEN o.person END) AS returning_customers_count
  FROM staging.orders AS o
  LEFT JOIN staging.customers AS c
    ON c.store_id = o.store_id AND c.person = o.person
  WHERE o.is_counted
  GROUP BY o.store_id, o.placed_day
),
moved AS (
  SELECT
    m.store_id,
    m.moved_day AS store_day,
    SUM(m.sales_amount) AS reversals_amount,
    SUM(m.units_count) AS units_count,
    SUM(m.shipping_amount) AS shipping_amount,
    SUM(m.taxes_amount) AS taxes_amount
  FROM staging.movements AS m
  GROUP BY m.store_id, m.moved_day
),
viewed AS (
  SELECT
    v.store_id,
    v.view_day AS store_day,
    SUM(v.sales_amount) AS reversals_amount
  FROM staging.movements AS v
  GROUP BY v.store_id, v.view_day
),
visits AS (
  SELECT
    s.store_id,
    s.store_day,
    COUNT(*) AS sessions_count,
    SUM(CASE WHEN s.is_converted THEN 1 ELSE 0 END) AS converted_sessions_count,
    COUNT(DISTINCT s.person) AS visitors_count,
    SUM(CASE WHEN s.has_cart THEN 1 ELSE 0 END) AS cart_count,
    SUM(CASE WHEN s.has_checkout THEN 1 ELSE 0 END) AS checkout_count,
    SUM(CASE WHEN s.has_order THEN 1 ELSE 0 END) AS order_count
  FROM staging.sessions AS s
  GROUP BY s.store_id, s.store_day
),
dated AS (
  SELECT
    e.store_id,
    CAST(e.corrected_at AT TIME ZONE z.time_zone AS DATE) AS store_day,
    CAST(e.received_at AT TIME ZONE z.time_zone AS DATE) AS received_day,
    e.name,
    e.is_bot
  FROM raw.analytics_events AS e
  JOIN zones AS z
    ON z.store_id = e.store_id AND e.corrected_at >= z.valid_from AND (z.valid_until IS NULL OR e.corrected_at < z.valid_until)
  LEFT JOIN meta.duplicate_events AS d
    ON d.store_id = e.store_id AND d.event_id = e.event_id AND d.occurred_at = e.occurred_at
  WHERE d.event_id IS NULL
),
behaviour AS (
  SELECT
    t.store_id,
    t.store_day,
    SUM(CASE WHEN t.name = 'page_view' AND NOT t.is_bot THEN 1 ELSE 0 END) AS page_views_count,
    SUM(CASE WHEN t.name = 'product_view' AND NOT t.is_bot THEN 1 ELSE 0 END) AS product_views_count,
    SUM(CASE WHEN t.is_bot THEN 1 ELSE 0 END) AS bot_events_count,
    SUM(CASE WHEN t.received_day > t.store_day THEN 1 ELSE 0 END) AS late_events_count
  FROM dated AS t
  GROUP BY t.store_id, t.store_day
),
days AS (
  SELECT a1.store_id, a1.store_day FROM sales AS a1
  UNION DISTINCT
  SELECT a2.store_id, a2.store_day FROM moved AS a2
  UNION DISTINCT
  SELECT a3.store_id, a3.store_day FROM viewed AS a3
  UNION DISTINCT
  SELECT a4.store_id, a4.store_day FROM visits AS a4
  UNION DISTINCT
  SELECT a5.store_id, a5.store_day FROM behaviour AS a5
)
SELECT
  k.store_id,
  k.store_day,
  st.currency,
  CAST(COALESCE(x.gross_amount, 0) AS BIGINT) AS gross_sales_amount,
  CAST(COALESCE(x.discounts_amount, 0) AS BIGINT) AS discounts_amount,
  CAST(COALESCE(r.reversals_amount, 0) AS BIGINT) AS sales_reversals_amount,
  CAST(COALESCE(x.gross_amount, 0) - COALESCE(x.discounts_amount, 0) - COALESCE(r.reversals_amount, 0) AS BIGINT)
    AS net_sales_amount,
  CAST(COALESCE(x.shipping_amount, 0) - COALESCE(r.shipping_amount, 0) AS BIGINT) AS shipping_amount,
  CAST(COALESCE(x.taxes_amount, 0) - COALESCE(r.taxes_amount, 0) AS BIGINT) AS taxes_amount,
  CAST(COALESCE(x.gross_amount, 0) - COALESCE(x.discounts_amount, 0) - COALESCE(r.reversals_amount, 0)
    + COALESCE(x.shipping_amount, 0) - COALESCE(r.shipping_amount, 0)
    + COALESCE(x.taxes_amount, 0) - COALESCE(r.taxes_amount, 0) AS BIGINT) AS total_sales_amount,
  CAST(COALESCE(w.reversals_amount, 0) AS BIGINT) AS order_view_reversals_amount,
  CAST(COALESCE(x.gross_amount, 0) - COALESCE(x.discounts_amount, 0) - COALESCE(w.reversals_amount, 0) AS BIGINT)
    AS order_view_net_sales_amount,
  COALESCE(x.orders_count, 0) AS orders_count,
  CAST(COALESCE(x.orders_cancelled_count, 0) AS BIGINT) AS orders_cancelled_count,
  CAST(COALESCE(x.units_count, 0) AS BIGINT) AS units_sold_count,
  CAST(COALESCE(r.units_count, 0) AS BIGINT) AS units_reversed_count,
  COALESCE(x.new_customers_count, 0) AS new_customers_count,
  COALESCE(x.returning_customers_count, 0) AS returning_customers_count,
  COALESCE(y.sessions_count, 0) AS sessions_count,
  CAST(COALESCE(y.converted_sessions_count, 0) AS BIGINT) AS converted_sessions_count,
  COALESCE(y.visitors_count, 0) AS visitors_count,
  CAST(COALESCE(b.page_views_count, 0) AS BIGINT) AS page_views_count,
  CAST(COALESCE(b.product_views_count, 0) AS BIGINT) AS product_views_count,
  CAST(COALESCE(y.cart_count, 0) AS BIGINT) AS funnel_cart_count,
  CAST(COALESCE(y.checkout_count, 0) AS BIGINT) AS funnel_checkout_count,
  CAST(COALESCE(y.order_count, 0) AS BIGINT) AS funnel_order_count,
  CAST(COALESCE(b.bot_events_count, 0) AS BIGINT) AS bot_events_count,
  CAST(COALESCE(b.late_events_count, 0) AS BIGINT) AS late_events_count
FROM days AS k
JOIN raw.stores AS st
  ON st.id = k.store_id
LEFT JOIN sales AS x
  ON x.store_id = k.store_id AND x.store_day = k.store_day
LEFT JOIN moved AS r
  ON r.store_id = k.store_id AND r.store_day = k.store_day
LEFT JOIN viewed AS w
  ON w.store_id = k.store_id AND w.store_day = k.store_day
LEFT JOIN visits AS y
  ON y.store_id = k.store_id AND y.store_day = k.store_day
LEFT JOIN behaviour AS b
  ON b.store_id = k.store_id AND b.store_day = k.store_day
