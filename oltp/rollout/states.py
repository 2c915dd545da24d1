"""Capabilities in the order of the plan, and the steps each store takes through every one of them."""

from typing import Literal, get_args

Capability = Literal["images", "pricing", "inventory", "promotions", "rbac", "events", "i18n"]
Step = Literal["off", "shadow", "dual", "read_new", "done"]

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
STEPS: tuple[Step, ...] = get_args(Step)

# What a step means, for whoever reads the status.
MEANING: dict[Step, str] = {
    "off": "legacy only",
    "shadow": "legacy leads, the new tables are filled beside it",
    "dual": "both are written, legacy is read",
    "read_new": "both are written, the new tables are read",
    "done": "nothing needs the legacy columns any more",
}
