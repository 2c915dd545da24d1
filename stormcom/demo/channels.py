"""Where visits come from: campaigns, search engines, mail, affiliates, or nowhere in particular."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import Bools, Ints, generator, pick_by_row
from stormcom.demo.rhythm import History
from stormcom.demo.shops import Shop


@dataclass(frozen=True)
class Channel:
    """``fresh`` and ``known`` weigh first visits and returning ones; ``months`` adds the month to the campaign."""

    fresh: float
    known: float
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    click_id: str | None = None
    referrer: str | None = None
    months: bool = False


CHANNELS: tuple[Channel, ...] = (
    Channel(15, 27),
    Channel(22, 14, referrer="www.google.com"),
    Channel(3, 2, referrer="www.bing.com"),
    Channel(2, 1.5, referrer="duckduckgo.com"),
    Channel(
        4,
        6,
        "google",
        "cpc",
        "brand-search",
        term="shop name",
        content="headline-a",
        click_id="gclid",
        referrer="www.google.com",
    ),
    Channel(
        9,
        4,
        "google",
        "cpc",
        "category-search",
        term="category",
        content="headline-b",
        click_id="gclid",
        referrer="www.google.com",
    ),
    Channel(
        5, 2, "google", "cpc", "shopping-feed", content="feed", click_id="gclid", referrer="www.google.com"
    ),
    Channel(1.5, 1, click_id="gclid", referrer="www.google.com"),
    Channel(3, 14, "newsletter", "email", "weekly", content="top-story", months=True),
    Channel(0.5, 4, "newsletter", "email", "restock", content="button"),
    Channel(
        8,
        4,
        "facebook",
        "paid_social",
        "prospecting",
        content="carousel",
        click_id="fbclid",
        referrer="l.facebook.com",
        months=True,
    ),
    Channel(
        2,
        5,
        "facebook",
        "paid_social",
        "retargeting",
        content="dynamic",
        click_id="fbclid",
        referrer="l.facebook.com",
    ),
    Channel(4, 3, referrer="l.instagram.com"),
    Channel(2, 1, referrer="www.pinterest.com"),
    Channel(
        4, 2.5, "dealfinder", "affiliate", "partners", content="coupon-page", referrer="dealfinder.example"
    ),
    Channel(3, 1.5, "goodbench", "affiliate", "partners", content="review", referrer="goodbench.example"),
    Channel(3, 1, referrer="slowliving.example"),
)
NEWSLETTER = (8, 9)
PAID = (5, 6, 10)
# Newsletters go out on Tuesdays and are read on the day after too.
MAIL_LIFT = {1: 3.0, 2: 1.4}
SALE_PAID_LIFT = 1.7


def choose_channels(shop: Shop, history: History, day: Ints, known: Bools, *, seed: int) -> Ints:
    """One index into CHANNELS per session, by the day's campaigns and whether the visitor has been here before."""
    rng = generator(seed, shop.slug, "channels")
    days = len(history.days)
    base = np.array([[channel.fresh for channel in CHANNELS], [channel.known for channel in CHANNELS]])
    weights = np.repeat(base[:, None, :], days, axis=1)
    for index, each in enumerate(history.days):
        weights[:, index, NEWSLETTER] *= MAIL_LIFT.get(each.weekday(), 0.6)
        weights[:, index, PAID] *= SALE_PAID_LIFT if history.sale[index] else 1.0
    return pick_by_row(rng, weights.reshape(2 * days, -1), known.astype(np.int64) * days + day)


def channel_columns(shop: Shop, channel: Ints, month: Ints) -> pl.DataFrame:
    """The columns a landing page view carries; ``month`` (1-12) completes campaigns that are renewed monthly."""
    table = pl.DataFrame(
        {
            "channel": list(range(len(CHANNELS))),
            "utm_source": [each.source for each in CHANNELS],
            "utm_medium": [each.medium for each in CHANNELS],
            "campaign": [each.campaign for each in CHANNELS],
            "months": [each.months for each in CHANNELS],
            "utm_term": [_term(shop, each) for each in CHANNELS],
            "utm_content": [each.content for each in CHANNELS],
            "click_id_kind": [each.click_id for each in CHANNELS],
            "referrer_host": [each.referrer for each in CHANNELS],
        }
    )
    rows = pl.DataFrame({"channel": channel, "month": month}).join(
        table, on="channel", how="left", maintain_order="left"
    )
    dated = pl.format("{}-{}", "campaign", pl.col("month").cast(pl.String).str.zfill(2))
    return rows.with_columns(utm_campaign=pl.when("months").then(dated).otherwise("campaign")).drop(
        "channel", "month", "months", "campaign"
    )


def _term(shop: Shop, channel: Channel) -> str | None:
    if channel.term == "shop name":
        return shop.name.lower()
    return None if channel.term is None else shop.slug
