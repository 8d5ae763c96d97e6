"""From where a request comes, as far as that can be believed."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_IPV6_PREFIX = 64  # what one household is given: its 2⁶⁴ addresses are one place


def client_address(request: HttpRequest) -> str | None:
    """The address of the nearest computer that is not one of our proxies; None where it has none.

    A proxy adds at the end of X-Forwarded-For whom it was asked by; what stands before that anybody can write.
    """
    hops = [request.META.get("REMOTE_ADDR", "")]
    if settings.NNT.trusted_proxies:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        hops = [hop.strip() for hop in forwarded] + hops
    return _place(hops[-1 - min(settings.NNT.trusted_proxies, len(hops) - 1)])


def _place(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _IPV6_PREFIX), strict=False).network_address)
    return str(address)
