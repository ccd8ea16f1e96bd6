"""A page as plain text, for readers whose mail is nothing else."""

from __future__ import annotations

from reportgen.render.plain import WIDTH, plain_text


def page(body: str) -> str:
    return f"<html><head><title>T</title><style>p {{ }}</style></head><body>{body}</body></html>"


def test_headings_paragraphs_and_breaks() -> None:
    made = plain_text(page("<h1>A <em>b</em></h1><p>One\n  two&nbsp;bp &amp; more.<br>Next</p><h2>C</h2>"))
    assert made == "A b\n===\n\nOne two bp & more.\nNext\n\nC\n-\n"


def test_lines_are_wrapped_and_words_are_kept() -> None:
    words = " ".join(f"word{n}" for n in range(60))
    made = plain_text(page(f"<p>{words}</p>"))
    assert max(map(len, made.splitlines())) <= WIDTH
    assert " ".join(made.split()) == words


def test_lists_and_links() -> None:
    body = (
        '<ul><li>one</li><li><a href="mailto:a@b.example">a@b.example</a></li></ul>'
        '<ol><li>first</li><li><a href="https://x.example/">here</a></li></ol>'
    )
    assert plain_text(page(body)) == "- one\n- a@b.example\n\n1. first\n2. here <https://x.example/>\n"


def test_a_table_of_data_keeps_its_columns() -> None:
    body = (
        "<table><tr><th>Item</th><th>Level</th><th>Week</th></tr>"
        "<tr><td>2-year</td><td>3.84</td><td>+16</td></tr>"
        '<tr><td>Dollar liquidity</td><td colspan="2">Weak</td></tr></table>'
    )
    assert plain_text(page(body)) == (
        "Item              Level  Week\n2-year             3.84   +16\nDollar liquidity         Weak\n"
    )


def test_a_row_that_spans_the_table_stands_below_the_row_before() -> None:
    body = (
        "<table><tr><td>Claim</td><td>Pending</td></tr>"
        f'<tr><td colspan="2">{"because of something long " * 5}</td></tr></table>'
    )
    lines = plain_text(page(body)).splitlines()
    assert lines[0].split() == ["Claim", "Pending"]
    assert len(lines) > 2
    assert all(line.startswith("  ") for line in lines[1:])


def test_tables_of_the_layout_are_not_seen() -> None:
    body = (
        '<table role="presentation"><tr><td><p>One</p><table role="presentation"><tr><td><p>Two</p></td></tr>'
        "</table></td></tr></table>"
    )
    assert plain_text(page(body)) == "One\n\nTwo\n"


def test_pictures_by_their_words_and_nothing_hidden() -> None:
    body = (
        '<div class="preheader">Hidden</div>'
        '<table class="plate"><tr><td><img src="a.png" alt="A curve, falling."></td></tr></table>'
        "<script>x</script><!-- c --><button>39 bp</button>"
    )
    assert plain_text(page(body)) == "[A curve, falling.]\n\n39 bp\n"


def test_an_empty_page() -> None:
    assert plain_text(page("")).strip() == ""
