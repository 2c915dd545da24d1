"""Customers, guests and the places they live in."""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import Ints, generator, pick
from stormcom.demo.keys import time_keys
from stormcom.demo.names import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, PLACES, STREETS
from stormcom.demo.plan import Plan
from stormcom.demo.rhythm import DAY, HOUR, History, as_instants
from stormcom.demo.shops import Shop

EARLY_ACCOUNT_SHARE = 0.25
AT_CHECKOUT = 90_000


@dataclass(frozen=True)
class People:
    """``persons``: customers first, then guests: name, mail, phone and address. ``customers``: table rows so far."""

    persons: pl.DataFrame
    customers: pl.DataFrame


def make_people(shop: Shop, store_id: str, history: History, plan: Plan, placed: Ints, *, seed: int) -> People:
    rng = generator(seed, shop.slug, "people")
    persons = _persons(rng, shop, plan.customers + plan.guests)
    opened = _opened(rng, history, plan, placed)
    customers = persons.head(plan.customers).select("first_name", "last_name", "email", "phone").with_columns(
        id=time_keys(rng, opened), store_id=pl.lit(store_id), currency=pl.lit(shop.currency),
        accepts_marketing=pl.Series(rng.random(plan.customers) < 0.55),
        created_at=as_instants(opened), updated_at=as_instants(opened),
    ).with_columns(marketing_opt_in_at=pl.when("accepts_marketing").then("created_at"))
    return People(persons, customers)


def _opened(rng: np.random.Generator, history: History, plan: Plan, placed: Ints) -> Ints:
    """When each account was opened: at the first order's checkout, or up to three weeks before it."""
    span = history.end - int(history.midnights[0]) - DAY
    opened = history.midnights[0] + rng.integers(0, span, size=plan.customers)
    known = np.flatnonzero(plan.customer >= 0)
    latest = np.full(plan.customers, np.iinfo(np.int64).max)
    np.minimum.at(latest, plan.customer[known], placed[known])
    before = rng.integers(HOUR, 21 * DAY, plan.customers)
    early = np.where(rng.random(plan.customers) < EARLY_ACCOUNT_SHARE, before, AT_CHECKOUT)
    return np.where(latest < np.iinfo(np.int64).max, latest - early, opened).astype(np.int64)


def _persons(rng: np.random.Generator, shop: Shop, count: int) -> pl.DataFrame:
    first, last, places = FIRST_NAMES[shop.country], LAST_NAMES[shop.country], PLACES[shop.country]
    place = pick(rng, [weight for *_, weight in places], count)
    names = pl.DataFrame({
        "first_name": pl.Series(first).gather(pl.Series(rng.integers(0, len(first), count))),
        "last_name": pl.Series(last).gather(pl.Series(rng.integers(0, len(last), count))),
        "number": np.arange(1, count + 1), "phone": _phones(rng, shop, count),
        "domain": pl.Series(MAIL_DOMAINS).gather(pl.Series(rng.integers(0, len(MAIL_DOMAINS), count))),
        "address": _streets(rng, shop, count),
    })
    names = names.with_columns(
        pl.Series(key, [places[index][column] for index in place])
        for column, key in enumerate(("city", "state", "postal_code", "country")))
    plain = {name: _plain(name) for name in (*first, *last)}
    return names.with_columns(email=pl.format(
        "{}.{}{}@{}", pl.col("first_name").replace_strict(plain), pl.col("last_name").replace_strict(plain),
        "number", "domain"))


def _plain(name: str) -> str:
    swaps = {"ü": "ue", "ö": "oe", "ä": "ae", "ß": "ss", "é": "e", "ı": "i", " ": ""}
    return re.sub(r"[^a-z]", "", "".join(swaps.get(letter, letter) for letter in name.lower()))


def _phones(rng: np.random.Generator, shop: Shop, count: int) -> list[str]:
    """Numbers from the ranges set aside for fiction."""
    numbers = rng.integers(0, 100, size=(count, 2))
    if shop.country == "US":
        return [f"+1 {200 + 7 * int(area)} 555 01{int(line):02d}" for area, line in numbers]
    return [f"+49 30 23125 {int(area) % 10}{int(line):02d}" for area, line in numbers]


def _streets(rng: np.random.Generator, shop: Shop, count: int) -> list[str]:
    streets = STREETS[shop.country]
    chosen, numbers = rng.integers(0, len(streets), count), rng.integers(1, 240, count)
    if shop.country == "US":
        return [f"{number} {streets[index]}" for index, number in zip(chosen, numbers, strict=True)]
    return [f"{streets[index]} {number}" for index, number in zip(chosen, numbers, strict=True)]


def addresses(persons: pl.DataFrame) -> pl.Series:
    """Each person's address as the JSON text that orders carry."""
    return persons.select(pl.struct(
        firstName="first_name", lastName="last_name", email="email", phone="phone", address="address", city="city",
        state="state", postalCode="postal_code", country="country").struct.json_encode()).to_series()
