"""CSVLogger, RemoteMonitor and TensorBoard: what they write is what Keras's callbacks write."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from callback_runs import run
from hypothesis import given
from hypothesis import strategies as st
from networks import TARGETS, X, network, pair
from PIL import Image

import numpynn

LIBRARIES = (numpynn, keras)

# -- CSVLogger -------------------------------------------------------------------------------------

figures = st.one_of(
    st.floats(),
    st.just(np.array(0.5)),
    st.just(np.arange(3.0)),
    st.just("a, \"b\"\n'c'"),
)
logs = st.dictionaries(st.sampled_from(["loss", "mae", "val_loss", "val_mae", "ü"]), figures)


@given(
    st.lists(st.lists(logs, max_size=4), min_size=1, max_size=3),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
    st.sampled_from([None, "", "\n", "epoch,loss\n0,1.0\n"]),
)
def test_csv_logger_writes_keras_text(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[list[dict[str, Any]]],
    separator: str,
    append: bool,
    there: str | None,
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    texts = []
    for library in LIBRARIES:
        path = folder / f"{library.__name__}.csv"
        if there is not None:
            path.write_text(there)
        callback = library.callbacks.CSVLogger(path, separator, append)
        for found in runs:
            run(library, callback, found)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]


def test_csv_rows_are_there_when_training_fails(tmp_path: Path) -> None:
    def fail(epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "log.csv"
    callbacks = [
        numpynn.callbacks.CSVLogger(path, append=True),
        numpynn.callbacks.LambdaCallback(on_epoch_end=fail),
    ]
    with pytest.raises(KeyboardInterrupt):
        run(numpynn, callbacks, [{"loss": 1.0}] * 4)
    assert path.read_text().splitlines()[1:] == ["0,1.0,NA", "1,1.0,NA", "2,1.0,NA"]
    run(numpynn, callbacks[0], [{"loss": 0.5}], initial_epoch=3)
    assert path.read_text().splitlines()[-1] == "3,0.5,NA"


# -- RemoteMonitor ---------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Any]:
    """A server that writes down what it is sent, and answers with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {name: self.headers[name] for name in ("Content-Type", "X-Own")}
            listening.seen.append((self.path, kept, body))
            self.send_response(listening.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    listening: Any = HTTPServer(("127.0.0.1", 0), Handler)
    listening.seen, listening.status = [], 200
    thread = threading.Thread(target=listening.serve_forever, args=[0.01])
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("send_as_json", [False, True])
def test_remote_monitor_sends_what_keras_sends(
    server: Any, send_as_json: bool, status: int, recwarn: pytest.WarningsRecorder
) -> None:
    server.status = status
    for library in LIBRARIES:
        callback = library.callbacks.RemoteMonitor(
            f"http://127.0.0.1:{server.server_port}",
            path="/there/",
            field="figures",
            headers={"X-Own": "mine"},
            send_as_json=send_as_json,
        )
        run(library, callback, [{"loss": 0.1, "text": "ä&=", "flag": np.float32(0.5)}] * 2)
    assert len(server.seen) == 4
    assert server.seen[:2] == server.seen[2:]
    assert not recwarn.list


@pytest.mark.parametrize(
    ("root", "loss", "send_as_json"),
    [
        ("http://127.0.0.1:9", 1.0, False),  # nobody listens
        ("ftp://127.0.0.1", 1.0, False),
        ("127.0.0.1:9", 1.0, True),
        ("http://127.0.0.1:9", math.nan, True),
    ],
)
def test_remote_monitor_warns_where_keras_warns(root: str, loss: float, send_as_json: bool) -> None:
    for library in LIBRARIES:
        callback = library.callbacks.RemoteMonitor(root, send_as_json=send_as_json)
        with pytest.warns(UserWarning, match=f"Could not reach RemoteMonitor .* {root}"):
            run(library, callback, [{"loss": loss}])


def test_remote_monitor_reads_no_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    callback = numpynn.callbacks.RemoteMonitor(f"file://{tmp_path}", path="/secret")
    with pytest.warns(UserWarning, match="Could not reach"):
        run(numpynn, callback, [{"loss": 1.0}])


# -- TensorBoard -----------------------------------------------------------------------------------


def events(folder: Path) -> dict[tuple[str, str, int, int], Any]:
    """What TensorBoard's own reader finds: (folder, tag, step, which file) and (plugin, value)."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    found = {}
    paths = sorted(folder.rglob("*tfevents*"), key=lambda path: int(path.name.split(".")[-2]))
    for path in paths:
        number = [other for other in paths if other.parent == path.parent].index(path)
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                key = (str(path.parent.relative_to(folder)), value.tag, event.step, number)
                assert key not in found
                found[key] = (value.metadata.plugin_data.plugin_name, make_ndarray(value.tensor))
    return found


def layers_with_names(library: Any) -> Any:
    layers = library.layers
    named = [layers.Dense(4, activation="tanh", name="hidden"), layers.Dense(1, name="out")]
    model = library.Sequential([library.Input((3,)), *named], name="net")
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    return model


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"update_freq": "batch"},
        {"update_freq": 3, "histogram_freq": 1},
        {"histogram_freq": 2, "write_images": True, "write_steps_per_second": True},
        {"update_freq": 2, "write_steps_per_second": True},
    ],
    ids=str,
)
def test_tensorboard_writes_keras_events(options: dict[str, Any], tmp_path: Path) -> None:
    found = []
    for library, model in zip(LIBRARIES, pair(layers_with_names), strict=True):
        folder = tmp_path / library.__name__
        callback = library.callbacks.TensorBoard(folder, write_graph=False, **options)
        model.fit(
            X,
            TARGETS["regression"],
            batch_size=5,
            epochs=3,
            shuffle=False,
            verbose=0,
            validation_split=0.25,
            callbacks=[callback],
        )
        model.evaluate(X, TARGETS["regression"], verbose=0, callbacks=[callback])
        found.append(events(folder))
    ours, theirs = found
    assert ours.keys() == theirs.keys()
    for key, (plugin, value) in ours.items():
        expected_plugin, expected = theirs[key]
        assert plugin == expected_plugin and value.shape == expected.shape, key
        if plugin == "images":
            hold_images(value, expected)
        elif "steps_per_second" in key[1]:
            assert value > 0
        else:
            assert value.dtype == expected.dtype
            np.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-5, err_msg=str(key))


def hold_images(found: Any, expected: Any) -> None:
    """Width, height and the pixels of PNG files, whose packing may differ."""
    assert list(found[:2]) == list(expected[:2])
    for mine, other in zip(found[2:], expected[2:], strict=True):
        pixels = [np.asarray(Image.open(io.BytesIO(png)), int) for png in (mine, other)]
        assert np.abs(pixels[0] - pixels[1]).max() <= 1


@pytest.mark.parametrize(
    "shape",
    [(5,), (1, 4), (4, 2), (2, 4), (3, 3, 2), (3, 3, 3, 4), (2, 2, 5, 3), (2, 2, 2, 2), ()],
    ids=str,
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_weights_become_keras_images(shape: Any, data_format: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(-0.5, 1.5, shape).astype("float32")
    found = []
    for library in LIBRARIES:
        folder = tmp_path / library.__name__
        library.config.set_image_data_format(data_format)
        try:
            layer = library.layers.Layer(name="own")
            layer.add_weight(shape=shape, name="weight").assign(values)
            stand_in = run(library, [], [])
            stand_in.layers = [layer]
            stand_in.optimizer = library.optimizers.SGD()
            callback = library.callbacks.TensorBoard(folder, 1, False, write_images=True)
            run(library, callback, [{"loss": 1.0}], model=stand_in)
        finally:
            library.config.set_image_data_format("channels_last")
        weights = {k[1].split("/")[-1]: v[1] for k, v in events(folder).items() if "weight" in k[1]}
        found.append(weights)
    ours, theirs = found
    assert ours.keys() == theirs.keys()
    np.testing.assert_allclose(ours["histogram"], theirs["histogram"], rtol=1e-12)
    if "image" in ours:
        hold_images(ours["image"], theirs["image"])


@given(st.lists(st.one_of(st.floats(-1e3, 1e3, width=32), st.sampled_from([math.nan])), min_size=1))
def test_histograms_are_keras(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    import tensorflow as tf

    from numpynn.callbacks.event_files import EventFile

    folder = tmp_path_factory.mktemp("histograms")
    data = np.array(values, "float32")
    file = EventFile(str(folder / "ours"))
    file.histogram("weights", data, 7)
    file.close()
    with tf.summary.create_file_writer(str(folder / "theirs")).as_default():
        tf.summary.histogram("weights", data, step=7)
        tf.summary.flush()
    (ours,), (theirs,) = (events(folder / side).values() for side in ("ours", "theirs"))
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-12)


def test_the_graph_of_a_model_is_its_configuration(tmp_path: Path) -> None:
    model = layers_with_names(numpynn)
    model.fit(
        X, TARGETS["regression"], verbose=0, callbacks=numpynn.callbacks.TensorBoard(tmp_path)
    )
    plugin, value = events(tmp_path)["train", "keras", 0, 0]
    assert plugin == "graph_keras_model"
    assert json.loads(value.item()) == json.loads(model.to_json())


def test_embeddings_get_a_projector_and_weight_files(tmp_path: Path) -> None:
    class Embedding(numpynn.layers.Dense):
        """Named as the projector expects."""

    class Embedded(keras.layers.Embedding):
        pass

    texts = []
    for library, layer in (
        (numpynn, Embedding(2, name="words")),
        (keras, Embedded(3, 2, name="words")),
    ):
        for metadata in (None, "words.tsv", {"words": "own.tsv"}):
            stand_in = run(library, [], [])
            stand_in.layers = [layer]
            stand_in.optimizer = library.optimizers.SGD()
            folder = tmp_path / library.__name__
            folder.mkdir(exist_ok=True)
            callback = library.callbacks.TensorBoard(
                folder, write_graph=False, embeddings_freq=2, embeddings_metadata=metadata
            )
            run(library, callback, [{"loss": 1.0}] * 3, model=stand_in)
            names = ["keras_embedding.ckpt-0.weights.h5", "keras_embedding.ckpt-2.weights.h5"]
            assert [name for _, name, _ in stand_in.saved] == names
            texts.append((folder / "projector_config.pbtxt").read_text())
    assert texts[:3] == texts[3:]


def test_tensorboard_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    for profile_batch in (1, (2, 5), "2,5"):
        with pytest.raises(ValueError, match=r"profile_batch.*cProfile"):
            numpynn.callbacks.TensorBoard(tmp_path, profile_batch=profile_batch)
    for library in LIBRARIES:
        callback = library.callbacks.TensorBoard(
            tmp_path,
            write_graph=False,
            embeddings_freq=1,
            embeddings_metadata={"nowhere": "a.tsv"},
        )
        with pytest.raises(ValueError, match="nowhere"):
            callback.set_model(network(library))


def test_events_are_in_the_file_before_training_ends(tmp_path: Path) -> None:
    def fail(epoch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    callbacks = [
        numpynn.callbacks.TensorBoard(tmp_path, update_freq="batch", write_graph=False),
        numpynn.callbacks.LambdaCallback(on_epoch_end=fail),
    ]
    with pytest.raises(KeyboardInterrupt):
        layers_with_names(numpynn).fit(X, TARGETS["regression"], verbose=0, callbacks=callbacks)
    assert ("train", "epoch_loss", 0, 0) in events(tmp_path)


def test_without_the_package_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["tensorboard"] = None
import numpynn
callback = numpynn.callbacks.TensorBoard({str(tmp_path)!r})
try:
    callback.on_train_begin()
except ImportError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'numpynn[tensorboard]'" in found.stdout


def test_event_files_do_not_load_tensorflow(tmp_path: Path) -> None:
    code = f"""
import sys
import numpy as np
from numpynn.callbacks.event_files import EventFile
file = EventFile({str(tmp_path)!r})
file.scalar("a", 1.0, 0)
file.histogram("b", np.ones(3), 0)
file.images("c", np.ones((1, 2, 2, 3)), 0)
file.close()
print("tensorflow" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]
