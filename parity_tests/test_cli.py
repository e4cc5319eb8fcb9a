"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import numpynn
from numpynn import cli, systems

PNG = b"\x89PNG\r\n\x1a\n"


def run(capsys, *arguments):
    """The exit status, standard output and standard error of a command."""
    status = cli.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys, *arguments):
    status, out, _ = run(capsys, *arguments, "--json")
    return status, json.loads(out)


def test_list_shows_every_system(capsys):
    status, out, _ = run(capsys, "list")
    assert status == 0
    assert all(slug in out for slug in systems.SLUGS)
    status, found = run_json(capsys, "list")
    assert [row["system"] for row in found["systems"]] == list(systems.SLUGS)
    assert all(row["sides"] == ["numpynn", "keras"] for row in found["systems"])


def test_show_prints_both_sources(capsys):
    status, out, _ = run(capsys, "show", "xor")
    assert status == 0
    assert "from keras import" in out
    assert "from numpynn import" in out
    status, found = run_json(capsys, "show", "backprop-by-hand")
    assert "back-propagation" in found["about"].lower()
    assert found["params"] == 12


def test_train_reports_the_metric_and_draws(capsys, tmp_path):
    picture = tmp_path / "curves.png"
    status, out, err = run(capsys, "train", "sine-fit", "--epochs", "2", "--plot", str(picture))
    assert status == 0
    assert "sine-fit: loss" in out
    assert "Epoch 2/2" in err
    assert picture.read_bytes().startswith(PNG)
    status, found = run_json(capsys, "train", "gradient-descent-1d", "--epochs", "10")
    assert status == 0
    assert found["metric"]["value"] == pytest.approx(0.9**10)
    assert len(found["history"]["objective"]) == 10


def test_train_saves_a_model_that_keras_loads(capsys, tmp_path):
    file = tmp_path / "iris.keras"
    status, _, err = run(capsys, "train", "iris-mlp", "--epochs", "1", "--save", str(file))
    assert status == 0
    assert f"wrote {file}" in err
    x = np.ones((2, 4), "float32")
    ours, theirs = (library.models.load_model(file) for library in (numpynn, keras))
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_train_is_repeatable(capsys):
    first = run_json(capsys, "train", "xor", "--epochs", "3", "--seed", "5")[1]
    again = run_json(capsys, "train", "xor", "--epochs", "3", "--seed", "5")[1]
    other = run_json(capsys, "train", "xor", "--epochs", "3", "--seed", "6")[1]
    assert first["history"] == again["history"]
    assert first["history"] != other["history"]


def test_data_lists_and_locates(capsys):
    status, found = run_json(capsys, "data")
    assert status == 0
    assert {"iris", "mnist", "xor"} <= {row["name"] for row in found["data"]}
    status, found = run_json(capsys, "data", "where")
    assert set(found) == {"NUMPYNN_DATA", "cache"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "iris-mpl"], "iris-mlp"),
        (["show", "nothing-like-it"], "no system"),
        (["compare", "unknown"], "no system"),
        (["compare"], "--all"),
        (["bench", "xor", "--all"], "--all"),
        (["data", "fetch"], "needs a name"),
        (["data", "fetch", "unknown"], "unknown"),
        (["data", "where", "iris"], "no name"),
        (["train", "xor", "--plot", "picture.doc"], "cannot write"),
        (["train", "xor", "--plot", "no-such-folder/picture.png"], "no folder"),
        (["train", "xor", "--save", "model.h5"], ".keras"),
        (["train", "xor", "--save", "no-such-folder/model.keras"], "no folder"),
        (["train", "gradient-descent-1d", "--save", "model.keras"], "procedure"),
    ],
)
def test_bad_usage_ends_with_2_and_says_why(capsys, arguments, says):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert says in err


@pytest.mark.parametrize("arguments", [[], ["frob"], ["train"], ["train", "xor", "--epochs", "0"]])
def test_what_cannot_be_parsed_ends_with_2(arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2


WITHOUT_KERAS = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ("keras", "tensorflow", "jax", "torch"):
            return self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from numpynn.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_keras(*arguments):
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_KERAS, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
        check=False,
    )


@pytest.mark.parametrize("command", ["compare", "bench"])
def test_a_missing_keras_ends_with_3_and_the_command_that_installs_it(command):
    done = without_keras(command, "xor", "--json")
    assert done.returncode == 3
    assert "pip install 'numpynn[keras]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "xor"], ["train", "xor", "--epochs", "2"]]
)
def test_without_keras_the_rest_works(arguments):
    done = without_keras(*arguments)
    assert done.returncode == 0, done.stderr
    assert "xor" in done.stdout


def test_importing_numpynn_loads_nothing_but_numpy():
    code = (
        "import numpy, sys; before = set(sys.modules); import numpynn, numpynn.models, numpynn.ops;"
        "print(sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stdout))  # a list that we have just printed
    assert loaded - {"numpy", "numpynn"} <= set(sys.stdlib_module_names) | {"_distutils_hack"}
