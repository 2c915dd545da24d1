"""The rules of fraud: a bounded score that no further suspicion lowers, versions that stay as they are."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.fraud.rules import CURRENT, VERSIONS, Features, features_json, is_telling, judge, read_features

COUNT = st.integers(0, 300)
AMOUNT = st.integers(0, 10**12)
KNOWN = st.builds(
    Features, amount=AMOUNT, person_order_count=COUNT, ip_order_count=COUNT, ip_person_count=COUNT, retry_count=COUNT,
    is_first_order=st.booleans(), person_mean_amount=st.none() | AMOUNT, store_mean_amount=st.none() | AMOUNT,
    store_sample_count=COUNT, is_other_country=st.booleans(), is_new_address=st.booleans())
WORSE = ("amount", "person_order_count", "ip_order_count", "ip_person_count", "retry_count", "is_other_country",
         "is_new_address", "is_first_order")


@given(KNOWN, st.sampled_from(WORSE), st.integers(1, 50))
def test_more_suspicion_never_lowers_the_score(known: Features, name: str, more: int) -> None:
    before = judge(known)
    value = getattr(known, name)
    after = judge(replace(known, **{name: True if isinstance(value, bool) else value + more}))
    assert 0 <= before.score <= after.score <= 100
    assert (before.decision == "approve") == (before.score < 40)
    assert (before.decision == "decline") == (before.score >= 80)


@given(KNOWN)
def test_features_are_kept_and_judged_again_alike(known: Features) -> None:
    kept = features_json(known)
    assert read_features(kept) == known and judge(read_features(kept)) == judge(known)
    assert read_features({**kept, "of_a_later_version": 1}) == known


@pytest.mark.parametrize(("known", "score", "reasons"), [
    (Features(amount=5000), 0, ()),
    (Features(amount=5000, store_mean_amount=1000, store_sample_count=19), 0, ()),
    (Features(amount=5000, store_mean_amount=1000, store_sample_count=20), 30,
     ("amount_unusual_for_store", "large_first_order")),
    (Features(amount=1, person_order_count=8, is_first_order=False), 30, ("many_orders_of_person",)),
    (Features(amount=1, ip_order_count=10, ip_person_count=6), 30, ("many_orders_from_ip",)),
    (Features(amount=1, retry_count=6), 40, ("many_payment_tries",)),
    (Features(amount=90_000, is_first_order=False, person_mean_amount=1000, store_mean_amount=1000,
              store_sample_count=99, person_order_count=8, is_other_country=True, is_new_address=True), 100,
     ("many_orders_of_person", "amount_unusual_for_store", "amount_unusual_for_person", "other_country",
      "new_address")),
])
def test_versioned_rules_version_2026_11_1(known: Features, score: int, reasons: tuple[str, ...]) -> None:
    # These figures never change: another rule is another version.
    verdict = judge(known, version="2026-11-1")
    assert (verdict.score, verdict.reasons, verdict.version) == (score, reasons, "2026-11-1")


def test_the_current_version_is_one_that_there_is() -> None:
    assert CURRENT in VERSIONS
    assert {field.name for field in fields(Features)} == set(features_json(Features(amount=1)))


@pytest.mark.parametrize(("address", "is_one"), [
    ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("127.0.0.1", False), ("10.1.2.3", False), ("::1", False),
    ("unknown", False), ("", False), (None, False)])
def test_addresses_of_a_local_network_say_nothing(address: str | None, is_one: bool) -> None:
    assert is_telling(address) == is_one
