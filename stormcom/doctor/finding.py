"""What the doctor says about one thing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`found` says what is; `advice` what to do about it, empty where nothing needs doing."""

    subject: str
    is_fine: bool
    found: str
    advice: str = ""
