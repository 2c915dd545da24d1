"""Rules of carts: codes as they are compared, and bounds. Pure."""

from collections.abc import Iterable
from uuid import UUID

from oltp.carts.errors import QuantityOutOfBounds, TooManyCodes, WhatIsWanted

MOST_ITEMS = 200
MOST_CODES = 10
LARGEST_QUANTITY = 100_000


def normalise_codes(codes: Iterable[str]) -> list[str]:
    """Return codes as they are compared: capital letters, no blanks around, each once, in their order.

    Errors: TooManyCodes.
    """
    cleaned = list(dict.fromkeys(code.strip().upper() for code in codes if code.strip()))
    if len(cleaned) > MOST_CODES:
        raise TooManyCodes(most=MOST_CODES, field="codes")
    return cleaned


def check_item(*, variant_id: UUID | None, bundle_id: UUID | None, quantity: int, field: str = "") -> None:
    """Refuse what is no item; `field` is the path before the offending field. Errors: WhatIsWanted,
    QuantityOutOfBounds.
    """
    if (variant_id is None) == (bundle_id is None):
        raise WhatIsWanted(field=f"{field}variant_id")
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise QuantityOutOfBounds(field=f"{field}quantity", most=LARGEST_QUANTITY)
