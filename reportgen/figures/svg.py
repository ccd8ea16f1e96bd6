"""From matplotlib's SVG to one that can stand inside a page: compact, without ids, text as text."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure as Picture

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_POSITION = re.compile(r"(?P<x>-?[\d.]+) (?P<y>-?[\d.]+)")
_DEFAULTS = {"stroke-linecap": "butt", "opacity": "1", "stroke-opacity": "1", "text-anchor": "start"}


def inline_svg(made: Picture, width_mm: float, height_mm: float, family: str) -> str:
    """Return a finished picture as an svg element that is valid inside HTML."""
    target = io.BytesIO()
    made.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(target.getvalue())
    dots = {d.attrib["id"]: d for d in root.iter(f"{_SVG}path") if "id" in d.attrib}
    base = str(_pt(made.get_size_inches()[1] * 72))
    _, _, right, _ = root.attrib["viewBox"].split()
    body = "".join(_element(child, dots) for child in root)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm:g}mm" height="{height_mm:g}mm"'
        f' viewBox="0 0 {_pt(float(right))} {base}" font-family="{_quoted(family)}, sans-serif" font-size="7"'
        f' fill="none" stroke-linejoin="round">{body}</svg>'
    )


def _element(element: ElementTree.Element, dots: dict[str, ElementTree.Element]) -> str:
    tag = element.tag.removeprefix(_SVG)
    if tag in ("metadata", "defs"):
        return ""
    if tag == "use":
        return _dot(element, dots)
    given = _attributes(element)
    inner = "".join(_element(child, dots) for child in element)
    if tag == "g":
        kept = {k: v for k, v in given.items() if k != "clip-path"}
        return f"<g{_written(kept)}>{inner}</g>" if kept and inner else inner
    if tag == "path":
        drawing = _path(element.attrib["d"])
        return f'<path d="{drawing}"{_written(given)}/>' if drawing else ""
    if tag == "text":
        return f"<text{_written(given)}>{_escaped(element.text or '')}</text>"
    return f"<{tag}{_written(given)}>{inner}</{tag}>"


def _quoted(family: str) -> str:
    return f"'{family}'"


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    """Return an element's own attributes, its styles as attributes too, which a page's CSS can override."""
    given: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name in ("x", "y"):
            given[name] = _number(value)
        elif name == "transform" and not value.startswith(("rotate(-0 ", "rotate(0 ")):
            given[name] = _NUMBER.sub(lambda m: _number(m[0]), value)
    style = element.attrib.get("style", "")
    for entry in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (part.strip() for part in entry.partition(":"))
        if name in ("font-family", "stroke-linejoin") or _DEFAULTS.get(name) == value:
            continue
        if name == "font-size":
            value = value.removesuffix("px")
            if value == "7":
                continue
        if name in ("stroke-width", "stroke-dasharray", "stroke-dashoffset"):
            value = _NUMBER.sub(lambda m: _short(float(m[0]), 2), value)
        given[name] = value
    if given.get("fill") == "none":
        del given["fill"]
    if element.tag == f"{_SVG}path" and "fill" not in given and "stroke" not in given and "fill" not in style:
        given["fill"] = "#000000"
    if given.get("stroke-dashoffset") == "0":
        del given["stroke-dashoffset"]
    return given


def _dot(element: ElementTree.Element, dots: dict[str, ElementTree.Element]) -> str:
    """Return a use of a marker's path as a circle or, for a tick, as a short line."""
    path = dots[element.attrib[_HREF].lstrip("#")]
    numbers = [float(n) for n in _NUMBER.findall(path.attrib["d"])]
    x, y = float(element.attrib["x"]), float(element.attrib["y"])
    given = _attributes(path) | _attributes(element)
    given.pop("x"), given.pop("y")
    if "C" in path.attrib["d"]:
        radius = _short(max(numbers[1::2]), 2)
        return f'<circle cx="{_pt(x)}" cy="{_pt(y)}" r="{radius}"{_written(given)}/>'
    points = " ".join(
        f"{_pt(x + dx)} {_pt(y + dy)}" for dx, dy in zip(numbers[::2], numbers[1::2], strict=True)
    )
    return f'<path d="M{points}"{_written(given)}/>'


def _path(drawing: str) -> str:
    """Return a path's drawing with coordinates of a tenth of a point."""
    words: list[str] = []
    last = ""
    for part in drawing.replace("\n", " ").split():
        if part.isalpha():
            if part != last or part in "Mz":
                words.append(part)
            last = part
        else:
            words.append(_number(part))
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(words)).strip()


def _number(text: str) -> str:
    return _pt(float(text))


def _pt(value: float) -> str:
    return _short(value, 1)


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _written(given: dict[str, str]) -> str:
    return "".join(f' {name}="{_escaped(value)}"' for name, value in given.items())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
