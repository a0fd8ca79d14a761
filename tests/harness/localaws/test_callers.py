from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.localaws.callers import why_refused

PORTS = st.integers(1, 65535)
OWN = st.tuples(st.sampled_from(["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]), PORTS).map(
    lambda found: f"{found[0]}:{found[1]}"
)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}(\.[a-z]{2,6}){0,2}", fullmatch=True).filter(
    lambda n: n != "localhost"
)
ELSEWHERE = st.one_of(
    NAMES,
    NAMES.map("127.0.0.1.{}".format),
    NAMES.map("127.0.0.1@{}".format),
    NAMES.map("{}@127.0.0.1".format),
    NAMES.map("localhost.{}".format),
    NAMES.map("{}.localhost".format),
    st.ip_addresses(v=4).map(str).filter(lambda ip: ip != "127.0.0.1"),
)


@given(OWN)
def test_a_program_of_this_machine_is_answered(host):
    assert why_refused([("host", host), ("content-type", "text/plain")]) is None
    assert why_refused([("content-type", "application/json")]) is None


@given(ELSEWHERE, PORTS)
def test_a_name_from_elsewhere_is_refused(name, port):
    for host in (name, f"{name}:{port}"):
        assert why_refused([("host", host)]) is not None


@given(OWN, ELSEWHERE)
def test_a_second_host_does_not_hide_the_first(host, name):
    assert why_refused([("host", name), ("host", host)]) is not None
    assert why_refused([("host", host), ("host", name)]) is not None


@given(OWN, st.one_of(ELSEWHERE.map("http://{}".format), ELSEWHERE.map("https://{}".format), st.just("null")))
def test_a_page_from_elsewhere_is_refused_whatever_host_it_names(host, origin):
    assert why_refused([("host", host), ("origin", origin)]) is not None


@given(OWN, PORTS)
def test_a_page_of_another_local_server_is_a_page_from_elsewhere(host, port):
    name, _, own = host.rpartition(":")
    assert (why_refused([("host", host), ("origin", f"http://{name}:{port}")]) is None) == (int(own) == port)


@given(OWN, st.sampled_from(["cross-site", "same-site", "Cross-Site", "what"]))
def test_what_a_browser_says_of_the_site_is_believed(host, site):
    assert why_refused([("host", host), ("sec-fetch-site", site)]) is not None


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_an_address_that_the_engineer_typed_is_answered(site):
    assert why_refused([("host", "localhost:8080"), ("sec-fetch-site", site)]) is None
