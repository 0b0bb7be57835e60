"""A cohort over time: plan, status, retries, withdrawal."""
