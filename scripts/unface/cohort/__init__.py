"""The cohort as a whole: how far a run is, what a change would redo, who has withdrawn."""
