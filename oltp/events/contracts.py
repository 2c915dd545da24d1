"""Contracts: the JSON Schema of each (event name, version), from the files beside this module, compiled once."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry, ValidationError

ENVELOPE = "envelope"
REASON_LENGTH = 300


class Contract:
    """What one kind of event must look like."""

    def __init__(self, schema: Mapping[str, Any], registry: Registry) -> None:
        self.schema = schema
        self._validator = Draft202012Validator(dict(schema), registry=registry)

    def find_fault(self, event: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (path, reason) of the first fault, None for a valid event; the path is dotted, "" the event."""
        if self._validator.is_valid(event):
            return None
        faults = sorted(self._validator.iter_errors(event), key=lambda fault: len(fault.instance_path))
        deepest = faults[-1]
        return ".".join(str(part) for part in deepest.instance_path), self._reason(deepest)[:REASON_LENGTH]

    def _reason(self, fault: ValidationError) -> str:
        # The library's sentence for alternatives repeats the whole event and names none of them.
        if str(fault.schema_path[-1]) == "anyOf":
            names = [name for option in self.schema["anyOf"] for name in option["required"]]
            return f"one of {', '.join(names)} is required"
        return fault.message


@cache
def load_schemas() -> dict[tuple[str, int], dict[str, Any]]:
    """Return every schema by (name, version), the envelope among them."""
    found = {}
    for entry in files("oltp.events.schemas").iterdir():
        if entry.name.endswith(".json"):
            name, version, _ = entry.name.split(".")
            found[name, int(version.removeprefix("v"))] = json.loads(entry.read_text(encoding="utf-8"))
    return found


@cache
def load_contracts() -> dict[tuple[str, int], Contract]:
    """Return the contract of every known (name, version)."""
    schemas = load_schemas()
    registry = Registry([(schema["$id"], schema) for schema in schemas.values()])
    return {key: Contract(schema, registry) for key, schema in schemas.items() if key[0] != ENVELOPE}


@cache
def known_names() -> frozenset[str]:
    """Return the names of all known events."""
    return frozenset(name for name, _ in load_contracts())
