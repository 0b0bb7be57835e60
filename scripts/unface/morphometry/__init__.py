"""Brain volumes, and how well they agree before and after defacing."""
