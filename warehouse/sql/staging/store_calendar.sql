-- One row per store with counted orders: which day its windows end on. A store that sold something within the last 30 days ends
-- at its last complete day; one that did not (an imported year of the past) ends at its last sale.
WITH zones AS (
  SELECT
    h.store_id,
    h.time_zone,
    ROW_NUMBER() OVER (PARTITION BY h.store_id ORDER BY h.valid_from DESC NULLS LAST) AS newest
  FROM raw.store_zone_history AS h
  WHERE h.valid_from <= CAST($taken_at AS TIMESTAMPTZ)
),
sales AS (
  SELECT
    o.store_id,
    MIN(o.placed_day) AS first_day,
    MAX(o.placed_day) AS last_day
  FROM staging.orders AS o
  WHERE o.is_counted
  GROUP BY o.store_id
),
todays AS (
  SELECT
    s.store_id,
    s.first_day,
    s.last_day,
    CAST(CAST($taken_at AS TIMESTAMPTZ) AT TIME ZONE z.time_zone AS DATE) AS today
  FROM sales AS s
  JOIN zones AS z
    ON z.store_id = s.store_id AND z.newest = 1
)
SELECT
  t.store_id,
  st.currency,
  t.first_day,
  t.last_day >= CAST(t.today - INTERVAL '30' DAY AS DATE) AS is_current,
  CASE
    WHEN t.last_day >= CAST(t.today - INTERVAL '30' DAY AS DATE) THEN CAST(t.today - INTERVAL '1' DAY AS DATE)
    ELSE t.last_day
  END AS window_end_day,
  CAST(DATE_TRUNC('month', CASE WHEN t.last_day >= CAST(t.today - INTERVAL '30' DAY AS DATE) THEN t.today ELSE t.last_day END)
    AS DATE) AS last_month,
  CAST(DATE_TRUNC('week', CASE WHEN t.last_day >= CAST(t.today - INTERVAL '30' DAY AS DATE) THEN t.today ELSE t.last_day END)
    AS DATE) AS last_week
FROM todays AS t
JOIN raw.stores AS st
  ON st.id = t.store_id
