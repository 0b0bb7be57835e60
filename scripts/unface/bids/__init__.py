"""BIDS: mapping rules, conversion, sidecars, the dataset's own files."""
