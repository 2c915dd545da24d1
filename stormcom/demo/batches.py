"""Ingest batches: the counts that the event endpoint writes with each batch, and the events it refused."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import Ints, generator
from stormcom.demo.keys import time_keys
from stormcom.demo.rhythm import HOUR
from stormcom.demo.shops import Shop

WINDOW = HOUR
BYTES_PER_EVENT = 420
REFUSED_PER_THOUSAND = 1.0
# (code, path, reason, body, whether it is set aside rather than refused)
REFUSALS = (
    ("unknown_name", "name", "unknown event name 'page_veiw'", '{"name":"page_veiw","version":1}', False),
    ("invalid", "properties.quantity", "'two' is not of type 'integer'",
     '{"name":"add_to_cart","version":1,"properties":{"quantity":"two"}}', False),
    ("invalid", "product_id", "'12345' is not a 'uuid'",
     '{"name":"product_view","version":1,"product_id":"12345"}', False),
    ("unknown_version", "version", "there is no version 9 of 'search'", '{"name":"search","version":9}', False),
    ("future", "occurred_at", "more than 23 hours in the future", '{"name":"page_view","version":1}', True),
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
    refusal = _refusals(rng, accepted)
    batch = refusal // len(REFUSALS)
    kept_aside = np.array([each[4] for each in REFUSALS])[refusal % len(REFUSALS)]
    batches = _batch_rows(rng, store_id, counted, np.bincount(batch[~kept_aside], minlength=len(accepted)),
                          np.bincount(batch[kept_aside], minlength=len(accepted)))
    keyed = events.with_columns(window=window).join(
        counted.select("window", ingest_batch_id="id"), on="window", how="left", maintain_order="left").drop("window")
    return Batches(keyed, batches, _rejected_rows(rng, store_id, counted, refusal))


def _refusals(rng: np.random.Generator, accepted: Ints) -> Ints:
    """One entry per refused event: batch × number of refusals + which refusal; sorted by batch."""
    counts = rng.poisson(accepted * REFUSED_PER_THOUSAND / 1000)
    counts[len(counts) // 2] += 1
    batch = np.repeat(np.arange(len(accepted)), counts)
    return (batch * len(REFUSALS) + rng.integers(0, len(REFUSALS), len(batch))).astype(np.int64)


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


def _rejected_rows(rng: np.random.Generator, store_id: str, counted: pl.DataFrame, refusal: Ints) -> pl.DataFrame:
    batch, which = pl.Series(refusal // len(REFUSALS)), refusal % len(REFUSALS)
    at = counted["received_at"].gather(batch)
    columns = {name: [REFUSALS[index][place] for index in which]
               for place, name in enumerate(("code", "path", "reason", "body", "is_quarantined"))}
    return pl.DataFrame(columns).with_columns(
        id=time_keys(rng, at.dt.timestamp("ms").to_numpy()), store_id=pl.lit(store_id), received_at=at,
        ingest_batch_id=counted["id"].gather(batch))
