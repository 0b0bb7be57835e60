"""What may leave: audit, gate, assembly, the dataset's own files."""
