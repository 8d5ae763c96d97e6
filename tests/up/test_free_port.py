"""Services that run at once never share a port."""

from scripts.free_port import free_port


def test_a_port_is_given_once():
    given = [free_port() for _ in range(300)]
    assert len(set(given)) == len(given)


def test_no_outgoing_connection_takes_it_while_its_service_is_away():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        lowest = int(file.read().split()[0])
    assert free_port() < lowest
