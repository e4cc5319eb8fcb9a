"""The page of names is up to date, and a name that both libraries have takes the same arguments."""

from __future__ import annotations

from pathlib import Path

from kerasref.names import LATER, NEVER, _listed, differences, names, page

PAGE = Path(__file__).parents[1] / "docs" / "names.md"


def test_every_name_takes_keras_arguments_with_its_defaults() -> None:
    assert list(differences()) == []


def test_every_name_of_keras_is_there_or_explained() -> None:
    found = list(names())
    missing = {(name.space, name.name) for name in found if name.state != "have"}
    explained = set(_listed(LATER)) | set(_listed(NEVER))
    assert missing == explained, f"no longer missing: {explained - missing}"
    assert len(found) > 800


def test_the_page_of_names_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: python -m kerasref.names > docs/names.md"
