from datetime import UTC, datetime, timedelta

from intercanal.identity.domain.limits import Buckets, Rate, masked, network

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_tries_run_out_and_come_back_with_time() -> None:
    buckets = Buckets(Rate(burst=3, seconds=10))
    assert [buckets.take(("a", "1.2.3.4"), NOON) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take(("a", "1.2.3.4"), NOON) == 10.0
    assert buckets.take(("a", "1.2.3.4"), NOON + timedelta(seconds=4)) == 6.0
    assert buckets.take(("a", "1.2.3.4"), NOON + timedelta(seconds=10)) == 0.0


def test_a_thousand_guesses_a_minute_are_refused_and_the_owner_elsewhere_still_gets_in() -> None:
    buckets = Buckets(Rate(burst=5, seconds=30))
    guesses = [buckets.take(("owner", "203.0.113.9"), NOON + timedelta(milliseconds=60 * n)) for n in range(1000)]
    assert guesses.count(0.0) == 6
    assert buckets.take(("owner", "198.51.100.7"), NOON) == 0.0


def test_an_honest_try_is_given_back() -> None:
    buckets = Buckets(Rate(burst=2, seconds=60))
    for _ in range(20):
        assert buckets.take(("a",), NOON) == 0.0
        buckets.give_back(("a",), NOON)


def test_a_clock_that_jumps_back_gives_nothing_and_takes_nothing() -> None:
    buckets = Buckets(Rate(burst=1, seconds=60))
    assert buckets.take(("a",), NOON) == 0.0
    assert buckets.take(("a",), NOON - timedelta(hours=1)) == 60.0
    assert buckets.take(("a",), NOON + timedelta(seconds=30)) == 30.0


def test_the_table_is_bounded() -> None:
    buckets = Buckets(Rate(burst=1, seconds=60), size=100)
    for number in range(1000):
        buckets.take((str(number),), NOON)
    assert len(buckets) == 100


def test_one_subscriber_is_one_network() -> None:
    assert network("2001:db8:1:2:3::9") == network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("nonsense") == "unknown"


def test_only_part_of_an_address_stays_in_the_audit() -> None:
    assert masked("192.0.2.77") == "192.0.2.0/24"
    assert masked("2001:db8:1:2:3::9") == "2001:db8:1::/48"
    assert masked("nonsense") == "unknown"
