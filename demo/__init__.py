"""A cohort that belongs to nobody, and a run of unface on it."""
