"""The public page of a cohort."""
