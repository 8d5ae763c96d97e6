"""Pure: which addresses the data worker may connect to for a user: public ones, for all others are somebody's own."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA's special-purpose registries, and what they call it. Not Python's is_global, whose answers changed with versions.
_NOT_PUBLIC_4 = {
    IPv4Network(network): reason
    for network, reason in {
        "0.0.0.0/8": "unspecified",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared by a provider's customers",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "reserved",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}
# Of version 6 only this part is given out for public use, with exceptions. Teredo and 6to4, which wrap other addresses,
# are among those: nobody serves datasets there any more.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = {
    IPv6Network(network): reason
    for network, reason in {
        "2001::/23": "reserved",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "3fff::/20": "documentation",
    }.items()
}
# A version 4 address in the last four bytes: as a socket writes it, and as a network without version 4 reaches it.
_WRAPPING_4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


def forbidden(address: str) -> str | None:
    """Why nothing may be fetched from this address; None for a public one. Raises ValueError if it is no address."""
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return next((why for network, why in _NOT_PUBLIC_4.items() if found in network), None)
    return _forbidden_6(found)


def _forbidden_6(address: IPv6Address) -> str | None:
    if any(address in network for network in _WRAPPING_4):
        return forbidden(str(IPv4Address(address.packed[-4:])))
    if address not in _PUBLIC_6:
        return "not public"
    return next((why for network, why in _NOT_PUBLIC_6.items() if address in network), None)
