import gzip
import hashlib

import nibabel as nib
import numpy as np

from unface.dicom import csa
from unface.imaging import nifti
from unface.imaging.volume import Volume
from unface.run.packing import gzipped

CONTENT = bytes(index * index // 7 % 251 for index in range(100_000))


def test_gzip_is_the_same_on_every_machine():
    packed = gzipped(CONTENT)
    assert gzip.decompress(packed) == CONTENT
    assert hashlib.sha256(packed).hexdigest()[:16] == "d0c3d758368ad70e", "as libdeflate writes it anywhere"


def test_labels_of_a_brain_are_packed_the_same_on_every_machine(tmp_path):
    labels = (np.arange(30_000, dtype=np.int64).reshape(30, 50, 20) ** 2 // 7 % 4).astype(np.uint8)
    nifti.write_labels(tmp_path / "labels.nii.gz", Volume(labels, np.eye(4)))
    packed = (tmp_path / "labels.nii.gz").read_bytes()
    assert packed == gzipped(gzip.decompress(packed))
    assert np.array_equal(nib.load(tmp_path / "labels.nii.gz").dataobj, labels)


def test_a_protocol_block_is_packed_the_same_on_every_machine():
    lines = b"".join(b'set N%d "%d"\n' % (number, number * number) for number in range(500))
    made = csa.clean_ge_protocol(gzip.compress(lines), lambda text: text)
    assert made is not None
    assert made[4:] == gzipped(gzip.decompress(made[4:]))
