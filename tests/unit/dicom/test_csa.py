"""Vendors' protocol blocks."""

import gzip
import time

import pytest

from unface.dicom import csa
from unface.identity.vocabulary import keep_codes


def test_a_comment_in_a_siemens_protocol_goes_and_its_settings_stay() -> None:
    text = (
        b'### ASCCONV BEGIN ###\nlContrasts = 1 # for Mr Soerensen\nsTXSPEC.asNucleusInfo[0].tNucleus = "1H" # Anna\n'
        b"alTE[0] = 2980\n### ASCCONV END ###"
    )
    clean = csa.clean_protocol(text, lambda value: value)
    assert b"Soerensen" not in clean
    assert b"Anna" not in clean
    for kept in (b"lContrasts\t = \t1\n", b'tNucleus\t = \t"1H"\n', b"alTE[0]\t = \t2980\n"):
        assert kept in clean


@pytest.mark.parametrize("unit", [b" ", b'"', b"#", b"a ", b"= ", b"x = ", b"a.", b"1", b"\t\x0b", b'" '])
def test_a_protocol_with_lines_of_any_length_is_cleaned_at_once(unit: bytes) -> None:
    lines = b"\n".join(
        begin + unit * (40_000 // len(unit)) + end for begin in (b"", b"a = ", b"set a ") for end in (b"", b"!")
    )
    began = time.process_time()
    csa.clean_protocol(b"### ASCCONV BEGIN ###\n" + lines + b"\n### ASCCONV END ###", lambda value: value)
    csa.clean_ge_protocol(gzip.compress(lines), lambda value: value)
    # Once it took the cube of the length: hours.
    assert time.process_time() - began < 2


def test_of_a_ge_protocol_a_known_word_stays_and_a_setting_with_another_one_goes() -> None:
    def codes(text: bytes) -> bytes:
        return keep_codes(text, lambda word: False)

    lines = b'set DELACQ "Minimum"\nset PSEQ "Gradient Echo"\nset IOPT "MPh, EPI, Asset"\nset TE "30.5"\n'
    typed = b'set COMMENTS "for Dr Hansen"\nset SEDESC "rest Hansen"\nset IOPT2 "HANSEN"\n'
    block = csa.clean_ge_protocol(gzip.compress(lines + typed), codes)
    assert block is not None
    assert gzip.decompress(block[4:]) == lines


def test_of_a_siemens_protocol_the_words_of_a_site_s_sequence_go() -> None:
    text = (
        b'### ASCCONV BEGIN ###\ntSequenceFileName = ""%CustomerSeq%\\hansen_ep2d_bold""\n'
        b'sProtConsistencyInfo.tMeasuredBaselineString = ""N4_VE11C_LATEST_20160120""\nulVersion = 0x14b44b6\n'
        b"### ASCCONV END ###"
    )
    clean = csa.clean_protocol(text, lambda value: keep_codes(value, lambda word: False))
    assert b"hansen" not in clean
    assert b"ep2d_bold" in clean
    assert b"N4_VE11C_LATEST_20160120" in clean
    assert b"0x14b44b6" in clean


def test_settings_with_blanks_around_them_stay() -> None:
    block = csa.clean_ge_protocol(
        gzip.compress(b'set TE  "30" \nFOV 240 \nset PNAME "Anna"\nset IOPT ""\n'), lambda line: line
    )
    assert block is not None
    assert gzip.decompress(block[4:]).split(b"\n") == [b'set TE  "30" ', b"FOV 240 ", b'set IOPT ""', b""]
    text = b'### ASCCONV BEGIN ###\nlA  =  5  # b\ntNucleus.tNucleus = ""1H"" \n### ASCCONV END ###'
    clean = csa.clean_protocol(text, lambda value: value)
    assert b"lA\t = \t5\n" in clean
    assert b'tNucleus.tNucleus\t = \t""1H""\n' in clean


def test_times_of_slices_that_count_from_midnight_are_counted_from_the_first() -> None:
    def times(*items: bytes) -> list[bytes]:
        field = csa._Field(b"MosaicRefAcqTimes", b"FD", 0, 4, items)
        block = csa.clean_header(csa._write_header([field]), lambda value: value)
        assert block is not None
        return list(csa._read_header(block)[0].items)

    assert times(b"36907250.00000000", b"36906000.00000000", b"noon") == [b"1250.00000000", b"0.00000000", b""]
    assert times(b"1250.00000000  ", b"0.00000000") == [b"1250.00000000  ", b"0.00000000"]
