"""What a gateway can do, and which one a store's config stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from oltp.db.transactions import Transactions
from oltp.kit.secrets import SecretBox
from oltp.kit.settings import Settings
from oltp.payments.credentials import open_credentials
from oltp.payments.errors import CredentialsMissing, GatewayNotSupported
from oltp.payments.facts import ChargeRequest, GatewayAnswer, GatewayFact
from oltp.payments.gateways.fake import FakeGateway
from oltp.payments.gateways.manual import ManualGateway
from oltp.payments.gateways.stripe import StripeGateway
from oltp.payments.models import PaymentProviderConfig


class Gateway(Protocol):
    """Moves money. Each request has an idempotency key: sent again with the same key, it is done once.

    Every method that talks to the outside raises GatewayTimeout where nobody knows whether money moved, GatewayDown
    where none did. A gateway that says no answers 'declined'.
    """

    @property
    def name(self) -> str:
        """Who it is."""

    @property
    def captures_once(self) -> bool:
        """Whether a payment can be captured only once, and what is not captured then is released."""

    @property
    def is_outside(self) -> bool:
        """Whether somebody else is asked, who may not answer."""

    def authorize(self, request: ChargeRequest) -> GatewayAnswer:
        """Charge the customer, or have the money promised where `request.capture` is False."""

    def capture(self, ref: str | None, amount: int, *, currency: str, key: str) -> GatewayAnswer:
        """Take money that was promised."""

    def void(self, ref: str | None, *, key: str) -> GatewayAnswer:
        """Let go of money that was promised."""

    def refund(self, ref: str | None, amount: int, *, refund_id: UUID, currency: str, key: str) -> GatewayAnswer:
        """Give money back."""

    def find(self, attempt_id: UUID, *, external_ref: str | None = None,
             since: datetime | None = None) -> list[GatewayFact] | None:
        """Return all it knows of an attempt that began at `since`; None where it never heard of it."""

    def parse_callback(self, body: bytes, headers: Mapping[str, str], now: datetime) -> list[GatewayFact]:
        """Return what a callback says. `headers` in small letters. Errors: CallbackRefused."""

    def read_callback(self, body: bytes) -> list[GatewayFact]:
        """Return what a callback says whose signature was checked before. Errors: CallbackRefused."""


@dataclass(frozen=True)
class Gateways:
    """Knows the gateway of each config. With `faked`, it stands in for Stripe in every store."""

    stripe_url: str | None = None
    faked: FakeGateway | None = None
    box: SecretBox | None = None

    @classmethod
    def of(cls, settings: Settings, *, box: SecretBox | None) -> "Gateways":
        """Return what the settings ask for; `box` opens the stores' credentials."""
        faked = FakeGateway(settings.fake_gateway_book) if settings.gateway == "fake" else None
        return cls(stripe_url=settings.stripe_url, faked=faked, box=box)

    @classmethod
    def fake(cls, gateway: FakeGateway | None = None) -> "Gateways":
        """Return gateways that move no money; `.faked` is the fake one, with its book."""
        return cls(faked=gateway or FakeGateway())

    def for_config(self, config: PaymentProviderConfig | None, box: SecretBox | None = None) -> Gateway:
        """Return the gateway of a store's account; without an account, people collect the money.

        Errors: CredentialsMissing, GatewayNotSupported, SecretsMissing.
        """
        if config is None or config.gateway == "MANUAL":
            return ManualGateway()
        if config.gateway != "STRIPE":
            raise GatewayNotSupported(field="gateway")
        if self.faked is not None:
            return self.faked
        if config.credentials_ciphertext is None:
            raise CredentialsMissing(config_id=config.id)
        credentials = open_credentials(config, box=box or self.box)
        return StripeGateway(api_key=credentials.api_key, secrets=credentials.webhook_secrets, url=self.stripe_url)


@dataclass(frozen=True)
class GuardedGateway:
    """A gateway that nobody may wait for while a transaction is open: its locks would keep other customers waiting."""

    gateway: Gateway
    transactions: Transactions

    def __call__(self) -> Gateway:
        """Return the gateway. Errors: RuntimeError while a transaction is open."""
        if self.transactions.is_open:
            raise RuntimeError("No gateway is called while a transaction is open.")
        return self.gateway
