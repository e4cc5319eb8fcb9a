"""TensorBoard: the figures of a run, and the weights, for TensorBoard's pages.

log_dir/train         epoch_loss, epoch_learning_rate, …, batch_loss, …, weights
log_dir/validation    epoch_loss, …, evaluation_loss_vs_iterations, …
"""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from numpynn import config
from numpynn.callbacks.base import Callback, Logs
from numpynn.callbacks.event_files import EventFile
from numpynn.callbacks.learning_rate import log_learning_rates
from numpynn.typing import Array


class TensorBoard(Callback):
    """Writes event files that `tensorboard --logdir log_dir` shows; needs `tensorboard` installed.

    log_dir: a folder for this callback alone. histogram_freq: every so many epochs the weights'
    histograms, with write_images also the weights as images. write_graph: the model's
    configuration, which TensorBoard draws. write_steps_per_second: that figure too. update_freq:
    "epoch", or "batch", or a number n: then the figures of batches too, and all figures, those of
    epochs included, only where the number of batches so far divides by n, as in Keras.
    embeddings_freq: every so many epochs a weight file for the projector; embeddings_metadata: of
    the Embedding layers' labels, {layer name: file} or one file for all.
    Raises ValueError for profile_batch (Keras's profiler is TensorFlow's and JAX's; in Python,
    `cProfile` does that), and for names in embeddings_metadata that no Embedding layer has.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: int | tuple[int, int] | str = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: dict[str, str] | str | None = None,
    ) -> None:
        super().__init__()
        if profile_batch:
            raise ValueError(
                "numpynn has no profiler for TensorBoard: profile_batch must be 0; got "
                f"{profile_batch!r}. Python's own shows where the time goes: "
                "python -m cProfile -s cumulative your_program.py"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._files: dict[str, EventFile] = {}
        self._train_batches = 0
        self._test_batches = 0
        self._batches_before = 0  # of this epoch
        self._epoch_start = self._batch_start = 0.0

    def set_model(self, model: Any) -> None:
        """Begin new files."""
        super().set_model(model)
        self._files = {}
        if self.write_graph and type(model).__name__ in ("Functional", "Sequential"):
            self._write_model()
        if self.embeddings_freq:
            self._configure_projector()

    def _file(self, folder: str) -> EventFile:
        if folder not in self._files:
            self._files[folder] = EventFile(os.path.join(self.log_dir, folder))
        return self._files[folder]

    def _write_model(self) -> None:
        try:
            self._file("train").model("keras", self.model.to_json())
        except (NotImplementedError, TypeError, ValueError) as error:
            warnings.warn(f"TensorBoard shows no graph of the model: {error}", stacklevel=4)

    def _due(self, batches: int) -> bool:
        return self.update_freq == "epoch" or batches % int(self.update_freq) == 0

    # -- batches --------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        self._train_batches = 0
        self._file("train")

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._train_batches += 1
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.update_freq == "epoch" or not self._due(self._train_batches):
            return
        figures = dict(logs or {})
        if self.write_steps_per_second:
            figures["steps_per_second"] = 1.0 / (time.perf_counter() - self._batch_start)
        for name, value in figures.items():
            self._file("train").scalar(f"batch_{name}", value, self._train_batches)

    def on_test_begin(self, logs: Logs = None) -> None:
        self._file("validation")

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._test_batches += 1

    def on_test_end(self, logs: Logs = None) -> None:
        iterations = getattr(self.model.optimizer, "iterations", None)
        if iterations is not None and self._due(self._test_batches):
            for name, value in (logs or {}).items():
                tag = f"evaluation_{name}_vs_iterations"
                self._file("validation").scalar(tag, value, int(iterations))

    # -- epochs ---------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._batches_before = self._train_batches
        self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._due(self._train_batches):
            self._write_figures(epoch, logs or {})
            if self.histogram_freq and epoch % self.histogram_freq == 0:
                self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            name = f"keras_embedding.ckpt-{epoch}.weights.h5"
            self.model.save_weights(os.path.join(self.log_dir, "train", name))

    def _write_figures(self, epoch: int, logs: dict[str, Any]) -> None:
        if not logs:
            return
        trained = {name: value for name, value in logs.items() if not name.startswith("val_")}
        log_learning_rates(self.model, trained)
        if self.write_steps_per_second:
            steps = self._train_batches - self._batches_before
            trained["steps_per_second"] = steps / (time.perf_counter() - self._epoch_start)
        for name, value in trained.items():
            self._file("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in logs.items():
            if name.startswith("val_"):
                tag = f"epoch_{name.removeprefix('val_')}"
                self._file("validation").scalar(tag, value, epoch)

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                name = weight.path.replace(":", "_")
                self._file("train").histogram(f"{name}/histogram", weight.numpy(), epoch)
                images = _as_images(weight.numpy()) if self.write_images else None
                if images is not None:
                    self._file("train").images(f"{name}/image", images, epoch)

    def on_train_end(self, logs: Logs = None) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    # -- embeddings -----------------------------------------------------------------------------

    def _configure_projector(self) -> None:
        """Tell the projector which weights are embeddings, and where their labels are."""
        from google.protobuf.text_format import MessageToString
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

        given = self.embeddings_metadata
        labels = dict(given) if isinstance(given, dict) else {}
        projector = ProjectorConfig()
        for layer in self.model.layers:
            if any(kind.__name__ == "Embedding" for kind in type(layer).__mro__):
                embedding = projector.embeddings.add()
                embedding.tensor_name = "layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"
                path = labels.pop(layer.name, None) if given is not None else None
                path = given if isinstance(given, str) else path
                if path is not None:
                    embedding.metadata_path = path
        if labels:
            raise ValueError(
                f"`embeddings_metadata` names layers that are no Embedding: {', '.join(labels)}."
            )
        os.makedirs(self.log_dir, exist_ok=True)
        path = os.path.join(self.log_dir, "projector_config.pbtxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(MessageToString(projector))


def _as_images(weight: Array) -> Array | None:
    """A weight as images (N, height, width, channels), lying; None where there is no such view.

    A bias is one column; a matrix one image; a kernel of rank 3 an image for each output.
    """
    found = weight.squeeze()
    if found.ndim == 1:
        found = found.reshape(1, -1, 1, 1)
    elif found.ndim == 2:
        found = (found.T if found.shape[0] > found.shape[1] else found)[None, :, :, None]
    elif found.ndim == 3:
        if config.image_data_format() == "channels_last":
            found = np.moveaxis(found, -1, 0)
        found = found[..., None]
    return found if found.ndim == 4 and found.shape[-1] in (1, 3, 4) else None
