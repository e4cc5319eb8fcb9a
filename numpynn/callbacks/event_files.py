"""EventFile: what TensorBoard reads, a file of records, each with its step, its tag and a value.

The format is the `tensorboard` package's, whose own functions build the records; TensorFlow is not
needed. A record is in the file as soon as it is added: an interruption loses none.
"""

from __future__ import annotations

import io
import itertools
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.typing import Array

_numbers = itertools.count()  # of the files that this process has opened


class EventFile:
    """A new event file in `folder`.

    Raises ImportError, with what to install, where the package `tensorboard` is missing.
    """

    def __init__(self, folder: str) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            raise ImportError(
                "Event files for TensorBoard need the package `tensorboard`: "
                "pip install 'numpynn[tensorboard]'"
            ) from error
        self._event = Event
        os.makedirs(folder, exist_ok=True)
        name = f"{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        path = os.path.join(folder, f"events.out.tfevents.{name}.v2")
        self._records: Any = RecordWriter(open(path, "wb"))  # noqa: SIM115 - until close()
        self._write(file_version="brain.Event:2")

    def scalar(self, tag: str, value: float, step: int) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._write(step=step, summary=scalar_pb(tag, value))

    def histogram(self, tag: str, values: Array, step: int) -> None:
        """How many of the values lie in each of 30 equal parts of their range."""
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        with np.errstate(invalid="ignore"):  # NaN lies in none
            self._write(step=step, summary=histogram_pb(tag, values))

    def images(self, tag: str, images: Array, step: int) -> None:
        """images (N, height, width, channels) of values in 0 … 1, the first three of which show."""
        from tensorboard.plugins.image.metadata import create_summary_metadata

        height, width = images.shape[1:3]
        parts = [f"{width}".encode(), f"{height}".encode(), *(_png(i) for i in images[:3])]
        self._bytes(tag, parts, step, create_summary_metadata(None, None))

    def model(self, tag: str, json: str) -> None:
        """A model's configuration, which TensorBoard draws as a graph."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

        metadata = SummaryMetadata()
        metadata.plugin_data.plugin_name = "graph_keras_model"
        metadata.plugin_data.content = b"1"
        self._bytes(tag, json.encode(), 0, metadata)

    def _bytes(self, tag: str, value: bytes | Sequence[bytes], step: int, metadata: Any) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.util.tensor_util import make_tensor_proto

        summary = Summary()
        summary.value.add(tag=tag, tensor=make_tensor_proto(value), metadata=metadata)
        self._write(step=step, summary=summary)

    def _write(self, **fields: Any) -> None:
        event = self._event(wall_time=time.time(), **fields)
        self._records.write(event.SerializeToString())
        self._records.flush()

    def close(self) -> None:
        self._records.close()


def _png(image: Array) -> bytes:
    """A PNG file of an image (height, width, channels) of values in 0 … 1; others are clipped."""
    from PIL import Image

    pixels = np.clip(np.nan_to_num(np.asarray(image, "float32")) * 255.5, 0, 255).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(file, "png")
    return file.getvalue()
