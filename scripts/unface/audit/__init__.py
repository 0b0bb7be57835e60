"""What would leave of one session, looked at byte by byte."""
