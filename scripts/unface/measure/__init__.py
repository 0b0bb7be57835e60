"""Brain volumes of one image."""
