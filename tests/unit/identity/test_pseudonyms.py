"""Pseudonyms: the same on every node, and telling nothing."""

import multiprocessing
import stat
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unface.identity.pseudonyms import BadKeyError, Key

KEY = Key(bytes(range(32)))


def load(path):
    return Key.load_or_make(path).secret


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "restricted" / "key"
    assert Key.load_or_make(path) == Key.load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_makers_at_the_same_time_agree_on_one_key(tmp_path):
    with multiprocessing.Pool(4) as pool:
        assert len(set(pool.map(load, [tmp_path / "key"] * 16))) == 1


@pytest.mark.parametrize("content", [b"", b"secret", b"00" * 31, b"\xff\xfe", b"zz" * 32])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(BadKeyError, match="key"):
        Key.load_or_make(path)
    assert path.read_bytes() == content


def test_a_key_does_not_show_itself():
    assert KEY.secret.hex() not in repr(KEY)
    assert str(KEY.secret) not in repr(KEY)


@given(st.text())
def test_labels_are_bids_labels_and_never_numbers(identity):
    for label in (KEY.subject(identity), KEY.session(identity, "20200131")):
        assert label.isalnum()
        assert label.isascii()
        assert label[0].isalpha()


@given(st.text(), st.dates(min_value=date(1980, 1, 1), max_value=date(2099, 12, 31)))
def test_shifted_dates_end_in_1925_or_before(identity, day):
    assert (day + timedelta(days=KEY.shift_days(identity))).year <= 1925


def test_uids_are_valid_keyed_and_the_standards_own_stay():
    new = KEY.uid("1.2.3.4")
    assert new.startswith("2.25.")
    assert len(new) <= 64
    assert new == KEY.uid("1.2.3.4")
    assert new != Key(bytes(32)).uid("1.2.3.4")
    assert KEY.uid("1.2.840.10008.1.2.1") == "1.2.840.10008.1.2.1"
