"""What is answered when a request cannot be served; pages to people, the contract's error body to programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from nnt_contract.errors import ErrorBody


def error_response(status: int, body: ErrorBody) -> JsonResponse:
    return JsonResponse(body.model_dump(mode="json"), status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.accepts("text/html"):
        return defaults.page_not_found(request, exception)
    return error_response(
        404, ErrorBody(error="not_found", message="There is nothing here for you.")
    )
