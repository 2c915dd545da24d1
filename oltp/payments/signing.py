"""Signatures of callbacks: `t=<unix seconds>,v1=<hex>`, HMAC-SHA256 over `<t>.<raw body>`, as Stripe signs.

Over the bytes as they came: a body that was read and written again has other bytes.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from oltp.payments.facts import CallbackRefused

TOLERANCE_SECONDS = 300


def sign(body: bytes, *, secret: str, at: datetime) -> str:
    """Return the header's value."""
    moment = int(at.timestamp())
    return f"t={moment},v1={_digest(body, str(moment), secret)}"


def check_signature(body: bytes, *, header: str | None, secrets: Iterable[str], now: datetime) -> None:
    """Let a body pass that one of the secrets signed in these minutes. Errors: CallbackRefused.

    While a secret is being replaced both are given. Times are compared on both sides of now, in constant time.
    """
    if not header:
        raise CallbackRefused("there is no signature")
    parts = [part.strip().partition("=") for part in header.split(",")]
    moment = next((value for name, _, value in parts if name == "t"), "")
    given = [value for name, _, value in parts if name == "v1"]
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12) or not given:
        raise CallbackRefused("the signature can't be read")
    wanted = [_digest(body, moment, secret).encode() for secret in secrets]
    matches = [hmac.compare_digest(each.encode(errors="replace"), known) for each in given for known in wanted]
    if not any(matches):
        raise CallbackRefused("the signature does not match")
    if abs(int(now.timestamp()) - int(moment)) > TOLERANCE_SECONDS:
        raise CallbackRefused("the signature's time is too far from now")


def _digest(body: bytes, moment: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
