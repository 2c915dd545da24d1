"""Settings as a command needs them: from the environment, with what its options override."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from oltp.kit.settings import Settings


class SettingInvalid(Exception):
    """A setting can't be read; the message names the variable."""


HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of all local state; STORMCOM_HOME, default ./.stormcom.", show_default=False),
]


def read_settings(**overrides: object) -> Settings:
    """Return the settings; an override that is None leaves the environment's value. Errors: SettingInvalid."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingInvalid(f"STORMCOM_{name}={first['input']}: {first['msg']}.") from error
