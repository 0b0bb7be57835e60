"""Vendors' protocol blocks."""

from unface.dicom import csa


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
