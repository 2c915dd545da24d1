"""Rules of access: the scopes, and how a secret is made and stored."""

import hashlib
import secrets
from collections.abc import Sequence

from oltp.access.errors import InvalidScope

# What an API token may be allowed, in the words of the permission taxonomy.
SCOPES = (
    "admin.superuser", "analytics.export", "analytics.view", "billing.manage", "cart.write", "checkout.place",
    "customer.read", "customer.segment.manage", "customer.write", "discount.apply", "discount.create", "event.write",
    "fraud.review", "integration.manage", "inventory.adjust", "inventory.read", "invariant.read", "order.fulfill",
    "order.read", "order.refund", "order.write", "payment.capture", "payment.read", "price.manage", "product.publish",
    "product.read", "product.write", "promo.manage", "recommendation.read", "return.manage", "return.write",
    "review.moderate", "review.write", "search.read", "settings.manage", "shipping.manage", "subscription.manage",
    "webhook.manage",
)
_PREFIX = "sc_"


def new_secret() -> str:
    """Make a bearer secret of 256 random bits; the prefix lets scanners recognise a leaked one."""
    return _PREFIX + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hex: all that is ever stored. (A random secret needs no salt.)"""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_scopes(scopes: Sequence[str]) -> list[str]:
    """Return the scopes sorted, each once. Errors: InvalidScope."""
    for scope in scopes or ("",):
        if scope not in SCOPES:
            raise InvalidScope(scope=scope, known=", ".join(SCOPES), field="scopes")
    return sorted(set(scopes))
