"""What may leave: known-answer scan, gate, assembly."""
