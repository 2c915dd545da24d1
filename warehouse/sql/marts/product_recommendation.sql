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
    l.product_id,
    CAST(DENSE_RANK() OVER (ORDER BY l.store_id ASC NULLS LAST, l.order_id ASC NULLS LAST) AS INTEGER) AS basket,
    CAST(DENSE_RANK() OVER (ORDER BY l.store_id ASC NULLS LAST, l.product_id ASC NULLS LAST) AS INTEGER) AS item,
    ROW_NUMBER() OVER (
      PARTITION BY l.store_id, l.order_id ORDER BY l.ordinal ASC NULLS LAST, l.product_id ASC NULLS LAST
    ) AS position
  FROM lines AS l
),
baskets AS (
  SELECT
    n.store_id,
    n.product_id,
    n.basket,
    n.item
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
    c.product_id,
    c.item,
    COUNT(*) AS baskets_count
  FROM baskets AS c
  GROUP BY c.store_id, c.product_id, c.item
),
items AS (
  SELECT
    a.item,
    CAST(a.baskets_count AS DOUBLE) AS own,
    CAST(s.baskets_count AS DOUBLE) AS total,
    r.product_id IS NOT NULL AS is_sellable
  FROM item_counts AS a
  JOIN store_counts AS s
    ON s.store_id = a.store_id
  LEFT JOIN sellable AS r
    ON r.store_id = a.store_id AND r.product_id = a.product_id
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
    g.left_item,
    g.right_item,
    f.is_sellable AS left_is_sellable,
    h.is_sellable AS right_is_sellable,
    f.own AS left_own,
    h.own AS right_own,
    f.total,
    CAST(g.together AS DOUBLE) AS k11,
    f.own - CAST(g.together AS DOUBLE) AS k12,
    h.own - CAST(g.together AS DOUBLE) AS k21,
    f.total - f.own - h.own + CAST(g.together AS DOUBLE) AS k22
  FROM pairs AS g
  JOIN items AS f
    ON f.item = g.left_item
  JOIN items AS h
    ON h.item = g.right_item
),
ratios AS (
  SELECT
    t.left_item,
    t.right_item,
    t.left_is_sellable,
    t.right_is_sellable,
    t.left_own,
    t.right_own,
    t.k11,
    2 * (
      t.k11 * LN(t.k11 * t.total / (t.left_own * t.right_own))
      + CASE WHEN t.k12 > 0 THEN t.k12 * LN(t.k12 * t.total / (t.left_own * (t.k12 + t.k22))) ELSE 0 END
      + CASE WHEN t.k21 > 0 THEN t.k21 * LN(t.k21 * t.total / ((t.k21 + t.k22) * t.right_own)) ELSE 0 END
      + CASE WHEN t.k22 > 0 THEN t.k22 * LN(t.k22 * t.total / ((t.k21 + t.k22) * (t.k12 + t.k22))) ELSE 0 END
    ) AS likelihood_ratio,
    t.k11 / SQRT(t.left_own * t.right_own) * t.k11 / (t.k11 + 10) AS score
  FROM contingency AS t
  WHERE t.k11 * t.total > t.left_own * t.right_own
),
directed AS (
  SELECT i1.left_item AS item, i1.right_item AS other_item, i1.score, i1.k11 AS together, i1.left_own AS own
  FROM ratios AS i1
  WHERE i1.likelihood_ratio >= 10.8 AND i1.right_is_sellable
  UNION ALL
  SELECT i2.right_item AS item, i2.left_item AS other_item, i2.score, i2.k11 AS together, i2.right_own AS own
  FROM ratios AS i2
  WHERE i2.likelihood_ratio >= 10.8 AND i2.left_is_sellable
),
ranked_pairs AS (
  SELECT
    q.item,
    q.other_item,
    q.score,
    q.together,
    q.own,
    ROW_NUMBER() OVER (
      PARTITION BY q.item ORDER BY q.score DESC NULLS LAST, q.together DESC NULLS LAST, q.other_item ASC NULLS LAST
    ) AS rank
  FROM directed AS q
),
together AS (
  SELECT
    k1.store_id,
    k1.product_id,
    k2.product_id AS other_id,
    k.score,
    k.together,
    k.own,
    k.rank
  FROM ranked_pairs AS k
  JOIN item_counts AS k1
    ON k1.item = k.item
  JOIN item_counts AS k2
    ON k2.item = k.other_item
  WHERE k.rank <= 20
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
FROM together AS x
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
