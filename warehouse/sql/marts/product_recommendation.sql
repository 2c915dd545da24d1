-- Recommendations from baskets: bought_together (per product, the 20 that share most baskets beyond chance) and bestsellers (per
-- store, the 50 products in most orders of the last 90 days). A pair needs 2 baskets and Dunning's log-likelihood ratio ≥ 10.8
-- (chance below 0.1 %); the score is the cosine shrunk by 10 baskets. A basket is one counted order's first 100 products.
WITH sellable AS (
  SELECT
    p.store_id,
    p.id AS product_id
  FROM raw.products AS p
  WHERE p.deleted_at IS NULL AND p.status = 'ACTIVE'
),
lines AS (
  SELECT
    o.store_id,
    o.order_id,
    o.placed_day,
    i.product_id,
    MIN(i.ordinal) AS ordinal
  FROM staging.orders AS o
  JOIN raw.order_items AS i
    ON i.store_id = o.store_id AND i.order_id = o.order_id
  WHERE o.is_counted AND i.product_id IS NOT NULL
  GROUP BY o.store_id, o.order_id, o.placed_day, i.product_id
),
numbered AS (
  SELECT
    l.store_id,
    l.order_id,
    DENSE_RANK() OVER (ORDER BY l.store_id ASC NULLS LAST, l.order_id ASC NULLS LAST) AS basket,
    DENSE_RANK() OVER (ORDER BY l.store_id ASC NULLS LAST, l.product_id ASC NULLS LAST) AS item,
    l.product_id,
    ROW_NUMBER() OVER (
      PARTITION BY l.store_id, l.order_id ORDER BY l.ordinal ASC NULLS LAST, l.product_id ASC NULLS LAST
    ) AS position
  FROM lines AS l
),
baskets AS (
  SELECT
    n.store_id,
    n.basket,
    n.item,
    n.product_id
  FROM numbered AS n
  WHERE n.position <= 100
),
store_counts AS (
  SELECT
    b.store_id,
    COUNT(DISTINCT b.basket) AS baskets_count
  FROM baskets AS b
  GROUP BY b.store_id
),
item_counts AS (
  SELECT
    c.store_id,
    c.item,
    c.product_id,
    COUNT(*) AS baskets_count
  FROM baskets AS c
  GROUP BY c.store_id, c.item, c.product_id
),
pairs AS (
  SELECT
    d.item AS left_item,
    e.item AS right_item,
    COUNT(*) AS together
  FROM baskets AS d
  JOIN baskets AS e
    ON e.basket = d.basket AND d.item < e.item
  GROUP BY d.item, e.item
  HAVING COUNT(*) >= 2
),
contingency AS (
  SELECT
    a.store_id,
    a.product_id AS left_product,
    f.product_id AS right_product,
    CAST(g.together AS DOUBLE) AS k11,
    CAST(a.baskets_count - g.together AS DOUBLE) AS k12,
    CAST(f.baskets_count - g.together AS DOUBLE) AS k21,
    CAST(s.baskets_count - a.baskets_count - f.baskets_count + g.together AS DOUBLE) AS k22,
    CAST(s.baskets_count AS DOUBLE) AS total
  FROM pairs AS g
  JOIN item_counts AS a
    ON a.item = g.left_item
  JOIN item_counts AS f
    ON f.item = g.right_item
  JOIN store_counts AS s
    ON s.store_id = a.store_id
),
ratios AS (
  SELECT
    t.*,
    2 * (
      t.k11 * LN(t.k11 * t.total / ((t.k11 + t.k12) * (t.k11 + t.k21)))
      + CASE WHEN t.k12 > 0 THEN t.k12 * LN(t.k12 * t.total / ((t.k11 + t.k12) * (t.k12 + t.k22))) ELSE 0 END
      + CASE WHEN t.k21 > 0 THEN t.k21 * LN(t.k21 * t.total / ((t.k21 + t.k22) * (t.k11 + t.k21))) ELSE 0 END
      + CASE WHEN t.k22 > 0 THEN t.k22 * LN(t.k22 * t.total / ((t.k21 + t.k22) * (t.k12 + t.k22))) ELSE 0 END
    ) AS likelihood_ratio,
    t.k11 / SQRT((t.k11 + t.k12) * (t.k11 + t.k21)) * t.k11 / (t.k11 + 10) AS score
  FROM contingency AS t
  WHERE t.k11 * t.total > (t.k11 + t.k12) * (t.k11 + t.k21)
),
directed AS (
  SELECT h.store_id, h.left_product AS product_id, h.right_product AS other_id, h.score, h.k11 AS together, h.k11 + h.k12 AS own
  FROM ratios AS h
  WHERE h.likelihood_ratio >= 10.8
  UNION ALL
  SELECT j.store_id, j.right_product AS product_id, j.left_product AS other_id, j.score, j.k11 AS together, j.k11 + j.k21 AS own
  FROM ratios AS j
  WHERE j.likelihood_ratio >= 10.8
),
ranked_pairs AS (
  SELECT
    q.*,
    ROW_NUMBER() OVER (
      PARTITION BY q.store_id, q.product_id
      ORDER BY q.score DESC NULLS LAST, q.together DESC NULLS LAST, q.other_id ASC NULLS LAST
    ) AS rank
  FROM directed AS q
  JOIN sellable AS r
    ON r.store_id = q.store_id AND r.product_id = q.other_id
),
sold AS (
  SELECT
    u.store_id,
    u.product_id,
    COUNT(*) AS orders_count,
    ROW_NUMBER() OVER (
      PARTITION BY u.store_id ORDER BY COUNT(*) DESC NULLS LAST, u.product_id ASC NULLS LAST
    ) AS rank
  FROM lines AS u
  JOIN staging.store_calendar AS v
    ON v.store_id = u.store_id AND u.placed_day <= v.window_end_day
    AND u.placed_day > CAST(v.window_end_day - INTERVAL '90' DAY AS DATE)
  JOIN sellable AS w
    ON w.store_id = u.store_id AND w.product_id = u.product_id
  GROUP BY u.store_id, u.product_id
)
SELECT
  x.store_id,
  'bought_together' AS kind,
  x.product_id,
  x.other_id AS recommended_product_id,
  CAST(x.rank AS SMALLINT) AS rank,
  ROUND(x.score, 9) AS score,
  CAST(x.together AS INTEGER) AS support,
  'baskets' AS source,
  CONCAT('in ', CAST(CAST(x.together AS BIGINT) AS TEXT), ' of ', CAST(CAST(x.own AS BIGINT) AS TEXT), ' baskets with it')
    AS reason,
  'baskets-llr-1' AS model_version
FROM ranked_pairs AS x
WHERE x.rank <= 20
UNION ALL
SELECT
  y.store_id,
  'bestsellers' AS kind,
  CAST(NULL AS UUID) AS product_id,
  y.product_id AS recommended_product_id,
  CAST(y.rank AS SMALLINT) AS rank,
  CAST(y.orders_count AS DOUBLE) AS score,
  CAST(y.orders_count AS INTEGER) AS support,
  'orders' AS source,
  CONCAT('in ', CAST(y.orders_count AS TEXT), ' orders of the last 90 days') AS reason,
  'orders-90-1' AS model_version
FROM sold AS y
WHERE y.rank <= 50
