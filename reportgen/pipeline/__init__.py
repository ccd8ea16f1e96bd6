"""The stages of a note in order; `facts` and `gauge` need the first of them only."""
