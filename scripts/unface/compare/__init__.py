"""Original against defaced: brain volumes, and the face mask against the brain."""
