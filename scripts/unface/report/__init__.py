"""Pages, plots and the summary of a run."""
