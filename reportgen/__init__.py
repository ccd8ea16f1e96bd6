"""Weekly Treasury notes in which every printed number is a fact with a pedigree."""

__version__ = "0.1.0"
