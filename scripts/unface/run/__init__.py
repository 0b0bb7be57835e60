"""What every stage stands on: layout, settings, outcomes, fingerprints, tools, limits, files."""
