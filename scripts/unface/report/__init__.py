"""Review pages, renderings of heads, plots and the cohort's summary."""
