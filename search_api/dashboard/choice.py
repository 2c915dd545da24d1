"""What the visitor chose: window, sales view and attribution model, read from the address and written back to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from oltp.insights.rules import DEFAULT_DAYS, MODELS

RANGES = {"30": "30 days", "90": "90 days", "365": "365 days", "all": "All"}
VIEWS = {"accounting": "Accounting view", "order": "Order view"}
MODEL_LABELS = {
    "first": "First touch",
    "last": "Last touch",
    "last_non_direct": "Last non-direct",
    "linear": "Linear",
}
_DEFAULTS = {"range": str(DEFAULT_DAYS), "view": "accounting", "model": "last_non_direct"}


@dataclass(frozen=True)
class Choice:
    """A valid choice; `problems` says in sentences what of the address was not understood and left out."""

    range: str = _DEFAULTS["range"]
    from_on: date | None = None
    to_on: date | None = None
    view: str = _DEFAULTS["view"]
    model: str = _DEFAULTS["model"]
    problems: tuple[str, ...] = ()

    @property
    def is_custom(self) -> bool:
        """Whether the days were given one by one."""
        return self.from_on is not None or self.to_on is not None

    @property
    def days_count(self) -> int | None:
        """Length of the window; None for all days."""
        return None if self.range == "all" else int(self.range)

    def link(self, **changes: str) -> str:
        """Return the query string of this choice with some changes; a chosen range replaces single days."""
        whole = replace(self, from_on=None, to_on=None) if "range" in changes else self
        return "?" + urlencode(replace(whole, **changes).fields())  # type: ignore[arg-type]

    def fields(self) -> dict[str, str]:
        """Return the choice as it stands in the address, defaults left out."""
        fields = {name: value for name, value in self._named().items() if value != _DEFAULTS[name]}
        days = {"from": self.from_on, "to": self.to_on}
        return fields | {name: day.isoformat() for name, day in days.items() if day is not None}

    def _named(self) -> dict[str, str]:
        return {"range": self.range, "view": self.view, "model": self.model}


def read_choice(query: Mapping[str, str]) -> Choice:
    """Return the choice an address stands for; whatever it gets wrong is left out and named in `problems`."""
    problems: list[str] = []
    from_on, to_on = (_day(query.get(name, ""), name, problems) for name in ("from", "to"))
    if from_on and to_on and from_on > to_on:
        problems.append(f"“from” ({from_on}) is after “to” ({to_on}).")
        from_on = to_on = None
    return Choice(
        range=_one_of(query, "range", RANGES, problems),
        from_on=from_on,
        to_on=to_on,
        view=_one_of(query, "view", VIEWS, problems),
        model=_one_of(query, "model", dict.fromkeys(MODELS, ""), problems),
        problems=tuple(problems),
    )


def _day(text: str, name: str, problems: list[str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(f"“{name}” must be a day such as 2026-11-24.")
        return None


def _one_of(query: Mapping[str, str], name: str, known: Mapping[str, str], problems: list[str]) -> str:
    value = query.get(name) or _DEFAULTS[name]
    if value in known:
        return value
    problems.append(f"“{name}” must be one of {', '.join(known)}.")
    return _DEFAULTS[name]
