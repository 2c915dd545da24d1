"""A gateway for tests and trials: it moves no money, keeps its own book of it, and fails on demand."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from oltp.payments.facts import (
    CallbackRefused,
    ChargeRequest,
    GatewayAnswer,
    GatewayDown,
    GatewayFact,
    GatewayTimeout,
)
from oltp.payments.gateways.book import Book, Line
from oltp.payments.signing import check_signature, sign

SECRET = "whsec_fake"
SIGNATURE = "fake-signature"
Kind = Literal["decline", "timeout_before", "timeout_after", "pending", "down"]
# A token asks for a fault of its charge; any other, and none, is a card that works.
TOKENS: Mapping[str, Kind] = {
    "fake_declined": "decline", "fake_timeout_before": "timeout_before", "fake_timeout_after": "timeout_after",
    "fake_pending": "pending", "fake_down": "down",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a step: authorize, capture, void or refund.

    `timeout_before`: no answer, and no money moved; `timeout_after`: it moved. `pending`: it moves when told to.
    """

    step: str
    kind: Kind


class FakeGateway:
    """Charges whoever asks, each idempotency key once, and remembers it."""

    name = "FAKE"
    captures_once = True
    is_outside = True

    def __init__(self, book: Path | None = None, *, secrets: tuple[str, ...] = (SECRET,)) -> None:
        self.book, self.secrets = Book(book), secrets
        self._faults: deque[Fault] = deque()

    def script(self, *faults: Fault) -> None:
        """Let these things go wrong, in turn, each once."""
        self._faults.extend(faults)

    def authorize(self, request: ChargeRequest) -> GatewayAnswer:
        """Charge, or promise to. Errors: GatewayTimeout, GatewayDown."""
        outcome = "captured" if request.capture else "authorized"
        return self._move(Line(
            step="authorize", key=request.idempotency_key, attempt_id=str(request.attempt_id),
            order_id=str(request.order_id), ref=f"fake_{request.attempt_id.hex}", amount=request.amount,
            currency=request.currency, outcome=outcome), TOKENS.get(request.token or ""))

    def capture(self, ref: str | None, amount: int, *, currency: str, key: str) -> GatewayAnswer:
        """Take what was authorized, or a part of it and release the rest. Errors: GatewayTimeout, GatewayDown."""
        return self._move(Line(step="capture", key=key, ref=ref, amount=amount, currency=currency, outcome="captured"))

    def void(self, ref: str | None, *, key: str) -> GatewayAnswer:
        """Release what was authorized. Errors: GatewayTimeout, GatewayDown."""
        return self._move(Line(step="void", key=key, ref=ref, amount=0, outcome="voided"))

    def refund(self, ref: str | None, amount: int, *, refund_id: UUID, currency: str, key: str) -> GatewayAnswer:
        """Give money back, never more than was captured. Errors: GatewayTimeout, GatewayDown."""
        return self._move(Line(step="refund", key=key, ref=ref, amount=amount, currency=currency, outcome="refunded",
                               refund_id=str(refund_id)))

    def find(self, attempt_id: UUID, *, external_ref: str | None = None,
             since: datetime | None = None) -> list[GatewayFact] | None:
        """Return what the book knows of an attempt, None where it never heard of it."""
        lines = self.book.lines()
        ref = f"fake_{attempt_id.hex}"
        if not any(line["ref"] == ref for line in lines):
            return None
        return [fact for line in lines if line["ref"] == ref and (fact := _fact(line)) is not None]

    def parse_callback(self, body: bytes, headers: Mapping[str, str], now: datetime) -> list[GatewayFact]:
        """Return the facts of a signed body. Errors: CallbackRefused."""
        check_signature(body, header=headers.get(SIGNATURE), secrets=self.secrets, now=now)
        return self.read_callback(body)

    def read_callback(self, body: bytes) -> list[GatewayFact]:
        """Return the facts of a body whose signature was checked before. Errors: CallbackRefused."""
        try:
            fact = _fact(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CallbackRefused("the body can't be read") from error
        return [] if fact is None else [fact]

    def callbacks(self, *, now: datetime, attempt_id: UUID | None = None) -> list[tuple[bytes, dict[str, str]]]:
        """Return the callbacks of all that happened, in order: body and headers, to be sent as often as wanted."""
        bodies = [json.dumps(line).encode() for line in self.book.lines()
                  if attempt_id is None or line["ref"] == f"fake_{attempt_id.hex}"]
        return [(body, {SIGNATURE: sign(body, secret=self.secrets[0], at=now)}) for body in bodies]

    def complete(self, attempt_id: UUID) -> None:
        """Let a pending charge come through, as a customer does who confirms it on his phone."""
        with self.book.opened() as lines:
            line = next(line for line in lines if line["ref"] == f"fake_{attempt_id.hex}")
            lines.append({**line, "key": f"{line['key']}:done", "outcome": "captured", "no": len(lines)})

    def charged(self, order_ids: Iterable[UUID] | None = None) -> dict[UUID, int]:
        """Return by order what its buyer was charged less what he got back: money promised counts as charged."""
        lines = self.book.lines()
        orders = {line["ref"]: UUID(line["order_id"]) for line in lines if "order_id" in line}
        sums: dict[UUID, int] = {}
        for ref, order in orders.items():
            sums[order] = sums.get(order, 0) + _charged(line for line in lines if line["ref"] == ref)
        return sums if order_ids is None else {order: sums.get(order, 0) for order in order_ids}

    def _move(self, line: Line, asked: Kind | None = None) -> GatewayAnswer:
        fault = asked
        if self._faults and self._faults[0].step == line["step"]:
            fault = self._faults.popleft().kind
        with self.book.opened() as lines:
            known = next((each for each in lines if each["key"] == line["key"]), None)
            if known is None and fault == "down":
                raise GatewayDown("the fake gateway is down")
            if known is None and fault == "timeout_before":
                raise GatewayTimeout("no answer")
            if known is None:
                known = {**_judged(line, lines, fault), "no": len(lines)}
                lines.append(known)
        if fault == "timeout_after":
            raise GatewayTimeout("no answer")
        moved = 0 if known["outcome"] in ("declined", "pending") else known["amount"]
        return GatewayAnswer(known["outcome"], known["ref"], known["key"], moved, known.get("code"),
                             known.get("reason"))


def _judged(line: Line, lines: Iterable[Line], fault: Kind | None) -> Line:
    """Return the line with its outcome: as asked for, pending, or declined."""
    if fault == "pending":
        return {**line, "outcome": "pending"}
    mine = [each for each in lines if each["ref"] == line["ref"]]
    reason = "The card was declined." if fault == "decline" else _objection(line, mine)
    return {**line, "outcome": "declined", "code": "declined", "reason": reason} if reason else line


def _objection(line: Line, mine: list[Line]) -> str | None:
    done = {outcome: [each for each in mine if each["outcome"] == outcome]
            for outcome in ("authorized", "captured", "voided", "refunded")}
    if line["step"] == "authorize":
        return None
    if line["step"] == "refund":
        left = sum(each["amount"] for each in done["captured"]) - sum(each["amount"] for each in done["refunded"])
        return None if line["amount"] <= left else "More than was captured."
    if not done["authorized"] or done["captured"] or done["voided"]:
        return "Nothing is authorized."
    return "More than is authorized." if line["amount"] > done["authorized"][0]["amount"] else None


def _charged(lines: Iterable[Line]) -> int:
    done: dict[str, int] = {}
    for line in lines:
        done[line["outcome"]] = done.get(line["outcome"], 0) + line["amount"]
    promised = 0 if "captured" in done or "voided" in done else done.get("authorized", 0)
    return done.get("captured", 0) + promised - done.get("refunded", 0)


def _fact(line: Line) -> GatewayFact | None:
    kind = "failed" if line["outcome"] == "declined" and line["step"] == "authorize" else line["outcome"]
    if kind in ("pending", "declined"):
        return None
    ref = str(line["ref"])
    refund = line.get("refund_id")
    return GatewayFact(
        kind, UUID(ref.removeprefix("fake_")), ref, str(line["key"]), 0 if kind == "failed" else int(line["amount"]),
        str(line.get("currency", "")), _EPOCH, f"fake:{line['key']}:{kind}", UUID(refund) if refund else None,
        {name: str(line[name]) for name in ("code", "reason") if line.get(name)})
