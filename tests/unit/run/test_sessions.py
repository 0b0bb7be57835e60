"""Which sessions are drawn for a sample."""

from unface.run.sessions import SessionId, sampled

SESSIONS = [SessionId(f"s{number}", "a") for number in range(50)]


def test_a_sample_of_sessions_depends_on_no_order_and_hardly_changes_when_the_cohort_grows() -> None:
    drawn = sampled(SESSIONS, 5)
    assert sampled(reversed(SESSIONS), 5) == drawn
    assert drawn != SESSIONS[:5]
    assert sampled(SESSIONS, 5, lambda session: session != drawn[1])[:4] == [drawn[0], *drawn[2:]]
    for number in range(100):
        assert len(set(drawn) - set(sampled([*SESSIONS, SessionId(f"new{number}", "a")], 5))) <= 1
