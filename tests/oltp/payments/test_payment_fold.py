"""Each gateway event any number of times in any order → same final state."""

import random
from itertools import product

from oltp.payments.rules import Balances, Entry, fold
from tests.conftest import IS_FULL

EVENTS = (Entry("authorized", "a", 100), Entry("captured", "c", 80), Entry("refunded", "r", 30),
          Entry("charged_back", "d", 50), Entry("charge_back_reversed", "d", 50))
KINDS = ("authorized", "captured", "voided", "failed", "refunded", "charged_back", "charge_back_reversed", "unknown",
         "resolved")


def test_each_gateway_event_any_number_of_times_in_any_order_gives_the_same_final_state() -> None:
    states: dict[frozenset[Entry], Balances] = {}
    count = 0
    for length in range(7):
        for sequence in product(EVENTS, repeat=length):
            state = fold(100, sequence)
            assert states.setdefault(frozenset(sequence), state) == state, sequence
            assert 0 <= state.refunded + state.charged_back <= state.captured <= state.authorized <= 100
            count += 1
    assert count == 19_531
    assert states[frozenset(EVENTS)] == Balances("captured", 100, 80, 30, 0)
    assert len(states) == 2 ** len(EVENTS)


def test_ten_thousand_random_sequences_give_the_same_final_state() -> None:
    rng = random.Random(20261124)
    for _ in range(10_000 if IS_FULL else 200):
        entries = [Entry(rng.choice(KINDS), rng.choice("xyz"), rng.randrange(0, 150)) for _ in range(8)]
        entries = list({(each.kind, each.external_ref): each for each in entries}.values())
        shuffled = entries + rng.choices(entries, k=4)
        rng.shuffle(shuffled)
        state = fold(120, entries)
        assert fold(120, shuffled) == state
        assert 0 <= state.refunded + state.charged_back <= state.captured <= state.authorized <= 120


def test_the_status_says_what_is_known() -> None:
    auth, capture = Entry("authorized", "a", 100), Entry("captured", "c", 40)
    for entries, status in (
        ((), "created"), ((Entry("unknown", "authorize"),), "unknown"),
        ((Entry("unknown", "authorize"), auth), "authorized"), ((Entry("failed", "f"),), "failed"),
        ((Entry("failed", "f"), auth), "authorized"), ((auth, Entry("voided", "v")), "voided"),
        ((auth, Entry("unknown", "capture:0")), "unknown"),
        ((auth, Entry("unknown", "capture:0"), Entry("resolved", "capture:0")), "authorized"),
        ((auth, capture), "captured"), ((auth, capture, Entry("voided", "v")), "captured"),
        ((Entry("captured", "c", 0),), "captured"), ((Entry("unknown", "authorize"), Entry("failed", "f")), "failed"),
    ):
        assert fold(100, entries).status == status, entries


def test_what_is_promised_back_cannot_be_charged_back() -> None:
    entries = (Entry("captured", "c", 100), Entry("charged_back", "d", 100))
    assert fold(100, entries, promised=30).charged_back == 70
    assert fold(100, entries).charged_back == 100
