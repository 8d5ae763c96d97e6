"""Which addresses may be fetched from: public ones, however an address is written or wrapped."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given, strategies

from nnt_deployer.fetching.addresses import forbidden
from nnt_deployer.fetching.guarded import resolve

PUBLIC_4 = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "223.255.255.255"]
PUBLIC_6 = ["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"]
NOT_PUBLIC_4 = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "shared by a provider's customers",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "reserved",
    "192.0.2.1": "documentation",
    "192.168.0.1": "private",
    "198.19.255.255": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
}
NOT_PUBLIC_6 = [
    *("::", "::1", "fe80::1", "fe80::1%2", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1"),
    *("2001:db8::1", "3fff::1", "100::1", "5f00::1", "2001:10::1", "64:ff9b:1::808:808"),
    "2002:808:808::1",  # 6to4
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "::8.8.8.8",  # as a compatible one was written once
]

v4 = strategies.ip_addresses(v=4)
v6 = strategies.ip_addresses(v=6)


@pytest.mark.parametrize("address", PUBLIC_4 + PUBLIC_6)
def test_public_addresses_are_taken(address):
    assert forbidden(address) is None


@pytest.mark.parametrize(("address", "reason"), NOT_PUBLIC_4.items())
def test_addresses_that_are_not_public_are_refused_with_the_reason(address, reason):
    assert forbidden(address) == reason


@pytest.mark.parametrize("address", NOT_PUBLIC_6)
def test_so_are_those_of_version_6(address):
    assert forbidden(address)


@pytest.mark.parametrize("wrapped", ["::ffff:{}", "64:ff9b::{}"])
@given(address=v4 | strategies.sampled_from([*map(IPv4Address, NOT_PUBLIC_4)]))
def test_a_wrapped_address_is_judged_by_what_it_wraps(wrapped, address):
    assert forbidden(wrapped.format(address)) == forbidden(str(address))


@given(address=v4 | v6)
def test_what_is_taken_is_also_public_to_python(address):
    if forbidden(str(address)) is None:
        inside = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert (inside or address).is_global and not (inside or address).is_multicast
        assert not address.is_loopback and not address.is_link_local


@given(address=v4)
def test_what_python_calls_public_is_taken_but_for_two_networks_that_iana_keeps(address):
    if address.is_global and not address.is_multicast and forbidden(str(address)):
        assert any(address in IPv4Network(kept) for kept in ("192.0.0.0/24", "192.88.99.0/24"))


@pytest.mark.parametrize("text", ["", "localhost", "0x7f000001", "127.1", "1.2.3.4.5", "08.8.8.8"])
def test_what_is_no_address_is_an_error(text):
    with pytest.raises(ValueError, match="address"):
        forbidden(text)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1", "0"],
)
def test_other_ways_to_write_an_address_are_that_address_once_resolved(host):
    addresses = resolve(host, 80)
    assert addresses and all(map(forbidden, addresses))
    assert {str(ip_address(address)) for address in addresses} <= {"127.0.0.1", "0.0.0.0"}
