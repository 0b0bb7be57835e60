"""Faces: registration, mask, surface, checks."""
