"""Signatures of callbacks: over each raw byte, within 300 seconds on either side, by any secret in force."""

from datetime import UTC, datetime, timedelta

import pytest

from oltp.payments.facts import CallbackRefused
from oltp.payments.signing import check_signature, sign

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = b'{"kind": "captured", "amount": 2000, "note": "\xc3\xa9"}\n'
SECRETS = ("whsec_new", "whsec_old")


def is_taken(body: bytes, header: str | None, *, now: datetime = NOW) -> bool:
    """Whether the callback passes."""
    try:
        check_signature(body, header=header, secrets=SECRETS, now=now)
    except CallbackRefused:
        return False
    return True


@pytest.mark.parametrize("secret", SECRETS)
def test_either_secret_holds_while_one_replaces_the_other(secret: str) -> None:
    assert is_taken(BODY, sign(BODY, secret=secret, at=NOW))
    assert not is_taken(BODY, sign(BODY, secret=f"{secret}r", at=NOW))


def test_each_mutated_byte_is_noticed() -> None:
    header = sign(BODY, secret=SECRETS[0], at=NOW)
    for place in range(len(BODY)):
        for bit in range(8):
            assert not is_taken(BODY[:place] + bytes([BODY[place] ^ 1 << bit]) + BODY[place + 1:], header), place
        assert not is_taken(BODY[:place] + BODY[place + 1:], header), place
    # What means the same has other bytes.
    assert not is_taken(BODY.strip(), header) and not is_taken(BODY + b" ", header)
    _, _, digest = header.partition("v1=")
    for place in range(len(digest)):
        other = digest[:place] + ("0" if digest[place] != "0" else "1") + digest[place + 1:]
        assert not is_taken(BODY, header.replace(digest, other)), place


@pytest.mark.parametrize(("seconds", "expected"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_holds_for_300_seconds_on_either_side(seconds: int, expected: bool) -> None:
    header = sign(BODY, secret=SECRETS[0], at=NOW)
    assert is_taken(BODY, header, now=NOW + timedelta(seconds=seconds)) is expected
    # The time is signed too.
    assert not is_taken(BODY, header.replace("t=1", "t=2"), now=NOW)


@pytest.mark.parametrize("header", [
    None, "", "t=1", "v1=a", "t=,v1=a", "t=-1,v1=a", "t=1e3,v1=a", "t=\u0663,v1=a", "t=9999999999999,v1=a", "=", ",,",
    "t=1,v1=\u00e9", "t=1,v0=a"])
def test_what_is_no_signature_is_refused(header: str | None) -> None:
    assert not is_taken(BODY, header)
