"""Sessions and visitors: the visits in which orders are placed, the visits that led to them, and all the others."""

from dataclasses import dataclass

import numpy as np

from stormcom.demo.chance import Bools, Floats, Ints, generator, pick, pick_by_row
from stormcom.demo.plan import NOBODY, Plan, return_weights
from stormcom.demo.rhythm import DAY, HOUR, History
from stormcom.demo.shops import Shop

WARM_UPS_PER_ORDER = 1.1
WARM_UP_LAG_DAYS = 5.0
STROLLS_PER_CUSTOMER = 1.2
SECOND_DEVICE_SHARE = 0.3
# Events of one anonymous visit on average; more are drawn than needed and cut where the budget ends.
EVENTS_PER_STRANGER = 2.9
VISITORS_PER_STRANGER_VISIT = 0.66
STRANGER_FADE_DAYS = 20.0
BOT_SHARE = 0.03
EVENTS_PER_BOT_VISIT = 45
BOT_VISITORS = 12


@dataclass(frozen=True)
class Visits:
    """One entry per session, sorted by start. ``order`` is the plan's index or NOBODY.

    Visitors are numbered: customers' first devices, their second ones, guests, strangers, bots.
    """

    visitor: Ints
    start: Ints
    day: Ints
    order: Ints
    is_bot: Bools
    is_known: Bools
    is_stranger: Bools
    customer_of: Ints
    guest_of: Ints


def make_visits(shop: Shop, history: History, plan: Plan, *, seed: int, scale: float) -> Visits:
    rng = generator(seed, shop.slug, "visits")
    tracked = np.flatnonzero(plan.is_tracked)
    buyer = _devices(rng, plan, tracked)
    warm_visitor, warm_start = _warm_ups(rng, history, plan, tracked, buyer)
    stroll_visitor, stroll_start = _strolls(rng, history, plan, scale)
    base = 2 * plan.customers + plan.guests
    stranger, stranger_start = _strangers(rng, shop, history, scale)
    bot, bot_start = _bots(rng, shop, history, scale)
    bots = base + stranger.max(initial=0) + 1 + bot
    visitor = np.concatenate([buyer, warm_visitor, stroll_visitor, base + stranger, bots])
    start = np.concatenate([plan.starts[tracked], warm_start, stroll_start, stranger_start, bot_start])
    sizes = [len(buyer), len(warm_visitor), len(stroll_visitor), len(stranger), len(bots)]
    part = np.repeat(np.arange(5), sizes)
    order = np.r_[tracked, np.full(sum(sizes[1:]), NOBODY)]
    sorting = np.lexsort((visitor, start))
    visitor, start, order, part = visitor[sorting], start[sorting], order[sorting], part[sorting]
    customer_of, guest_of = _people(plan, int(visitor.max()) + 1)
    known = np.ones(len(visitor), dtype=np.bool_)
    known[np.unique(visitor, return_index=True)[1]] = False
    day = np.searchsorted(history.midnights, start, side="right") - 1
    return Visits(
        visitor, start, day.astype(np.int64), order, part == 4, known, part == 3, customer_of, guest_of
    )


def _devices(rng: np.random.Generator, plan: Plan, tracked: Ints) -> Ints:
    """The visitor of each tracked order: a device of its customer, or the guest's only one."""
    customer, guest = plan.customer[tracked], plan.guest[tracked]
    has_second = owns_second_device(plan.customers)
    second = (rng.random(len(tracked)) < 0.25) & has_second[np.maximum(customer, 0)]
    return np.where(customer >= 0, customer + second * plan.customers, 2 * plan.customers + guest).astype(
        np.int64
    )


def owns_second_device(customers: int) -> Bools:
    """Who owns a second device; a spread that needs no randomness of its own."""
    return np.asarray((np.arange(customers) * 7919) % 100 < SECOND_DEVICE_SHARE * 100, dtype=np.bool_)


def _warm_ups(
    rng: np.random.Generator, history: History, plan: Plan, tracked: Ints, buyer: Ints
) -> tuple[Ints, Ints]:
    """Visits in the weeks before an order, mostly on the device that buys later."""
    counts = rng.poisson(WARM_UPS_PER_ORDER, size=len(tracked))
    which = np.repeat(np.arange(len(tracked)), counts)
    lag = (HOUR + rng.exponential(WARM_UP_LAG_DAYS, size=len(which)) * DAY).astype(np.int64)
    start = plan.starts[tracked][which] - lag
    inside = start > history.midnights[0]
    customer = plan.customer[tracked][which]
    other = owns_second_device(plan.customers)[np.maximum(customer, 0)] & (rng.random(len(which)) < 0.3)
    visitor = np.where((customer >= 0) & other, customer + plan.customers, buyer[which])
    return visitor[inside].astype(np.int64), start[inside]


def _strolls(rng: np.random.Generator, history: History, plan: Plan, scale: float) -> tuple[Ints, Ints]:
    """Visits of customers that lead to nothing."""
    who = rng.integers(0, plan.customers, size=int(plan.customers * STROLLS_PER_CUSTOMER))
    return who.astype(np.int64), history.instants(rng, pick(rng, history.traffic, len(who)))


def _strangers(rng: np.random.Generator, shop: Shop, history: History, scale: float) -> tuple[Ints, Ints]:
    """Visits of people who never order: most come once, some return within weeks."""
    visits = max(int(shop.events * scale / EVENTS_PER_STRANGER), 30)
    people = max(int(visits * VISITORS_PER_STRANGER_VISIT), 10)
    first = pick(rng, history.traffic, people)
    weights: Floats = return_weights(history, STRANGER_FADE_DAYS)
    weights[-1] = 0.0
    returning = pick(rng, rng.pareto(1.5, people) * (weights.sum(axis=1)[first] > 0), visits - people)
    days = np.r_[first, pick_by_row(rng, weights, first[returning])]
    return np.r_[np.arange(people), returning].astype(np.int64), history.instants(rng, days)


def _bots(rng: np.random.Generator, shop: Shop, history: History, scale: float) -> tuple[Ints, Ints]:
    """Crawlers come at any hour, evenly over the days."""
    visits = max(int(shop.events * scale * BOT_SHARE / EVENTS_PER_BOT_VISIT), 3)
    span = history.end - 3 * HOUR - int(history.midnights[0])
    return rng.integers(0, BOT_VISITORS, size=visits), history.midnights[0] + rng.integers(
        0, span, size=visits
    )


def _people(plan: Plan, visitors: int) -> tuple[Ints, Ints]:
    numbers = np.arange(visitors)
    customer = np.where(numbers < 2 * plan.customers, numbers % plan.customers, NOBODY)
    guest = numbers - 2 * plan.customers
    guest = np.where((guest >= 0) & (guest < plan.guests), guest, NOBODY)
    return customer.astype(np.int64), guest.astype(np.int64)
