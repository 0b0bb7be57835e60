"""unface: raw DICOM of a cohort in, a BIDS dataset that may be published out.

Sums in another order give other bytes, so unface, its libraries and the programs that it starts keep to one thread and
one seed. Libraries take them from the environment when they are imported; before any of them comes this package.
"""

import os

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
