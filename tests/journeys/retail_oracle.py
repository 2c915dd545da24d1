"""An independent answer: what the Online Retail file says, asked of the file itself with plain SQL.

Shares no code with importer or warehouse; amounts are integers of a penny, rounded half-even per row.
"""

from datetime import date
from pathlib import Path

import duckdb

CLASSIFIED = """
CREATE TABLE row AS SELECT *,
  CAST(floor(value) AS BIGINT) + CASE
    WHEN value - floor(value) > 0.5 OR (value - floor(value) = 0.5 AND CAST(floor(value) AS BIGINT) % 2 <> 0)
    THEN 1 ELSE 0 END AS pence
FROM (SELECT InvoiceNo AS invoice, upper(trim(StockCode)) AS code, Quantity AS quantity, InvoiceDate AS moment,
        CAST(abs(Quantity * UnitPrice) * 100 AS DECIMAL(20, 4)) AS value,
        CustomerID AS customer,
        CASE WHEN InvoiceNo LIKE 'A%' THEN 'adjustment'
             WHEN upper(trim(StockCode)) IN ('M', 'D', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'CRUK')
               OR upper(trim(StockCode)) LIKE 'GIFT\\_%' ESCAPE '\\' THEN 'set_aside'
             WHEN UnitPrice <= 0 THEN 'stock_note'
             WHEN upper(trim(StockCode)) IN ('POST', 'DOT', 'C2')
               THEN CASE WHEN InvoiceNo LIKE 'C%' THEN 'shipping_refund' ELSE 'shipping' END
             WHEN InvoiceNo LIKE 'C%' THEN 'refund' ELSE 'sale' END AS bucket
      FROM read_parquet($file))
"""

INVOICES = """
CREATE TABLE placed AS
SELECT invoice, CAST(min(moment) AS DATE) AS day, max(customer) AS customer,
       bool_or(bucket = 'sale') AS sells, bool_or(bucket IN ('sale', 'shipping')) AS counts
FROM row WHERE invoice NOT LIKE 'C%' AND invoice NOT LIKE 'A%'
GROUP BY invoice HAVING bool_or(bucket IN ('sale', 'shipping')) OR max(customer) IS NOT NULL
"""

DAYS = """
WITH amounts AS (
  SELECT p.day, r.pence AS gross, 0 AS reversals, 0 AS shipping, 0 AS orders FROM row r JOIN placed p USING (invoice)
    WHERE r.bucket = 'sale'
  UNION ALL SELECT p.day, 0, 0, r.pence, 0 FROM row r JOIN placed p USING (invoice) WHERE r.bucket = 'shipping'
  UNION ALL SELECT CAST(moment AS DATE), 0, pence, 0, 0 FROM row WHERE bucket = 'refund'
  UNION ALL SELECT CAST(moment AS DATE), 0, 0, -pence, 0 FROM row WHERE bucket = 'shipping_refund'
  UNION ALL SELECT day, 0, 0, 0, 1 FROM placed)
SELECT day, CAST(sum(gross) AS BIGINT), CAST(sum(reversals) AS BIGINT), CAST(sum(shipping) AS BIGINT),
       CAST(sum(orders) AS BIGINT) FROM amounts GROUP BY day
"""

COHORTS = """
WITH chosen AS (SELECT * FROM placed WHERE customer IS NOT NULL AND ($all OR sells)),
first AS (SELECT customer, date_trunc('month', min(day)) AS cohort FROM chosen GROUP BY customer)
SELECT CAST(cohort AS DATE), CAST(datediff('month', cohort, date_trunc('month', day)) AS INTEGER),
       count(DISTINCT customer)
FROM chosen JOIN first USING (customer) GROUP BY 1, 2
"""


class RetailOracle:
    """Answers about one file; `days` and `cohorts` are what the metrics have to equal."""

    def __init__(self, file: Path) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(CLASSIFIED, {"file": str(file)})
        self._connection.execute(INVOICES)

    def days(self) -> dict[date, tuple[int, int, int, int]]:
        """Day → gross sales, sales reversals, shipping (charged - refunded), in pence; and orders."""
        rows = self._connection.execute(DAYS).fetchall()
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}

    def cohorts(self, *, only_sales: bool = False) -> dict[tuple[date, int], int]:
        """(cohort month, period index) → distinct customers ordering; guests have no customer."""
        rows = self._connection.execute(COHORTS, {"all": not only_sales}).fetchall()
        return {(row[0], row[1]): row[2] for row in rows}
