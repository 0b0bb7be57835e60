"""De-identify DICOM files without Snakemake: one file, or a folder tree. See --help."""

import sys

from unface.deidentify.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
