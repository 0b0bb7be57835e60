"""Pages for a person's eyes, and the ratings that follow."""
