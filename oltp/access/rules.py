"""Rules of access: the scopes, and how a secret is made and stored."""

import hashlib
import secrets
from collections.abc import Sequence

from oltp.access.errors import InvalidScope

# What a caller may do, in the words of the permission taxonomy: code → sentence.
PERMISSIONS = {
    "admin.superuser": "Everything that no other permission covers.",
    "analytics.export": "Take figures away as files.",
    "analytics.view": "Read metrics and the dashboard's figures.",
    "billing.manage": "See and change the store's own plan.",
    "cart.write": "Fill carts, and ask what they cost.",
    "checkout.place": "Place orders, and pay for them again.",
    "customer.read": "Read customers, their segments and fields.",
    "customer.segment.manage": "Make segments and put customers into them.",
    "customer.write": "Add and change customers and their fields.",
    "discount.apply": "Try out which discounts a cart gets.",
    "discount.create": "Make discount codes.",
    "event.write": "Send analytics events.",
    "fraud.review": "Read fraud assessments and decide on held orders.",
    "integration.manage": "Install and remove outside programs.",
    "inventory.adjust": "Change stock and its limits.",
    "inventory.read": "Read stock and its ledger.",
    "invariant.read": "Ask whether everything that must always hold does hold.",
    "order.fulfill": "Pack, ship and deliver orders.",
    "order.read": "Read orders.",
    "order.refund": "Give money back.",
    "order.write": "Change, cancel, hold and release orders.",
    "payment.capture": "Collect or let go of authorized money.",
    "payment.read": "Read payment attempts and refunds.",
    "price.manage": "Set prices.",
    "product.publish": "Make products visible to customers.",
    "product.read": "Read the catalog.",
    "product.write": "Change the catalog, collections and bundles.",
    "promo.manage": "Make and switch promotion rules.",
    "recommendation.read": "Read recommendations.",
    "return.manage": "Decide on returns, receive and inspect them.",
    "return.write": "Ask for a return.",
    "review.moderate": "Approve, reject and delete reviews.",
    "review.write": "Write reviews.",
    "search.read": "Search products.",
    "settings.manage": "Change taxes, payment providers and how the store sells.",
    "shipping.manage": "Set shipping profiles and rates, and report parcels.",
    "subscription.manage": "Start, change and end subscriptions.",
    "webhook.manage": "Register addresses that hear of events.",
}
# What an API token may be allowed.
SCOPES = tuple(PERMISSIONS)
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
