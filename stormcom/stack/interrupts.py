"""Interrupts: Ctrl-C and SIGTERM become one exception, never in the middle of something that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked `up` to end. Not an Exception, so that no handler of errors swallows it."""


class Interrupts:
    """Turns the first signal into `Stopped`; later ones change nothing, since ending takes only seconds."""

    def __init__(self) -> None:
        self._shields = 0
        self._is_asked = False
        self._is_told = False

    def install(self) -> None:
        """Take over the signals of this process."""
        for number in SIGNALS:
            signal.signal(number, self._receive)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold a signal back until the block has ended, e.g. between starting a process and recording it."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self._tell()

    def silence(self) -> None:
        """From here on signals are ignored: the end has begun."""
        self._is_told = True

    def _receive(self, _: int, __: FrameType | None) -> None:
        self._is_asked = True
        self._tell()

    def _tell(self) -> None:
        if self._is_asked and not self._is_told and not self._shields:
            self._is_told = True
            raise Stopped
