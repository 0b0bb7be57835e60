"""Tell how far a run is: `python scripts/status.py results`, at any time, also during a run on Slurm."""

import argparse
import sys
from pathlib import Path

from unface.admin.status import lines, status
from unface.run.layout import Layout


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="the results folder (the setting results_dir)")
    layout = Layout(parser.parse_args(arguments).results)
    if not layout.sessions.exists():
        print(f"{layout.sessions} is not there: run `snakemake inventory` first", file=sys.stderr)
        return 1
    print("\n".join(lines(status(layout))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
