"""Money that people collect: cash on delivery, bank transfers. Nobody is asked; what is recorded is what happened."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from oltp.payments.facts import CallbackRefused, ChargeRequest, GatewayAnswer, GatewayFact


class ManualGateway:
    """A gateway that believes whoever records a payment."""

    name = "MANUAL"
    captures_once = False
    is_outside = False

    def authorize(self, request: ChargeRequest) -> GatewayAnswer:
        """Nothing has been paid yet: a person will record it."""
        return GatewayAnswer("pending", None, f"manual:{request.attempt_id}", 0)

    def capture(self, ref: str | None, amount: int, *, currency: str, key: str) -> GatewayAnswer:
        """Record money that came in; each key once."""
        return GatewayAnswer("captured", ref, key, amount)

    def void(self, ref: str | None, *, key: str) -> GatewayAnswer:
        """Nobody expects this money any more."""
        return GatewayAnswer("voided", ref, key, 0)

    def refund(self, ref: str | None, amount: int, *, refund_id: UUID, currency: str, key: str) -> GatewayAnswer:
        """Record money that was given back."""
        return GatewayAnswer("refunded", ref, f"manual:{refund_id}", amount)

    def find(self, attempt_id: UUID, *, external_ref: str | None = None,
             since: datetime | None = None) -> list[GatewayFact] | None:
        """Nobody knows more than our own book."""
        return []

    def read_callback(self, body: bytes) -> list[GatewayFact]:
        """Nobody calls. Errors: CallbackRefused."""
        raise CallbackRefused("nobody calls back for payments that people record")

    def parse_callback(self, body: bytes, headers: Mapping[str, str], now: datetime) -> list[GatewayFact]:
        """Nobody calls. Errors: CallbackRefused."""
        raise CallbackRefused("nobody calls back for payments that people record")
