"""The page that mail clients get: rules on the elements, and nothing that one of the great three drops."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reportgen.delivery.mailproof import LIMIT, inlined, lint

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>T</title>
<style>p { color: #123456; margin: 0 } .a p { font-size: 13px }
@media (prefers-color-scheme: dark) { p { color: #ffffff !important } }</style></head>
<body><div class="a"><p style="margin: 4px">x</p></div></body></html>
"""


def page(body: str, style: str = "") -> str:
    head = f"<style>{style}</style>" if style else ""
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


def test_rules_move_to_the_elements_and_media_queries_stay() -> None:
    made = inlined(PAGE)
    paragraph = made.partition("<p ")[2].partition(">")[0]
    for rule in ("color: #123456", "font-size: 13px", "margin: 4px"):
        assert rule in paragraph
    assert made.count("<style>") == 1
    kept = made.partition("<style>")[2].partition("</style>")[0]
    assert kept.strip().startswith("@media (prefers-color-scheme: dark)")
    assert made.index("charset") < made.index("<style>")
    assert lint(made) == []


def test_another_process_inlines_the_same_bytes() -> None:
    script = "import sys; from reportgen.delivery.mailproof import inlined; print(inlined(sys.stdin.read()))"
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            input=PAGE, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] == inlined(PAGE) + "\n"


IMAGE = '<img src="digest/a.png" width="1" height="1" alt="A">'


@pytest.mark.parametrize(
    "good",
    [
        IMAGE,
        '<img src="cid:a@b" width="1" height="1" alt="A">',
        '<a href="https://example.com/">x</a><a href="mailto:a@b.example">y</a>',
        '<table style="border-collapse:collapse"><tr><td style="padding:4px">x</td></tr></table>',
        '<p style="color:#123456;background-color:#ABC;margin:0 4px">x</p>',
        '<p style="display:none;max-height:0">x</p><p style="display:block;margin-left:4px">y</p>',
        "<!--[if mso]><table><tr><td><![endif]-->x",
    ],
)
def test_what_clients_show_passes(good: str) -> None:
    assert lint(page(good)) == []


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("<svg></svg>", "<svg>"),
        ("<script>1</script>", "<script>"),
        ('<form action="x"></form>', "<form>"),
        ('<button type="button">x</button>', "<button>"),
        ('<iframe src="x"></iframe>', "<iframe>"),
        ('<link rel="stylesheet" href="x.css">', "<link>"),
        ("<details>x</details>", "<details>"),
        ('<p onclick="x()">x</p>', "<p onclick>"),
        ('<p style="display:flex">x</p>', "display:flex"),
        ('<p style="display: inline-grid">x</p>', "display: inline-grid"),
        ('<p style="grid-template-columns: 1fr">x</p>', "grid-template-columns"),
        ('<p style="position:absolute">x</p>', "position:absolute"),
        ('<p style="float:left">x</p>', "float:left"),
        ('<p style="width:calc(100% - 4px)">x</p>', "calc"),
        ('<p style="color:var(--ink)">x</p>', "var(--ink)"),
        ('<p style="background:url(x.png)">x</p>', "url(x.png)"),
        ('<p style="background-image:none">x</p>', "background-image"),
        ('<p style="font-size:1.2rem">x</p>', "1.2rem"),
        ('<p style="color:rgb(0 0 0 / .5)">x</p>', "rgb(0 0 0 / .5)"),
        ('<p style="margin-left:-4px">x</p>', "margin-left:-4px"),
        ('<p style="margin:0 -4px">x</p>', "margin:0 -4px"),
        ('<p style="padding-inline:4px">x</p>', "padding-inline:4px"),
        ('<p style="color:#12345680">x</p>', "#12345680"),
        ('<p style="color:#1238">x</p>', "#1238"),
        ('<p style="color:oklab(40% 0 0)">x</p>', "oklab(40% 0 0)"),
        ('<p style="opacity:.5">x</p>', "opacity:.5"),
        ('<img src="a.webp" width="1" height="1" alt="A">', "a.webp"),
        ('<td background="x.png">x</td>', "<td background>"),
        ('<img src="data:image/png;base64,AAAA" width="1" height="1" alt="A">', "data:"),
        ('<img src="https://example.com/a.png" width="1" height="1" alt="A">', "https://example.com/a.png"),
        ('<img src="a.svg" width="1" height="1" alt="A">', "a.svg"),
        ('<img src="a.png" height="1" alt="A">', "has no width"),
        ('<img src="a.png" width="1" height="1" alt="">', "has no alt"),
        ('<a href="#exhibit-1">x</a>', "#exhibit-1"),
        ('<a href="javascript:x">x</a>', "javascript:x"),
    ],
)
def test_what_a_client_drops_is_named_with_its_line(bad: str, named: str) -> None:
    faults = lint("<html>\n<body>\n" + bad + "\n</body></html>")
    assert any(named in fault for fault in faults), faults
    assert all(fault.startswith("line 3: ") for fault in faults)


def test_rules_that_gmail_may_drop() -> None:
    assert lint(page("x", "@media (max-width: 9px) { p { color: red } }")) == []
    (fault,) = lint(page("x", "p { color: red } @media (max-width: 9px) { p { color: red } }"))
    assert "rules outside @media" in fault


def test_a_page_that_gmail_would_cut_off() -> None:
    assert lint(page("x" * (LIMIT - 200))) == []
    (fault,) = lint(page("é" * (LIMIT // 2)))
    assert "Gmail cuts longer messages off" in fault
