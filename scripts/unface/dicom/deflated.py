"""Deflated data sets (PS3.5 A.5), inflated within bounds: a thousand times its size may be packed into a file."""

import io
import zlib

LARGEST = 1 << 28
"""Bytes of an inflated data set; a job has to hold it several times. Images that need more are never deflated."""
_CHUNK = 1 << 16


class InflationError(ValueError):
    """Deflated data are damaged or too large; the message says which."""


def inflate(data: bytes, start: int) -> bytes:
    """Inflate a file's data set.

    Parameters
    ----------
    data
        The file.
    start
        Where its data set begins; what stands before is not deflated.

    Returns
    -------
    bytes
        What stands before, and the data set; of one that is cut short, what is there.

    Raises
    ------
    InflationError
        If the data are damaged, or inflate to more than `LARGEST`.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = io.BytesIO()
    whole.write(data[:start])
    left = LARGEST
    try:
        for at in range(start, len(data), _CHUNK):
            part = stream.decompress(data[at : at + _CHUNK], left + 1)
            if len(part) > left:
                raise InflationError("deflated data that inflate to more than any image")
            left -= len(part)
            whole.write(part)
            if stream.eof:
                break
    except zlib.error:
        raise InflationError("deflated data that are damaged") from None
    return whole.getvalue()
