"""Who orders when: the skeleton of a shop's history, before baskets, money or clicks.

Customers return with a loyalty of their own (few come often, many once), more likely soon after the last visit than
late, so that the cohort heat map has the slope that real shops have.
"""

from dataclasses import dataclass

import numpy as np

from stormcom.demo.chance import Bools, Floats, Ints, generator, pick, pick_by_row
from stormcom.demo.rhythm import History
from stormcom.demo.shops import Shop

GUEST_SHARE = 0.17
SILENT_SHARE = 0.05
# A shop that opened its data six months ago meets its old customers first: new faces become fewer.
NEW_FACES_FADE_DAYS = 75.0
LOYALTY_SHAPE = 0.75
RETURN_FADE_DAYS = 80.0
TRACKED_SHARE = 0.92
NOBODY = -1


@dataclass(frozen=True)
class Plan:
    """One entry per order, by time of its session. ``customer`` and ``guest`` are indexes, or NOBODY."""

    customers: int
    guests: int
    customer: Ints
    guest: Ints
    day: Ints
    starts: Ints
    is_first: Bools
    is_tracked: Bools


def make_plan(shop: Shop, history: History, *, seed: int, scale: float) -> Plan:
    rng = generator(seed, shop.slug, "plan")
    customers, orders = max(int(shop.customers * scale), 12), max(int(shop.orders * scale), 40)
    guest_orders = int(orders * GUEST_SHARE)
    customer, day = _customer_orders(rng, history, customers, orders - guest_orders)
    guests = max(int(guest_orders * 0.9), 1)
    guest = np.r_[np.arange(guests), rng.integers(0, guests, size=guest_orders - guests)]
    everyone = np.r_[customer, np.full(guest_orders, NOBODY)]
    anyone = np.r_[np.full(len(customer), NOBODY), guest]
    days = np.r_[day, pick(rng, history.traffic, guest_orders)]
    starts = history.instants(rng, days)
    order = np.argsort(starts, kind="stable")
    everyone, anyone, days, starts = everyone[order], anyone[order], days[order], starts[order]
    tracked = rng.random(len(order)) < TRACKED_SHARE
    return Plan(customers, guests, everyone, anyone, days, starts, _first(everyone, anyone), tracked)


def return_weights(history: History, fade: float) -> Floats:
    """Row: day of a first visit; column: day of a later one; 0 on and before the first."""
    count = len(history.days)
    ages = np.arange(count)[None, :] - np.arange(count)[:, None]
    weights = np.where(ages > 0, np.exp(-np.maximum(ages, 0) / fade) * history.traffic[None, :], 0.0)
    return np.asarray(weights, dtype=np.float64)


def _customer_orders(
    rng: np.random.Generator, history: History, customers: int, orders: int
) -> tuple[Ints, Ints]:
    buyers = customers - int(customers * SILENT_SHARE)
    fade = np.exp(-np.arange(len(history.days)) / NEW_FACES_FADE_DAYS)
    first = pick(rng, history.traffic * (fade + 0.25), buyers)
    weights = return_weights(history, RETURN_FADE_DAYS)
    loyalty = rng.gamma(LOYALTY_SHAPE, 1.0, size=buyers) * weights.sum(axis=1)[first]
    again = pick(rng, loyalty, max(orders - buyers, 0))
    later = pick_by_row(rng, weights, first[again])
    return np.r_[np.arange(buyers), again], np.r_[first, later]


def _first(customer: Ints, guest: Ints) -> Bools:
    person = np.where(customer >= 0, customer, customer.max(initial=0) + 1 + guest)
    first = np.zeros(len(person), dtype=np.bool_)
    first[np.unique(person, return_index=True)[1]] = True
    return first
