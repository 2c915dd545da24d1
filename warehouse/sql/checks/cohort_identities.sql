-- Cohorts whose first period does not hold every one of their people, or whose running revenue does not run.
WITH cells AS (
  SELECT
    c.*,
    SUM(c.revenue_amount) OVER (
      PARTITION BY c.store_id, c.cohort_grain, c.cohort_on ORDER BY c.period_index ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS running_amount
  FROM marts.cohort_metrics AS c
)
SELECT
  x.store_id,
  x.cohort_grain,
  x.cohort_on,
  x.period_index,
  x.cohort_size_count,
  x.retained_count
FROM cells AS x
WHERE (x.period_index = 0 AND x.retained_count <> x.cohort_size_count)
  OR x.retained_count > x.cohort_size_count
  OR (x.revenue_amount IS NOT NULL AND x.cum_revenue_amount <> x.running_amount)
