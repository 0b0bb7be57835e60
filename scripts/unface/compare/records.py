"""What comparing leaves for pages."""

AGREEMENT = "agreement.tsv"
"""Measures before and after defacing."""
