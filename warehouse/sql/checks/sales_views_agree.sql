-- Stores whose accounting and order views differ over all time.
SELECT
  d.store_id,
  SUM(d.sales_reversals_amount) AS accounting_amount,
  SUM(d.order_view_reversals_amount) AS order_view_amount
FROM marts.daily_store_metrics AS d
GROUP BY d.store_id
HAVING SUM(d.sales_reversals_amount) <> SUM(d.order_view_reversals_amount)
  OR SUM(d.net_sales_amount) <> SUM(d.order_view_net_sales_amount)
