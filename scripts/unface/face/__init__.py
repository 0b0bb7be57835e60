"""Faces: registration, mask, checks, rendering."""
