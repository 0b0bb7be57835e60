"""Mapping rules: which BIDS name a series gets."""
