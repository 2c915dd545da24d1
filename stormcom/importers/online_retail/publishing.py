"""The one transaction in which a staged import becomes visible: all of it, or nothing."""

import io
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from oltp.imports.queries import get_batch
from stormcom.importers.errors import InvoicesDiffer, StoredRowsContradict
from stormcom.importers.online_retail.order_frames import IMPORT, OPENING
from stormcom.importers.online_retail.staging import Batch, decode
from stormcom.importers.online_retail.statements import (
    ADD_VARIANTS,
    CUSTOMER_TOTALS,
    DIFFERING_ORDERS,
    DIFFERING_REFUNDS,
    DROP_KNOWN_ORDERS,
    DROP_KNOWN_REFUNDS,
    GOODS,
    GOODS_WITHOUT_PRODUCT,
    INSERT,
    STAGED,
    STAGED_ORDER_COUNTS,
)

WHOLE = ("products", "customers", "orders", "refunds", "domain_events")
"""Entities that later statements look up in their temporary tables; the others pass through batch by batch."""
TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%S%.6f+00"
# A publication of half a million rows takes longer than a request may. Its statements join whole tables, but
# Postgres last counted them before this transaction filled them: a nested loop looks fine and takes minutes.
LIMITS = """SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0;
            SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL work_mem = '128MB';
            SET LOCAL enable_nestloop = off"""


class Publication:
    """Writes one run's batches into the shop's tables. Lives within one `session_for(store)`."""

    def __init__(self, session: Session, *, store_id: UUID, run_id: UUID, currency: str) -> None:
        self._session = session
        self._run_id = run_id
        self._facts = {"store": store_id, "currency": currency}
        self.added: dict[str, int] = {}

    def write(self, planned: Iterable[Batch], *, told: Callable[[int], object]) -> None:
        """Write every planned batch, as staged. `told` hears the number of rows after each.

        Raises InvoicesDiffer or StoredRowsContradict; the caller's transaction is then to be rolled back.
        """
        self._session.execute(text(LIMITS))
        by_entity: dict[str, list[Batch]] = {entity: [] for entity in STAGED}
        for batch in planned:
            by_entity[batch.entity].append(batch)
        for entity, columns in STAGED.items():
            self._run(f"CREATE TEMPORARY TABLE staged_{entity} ({columns}) ON COMMIT DROP")
        for entity in WHOLE:
            for batch in by_entity[entity]:
                self._copy(batch)
            self._run(f"ANALYZE staged_{entity}")
        self._leave_out_known_invoices()
        for entity in STAGED:
            self._insert(entity, by_entity[entity], told)
            if entity == "orders":
                self._count_orders()
        self._run(CUSTOMER_TOTALS)

    def _insert(self, entity: str, planned: list[Batch], told: Callable[[int], object]) -> None:
        if entity in WHOLE:
            self.added[entity] = self._run(INSERT[entity])
            told(sum(batch.rows.height for batch in planned))
        else:
            self.added[entity] = 0
            for batch in planned:
                self._copy(batch)
                self.added[entity] += self._run(INSERT[entity])
                self._run(f"TRUNCATE staged_{entity}")
                told(batch.rows.height)
        if entity == "products":
            self._find_goods()

    def _count_orders(self) -> None:
        counts = {row.origin: row.order_count for row in self._session.execute(text(STAGED_ORDER_COUNTS))}
        self.added["orders"], self.added["opening_orders"] = counts.get(IMPORT, 0), counts.get(OPENING, 0)

    def _find_goods(self) -> None:
        self._run(ADD_VARIANTS)
        self._run(GOODS)
        self._run("ANALYZE goods")
        lost = self._column(GOODS_WITHOUT_PRODUCT)
        if lost:
            raise StoredRowsContradict(reason=f"another product has the slug meant for {', '.join(lost)}")

    def _leave_out_known_invoices(self) -> None:
        """What an earlier file brought stays as it is, provided that it is the same."""
        differing = [*self._column(DIFFERING_ORDERS), *self._column(DIFFERING_REFUNDS)]
        if differing:
            raise InvoicesDiffer(count=len(differing), examples=", ".join(differing[:3]))
        self._run(DROP_KNOWN_REFUNDS)
        self._run(DROP_KNOWN_ORDERS)

    def _copy(self, batch: Batch) -> None:
        """Copy the batch as committed, not as in memory: what was staged is what gets published."""
        rows = decode(get_batch(self._session, run_id=self._run_id, entity=batch.entity, ordinal=batch.ordinal))
        buffer = io.BytesIO()
        rows.write_csv(buffer, include_header=False, datetime_format=TIMESTAMP_FORMAT)
        columns = ", ".join(rows.columns)
        cursor = self._driver().cursor()
        with cursor.copy(f"COPY staged_{batch.entity} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getvalue())

    def _driver(self) -> Any:  # noqa: ANN401 - SQLAlchemy does not type the driver's connection
        return self._session.connection().connection.driver_connection

    def _run(self, statement: str) -> int:
        used = {name: value for name, value in self._facts.items() if f":{name}" in statement}
        result = self._session.execute(text(statement), used)
        return result.rowcount if isinstance(result, CursorResult) else 0

    def _column(self, statement: str) -> list[str]:
        used = {name: value for name, value in self._facts.items() if f":{name}" in statement}
        return [str(value) for value in self._session.scalars(text(statement), used)]


def in_published_columns(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The frames with exactly the columns of their temporary tables."""
    return {entity: frames[entity].select(column_names(entity)) for entity in STAGED}


def column_names(entity: str) -> list[str]:
    """The columns of an entity's temporary table."""
    return [column.split()[0] for column in STAGED[entity].replace("\n", " ").split(",")]
