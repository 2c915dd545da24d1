"""Credentials of a gateway account: sealed before they reach the database, opened only to call the gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oltp.kit.secrets import SecretBox
from oltp.payments.errors import CredentialsInvalid, CredentialsMissing, SecretsMissing
from oltp.payments.models import PaymentProviderConfig

NAMES = "api_key and webhook_secrets (a list: the new one and, while it is being replaced, the old one)"
_MOST_SECRETS, _LONGEST = 5, 500


@dataclass(frozen=True)
class Credentials:
    """What a Stripe account is used with; never printed."""

    api_key: str
    webhook_secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "Credentials(…)"


def read_credentials(given: Mapping[str, Any]) -> Credentials:
    """Return what a merchant typed. Errors: CredentialsInvalid."""
    key, secrets = given.get("api_key"), given.get("webhook_secrets", [])
    texts = [key, *secrets] if isinstance(secrets, list) else [None]
    are_texts = all(isinstance(each, str) and 1 <= len(each) <= _LONGEST and each.isascii() and each.isprintable()
                    for each in texts)
    if not are_texts or len(texts) > 1 + _MOST_SECRETS or set(given) - {"api_key", "webhook_secrets"}:
        raise CredentialsInvalid(field="credentials", gateway="STRIPE", names=NAMES)
    return Credentials(str(key), tuple(secrets))


def seal_credentials(config: PaymentProviderConfig, credentials: Credentials, *, box: SecretBox | None) -> None:
    """Keep the credentials with the config, sealed for it alone. Errors: SecretsMissing."""
    if box is None:
        raise SecretsMissing()
    value = json.dumps({"api_key": credentials.api_key, "webhook_secrets": list(credentials.webhook_secrets)})
    config.credentials_ciphertext = box.seal(value.encode(), owner=config.id.bytes)


def open_credentials(config: PaymentProviderConfig, *, box: SecretBox | None) -> Credentials:
    """Return the credentials. Errors: SecretsMissing, CredentialsMissing, SecretKeyMissing, SecretBroken."""
    if box is None:
        raise SecretsMissing()
    if config.credentials_ciphertext is None:
        raise CredentialsMissing(config_id=config.id)
    value = json.loads(box.open(config.credentials_ciphertext, owner=config.id.bytes))
    return Credentials(value["api_key"], tuple(value["webhook_secrets"]))
