"""A page made proof against mail clients: rules inlined, and whatever a client would drop refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

LIMIT = 90_000  # bytes; Gmail cuts a message off at 102 KB
_DROPPED_ELEMENTS = {
    **dict.fromkeys(("svg", "math", "canvas"), "no mail client but Apple's draws it"),
    **dict.fromkeys(
        ("script", "noscript", "iframe", "object", "embed", "base", "link"), "every client drops it"
    ),
    **dict.fromkeys(("form", "input", "button", "select", "textarea"), "clients drop or warn of forms"),
    **dict.fromkeys(("video", "audio", "picture", "source", "details", "dialog"), "few clients show it"),
}
# Outlook's Word engine, Gmail or both ignore these; a layout that rests on them falls apart.
_DROPPED_PROPERTIES = {
    "position": "Gmail and Outlook drop it",
    "float": "Outlook drops it",
    "background-image": "Outlook drops it",
    "clip-path": "Gmail and Outlook drop it",
    "transform": "Gmail and Outlook drop it",
    "filter": "Gmail and Outlook drop it",
    "columns": "Gmail and Outlook drop it",
    "gap": "Outlook drops it",
    "content": "Gmail and Outlook drop it",
    "animation": "Gmail and Outlook drop it",
    "margin-left": "Outlook.com drops it when negative",
    "object-fit": "Outlook drops it",
    "aspect-ratio": "Outlook and Gmail drop it",
    "opacity": "Outlook drops it",
}
_DROPPED_VALUES = (
    (re.compile(r"\b(?:calc|var|min|max|clamp|env)\s*\("), "Gmail and Outlook do not compute it"),
    (re.compile(r"\burl\s*\("), "no client but Apple's loads it"),
    (re.compile(r"\b(?:linear|radial|conic)-gradient\s*\("), "Outlook drops it"),
    (re.compile(r"(?:^|\s)-?[\d.]+(?:rem|vw|vh|ch|ex)\b"), "Outlook knows px, pt, em and % alone"),
    (re.compile(r"#(?:[\da-f]{4}|[\da-f]{8})\b"), "Outlook knows #rrggbb alone"),
    (
        re.compile(r"\b(?:rgba|hsla?|hwb|lab|lch|oklab|oklch|color|color-mix)\s*\(|\brgb\([^,)]*\s[^,)]*\)"),
        "Outlook knows #rrggbb alone",
    ),
)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif")
_LAYOUTS = re.compile(r"^(?:inline-)?(?:flex|grid)$")
_EVENT = re.compile(r"^on[a-z]+$")
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINKS = ("http://", "https://", "mailto:")


def inlined(page: str) -> str:
    """Return a page with its style sheet's rules on the elements; those of media queries stay."""
    import css_inline

    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
    made = inliner.inline(page)
    kept = _STYLE.search(made)  # behind the character set, which a browser wants early
    return made if kept is None else _STYLE.sub("", made, count=1).replace("</head>", f"{kept[0]}</head>", 1)


def lint(page: str) -> list[str]:
    """Return whatever of a page Gmail, Outlook or Apple Mail would drop or cut off, with its line."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    size = len(page.encode())
    large = (
        [f"{size} bytes, expected at most {LIMIT}: Gmail cuts longer messages off"] if size > LIMIT else []
    )
    return large + reader.faults


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _DROPPED_ELEMENTS:
            self._fault(f"<{tag}>", _DROPPED_ELEMENTS[tag])
        for name in given:
            if _EVENT.match(name):
                self._fault(f"<{tag} {name}>", "every client drops scripts")
        for said in _of_style(given.get("style", "")):
            self._fault(f"<{tag}> {said[0]}", said[1])
        if "background" in given:
            self._fault(f"<{tag} background>", "Outlook drops it")
        if tag == "img":
            self._image(given)
        if tag == "a" and not given.get("href", "").startswith(_LINKS):
            self._fault(f"<a href={given.get('href')!r}>", "expected a link out of the mail")
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            return
        self._in_style = False
        left = _MEDIA.sub("", _COMMENT.sub("", data)).strip()
        if left:
            self._fault(
                f"<style> {left[:60]!r}", "Gmail may drop it: rules outside @media belong on the elements"
            )

    def _image(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        if source.startswith("data:"):
            self._fault("<img src='data:…'>", "Gmail and Outlook drop it, expected a picture beside the page")
        elif not source.startswith("cid:") and ("//" in source or not source.lower().endswith(_PICTURES)):
            self._fault(f"<img src={source!r}>", "expected a PNG beside the page")
        for name in ("width", "height", "alt"):
            if not given.get(name):
                self._fault(f"<img src={source!r}>", f"has no {name}")

    def _fault(self, what: str, why: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {what}: {why}")


def _of_style(style: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (part.strip().lower() for part in entry.partition(":"))
        if name in _DROPPED_PROPERTIES and not (name == "margin-left" and not value.startswith("-")):
            yield entry, _DROPPED_PROPERTIES[name]
        if name.startswith(("margin-inline", "margin-block", "padding-inline", "padding-block", "inset")):
            yield entry, "Outlook drops it"
        if name == "margin" and re.search(r"(?:^|\s)-", value):
            yield entry, "Outlook.com drops it when negative"
        if name.startswith(("--", "grid", "flex", "justify", "align-items")) or (
            name == "display" and _LAYOUTS.match(value)
        ):
            yield entry, "Outlook and Gmail know neither flex nor grid nor variables"
        for pattern, why in _DROPPED_VALUES:
            if pattern.search(value):
                yield entry, why
