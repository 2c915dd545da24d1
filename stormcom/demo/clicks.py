"""What happens within each visit, in order: landing, looking around, cart, checkout, purchase.

The result is one frame, sorted by session and step, of numbers only; ``events.py`` gives it keys and words.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stormcom.demo.baskets import Baskets
from stormcom.demo.chance import Bools, Floats, Ints, count_within, generator, pick, pick_by_row
from stormcom.demo.plan import Plan
from stormcom.demo.products import Catalogue
from stormcom.demo.rhythm import MINUTE
from stormcom.demo.shops import Shop
from stormcom.demo.visits import EVENTS_PER_BOT_VISIT, Visits

BOUNCE = 0.42
MORE_VIEWS = 0.46
SAME_KIND = 0.55
SEARCH = 0.24
CATEGORY_PAGE = 0.3
RECOMMENDED = 0.14
CART_KNOWN, CART_STRANGER = 0.24, 0.09
LAND_ON_PRODUCT = 0.35
ADVISED = 0.45
REMOVE, CHECKOUT = 0.22, 0.38
IDENTIFY_AGAIN = 0.2
LINES_FROM, CHECKOUT_FROM = 100.0, 1000.0
NONE = -1


@dataclass(frozen=True)
class Clicks:
    """``frame``: session, step, name, product, source, variant, quantity, at (ms, true time). ``placed``: per order."""

    frame: pl.DataFrame
    placed: Ints


def make_clicks(
    shop: Shop, catalogue: Catalogue, demand: Floats, baskets: Baskets, plan: Plan, visits: Visits, *, seed: int,
    budget: int,
) -> Clicks:
    """``budget`` is the number of events to come close to; strangers' visits fill what the others leave."""
    rng = generator(seed, shop.slug, "clicks")
    views, looked = _views(rng, catalogue, demand, visits)
    parts = [_landings(rng, visits, views), views, *_around(rng, views)]
    parts += _abandoned(rng, catalogue, visits, views, looked)
    parts += _bought(rng, baskets, plan, visits)
    frame = _within_budget(rng, pl.concat(parts, how="diagonal"), visits, budget)
    frame = frame.sort("session", "step", maintain_order=True).with_columns(
        pl.col("product", "source", "variant").fill_null(NONE), pl.col("quantity").fill_null(0))
    frame = frame.with_columns(at=pl.Series(_times(rng, frame, visits)))
    return Clicks(frame, _placed(frame, plan, visits))


def _rows(name: str, session: Ints, step: NDArray[Any], **columns: Ints) -> pl.DataFrame:
    return pl.DataFrame({"session": session, "step": np.asarray(step, dtype=np.float64), **columns}).with_columns(
        name=pl.lit(name))


def _views(
    rng: np.random.Generator, catalogue: Catalogue, demand: Floats, visits: Visits
) -> tuple[pl.DataFrame, Ints]:
    """Product views outside of what is bought, and their count per session; within a visit mostly of one kind."""
    count = len(visits.start)
    looked = rng.geometric(1 - MORE_VIEWS, size=count)
    looked[rng.random(count) < np.where(visits.is_stranger, BOUNCE, BOUNCE / 2)] = 0
    bots = rng.poisson(EVENTS_PER_BOT_VISIT * 0.7, size=count)
    looked = np.where(visits.is_bot, bots, np.minimum(looked, 9)).astype(np.int64)
    session = np.repeat(np.arange(count), looked)
    focus = pick(rng, demand, count)[session]
    kinds = np.where(catalogue.kinds[None, :] == np.arange(catalogue.kinds.max() + 1)[:, None], demand[None, :], 0.0)
    alike = pick_by_row(rng, kinds, catalogue.kinds[focus])
    product = np.where(rng.random(len(session)) < SAME_KIND, alike, pick(rng, demand, len(session)))
    return _rows("product_view", session, 1.0 + count_within(session), product=product), looked


def _landings(rng: np.random.Generator, visits: Visits, views: pl.DataFrame) -> pl.DataFrame:
    """Every visit begins with a page view; a third of those that look at a product land on its page."""
    sessions = np.arange(len(visits.start))
    first = views.group_by("session", maintain_order=True).agg(pl.col("product").first())
    landing = np.full(len(sessions), NONE, dtype=np.int64)
    landing[first["session"].to_numpy()] = first["product"].to_numpy()
    landing = np.where(rng.random(len(sessions)) < LAND_ON_PRODUCT, landing, NONE)
    return _rows("page_view", sessions, np.zeros(len(sessions)), product=landing)


def _around(rng: np.random.Generator, views: pl.DataFrame) -> list[pl.DataFrame]:
    """Searches and category pages before a view, and clicks on a recommendation that led to one."""
    drawn = views.with_columns(u=pl.Series(rng.random(views.height)), before=pl.col("product").shift(1).over("session"))
    searched = drawn.filter(pl.col("u") < SEARCH)
    paged = drawn.filter(pl.col("u").is_between(SEARCH, SEARCH + CATEGORY_PAGE))
    clicked = drawn.filter((pl.col("u") > 1 - RECOMMENDED) & pl.col("before").is_not_null())
    return [
        searched.select("session", pl.col("step") - 0.4, "product", name=pl.lit("search")),
        paged.select("session", pl.col("step") - 0.5, "product", name=pl.lit("page_view")),
        clicked.select(
            "session", pl.col("step") - 0.3, "product", source="before", name=pl.lit("recommendation_click")),
    ]


def _abandoned(
    rng: np.random.Generator, catalogue: Catalogue, visits: Visits, views: pl.DataFrame, looked: Ints
) -> list[pl.DataFrame]:
    """Carts of visits without an order: some emptied, some carried to the checkout and left there."""
    chance = np.where(visits.is_stranger, CART_STRANGER, CART_KNOWN)
    fills = (looked > 0) & ~visits.is_bot & (visits.order < 0) & (rng.random(len(looked)) < chance)
    last = views.unique("session", keep="last", maintain_order=True)
    last = last.filter(pl.Series(fills[last["session"].to_numpy()]))
    session, product = last["session"].to_numpy(), last["product"].to_numpy()
    step, variant = 50.0 + np.zeros(len(session)), catalogue.first_variant[product]
    removes, goes = rng.random(len(session)) < REMOVE, rng.random(len(session)) < CHECKOUT
    goes &= ~removes
    one = np.ones(len(session), dtype=np.int64)
    return [
        _rows("add_to_cart", session, step, product=product, variant=variant, quantity=one),
        _rows("remove_from_cart", session[removes], step[removes] + 1, product=product[removes],
              variant=variant[removes], quantity=one[removes]),
        _rows("begin_checkout", session[goes], step[goes] + 2, product=product[goes], variant=variant[goes],
              quantity=one[goes]).with_columns(product=pl.lit(NONE, pl.Int64)),
    ]


def _bought(rng: np.random.Generator, baskets: Baskets, plan: Plan, visits: Visits) -> list[pl.DataFrame]:
    """The funnel of every tracked order: each line seen and put into the cart, checkout, sign-in, purchase."""
    buying = np.flatnonzero(visits.order >= 0)
    session_of = np.full(len(plan.starts), NONE, dtype=np.int64)
    session_of[visits.order[buying]] = buying
    kept = session_of[baskets.order] >= 0
    session, product = session_of[baskets.order[kept]], baskets.product[kept]
    step = LINES_FROM + 10 * baskets.ordinal[kept]
    first = product[np.flatnonzero(kept[kept] & (baskets.ordinal[kept] == 0))]
    main = np.repeat(first, np.diff(np.r_[np.flatnonzero(baskets.ordinal[kept] == 0), len(product)]))
    advised = baskets.is_companion[kept] & (rng.random(len(product)) < ADVISED)
    signs = _signs_in(rng, visits, buying)
    return [
        _rows("recommendation_click", session[advised], step[advised] - 1, product=product[advised],
              source=main[advised]),
        _rows("product_view", session, step, product=product),
        _rows("add_to_cart", session, step + 5, product=product, variant=baskets.variant[kept],
              quantity=baskets.quantity[kept]),
        _rows("begin_checkout", buying, np.full(len(buying), CHECKOUT_FROM)),
        _rows("identify", signs, np.full(len(signs), CHECKOUT_FROM + 1)),
        _rows("purchase", buying, np.full(len(buying), CHECKOUT_FROM + 2)),
    ]


def _signs_in(rng: np.random.Generator, visits: Visits, buying: Ints) -> Ints:
    """Customers sign in at the first checkout on a device, and now and then later; guests never."""
    customers = buying[visits.customer_of[visits.visitor[buying]] >= 0]
    first = np.zeros(len(customers), dtype=np.bool_)
    first[np.unique(visits.visitor[customers], return_index=True)[1]] = True
    return customers[first | (rng.random(len(customers)) < IDENTIFY_AGAIN)]


def _within_budget(rng: np.random.Generator, frame: pl.DataFrame, visits: Visits, budget: int) -> pl.DataFrame:
    """Keep every visit but strangers'; of those, in random order, as many as the budget still holds."""
    sizes = np.bincount(frame["session"].to_numpy(), minlength=len(visits.start))
    strangers = rng.permutation(np.flatnonzero(visits.is_stranger))
    left = budget - int(sizes[~visits.is_stranger].sum())
    keep: Bools = ~visits.is_stranger
    keep[strangers[np.cumsum(sizes[strangers]) <= left]] = True
    return frame.filter(pl.Series(keep[frame["session"].to_numpy()]))


def _times(rng: np.random.Generator, frame: pl.DataFrame, visits: Visits) -> Ints:
    """The start of the visit plus pauses of seconds to minutes; crawlers do not pause."""
    session = frame["session"].to_numpy()
    pause = np.clip(rng.lognormal(3.3, 0.9, frame.height) * 1000, 1500, 4 * MINUTE)
    pause = np.where(visits.is_bot[session], rng.uniform(400, 2200, frame.height), pause).astype(np.int64)
    begins = count_within(session) == 0
    pause[begins] = 0
    total = np.cumsum(pause)
    before = total[np.flatnonzero(begins)]
    first = np.repeat(before, np.diff(np.r_[np.flatnonzero(begins), frame.height]))
    return np.asarray(visits.start[session] + total - first, dtype=np.int64)


def _placed(frame: pl.DataFrame, plan: Plan, visits: Visits) -> Ints:
    placed = plan.starts + 7 * MINUTE
    purchases = frame.filter(pl.col("name") == "purchase")
    placed[visits.order[purchases["session"].to_numpy()]] = purchases["at"].to_numpy()
    return placed.astype(np.int64)
