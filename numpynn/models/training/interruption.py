"""Ctrl-C between steps, not within: a step that began is finished, or half an update would stay."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any


class Undisturbed:
    """`with` this, Ctrl-C waits for the end of the block. Pressed a second time it does not."""

    def __init__(self) -> None:
        self._busy = self._pressed = False

    def __enter__(self) -> None:
        self._busy = True

    def __exit__(self, *error: object) -> None:
        self._busy = False
        if self._pressed:
            self._pressed = False
            raise KeyboardInterrupt

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What happens on Ctrl-C."""
        if not self._busy or self._pressed:
            raise KeyboardInterrupt
        self._pressed = True


@contextmanager
def undisturbed_steps() -> Iterator[Any]:
    """What to put around each step of a run.

    It does nothing in other threads than the main one, which alone gets signals, and where somebody
    else has taken the handling of Ctrl-C over.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield nullcontext()
        return
    undisturbed = Undisturbed()
    signal.signal(signal.SIGINT, undisturbed.handle)
    try:
        yield undisturbed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
