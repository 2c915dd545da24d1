-- Store-days whose sums contradict each other.
SELECT
  d.store_id,
  d.store_day,
  d.gross_sales_amount,
  d.discounts_amount,
  d.sales_reversals_amount,
  d.net_sales_amount,
  d.total_sales_amount
FROM marts.daily_store_metrics AS d
WHERE d.net_sales_amount <> d.gross_sales_amount - d.discounts_amount - d.sales_reversals_amount
  OR d.total_sales_amount <> d.net_sales_amount + d.shipping_amount + d.taxes_amount
  OR d.order_view_net_sales_amount <> d.gross_sales_amount - d.discounts_amount - d.order_view_reversals_amount
  OR d.orders_cancelled_count > d.orders_count
  OR d.converted_sessions_count > d.sessions_count
  OR d.funnel_order_count > d.funnel_checkout_count
  OR d.funnel_checkout_count > d.funnel_cart_count
