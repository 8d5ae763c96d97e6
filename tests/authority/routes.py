"""Every address that the services answer, asked of the services themselves."""

from collections.abc import Iterator, Mapping

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from flask import Flask

# What stands for each variable part of an address while routes are collected.
_ANY: Mapping[str, str] = {
    "<uuid:sim_id>": "00000000-0000-4000-8000-000000000000",
    "<uuid:token_id>": "00000000-0000-4000-8000-000000000000",
    "<int:user_id>": "1",
    "<slug:change>": "disable",
    "<command:command>": "pause",
    "<str:key>": "x",
}


def filled(route: str, values: Mapping[str, object] = _ANY) -> str:
    """The address with its variable parts replaced."""
    for part, value in values.items():
        route = route.replace(part, str(value))
    assert "<" not in route, f"what stands for the variable part of {route}?"
    return route


def django_routes(administrator: Client) -> set[str]:
    """“METHOD /route” of the server: a method that nobody has is refused, and the header Allow names the rest."""
    found = set()
    for route in _patterns(get_resolver()):
        answer = administrator.generic("NOBODYS", filled(route))
        if answer.status_code == 404:  # an address that only serves to derive others from
            found.add(f"GET {route}")
            continue
        assert answer.status_code == 405, f"{route} takes any method whatever"
        found |= {f"{method} {route}" for method in answer.headers["Allow"].split(", ")}
    return {row for row in found if not row.startswith(("HEAD ", "OPTIONS "))}


def _patterns(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route.replace("<uuidstr:", "<uuid:")  # as django-ninja calls them


def flask_routes(app: Flask) -> set[str]:
    """The same of the deployer or the parser."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
