"""Delivery: each client gets a published note once, and the archive's ledger proves it."""
