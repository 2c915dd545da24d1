"""The trace of a quote: everything its total was made from, and the total, so that it can be made again and explained.

A trace names each price row, rate, tier, rule and rounding. replay(trace) equals its totals, however old it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from oltp.checkout.inputs import QuoteInputs
from oltp.checkout.totals import Priced, Totals, compute
from oltp.shipping.rules import ShippingOption


@dataclass(frozen=True)
class Trace:
    """What went in and what came out. `version` changes when compute() does something else with the same inputs."""

    version: int
    inputs: QuoteInputs
    priced: Priced
    shipping_options: tuple[ShippingOption, ...] = ()


VERSION = 1
_TRACE = TypeAdapter(Trace)


def trace_to_text(inputs: QuoteInputs, priced: Priced, *, options: Sequence[ShippingOption] = ()) -> str:
    """Return the trace as a quote keeps it, as JSON text; `options` are what shipping could have been chosen."""
    return _TRACE.dump_json(Trace(VERSION, inputs, priced, tuple(options))).decode()


def read_trace(written: dict[str, Any]) -> Trace:
    """Return the trace that a quote has kept."""
    return _TRACE.validate_python(written)


def replay(written: dict[str, Any]) -> Totals:
    """Compute the totals again from what the trace kept, and from nothing else."""
    return compute(read_trace(written).inputs).totals
