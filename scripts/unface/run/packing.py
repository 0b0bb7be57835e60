"""gzip in one way: the same content gives the same bytes on every machine."""

import deflate

LEVEL = 4
"""On the scanner sets a seventh of the time of zlib's usual 6, for files 0.5 % larger."""


def gzipped(content: bytes | bytearray) -> bytes:
    """The content as one gzip member with neither name nor time.

    libdeflate, which the wheel of `deflate` brings along, writes the same on any processor. zlib does not from build
    to build, nor isa-l from one processor to another.

    Parameters
    ----------
    content
        Any bytes.

    Returns
    -------
    bytes
        Of a `.gz` file.
    """
    return bytes(deflate.gzip_compress(content, LEVEL))
