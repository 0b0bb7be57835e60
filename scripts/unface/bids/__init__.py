"""BIDS: mapping rules, protocol groups, conversion, sidecars, NIfTI headers."""
