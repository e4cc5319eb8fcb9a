"""Callbacks that pass the logs on: to a CSV file, to a server, to functions of one's own."""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from numpynn.callbacks.base import Callback, Logs


class CSVLogger(Callback):
    """Writes a row of figures for each epoch, at once, so that an interruption loses none.

    filename: the CSV file. separator: between the figures. append: add to a file that is there,
    whose first line stays the header; otherwise it is overwritten.
    A figure that an epoch lacks is NA. In a first epoch without validation, columns are kept free
    for it.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self.csv_file: Any = None
        self.writer: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        self._close()
        self.keys = None
        self.csv_file = open(  # noqa: SIM115 - open until training ends
            self.filename, "a" if self.append else "w", newline="", encoding="utf-8"
        )

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self._begin(sorted(logs))
        figures = [_cell(logs.get(key, "NA")) for key in self.keys or ()]
        self.writer.writerow([epoch, *figures])
        self.csv_file.flush()

    def _begin(self, keys: list[str]) -> None:
        if not any(key.startswith("val_") for key in keys):
            keys = keys + [f"val_{key}" for key in keys]
        self.keys = keys
        self.writer = csv.writer(self.csv_file, delimiter=self.sep)
        if not self.csv_file.tell():
            self.writer.writerow(["epoch", *keys])

    def on_train_end(self, logs: Logs = None) -> None:
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = self.writer = None


def _cell(value: Any) -> Any:
    """A figure as a cell; of several values a list in quotes."""
    single = isinstance(value, np.ndarray) and value.ndim == 0
    if single or isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'


class RemoteMonitor(Callback):
    """Sends the figures of each epoch to a server, by POST to `root + path`.

    The body is a form with the JSON text {"epoch": …, "loss": …} in `field`, or that JSON itself
    with send_as_json. headers: further headers. A server that cannot be reached is a warning.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        from http.client import HTTPException
        from urllib.error import HTTPError

        figures = {"epoch": epoch, **{name: _json(value) for name, value in (logs or {}).items()}}
        try:
            self._post(figures)
        except HTTPError:
            return  # the server was reached; what it answers is its own affair
        except (OSError, HTTPException, ValueError):
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}", stacklevel=2)

    def _post(self, figures: dict[str, Any]) -> None:
        """Raises ValueError for other addresses than the web's, and for NaN as JSON."""
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        if not self.root.startswith(("http://", "https://")):
            raise ValueError(f"RemoteMonitor sends to http and https; got root={self.root!r}.")
        if self.send_as_json:
            kind, text = "application/json", json.dumps(figures, allow_nan=False)
        else:
            kind = "application/x-www-form-urlencoded"
            text = urlencode({self.field: json.dumps(figures)})
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = Request(self.root + self.path, text.encode(), headers, method="POST")
        urlopen(request).close()


def _json(value: Any) -> Any:
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


class LambdaCallback(Callback):
    """A callback made of functions: each argument is called where the hook of its name is.

    `on_epoch_begin` and `on_epoch_end` get (epoch, logs), `on_train_begin` and `on_train_end`
    (logs), batch hooks (batch, logs=…). kwargs: any other hook.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        self.__dict__.update(kwargs)
        self.__dict__.update({name: hook for name, hook in hooks.items() if hook is not None})
