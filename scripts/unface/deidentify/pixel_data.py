"""What may lie in the pixels beside the image: overlays in bits that it leaves free, and bytes behind its end."""

from collections.abc import Mapping, Sequence

from unface.deidentify.splitter import OVERLAYS, SIZES, Segment
from unface.dicom.elements import LONG_VRS
from unface.dicom.encoding import UnreadableError, element_at, long_at
from unface.dicom.number_text import whole_number

SAMPLES, FRAMES, ROWS, COLUMNS, BITS = sorted(SIZES)
OVERLAY_BIT, OVERLAY_DATA = 0x0102, 0x3000
REMEMBERED = 4096


class ImageSizes:
    """Tells how large the images of some series are, and refuses those with overlays in their pixels."""

    def __init__(self) -> None:
        self._bytes: dict[tuple[Segment, ...], int] = {}

    def size(self, segments: Sequence[Segment], implicit: bool) -> int:
        """Tell how large an image is, from its header.

        Parameters
        ----------
        segments
            Those of the header.
        implicit
            Whether their VRs are implicit.

        Returns
        -------
        int
            Bytes of the uncompressed pixels without padding; 0 if the header does not say.

        Raises
        ------
        UnreadableError
            If an overlay lies in the bits of the pixels, or may: what it shows cannot be cleaned. One with data of its
            own goes with its group (PS3.3 C.9.2; the retired form lies in bits that the image leaves free).
        """
        telling = tuple([segment for segment in segments if segment.tells])
        known = self._bytes.get(telling)
        if known is None:
            if len(self._bytes) >= REMEMBERED:
                self._bytes.clear()
            shape: dict[int, int] = {}
            for segment in telling:
                told = _told(segment, implicit)
                segment.tells = bool(told)
                shape |= told
            _check_overlays(shape)
            known = self._bytes[tuple([segment for segment in telling if segment.tells])] = _image_bytes(shape)
        return known


def _told(segment: Segment, implicit: bool) -> dict[int, int]:
    """What a segment tells of the size of the image and of overlays, by tag."""
    parts = segment.parts or (segment,)
    return {part.tag: _number(part, implicit) for part in parts if part.tag in SIZES or part.tag >= OVERLAYS}


def _number(segment: Segment, implicit: bool) -> int:
    """The value of a segment: two bytes, or the text of NumberOfFrames (IS); 0 where it is neither."""
    _, _, body, end = element_at(segment.raw, 0, segment.size, implicit)
    value = segment.raw[body:end]
    if segment.tag != FRAMES:
        return int.from_bytes(value[:2], "little")
    return max(whole_number(value) or 0, 0)


def _check_overlays(shape: Mapping[int, int]) -> None:
    for group in {tag >> 16 for tag in shape if tag >> 24 == OVERLAYS >> 24 and not tag >> 16 & 1}:
        if shape.get(group << 16 | OVERLAY_BIT) or group << 16 | OVERLAY_DATA not in shape:
            raise UnreadableError("an overlay lies in the bits of its pixels")


def _image_bytes(shape: Mapping[int, int]) -> int:
    bits = shape.get(ROWS, 0) * shape.get(COLUMNS, 0) * shape.get(BITS, 0)
    return -(-bits * max(shape.get(SAMPLES, 1), 1) * max(shape.get(FRAMES, 1), 1) // 8)


def in_fragments(pixels: memoryview, implicit: bool) -> bool:
    """Whether pixels stand in fragments, as compressed ones do.

    Parameters
    ----------
    pixels
        The element.
    implicit
        Whether its VR is implicit.

    Returns
    -------
    bool
        Whether its length is undefined.
    """
    head = _head_bytes(pixels, implicit)
    return bytes(pixels[head - 4 : head]) == b"\xff\xff\xff\xff"


def _head_bytes(pixels: bytes | memoryview, implicit: bool) -> int:
    """Of tag, VR and length."""
    return 12 if not implicit and bytes(pixels[4:6]) in LONG_VRS else 8


def without_rest(data: bytes, span: tuple[int, int], implicit: bool, size: int) -> tuple[bytes, memoryview, bytes]:
    """Cut off the bytes that stand behind the image in the pixel element, (7FE0,0010) Pixel Data.

    Parameters
    ----------
    data
        The file.
    span
        Where the element begins and ends.
    implicit
        Whether its VR is implicit.
    size
        Bytes of the image (`ImageSizes.size`).

    Returns
    -------
    bytes
        The element's head; empty where the element stays as it is.
    memoryview
        The image; the whole element where that stays.
    bytes
        Padding to an even length.

    Raises
    ------
    UnreadableError
        If the size is not known.
    """
    at, end = span
    head = _head_bytes(data[at : at + 6], implicit)
    length = long_at(data, at + head - 4)[0]
    if not size:
        raise UnreadableError("its header does not say how large its image is")
    if length == size + size % 2 or length < size:
        return b"", memoryview(data)[at:end], b""
    even = (size + size % 2).to_bytes(4, "little")
    return data[at : at + head - 4] + even, memoryview(data)[at + head : at + head + size], bytes(size % 2)
