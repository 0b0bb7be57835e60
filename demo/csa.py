"""Siemens CSA headers: the binary SV10 block of (0029,1010) and (0029,1020), and the Phoenix protocol's text.

The layout is the one that nibabel's documentation describes (https://nipy.org/nibabel/dicom/siemens_csa.html).
"""

import struct
from collections.abc import Mapping, Sequence

MAGIC = b"SV10\4\3\2\1"
SYNGO_TYPES = {"IS": 6, "DS": 3, "FD": 4, "US": 10, "UL": 9, "SL": 7, "LO": 19, "SH": 22, "CS": 16, "ST": 23, "UN": 0}
ITEMS_OF_SINGLE = 6

Entry = tuple[str, Sequence[object]]
"""VR and values of one CSA element; every value is stored as text."""


def csa_header(entries: Mapping[str, Entry]) -> bytes:
    """An SV10 block that holds `entries`, name by name in the given order."""
    block = MAGIC + struct.pack("<II", len(entries), 77)
    return block + b"".join(_element(name, vr, values) for name, (vr, values) in entries.items())


def _element(name: str, vr: str, values: Sequence[object]) -> bytes:
    texts = [_text(vr, value) for value in values]
    texts += [b""] * (max(ITEMS_OF_SINGLE, len(texts)) - len(texts))
    head = struct.pack("<64si4siii", name.encode(), len(values), vr.encode(), SYNGO_TYPES[vr], len(texts), 77)
    return head + b"".join(
        struct.pack("<iiii", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4) for text in texts
    )


def _text(vr: str, value: object) -> bytes:
    if vr in ("FD", "DS"):
        return f"{value:.8f}".encode() + b"\0"
    return str(value).encode() + b"\0"


def phoenix_protocol(settings: Mapping[str, object], patient: Mapping[str, str]) -> str:
    """The text of MrPhoenixProtocol: XProtocol with the patient's data, and the ASCCONV lines of `settings`."""
    fields = "\n".join(f'  <ParamString."{name}"> {{ "{value}" }}' for name, value in patient.items())
    lines = "\n".join(f"{name}\t = \t{value}" for name, value in settings.items())
    return (
        '<XProtocol>\n{\n  <Name> "PhoenixMetaProtocol"\n  <ID> 1000002\n  <Userversion> 2.0\n'
        f"{fields}\n}}\n"
        "### ASCCONV BEGIN object=MrProtDataImpl@MrProtocolData version=51130001 ###\n"
        f"{lines}\n### ASCCONV END ###\n"
    )
