"""Raw folders to sessions: files, archives, series, people, protocol groups."""
