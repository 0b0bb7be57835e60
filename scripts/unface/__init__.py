"""unface: raw DICOM of a cohort in, a BIDS dataset that may be published out.

Sums in another order give other bytes, so unface, its libraries and the programs that it starts keep to one thread and
one seed. Libraries take them from the environment when they are imported; before any of them comes this package.
"""

import os
import sys
from pathlib import Path

os.environ.update(
    {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
        "ANTS_RANDOM_SEED": "1",
    }
)

__version__ = "0.1.0"


def _of_the_workflow() -> None:
    """In a job the core beside its script counts, as in the workflow that started it.

    Snakemake puts the folder of a script at the end of the path, where an installed unface would go before that of the
    clone that runs.
    """
    script = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
    if script.parts[-3:-1] == (".snakemake", "scripts"):
        cores = [core for folder in sys.path if (core := Path(folder) / "unface" / "__init__.py").is_file()]
        __path__[:] = [str(cores[-1].resolve().parent)]


_of_the_workflow()
