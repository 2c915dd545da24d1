"""What loading the demo shops did."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class StoreReport:
    """``rows`` counts what was written per table; empty for a store that was there already."""

    slug: str
    store_id: UUID
    is_created: bool
    rows: Mapping[str, int]
    seconds: float


@dataclass(frozen=True)
class DemoReport:
    """One entry per demo shop, in order. ``seconds`` includes making the rows."""

    merchant_email: str
    seed: int
    stores: tuple[StoreReport, ...]
    seconds: float

    @property
    def created(self) -> tuple[StoreReport, ...]:
        return tuple(store for store in self.stores if store.is_created)

    def count(self, table: str) -> int:
        """Rows written into ``table`` over all stores."""
        return sum(store.rows.get(table, 0) for store in self.stores)

    def sentences(self) -> list[str]:
        """One line per store, for people."""
        return [_sentence(store) for store in self.stores]


def _sentence(store: StoreReport) -> str:
    if not store.is_created:
        return f"{store.slug}: was there already, nothing was changed"
    counts = ", ".join(f"{store.rows[table]:,} {name}" for table, name in (
        ("products", "products"), ("customers", "customers"), ("orders", "orders"), ("analytics_event", "events")))
    return f"{store.slug}: {counts} in {store.seconds:.1f} s"
