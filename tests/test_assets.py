"""Asset folders are found in a checkout and in a wheel, and their absence is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen import assets
from reportgen.assets import asset_dir
from reportgen.errors import AssetError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that the package lies in an empty folder of its own."""
    folder = tmp_path / "site" / "reportgen"
    folder.mkdir(parents=True)
    monkeypatch.setattr(assets, "_PACKAGE", folder)
    return folder


@pytest.mark.parametrize("name", ["templates", "charts"])
def test_checkout_folder_is_found(name: str, root: Path) -> None:
    assert asset_dir(name) == root / name


def test_packaged_copy_comes_before_the_checkout(package: Path) -> None:
    packaged = package / "_assets" / "templates"
    packaged.mkdir(parents=True)
    (package.parent / "templates").mkdir()
    (package.parent / "pyproject.toml").touch()
    assert asset_dir("templates") == packaged


def test_override_comes_first(package: Path, tmp_path: Path) -> None:
    (package / "_assets" / "charts").mkdir(parents=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    assert asset_dir("charts", mine) == mine


def test_missing_override_is_not_replaced(package: Path, tmp_path: Path) -> None:
    (package / "_assets" / "charts").mkdir(parents=True)
    with pytest.raises(AssetError, match="charts: no such asset folder") as caught:
        asset_dir("charts", tmp_path / "absent")
    assert str(tmp_path / "absent") in caught.value.message
    assert caught.value.hint == "Name an existing folder."


def test_foreign_folder_beside_an_installed_package_does_not_count(package: Path) -> None:
    (package.parent / "templates").mkdir()
    with pytest.raises(AssetError) as caught:
        asset_dir("templates")
    assert str(package / "_assets" / "templates") in caught.value.message


def test_error_lists_every_place_tried(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    with pytest.raises(AssetError) as caught:
        asset_dir("templates")
    assert str(package / "_assets" / "templates") in caught.value.message
    assert str(package.parent / "templates") in caught.value.message
