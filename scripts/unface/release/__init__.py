"""What leaves: gate, assembly, the dataset's own files, history."""
