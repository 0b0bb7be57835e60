"""Faces: registration, masks, surface, checks."""
