"""Headers without identifiers: confidentiality profile, overrides, rewriting, header survey."""
