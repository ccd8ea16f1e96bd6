"""From finished facts, words and figures to a page: HTML for the screen, PDF for the file."""
