"""Charts: specifications in TOML, one file per kind of chart, finished SVG."""
