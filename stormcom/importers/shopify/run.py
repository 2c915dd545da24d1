"""One import from beginning to end: read and check every file, then write all of it in one transaction."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from oltp.db.planning import count_rows_anew
from oltp.db.session import Database
from oltp.imports.actions import begin_run, complete_run
from oltp.imports.queries import COMPLETE, find_run
from oltp.kit.clock import Clock
from oltp.kit.ids import derived_id, new_id
from oltp.kit.money import exponent
from stormcom.importers.errors import BrokenFile, CurrencyMissing
from stormcom.importers.running import Steps, alone
from stormcom.importers.shopify.buckets import Prepared
from stormcom.importers.shopify.customers import prepare_customers
from stormcom.importers.shopify.orders import Orders
from stormcom.importers.shopify.products import SOURCE, Products
from stormcom.importers.shopify.reading import Export, read_export
from stormcom.importers.shopify.statements import CUSTOMER_TOTALS, INSERT, LIMITS
from stormcom.importers.store import StoreSetting, create_store, find_setting, find_store

CHUNK = 2000
# What is written by another name: guests are customers, levels come from variants.
ROWS_OF = {"levels": ("variants",), "customers": ("customers", "guests")}


@dataclass(frozen=True)
class Files:
    """The files of one shop; at least one. Products first, so that orders find what was sold."""

    products: Path | None = None
    customers: Path | None = None
    orders: Path | None = None

    def by_kind(self) -> dict[str, Path]:
        """Return kind → file, of those that there are."""
        given = {"products": self.products, "customers": self.customers, "orders": self.orders}
        return {kind: path for kind, path in given.items() if path is not None}


@dataclass(frozen=True)
class Wanted:
    """What the caller says of the store; None: as it is, or as the files tell."""

    currency: str | None = None
    zone: str | None = None
    country: str = "US"


@dataclass(frozen=True)
class Report:
    """What an import did: per file its buckets and notes, `added` rows by table; `is_repeat` when all was there."""

    store_slug: str
    files: Mapping[str, Mapping[str, Any]]
    added: Mapping[str, int]
    is_repeat: bool = False


def run_import(
    database: Database, *, files: Files, store_slug: str, wanted: Wanted, clock: Clock,
    progress: Progress | None = None,
) -> Report:
    """Import the files into the store, which is made if the slug is new.

    Raises BrokenFile, CurrencyMissing, SlugNotValid, SlugTaken, StoreDiffers or ImportRunning; then nothing was
    written. Files that are already there change nothing.
    """
    steps, paths = Steps(progress), files.by_kind()
    with steps.step("Reading", total=len(paths)) as task:
        exports = {}
        for kind, path in paths.items():
            exports[kind] = read_export(path, kind=kind)
            steps.advance(task)
    setting = _setting(exports, known=find_setting(database, slug=store_slug), wanted=wanted)
    with alone(database, source=SOURCE, slug=store_slug):
        found = find_store(database, slug=store_slug, setting=setting)
        store_id = found or new_id()
        prepared = _prepare(exports, store_id, setting.currency)
        if found is None:
            create_store(database, store_id=store_id, slug=store_slug, setting=setting)
        publication = Publication(database, store_id, setting.currency, clock, steps)
        return publication.publish(store_slug, exports, prepared)


def _setting(exports: Mapping[str, Export], *, known: StoreSetting | None, wanted: Wanted) -> StoreSetting:
    """Return what was said, else what the store has, else what the orders are in."""
    orders = exports.get("orders")
    told = next((row.text("Currency") for row in orders.rows if row.text("Currency")), None) if orders else None
    currency = wanted.currency or (known.currency if known else told)
    if currency is None:
        raise CurrencyMissing()
    exponent(currency)
    zone = wanted.zone or (known.zone if known else "UTC")
    return StoreSetting(currency, zone, known.country if known else wanted.country)


def _prepare(exports: Mapping[str, Export], store_id: UUID, currency: str) -> dict[str, Prepared]:
    prepared = {}
    for kind, export in exports.items():
        if kind == "products":
            prepared[kind] = Products(export, store_id=store_id, currency=currency).prepare()
        elif kind == "customers":
            prepared[kind] = prepare_customers(export, store_id=store_id)
        else:
            prepared[kind] = Orders(export, store_id=store_id, currency=currency).prepare()
        export.problems.raise_any()
        if sum(prepared[kind].buckets.rows.values()) != len(export.rows):
            raise BrokenFile(file=export.name, reason="its rows and its buckets differ; this is a defect")
    return prepared


class Publication:
    """Writes prepared files into one store, in one transaction."""

    def __init__(self, database: Database, store_id: UUID, currency: str, clock: Clock, steps: Steps) -> None:
        self._database, self._store_id, self._clock, self._steps = database, store_id, clock, steps
        self._facts = {"store": store_id, "currency": currency, "now": clock.now()}

    def publish(self, slug: str, exports: Mapping[str, Export], prepared: Mapping[str, Prepared]) -> Report:
        """Write everything that is not there yet, and keep the report with the run."""
        digest = derived_id(self._store_id, SOURCE, *(export.digest for export in exports.values())).hex
        names = " + ".join(export.name for export in exports.values())
        told = {kind: {"file": exports[kind].name, "ignored": list(exports[kind].ignored), **each.buckets.as_json()}
                for kind, each in prepared.items()}
        total = sum(len(rows) for each in prepared.values() for rows in each.tables.values())
        with self._steps.step("Writing", total=total) as task, self._database.session_for(self._store_id) as session:
            earlier = find_run(session, source=SOURCE, file_hash=digest)
            if earlier is not None and earlier.status == COMPLETE:
                return Report(slug, told, {}, is_repeat=True)
            session.execute(text(LIMITS))
            run_id = begin_run(session, store_id=self._store_id, source=SOURCE, file_name=names, file_hash=digest,
                               now=self._clock.now())
            added = {table: self._write(session, table, prepared, lambda count: self._steps.advance(task, count))
                     for table in INSERT}
            session.execute(text(CUSTOMER_TOTALS), {"store": self._store_id})
            report = {"files": told, "added": added, "store_slug": slug}
            complete_run(session, run_id=run_id, report=report, now=self._clock.now())
        count_rows_anew(self._database)
        return Report(slug, told, added)

    def _write(self, session: Session, table: str, prepared: Mapping[str, Prepared], told: Any) -> int:  # noqa: ANN401
        added = 0
        for rows in _chunks(table, prepared):
            statement = INSERT[table]
            used = {name: value for name, value in self._facts.items() if f":{name}" in statement}
            result = session.execute(text(statement), {**used, "rows": json.dumps(rows, default=str)})
            added += result.rowcount if isinstance(result, CursorResult) else 0
            told(len(rows) if table in ROWS_OF.get(table, (table,)) else 0)
        return added


def _chunks(table: str, prepared: Mapping[str, Prepared]) -> Iterator[list[dict[str, object]]]:
    for source in ROWS_OF.get(table, (table,)):
        for each in prepared.values():
            rows = each.tables.get(source, [])
            for start in range(0, len(rows), CHUNK):
                yield rows[start:start + CHUNK]
