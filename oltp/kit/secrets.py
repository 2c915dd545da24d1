"""Secrets at rest: values sealed with a key that is not in the database.

A sealed value is: key id (8 bytes) · nonce (12) · AES-256-GCM of the value with its tag. The key id is the start of
the key's SHA-256, so that after a rotation every value still finds the key that opens it.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_ID_BYTES = 8
_NONCE_BYTES = 12


class SecretKeyInvalid(ValueError):
    """STORMCOM_SECRET_KEY must hold one or more keys of 32 bytes in base64, separated by commas."""


class SecretKeyMissing(ValueError):
    """A sealed value names a key that STORMCOM_SECRET_KEY does not hold: {key_id}."""


class SecretBroken(ValueError):
    """A sealed value was changed, or belongs somewhere else."""


def new_key() -> str:
    """Return a fresh key as text."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


@dataclass(frozen=True)
class SecretBox:
    """Seals with the first key, opens with any. Never printed: keys stay out of logs."""

    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, text: str) -> "SecretBox":
        """Read keys as STORMCOM_SECRET_KEY writes them. Errors: SecretKeyInvalid."""
        try:
            keys = tuple(base64.b64decode(part.strip(), altchars=b"-_", validate=True) for part in text.split(","))
        except binascii.Error as error:
            raise SecretKeyInvalid(SecretKeyInvalid.__doc__) from error
        if any(len(key) != KEY_BYTES for key in keys):
            raise SecretKeyInvalid(SecretKeyInvalid.__doc__)
        return cls(keys)

    def __repr__(self) -> str:
        return f"SecretBox({', '.join(_id_of(key).hex() for key in self.keys)})"

    def seal(self, value: bytes, *, owner: bytes) -> bytes:
        """Seal a value for its owner; sealed for one owner, it opens for no other."""
        key, nonce = self.keys[0], os.urandom(_NONCE_BYTES)
        return _id_of(key) + nonce + AESGCM(key).encrypt(nonce, value, owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """Return the value. Errors: SecretKeyMissing, SecretBroken."""
        key_id, nonce = sealed[:_ID_BYTES], sealed[_ID_BYTES:_ID_BYTES + _NONCE_BYTES]
        key = next((each for each in self.keys if _id_of(each) == key_id), None)
        if key is None:
            raise SecretKeyMissing((SecretKeyMissing.__doc__ or "").format(key_id=key_id.hex()))
        try:
            return AESGCM(key).decrypt(nonce, sealed[_ID_BYTES + _NONCE_BYTES:], owner)
        except InvalidTag as error:
            raise SecretBroken(SecretBroken.__doc__) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it; if not, it is due to be sealed anew."""
        return sealed[:_ID_BYTES] == _id_of(self.keys[0])


def _id_of(key: bytes) -> bytes:
    return sha256(b"stormcom key id" + key).digest()[:_ID_BYTES]
