"""The key that secrets in the database are sealed with: STORMCOM_SECRET_KEY, or a file in the home folder.

It is kept apart from the database on purpose, so a backup of the database without it can't sign in a store's name.
"""

import os
from pathlib import Path

from oltp.kit.secrets import SecretBox, new_key
from oltp.kit.settings import Settings


def secret_key_file(settings: Settings) -> Path:
    """Where a home without STORMCOM_SECRET_KEY keeps its key."""
    return settings.home_path / "secret-key"


def find_secret_key(settings: Settings) -> str | None:
    """Return the key's text, or None where neither the setting nor the file is there."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    file = secret_key_file(settings)
    return file.read_text().strip() if file.exists() else None


def ensure_secret_key(settings: Settings) -> str:
    """Return the key's text; a home without one gets one, readable by its owner only. Errors: SecretKeyInvalid."""
    known = find_secret_key(settings)
    if known is None:
        file, known = secret_key_file(settings), new_key()
        file.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a key that is cut off in the middle would open nothing.
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(known + "\n")
        fresh.replace(file)
    SecretBox.of(known)
    return known


def find_secret_box(settings: Settings) -> SecretBox | None:
    """Return the box that seals with the key, if there is a key. Errors: SecretKeyInvalid."""
    known = find_secret_key(settings)
    return SecretBox.of(known) if known else None
