"""What schemathesis loads: half of the ids that it makes up are exchanged for ids of things that the shop has.

Without this nearly all calls would end at "not found", and the logic behind would never be reached.
"""

import json
import os
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import schemathesis

IDS: dict[str, list[str]] = json.loads(Path(os.environ["STORMCOM_FUZZ_IDS"]).read_text())
# Which ids a field of another name holds.
OTHERS = {"product_ids": "product_id", "customer_ids": "customer_id", "image_ids": "image_id",
          "parent_id": "category_id", "promotion_rule_id": "rule_id", "provider_config_id": "config_id",
          "shipping_profile_id": "profile_id"}


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Name things that there are."""
    return exchanged(path_parameters)


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    """Filter by things that there are."""
    return exchanged(query)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Speak of things that there are, in the shop's currency."""
    return exchanged(body)


def exchanged(value: Any, name: str = "") -> Any:
    """Return the value with every second id, chosen by the id itself, exchanged."""
    if isinstance(value, dict):
        return {key: exchanged(each, key if isinstance(key, str) else "") for key, each in value.items()}
    if isinstance(value, list):
        return [exchanged(each, name) for each in value]
    if not isinstance(value, str):
        return value
    chance = random.Random(value)
    if name == "currency" and len(value) == 3:
        return "USD" if chance.random() < 0.7 else value
    known = IDS.get(OTHERS.get(name, name))
    return chance.choice(known) if known and is_id(name, value) and chance.random() < 0.6 else value


def is_id(name: str, value: str) -> bool:
    """Return whether the value could name something; what is wrong on purpose stays wrong."""
    if name == "callback_key":
        return True
    try:
        UUID(value)
    except ValueError:
        return False
    return True
