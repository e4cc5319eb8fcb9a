"""Where messages for the user go: the terminal, or Python's log."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from numpynn import config


def print_message(message: str, line_break: bool = True, stream: TextIO | None = None) -> None:
    """Write to `stream`, standard output unless given, at once.

    With interactive logging disabled (`config.disable_interactive_logging`), standard output stays
    clean and the message goes to the logger "numpynn". Characters that the stream cannot encode
    are replaced: the bar's ━ by =.
    """
    if stream is None and not config.is_interactive_logging_enabled():
        logging.getLogger("numpynn").info(message)
        return
    stream = stream or sys.stdout
    text = f"{message}\n" if line_break else message
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "utf-8"
        stream.write(text.replace("━", "=").encode(encoding, errors="ignore").decode(encoding))
    stream.flush()
