"""Reasons to refuse a finished note."""
