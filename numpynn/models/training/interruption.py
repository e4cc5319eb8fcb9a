"""Ctrl-C between steps, not within: a step that began is finished, or half an update would stay."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Ctrl-C, kept until the end of a step. Pressed a second time it is not."""

    def __init__(self) -> None:
        self.in_step = False
        self.pressed = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What happens on Ctrl-C."""
        if not self.in_step or self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextmanager
def interruption() -> Iterator[Interruption]:
    """The Interruption of a run, which says `in_step` while it must not be disturbed.

    It is never pressed in other threads than the main one, which alone gets signals, and where
    somebody else has taken the handling of Ctrl-C over.
    """
    made = Interruption()
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield made
        return
    signal.signal(signal.SIGINT, made.handle)
    try:
        yield made
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
