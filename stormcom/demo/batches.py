"""Ingest batches: the counts that the event endpoint writes with each batch, and the events it refused."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from oltp.events.rules import Fault, judge
from stormcom.demo.chance import Ints, generator
from stormcom.demo.keys import time_keys
from stormcom.demo.rhythm import HOUR
from stormcom.demo.shops import Shop

WINDOW = HOUR
BYTES_PER_EVENT = 420
REFUSED_PER_THOUSAND = 1.0
# A body as it was sent; its fault is what the event rules say about it. Times lie far from every real one.
REFUSED_BODIES = (
    '{"name":"page_veiw","occurred_at":"2025-01-01T00:00:00Z","visitor_id":"v-1"}',
    '{"name":"search","version":9,"occurred_at":"2025-01-01T00:00:00Z","visitor_id":"v-1","properties":{"query":"mug"}}',
    '{"name":"product_view","occurred_at":"2025-01-01T00:00:00Z","visitor_id":"v-1","product_id":"12345"}',
    '{"name":"search","occurred_at":"2025-01-01T00:00:00Z","visitor_id":"v-1"}',
    '{"name":"page_view","occurred_at":"2125-01-01T00:00:00Z","visitor_id":"v-1"}',
)


@dataclass(frozen=True)
class Batches:
    """``events`` with ingest_batch_id; ``batches`` and ``rejected`` in table form."""

    events: pl.DataFrame
    batches: pl.DataFrame
    rejected: pl.DataFrame


def make_batches(shop: Shop, store_id: str, events: pl.DataFrame, *, seed: int) -> Batches:
    """One batch per hour in which events were received; received_at is that of its last event."""
    rng = generator(seed, shop.slug, "batches")
    window = events["received_at"].dt.timestamp("ms") // WINDOW
    counted = events.group_by(window.alias("window"), maintain_order=True).agg(
        pl.len().alias("accepted_count"), pl.col("received_at").max())
    instants = counted["received_at"].dt.timestamp("ms").to_numpy()
    counted = counted.with_columns(id=time_keys(rng, instants))
    accepted = counted["accepted_count"].to_numpy()
    faults = find_faults()
    refusal = _refusals(rng, accepted)
    batch = refusal // len(faults)
    kept_aside = np.array([fault.is_quarantined for fault in faults])[refusal % len(faults)]
    batches = _batch_rows(rng, store_id, counted, np.bincount(batch[~kept_aside], minlength=len(accepted)),
                          np.bincount(batch[kept_aside], minlength=len(accepted)))
    keyed = events.with_columns(window=window).join(
        counted.select("window", ingest_batch_id="id"), on="window", how="left", maintain_order="left").drop("window")
    return Batches(keyed, batches, _rejected_rows(rng, store_id, counted, refusal, faults))


def find_faults() -> list[Fault]:
    """The fault of each refused body, in order, as the event endpoint would have found it."""
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    faults = [judge(json.loads(body), received_at=received_at, skew=timedelta()) for body in REFUSED_BODIES]
    return [fault for fault in faults if isinstance(fault, Fault)]


def _refusals(rng: np.random.Generator, accepted: Ints) -> Ints:
    """One entry per refused event: batch × number of bodies + which body; sorted by batch."""
    counts = rng.poisson(accepted * REFUSED_PER_THOUSAND / 1000)
    counts[len(counts) // 2] += 1
    batch = np.repeat(np.arange(len(accepted)), counts)
    return (batch * len(REFUSED_BODIES) + rng.integers(0, len(REFUSED_BODIES), len(batch))).astype(np.int64)


def _batch_rows(
    rng: np.random.Generator, store_id: str, counted: pl.DataFrame, rejected: Ints, quarantined: Ints
) -> pl.DataFrame:
    accepted = counted["accepted_count"].to_numpy()
    duplicate, unconsented = rng.poisson(accepted * 0.004), rng.poisson(accepted * 0.03)
    received = accepted + rejected + quarantined + duplicate + unconsented
    return counted.select(
        "id", "received_at", pl.lit(store_id).alias("store_id"), pl.col("accepted_count").cast(pl.Int64),
        pl.Series("rejected_count", rejected), pl.Series("quarantined_count", quarantined),
        pl.Series("duplicate_count", duplicate), pl.Series("unconsented_count", unconsented),
        pl.Series("received_count", received), pl.Series("byte_count", received * BYTES_PER_EVENT))


def _rejected_rows(
    rng: np.random.Generator, store_id: str, counted: pl.DataFrame, refusal: Ints, faults: list[Fault]
) -> pl.DataFrame:
    batch, which = pl.Series(refusal // len(faults)), (refusal % len(faults)).tolist()
    at = counted["received_at"].gather(batch)
    return pl.DataFrame({
        "code": [faults[index].code for index in which], "path": [faults[index].path for index in which],
        "reason": [faults[index].reason for index in which], "body": [REFUSED_BODIES[index] for index in which],
        "is_quarantined": [faults[index].is_quarantined for index in which],
    }).with_columns(
        id=time_keys(rng, at.dt.timestamp("ms").to_numpy()), store_id=pl.lit(store_id), received_at=at,
        ingest_batch_id=counted["id"].gather(batch))
