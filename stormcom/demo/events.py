"""Analytics events in table form: keys, campaign columns, properties, and when each was sent and received."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.baskets import Baskets
from stormcom.demo.chance import Ints, generator, pick
from stormcom.demo.channels import channel_columns, choose_channels
from stormcom.demo.clicks import Clicks
from stormcom.demo.keys import time_keys
from stormcom.demo.orders import Sales
from stormcom.demo.pages import describe
from stormcom.demo.people import People
from stormcom.demo.products import Catalogue
from stormcom.demo.rhythm import HOUR, MINUTE, History, as_instants
from stormcom.demo.shops import Shop
from stormcom.demo.visits import Visits

LATE_SHARE = 0.014
SKEWED_SHARE = 0.008
MAX_SKEW = 40 * MINUTE
ABROAD = {"US": (("US", 93), ("CA", 5), ("GB", 2)), "DE": (("DE", 68), ("AT", 14), ("FR", 9), ("NL", 6), ("CH", 3))}


COLUMNS = (
    "store_id", "event_id", "occurred_at", "corrected_at", "received_at", "sent_at", "name", "version", "subject_id",
    "consent", "is_bot", "session_ref", "product_id", "order_id", "utm_source", "utm_medium", "utm_campaign",
    "utm_term", "utm_content", "click_id_kind", "referrer_host", "page_path", "country", "properties",
)


@dataclass(frozen=True)
class Traffic:
    """``events`` sorted by received_at, without a batch; ``visitors``: rows of subject of kind visitor, where linked
    with the row number of the customer or the plan's guest order they are linked to."""

    events: pl.DataFrame
    visitors: pl.DataFrame


def make_traffic(
    shop: Shop, store_id: str, history: History, catalogue: Catalogue, people: People, visits: Visits, clicks: Clicks,
    sales: Sales, baskets: Baskets, *, seed: int,
) -> Traffic:
    rng = generator(seed, shop.slug, "events")
    frame = clicks.frame
    session = frame["session"].to_numpy()
    visitors = _visitors(rng, shop, store_id, history, people, visits, frame, sales)
    subject = visitors.select("visitor", subject_id="id", country="country")
    landing = channel_columns(
        shop, choose_channels(shop, history, visits.day, visits.is_known, seed=seed),
        np.array([day.month for day in history.days], dtype=np.int64)[visits.day],
    ).with_columns(session=pl.int_range(0, len(visits.start)), step=0.0)
    bots = pl.Series(visits.is_bot[session])
    campaign = [name for name in landing.columns if name not in ("session", "step")]
    events = frame.with_columns(
        visitor=pl.Series(visits.visitor[session]), is_bot=bots, order=pl.Series(_order_rows(visits, sales, session)),
        session_ref=pl.Series(_refs(rng, "s", len(visits.start))).gather(pl.Series(session)),
    ).join(subject, on="visitor", how="left", maintain_order="left").join(
        landing, on=["session", "step"], how="left", maintain_order="left").with_columns(
        pl.when(~pl.col("is_bot")).then(pl.col(campaign)))
    events = describe(rng, shop, catalogue, sales, baskets, events)
    events = _send(rng, history, visits, events, session)
    return Traffic(_rows(rng, store_id, events), visitors)


def _order_rows(visits: Visits, sales: Sales, session: Ints) -> Ints:
    order = visits.order[session]
    return np.where(order >= 0, sales.row_of[np.maximum(order, 0)], -1).astype(np.int64)


def _refs(rng: np.random.Generator, prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number:016x}" for number in rng.integers(0, 2**63, size=count).tolist()]


def _visitors(
    rng: np.random.Generator, shop: Shop, store_id: str, history: History, people: People, visits: Visits,
    frame: pl.DataFrame, sales: Sales,
) -> pl.DataFrame:
    """Visitors seen at all; linked at the first identify to the customer, or at a guest's purchase to the guest."""
    rows = frame.select(
        "name", "at", pl.Series("visitor", visits.visitor[frame["session"].to_numpy()]),
        pl.Series("order", _order_rows(visits, sales, frame["session"].to_numpy())))
    seen = rows.group_by("visitor").agg(pl.col("at").min().alias("seen")).sort("visitor")
    who = seen["visitor"].to_numpy()
    guest = pl.Series("guest", visits.guest_of[who] >= 0)
    links = rows.with_columns(guest=pl.Series(visits.guest_of[rows["visitor"].to_numpy()] >= 0)).filter(
        (pl.col("name") == "identify") | (pl.col("guest") & (pl.col("name") == "purchase"))
    ).sort("at", maintain_order=True).unique("visitor", keep="first", maintain_order=True).select(
        "visitor", linked="at", order="order")
    seen = seen.join(links, on="visitor", how="left", maintain_order="left")
    order, linked = seen["order"].fill_null(-1), seen["linked"].fill_null(-1)
    country = _countries(rng, shop, people, visits, who)
    customer = people.customers["id"].gather(pl.Series(np.maximum(visits.customer_of[who], 0)))
    number = sales.orders["id"].gather(order.clip(lower_bound=0))
    return seen.select(
        "visitor", time_keys(rng, seen["seen"].to_numpy()).alias("id"), pl.lit(store_id).alias("store_id"),
        pl.lit("visitor").alias("kind"), pl.Series("visitor_id", _refs(rng, "v", len(who))),
        country.alias("country"), as_instants(seen["seen"].to_numpy(), "created_at"),
        as_instants(linked.to_numpy(), "linked_at"),
        pl.when(pl.Series(linked >= 0) & ~guest).then(customer).alias("customer_id"),
        pl.when(pl.Series(linked >= 0) & guest).then(number).alias("guest_order_id"))


def _countries(rng: np.random.Generator, shop: Shop, people: People, visits: Visits, who: Ints) -> pl.Series:
    codes = ABROAD[shop.country]
    chosen = pick(rng, [weight for _, weight in codes], len(who))
    drawn = pl.Series([code for code, _ in codes]).gather(pl.Series(chosen))
    customer, guest = visits.customer_of[who], visits.guest_of[who]
    customers = people.customers.height
    person = np.where(customer >= 0, customer, np.where(guest >= 0, customers + guest, 0))
    home = people.persons["country"].gather(pl.Series(person))
    return pl.select(pl.when(pl.Series((customer >= 0) | (guest >= 0))).then(home).otherwise(drawn)).to_series()


def _send(
    rng: np.random.Generator, history: History, visits: Visits, events: pl.DataFrame, session: Ints
) -> pl.DataFrame:
    """Sent seconds after it happened; hours or days later if the visit was offline; some clocks are wrong.

    ``stated`` is what the client's clock said, ``at`` the true time.
    """
    count = len(visits.start)
    at = events["at"].to_numpy()
    late = (rng.random(count) < LATE_SHARE) & ~visits.is_bot
    delay = np.where(late, rng.lognormal(2.2, 0.9, count) * HOUR + HOUR / 2, 0.0).astype(np.int64)
    skew = np.where(rng.random(count) < SKEWED_SHARE, rng.integers(-MAX_SKEW, MAX_SKEW, count), 0)
    skew = np.where(late | visits.is_bot, 0, skew)[session]
    wait, travel = rng.integers(200, 4000, len(at)), rng.integers(30, 900, len(at))
    received = np.minimum(at + delay[session] + wait + travel, np.maximum(history.end - 1, at))
    return events.with_columns(
        stated=pl.Series(at + skew), received=pl.Series(received),
        sent=pl.Series(np.maximum(received - travel, at) + skew))


def _rows(rng: np.random.Generator, store_id: str, events: pl.DataFrame) -> pl.DataFrame:
    stated, true = events["stated"].to_numpy(), events["at"].to_numpy()
    return events.with_columns(
        event_id=time_keys(rng, stated), store_id=pl.lit(store_id), occurred_at=as_instants(stated),
        corrected_at=as_instants(true), received_at=as_instants(events["received"].to_numpy()),
        sent_at=as_instants(events["sent"].to_numpy()), version=pl.lit(1), consent=pl.lit(True),
    ).select(COLUMNS).sort("received_at", "event_id")
