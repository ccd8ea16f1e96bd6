"""The folders of templates and charts, wherever this copy of reportgen keeps them."""

from __future__ import annotations

from pathlib import Path

from reportgen.errors import AssetError

_PACKAGE = Path(__file__).resolve().parent


def asset_dir(name: str, override: Path | None = None) -> Path:
    """Find ``templates`` or ``charts``: the override, else the copy in the wheel, else the checkout.

    Raises: AssetError, naming the places tried. A missing override is not replaced by another folder.
    """
    places = [override] if override is not None else [_PACKAGE / "_assets" / name, *_in_checkout(name)]
    for place in places:
        if place.is_dir():
            return place
    tried = ", ".join(str(place) for place in places)
    raise AssetError(
        f"{name}: no such asset folder; looked for {tried}",
        hint="Name an existing folder." if override is not None else "Install reportgen again.",
    )


def _in_checkout(name: str) -> list[Path]:
    """Name the folder beside the package, which counts in a checkout but not in site-packages."""
    root = _PACKAGE.parent
    return [root / name] if (root / "pyproject.toml").is_file() else []
